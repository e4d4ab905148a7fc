"""Hints from the queue: look at a row of long work. Twice is harmless, and the sweeper sends a lost one again."""

from collections.abc import Callable

from celery import shared_task
from django.conf import settings
from django.db import transaction

from annotations.models.work import QUEUED, Work
from annotations.services import chores, imports, preferences, similar_reports

JOBS: dict[str, Callable[[chores.Hold], str]] = {
    "preferenceset": preferences.job,
    "promptimport": imports.job,
    "similarityreport": similar_reports.job,
}
"""What is done for each kind of work, by the name of its model; the app above adds its own."""
UNHEARD: list[Callable[[set[str]], set[str]]] = []
"""Who tells which of these queues no worker listens to: a sweep sends nothing there, where it would pile up."""
FOLLOWED: dict[str, Callable[[int], None]] = {}
"""What is done after each look at a piece of work (id), by the name of its model: others may wait for its end."""


def _kind(name: str) -> type[Work]:
    return next(kind for kind in Work.__subclasses__() if kind._meta.model_name == name)


@shared_task
def look_at_work(kind: str, pk: int) -> None:
    """Do the work if it is open and free; a worker that was told to end leaves it to others, who hear of it at once."""
    if not chores.STOP.is_set():
        chores.do(_kind(kind), pk, JOBS[kind], chores.worker_name())
    if chores.STOP.is_set() and _kind(kind)._default_manager.filter(pk=pk, state=QUEUED).exists():
        _send(kind, pk, _kind(kind).queues([pk])[pk])
    if tell := FOLLOWED.get(kind):
        tell(pk)


@shared_task
def sweep_work() -> None:
    """Hint again at all open work that nobody holds: lost hints, and workers that died."""
    for kind in JOBS:
        waiting = chores.in_need(_kind(kind))
        silent, queues = _kind(kind).unheard(waiting), _kind(kind).queues(waiting)
        deaf = unheard(set(queues.values()))
        for pk, queue in queues.items():
            if pk not in silent and queue not in deaf:
                _send(kind, pk, queue, retry=True)


def unheard(queues: set[str]) -> set[str]:
    """Those of the queues that no worker listens to."""
    return {queue for ask in UNHEARD for queue in ask(queues)} if queues else set()


def _send(kind: str, pk: int, queue: str, *, retry: bool = False) -> None:
    look_at_work.apply_async((kind, pk), queue=queue, expires=settings.SWEEP_SECONDS, retry=retry)


def hint(row: Work) -> None:
    """Send a hint once this transaction is committed; when the broker is away, the sweeper hints later."""
    kind, pk = str(row._meta.model_name), row.pk
    queue = type(row).queues([pk])[pk]

    def send() -> None:  # a partial has no name, and Django names what failed
        _send(kind, pk, queue)

    transaction.on_commit(send, robust=True)


def do_now(row: Work) -> None:
    """Do a small piece of work in this process, at once."""
    chores.do(type(row), row.pk, JOBS[str(row._meta.model_name)], chores.worker_name())


def begin(row: Work, *, quick: bool) -> None:
    """Do quick work in this process, at once; what of it takes longer is done by a worker, as is all other work."""
    if quick:
        do_now(row)
        row.refresh_from_db(fields=["state"])
    if row.is_open:
        hint(row)
