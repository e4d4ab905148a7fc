"""Hints from the queue: look at a row. Twice is harmless, and the sweeper sends a lost one again."""

from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutdown, worker_shutting_down
from django.conf import settings
from django.db import transaction

from annotations.services import chores
from annotations.services.chores import Hold, worker_name
from annotations.tasks import FOLLOWED, JOBS
from annotations.tasks import hint as hint_work
from training.engines import _server as servers
from training.models import Node, Stage, TrainingLoop
from training.models.nodes import queue_of
from training.services import capability, figures, maps, places, runs, trials
from training.services.building import stages
from training.services.trainer import loops, nodes, supervise
from training.services.work import STOP, work

PASSES = 3
JOBS["capabilityrun"] = capability.job
JOBS["judgetrial"] = trials.job
JOBS["promptmap"] = maps.job
JOBS["trainingrun"] = supervise.job


@shared_task
def look_at_run(run_id: int, passed_on: int = 0) -> None:
    """Work on the run while it has items for this worker; one already at it passes the hint on to another.

    A broker hands messages round in turn, so that without this the same of two workers could get every hint. A run
    whose models' weights lie on another node is passed on to the workers of that node.
    """
    there = _queue(run_id)
    mine = there in ({}, {"queue": queue_of(settings.NODE)})
    if mine and work(run_id, worker_name()):
        figures.keep_missing()
        if stage := stages.waiting_for(run_id):
            look_at_stage.apply_async((stage,), retry=False)
        tell_loop(loops.waiting_for_evaluation(run_id))
    elif passed_on < PASSES:
        look_at_run.apply_async((run_id, passed_on + 1), expires=settings.SWEEP_SECONDS, retry=False, **there)


def _queue(run_id: int) -> dict[str, Any]:
    """Where hints at the run go: to the queue of the node that alone can work on it, or to that of all workers."""
    return {"queue": queue} if (queue := places.queues([run_id]).get(run_id)) else {}


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
def look_at_loop(loop_id: int, tries: int = 0) -> None:
    """Look at a loop of which something has ended; a few times more while somebody else is at it."""
    chores.do(TrainingLoop, loop_id, JOBS["trainingloop"], worker_name())
    if tries < PASSES and loops.is_held(loop_id):
        look_at_loop.apply_async((loop_id, tries + 1), retry=False)


def tell_loop(loop_id: int | None) -> None:
    """Hint at a loop, where there is one."""
    if loop_id is not None:
        look_at_loop.apply_async((loop_id,), retry=False)


def go_round(hold: Hold) -> str:
    """The state a loop is in after a look at it; workers hear at once of what it began."""
    state = loops.job(hold)
    hint_steps(hold.row)  # type: ignore[arg-type]
    return state


def hint_steps(loop: TrainingLoop) -> None:
    """Hint at what of the loop waits for a worker."""
    trainings, evaluations = loops.to_hint(loop)
    for training in trainings:
        hint_work(training)
    for run_id in evaluations:
        hint(run_id)


JOBS["trainingloop"] = go_round
FOLLOWED["trainingrun"] = lambda run_id: tell_loop(loops.waiting_for_training(run_id))


@shared_task
def sweep() -> None:
    """Hint again at every run with items nobody works on: lost hints, leases that ran out, room for more workers.

    Finished runs whose figures are not kept yet get them: their worker died, or an older form was dropped.
    """
    waiting = runs.in_need_of_workers()
    queues, silent = places.queues(waiting), {queue_of(name) for name in Node.silent()}
    for run_id in (one for one in waiting if queues.get(one) not in silent):
        to: dict[str, Any] = {"queue": queues[run_id]} if run_id in queues else {}
        look_at_run.apply_async((run_id,), expires=settings.SWEEP_SECONDS, **to)
    figures.keep_missing()


def hint(run_id: int) -> None:
    """Send a hint once this transaction is committed; when the broker is away, the sweeper hints later."""

    def send() -> None:  # a partial has no name, and Django names what failed
        look_at_run.apply_async((run_id,), retry=False, **_queue(run_id))

    transaction.on_commit(send, robust=True)


@worker_ready.connect
def sweep_at_start(**_: object) -> None:
    """A worker that starts looks for work at once."""
    sweep.apply_async(expires=60)


@worker_ready.connect
def look_after_the_node(sender: Any = None, **_: object) -> None:
    """A worker that listens to the queue of this machine's node says what it has, and keeps order on it."""
    if sender is not None and queue_of(settings.NODE) in sender.app.amqp.queues.consume_from:
        nodes.look_after(STOP)


@worker_shutting_down.connect
def stop_gracefully(**_: object) -> None:
    """Let every shift in this process end after the calls in flight."""
    STOP.set()


@worker_shutdown.connect
def stop_servers(**_: object) -> None:
    """End the model servers of this process while their cards can still be given back."""
    servers.stop_all()
