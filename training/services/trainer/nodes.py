"""The machines that train and serve: what each says of itself, what is put in order on it, and which are forgotten."""

import logging
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from annotations.models import User
from annotations.models.work import OPEN_STATES, WAITING
from annotations.services import audit
from training.models import Gpu, Node, TrainingRun
from training.services.trainer import gpus, machine, processes

log = logging.getLogger(__name__)
SECONDS = 15.0
SEEN_SECONDS = 60.0
"""A node that has said nothing for so long has no worker."""
NO_TRAINING = (
    "It has no environment that trains. Run “make training” there, or set COSA_TRAINING_PYTHON, and start "
    "its worker again."
)
OLD_TRAINING = "Its training environment lacks {names}. Run “make training” there again, then start its worker again."
NO_DRIVER = "{said} The cards are those it told before."


class NodeProblem(ValueError):
    """Why a node was not forgotten, and what to do."""


def report() -> Node:
    """This machine as its row says it from now on."""
    training = machine.versions(settings.TRAINING_PYTHON, machine.TRAINS)
    facts = {
        "cores": machine.cores(),
        "memory_bytes": machine.memory_bytes(),
        "free_bytes": machine.free_bytes(settings.TRAINING_DIR),
        "training": training,
        "serving": machine.versions(settings.VLLM_PYTHON, machine.SERVES),
        "problem": _problem(training),
        "seen_at": timezone.now(),
        "archived_at": None,
    }
    row, _ = Node.objects.update_or_create(name=settings.NODE, defaults=facts)
    try:
        _keep_cards(row, machine.cards())
    except machine.Unanswered as silent:
        row.problem = " ".join(filter(None, (row.problem, NO_DRIVER.format(said=silent))))
        row.save(update_fields=["problem"])
    return row


def is_seen(node: Node) -> bool:
    """True when a worker of the node has said so within the last minute."""
    return timezone.now() - node.seen_at < timedelta(seconds=SEEN_SECONDS)


def sweep() -> None:
    """Nothing; trainers on this machine whose runs are over are ended, and cards whose holders are gone are free."""
    left = ~Q(process={}) | Q(pk__in=Gpu.objects.filter(run__isnull=False).values("run"))
    for run in TrainingRun.objects.filter(left, node__name=settings.NODE).exclude(state__in=OPEN_STATES):
        end_trainer(run)
    for card in Gpu.objects.filter(node__name=settings.NODE, model__isnull=False):
        if is_gone(card.worker, card):
            free = Gpu.objects.filter(pk=card.pk, model=card.model_id, worker=card.worker, held_at=card.held_at)
            free.update(**gpus.NOBODY)


def end_trainer(run: TrainingRun) -> bool:
    """True when nothing of the trainer of a run that is over lives any more; then its cards are free.

    False also when the run was taken up again since it was read: its trainer is somebody else's.
    """
    same = TrainingRun.objects.filter(pk=run.pk, fence=run.fence).exclude(state__in=OPEN_STATES)
    if not same.exists():
        return False
    if not processes.end(settings.TRAINING_DIR / str(run.pk), processes.read(run.process)):
        log.warning("a process of training run %s does not end", run.pk)
        return False
    with transaction.atomic():
        over = TrainingRun.objects.filter(pk=run.pk, process=run.process).exclude(state__in=OPEN_STATES)
        if over.update(process={}):
            gpus.give_back(run)
    return True


def is_gone(worker: str, card: Gpu) -> bool:
    """True when the process that holds the card is not there. All workers of a node see each other's processes."""
    host, _, pid = worker.rpartition(":")
    if host != socket.gethostname() or not pid.isdecimal():
        return True
    process = processes.of(int(pid))
    if process is None:
        return True
    # The number may have gone to a process that was started after the card was taken.
    held = card.held_at.timestamp() if card.held_at else 0.0
    return processes.started_at(process) > held + 5.0


def look_after(stop: threading.Event) -> threading.Thread:
    """The thread, at work until `stop` is set, that says every some seconds what this machine is and keeps order."""
    thread = threading.Thread(target=_look_after, args=(stop,), name="node", daemon=True)
    thread.start()
    return thread


def _look_after(stop: threading.Event) -> None:
    while True:
        for job in (report, sweep):
            _once(job)
        connections.close_all()
        if stop.wait(SECONDS):
            return


def _once(job: Callable[[], object]) -> None:
    try:
        job()
    except Exception:  # the next time may do better: the database may be away for a moment
        log.exception("node %s", settings.NODE)


@transaction.atomic
def forget(*, node: Node, actor: User) -> None:
    """Nothing; the node is offered no more, until a worker of it reports again. Raises NodeProblem."""
    if is_seen(node):
        raise NodeProblem(
            gettext("%(name)s has a worker that reports. Stop it first, then forget the node.") % {"name": node.name}
        )
    if node.trainings.filter(state__in=(*OPEN_STATES, WAITING)).exists():
        raise NodeProblem(
            gettext("%(name)s has training runs that are not over. Cancel them first.") % {"name": node.name}
        )
    there = Node.objects.filter(pk=node.pk, archived_at=None, seen_at=node.seen_at)
    if not there.update(archived_at=timezone.now()):
        raise NodeProblem(gettext("Somebody was faster: the node is forgotten, or its worker reports again."))
    audit.record(actor=actor, action="forget", obj=node, after={"name": node.name})


def _problem(training: dict[str, str]) -> str:
    if not training.get("torch"):
        return NO_TRAINING
    lacks = [name for name in machine.TRAINS if name not in training]
    return OLD_TRAINING.format(names=", ".join(lacks)) if lacks else ""


def _keep_cards(row: Node, cards: list[machine.Card]) -> None:
    for card in cards:
        said: dict[str, Any] = {"name": card.name, "memory_bytes": card.memory_bytes}
        Gpu.objects.update_or_create(node=row, number=card.number, defaults=said)
    gone = Gpu.objects.filter(gpus.FREE, node=row).exclude(number__in=[card.number for card in cards])
    gone.delete()
