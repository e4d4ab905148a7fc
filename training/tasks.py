"""Hints from the queue: look at a row. Twice is harmless, and the sweeper sends a lost one again."""

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings
from django.db import transaction

from annotations.services import chores
from annotations.services.chores import Hold, worker_name
from annotations.tasks import JOBS
from annotations.tasks import hint as hint_work
from training.models import Stage
from training.services import capability, figures, maps, runs, trials
from training.services.building import stages
from training.services.work import STOP, work

PASSES = 3
JOBS["capabilityrun"] = capability.job
JOBS["judgetrial"] = trials.job
JOBS["promptmap"] = maps.job


@shared_task
def look_at_run(run_id: int, passed_on: int = 0) -> None:
    """Work on the run while it has items for this worker; one already at it passes the hint on to another.

    A broker hands messages round in turn, so that without this the same of two workers could get every hint.
    """
    if work(run_id, worker_name()):
        figures.keep_missing()
        if stage := stages.waiting_for(run_id):
            look_at_stage.apply_async((stage,), retry=False)
    elif passed_on < PASSES:
        look_at_run.apply_async((run_id, passed_on + 1), expires=settings.SWEEP_SECONDS, retry=False)


@shared_task
def look_at_stage(stage_id: int, tries: int = 0) -> None:
    """Look at a step of a recipe whose run has ended; a few times more while somebody else is at it."""
    chores.do(Stage, stage_id, JOBS["stage"], worker_name())
    if tries < PASSES and stages.is_held(stage_id):
        look_at_stage.apply_async((stage_id, tries + 1), retry=False)


def build(hold: Hold) -> str:
    """The state a step of a recipe ends in; workers hear at once of its new runs and of the step that follows."""
    state = stages.job(hold)
    started, following = stages.to_hint(hold.row)  # type: ignore[arg-type]
    for run_id in started:
        hint(run_id)
    if following:
        hint_work(following)
    return state


JOBS["stage"] = build


@shared_task
def sweep() -> None:
    """Hint again at every run with items nobody works on: lost hints, leases that ran out, room for more workers.

    Finished runs whose figures are not kept yet get them: their worker died, or an older form was dropped.
    """
    for run_id in runs.in_need_of_workers():
        look_at_run.apply_async((run_id,), expires=settings.SWEEP_SECONDS)
    figures.keep_missing()


def hint(run_id: int) -> None:
    """Send a hint once this transaction is committed; when the broker is away, the sweeper hints later."""

    def send() -> None:  # a partial has no name, and Django names what failed
        look_at_run.apply_async((run_id,), retry=False)

    transaction.on_commit(send, robust=True)


@worker_ready.connect
def sweep_at_start(**_: object) -> None:
    """A worker that starts looks for work at once."""
    sweep.apply_async(expires=60)


@worker_shutting_down.connect
def stop_gracefully(**_: object) -> None:
    """Let every shift in this process end after the calls in flight."""
    STOP.set()
