"""Hints from the queue: look at a row. Twice is harmless, and the sweeper sends a lost one again."""

import logging
from typing import Any

from celery import current_app, shared_task
from celery.signals import (
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError as BrokerAway

from annotations.core import garbage
from annotations.models.work import LLM
from annotations.services import chores
from annotations.services.chores import STOP, Hold, worker_name
from annotations.tasks import FOLLOWED, JOBS, UNHEARD, unheard
from annotations.tasks import hint as hint_work
from training.engines import _server as servers
from training.models import Node, Stage, TrainingLoop, Worker
from training.models.nodes import queue_of
from training.services import capability, figures, maps, places, runs, trials, worker_processes, workers
from training.services.building import stages
from training.services.trainer import loops, nodes, supervise
from training.services.work import work

log = logging.getLogger(__name__)
PASSES = 3
JOBS["capabilityrun"] = capability.job
JOBS["judgetrial"] = trials.job
JOBS["promptmap"] = maps.job
JOBS["trainingrun"] = supervise.job
UNHEARD.append(Worker.unheard)


@shared_task
def look_at_run(run_id: int, passed_on: int = 0) -> None:
    """Work on the run while it has items for this worker; one already at it passes the hint on to another.

    A broker hands messages round in turn, so that without this the same of two workers could get every hint. A run
    whose models' weights lie on another node is passed on to the workers of that node.
    """
    there = places.queue(run_id)
    if there in (LLM, queue_of(settings.NODE)) and work(run_id, worker_name(), given_back=lambda: tell_others(run_id)):
        figures.keep_missing()
        if stage := stages.waiting_for(run_id):
            tell_stage(stage)
        tell_loop(loops.waiting_for_evaluation(run_id))
    elif passed_on < PASSES:
        tell_run(run_id, passed_on + 1)


def tell_run(run_id: int, passed_on: int = 0, *, retry: bool = False) -> None:
    """Hint at a run, now, to those who may work on it."""
    queue = places.queue(run_id)
    look_at_run.apply_async((run_id, passed_on), queue=queue, expires=settings.SWEEP_SECONDS, retry=retry)


def tell_others(run_id: int) -> None:
    """Hint at a run of which this worker gave items back; when the broker is away, the sweeper hints later."""
    try:
        tell_run(run_id)
    except BrokerAway:
        log.warning("the broker is away; others hear of run %s at the next sweep", run_id)


@shared_task
def look_at_stage(stage_id: int, tries: int = 0) -> None:
    """Look at a step of a recipe whose run has ended; a few times more while somebody else is at it."""
    chores.do(Stage, stage_id, JOBS["stage"], worker_name())
    if tries < PASSES and stages.is_held(stage_id):
        tell_stage(stage_id, tries + 1)


def tell_stage(stage_id: int, tries: int = 0) -> None:
    """Hint at a step of a recipe."""
    queue = Stage.queues([stage_id])[stage_id]
    look_at_stage.apply_async((stage_id, tries), queue=queue, expires=settings.SWEEP_SECONDS, retry=False)


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
        tell_loop(loop_id, tries + 1)


def tell_loop(loop_id: int | None, tries: int = 0) -> None:
    """Hint at a loop, where there is one."""
    if loop_id is not None:
        look_at_loop.apply_async((loop_id, tries), expires=settings.SWEEP_SECONDS, retry=False)


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
    queues = places.queues(runs.in_need_of_workers())
    deaf = {queue_of(name) for name in Node.silent()} | unheard(set(queues.values()))
    for run_id, queue in queues.items():
        if queue not in deaf:
            look_at_run.apply_async((run_id,), queue=queue, expires=settings.SWEEP_SECONDS)
    figures.keep_missing()
    figures.keep_prompts()
    workers.swept(worker_name())


def hint(run_id: int) -> None:
    """Send a hint once this transaction is committed; when the broker is away, the sweeper hints later."""

    def send() -> None:  # a partial has no name, and Django names what failed
        tell_run(run_id)

    transaction.on_commit(send, robust=True)


def listens(app: Any) -> list[str]:
    """The queues from which this process takes work."""
    return list(app.amqp.queues.consume_from)


@worker_ready.connect
def begin(sender: Any, **_: object) -> None:
    """Say that this worker is there, and look for work at once."""
    if not worker_processes.forks(sender.controller):
        worker_processes.report(worker_name(), listens(sender.app), sender.controller.concurrency)
    sweep.apply_async(expires=60)


@worker_ready.connect
def settle(**_: object) -> None:
    """What the worker holds now is no garbage."""
    garbage.settle()


@worker_ready.connect
def look_after_the_node(sender: Any = None, **_: object) -> None:
    """A worker that listens to the queue of this machine's node says what it has, and keeps order on it."""
    if sender is not None and queue_of(settings.NODE) in listens(sender.app):
        nodes.look_after(STOP)


@worker_process_init.connect
def begin_child(**_: object) -> None:
    """A child process that does the work of a worker says so itself, and hears from its parent when to end."""
    worker_processes.begin_child(worker_name(), listens(current_app))


@worker_shutting_down.connect
def stop_gracefully(**_: object) -> None:
    """Let every shift in this process end after the calls in flight."""
    STOP.set()
    worker_processes.tell_children()


@worker_process_shutdown.connect
@worker_shutdown.connect
def end(**_: object) -> None:
    """End the model servers of this process while their cards can still be given back, and say that it has ended."""
    servers.stop_all()
    worker_processes.close()
