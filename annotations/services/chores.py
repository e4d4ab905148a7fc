"""Long work that a row describes: claimed with a fence by one worker at a time, watched, stopped, taken up again."""

import errno
import logging
import os
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext

from annotations.models import User
from annotations.models.work import CANCELLED, FAILED, FINISHED, OPEN_STATES, QUEUED, RUNNING, WAITING, Work
from annotations.services import audit, outages

log = logging.getLogger(__name__)
Found = TypeVar("Found")
BEAT_SECONDS, LOOK_SECONDS = 0.5, 0.1
LOSSES = 3
"""Work that so many workers ended with is not handed out again by itself."""
LOST = (
    "Three workers ended while they worked on this (the last: {worker} at {at}). It is not tried again by itself. See "
    "their logs, and start it again when the cause is mended."
)
STOP = threading.Event()
"""Set when this worker was told to end: it puts down what it holds, for others to take up."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
FULL = "The disk of this server is full. Nothing was changed; make room, then try again."
OUR_ERROR = "An error of this application ({name}); its log says more. Nothing was changed; try again."


def worker_name() -> str:
    """This process, by host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Stopped(Exception):
    """The work was cancelled, or another worker holds it: leave everything as it is."""


class ChoreProblem(ValueError):
    """Why the work cannot go on, in words for the person who asked for it."""


class Hold:
    """One worker's hold on one piece of work. Every write asks whether the hold is still alive."""

    def __init__(self, row: Work):
        self.row, self.fence, self.at = row, row.fence, 0.0
        self.given_back = False

    def mine(self) -> Any:
        """The row, if this worker still holds it and nobody cancelled it."""
        return type(self.row)._default_manager.filter(pk=self.row.pk, fence=self.fence, state=RUNNING)

    def beat(self, done: int, total: int | None = None, *, now: bool = False) -> None:
        """Nothing; progress is shown and the lease renewed, at most twice a second.

        Raises Stopped, also when this worker was told to end.
        """
        if STOP.is_set():
            raise Stopped
        if not now and monotonic() - self.at < BEAT_SECONDS:
            return
        self.at = monotonic()
        known = {} if total is None else {"total": total}
        self.save(done=done, until=Now() + timedelta(seconds=settings.LEASE_SECONDS), **known)

    def save(self, **fields: Any) -> None:
        """Nothing; the fields are written. Raises Stopped when the hold is gone, and then nothing is written."""
        if not self.mine().update(**fields):
            raise Stopped
        self.given_back = "state" in fields

    def put_down(self) -> None:
        """Nothing; work that is still this worker's is free again.

        Where another took it over, for this one stood still for longer than a lease, that was no loss of a worker.
        """
        if self.given_back or self.mine().update(state=QUEUED, until=None):
            return
        counted = type(self.row)._default_manager.filter(pk=self.row.pk, fence__gt=self.fence, losses__gt=0)
        given_up = counted.filter(fence=self.fence + 1, state=FAILED, losses__gte=LOSSES)
        again = {"state": QUEUED, "reason": "", "finished_at": None, "losses": F("losses") - 1}
        if not given_up.update(**again):
            counted.update(losses=F("losses") - 1)


def claim(model: type[Work], pk: int, worker: str) -> Hold | None:
    """A hold on the work, or None when it is not open or somebody else holds it."""
    row = model._default_manager.filter(pk=pk)
    until = Now() + timedelta(seconds=settings.LEASE_SECONDS)
    taken = {"state": RUNNING, "worker": worker, "fence": F("fence") + 1, "started_at": timezone.now(), "until": until}
    if row.filter(state=QUEUED).update(**taken) or _taken_over(model, pk, taken):
        return Hold(row.get())
    return None


def _taken_over(model: type[Work], pk: int, taken: dict[str, Any]) -> bool:
    """True when the work of a worker that ended is this one's now. The third loss ends it instead."""
    lost = model._default_manager.filter(pk=pk, state=RUNNING, until__lt=Now())
    row = lost.first()
    if row is None:
        return False
    same = lost.filter(fence=row.fence)
    if not row.counts_losses():
        return bool(same.update(**taken))
    log.warning("%s %s was lost by %s", model._meta.model_name, pk, row.worker)
    if row.losses + 1 < LOSSES:
        return bool(same.update(**taken, losses=F("losses") + 1))
    why = LOST.format(worker=row.worker, at=f"{row.until:%Y-%m-%d %H:%M:%S} UTC")
    ended = {"state": FAILED, "reason": why, "until": None, "finished_at": timezone.now()}
    same.update(**ended, fence=F("fence") + 1, losses=F("losses") + 1)
    return False


def do(model: type[Work], pk: int, job: Callable[[Hold], str], worker: str) -> bool:
    """True when this call did the work to its end, well or badly; False when it was not free or was stopped.

    `job` gives back the state it ends in, finished or waiting (for a person). A ChoreProblem it raises is the reason
    why it failed; any other error is logged and said to be ours.
    """
    hold = claim(model, pk, worker)
    if hold is None:
        return False
    try:
        return _end(hold, job(hold))
    except Stopped:
        outages.outlast(hold.put_down)
        return False
    except ChoreProblem as problem:
        return _end(hold, FAILED, str(problem))
    except Exception as bug:
        log.exception("%s %s", model._meta.model_name, pk)
        if not outages.is_away(bug):
            return _end(hold, FAILED, _why(bug))
        outages.outlast(hold.put_down)
        return False


def _why(bug: Exception) -> str:
    full = isinstance(bug, OSError) and bug.errno in NO_ROOM
    return FULL if full else OUR_ERROR.format(name=type(bug).__name__)


def _end(hold: Hold, state: str, reason: str = "") -> bool:
    ended = {"finished_at": timezone.now()} if state in (FINISHED, FAILED) else {}
    return bool(hold.mine().update(state=state, reason=reason, until=None, **ended))


def cancel(*, row: Work, actor: User | None) -> None:
    """Nothing; the work is cancelled. Raises ChoreProblem when it is already over."""
    open_or_waiting = type(row)._default_manager.filter(pk=row.pk, state__in=(*OPEN_STATES, WAITING))
    if not open_or_waiting.update(state=CANCELLED, finished_at=timezone.now(), until=None):
        row.refresh_from_db()
        raise ChoreProblem(gettext("Somebody was faster: it is already %(state)s.") % {"state": row.state})
    audit.record(actor=actor, action="cancelled", obj=row, after={"state": CANCELLED})


def in_need(model: type[Work]) -> list[int]:
    """The ids of open work that nobody holds, at most a hundred by chance: work that waits long starves no other."""
    free = Q(state=QUEUED) | Q(state=RUNNING, until__lt=Now())
    return list(model._default_manager.filter(free).order_by("?").values_list("pk", flat=True)[:100])


def come(found: "SimpleQueue[Found]") -> list[Found]:
    """What another thread has found by now; waits a moment for the first."""
    try:
        first = found.get(timeout=LOOK_SECONDS)
    except Empty:
        return []
    return [first, *(found.get() for _ in range(found.qsize()))]
