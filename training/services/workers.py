"""The processes that take work from queues: each says of itself every few seconds what it is, and when it ends."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connections
from django.db.models import Q
from django.utils import timezone

from annotations.services.chores import STOP
from training.models import Worker
from training.services import sources

log = logging.getLogger(__name__)
SECONDS, LOOK_SECONDS, END_SECONDS = 10.0, 0.2, 5.0
SILENT_SECONDS = 45.0
"""A worker that has said nothing for so long was killed, or cannot reach the database."""
KEPT = timedelta(days=1)


class Facts(NamedTuple):
    """What a worker is, for as long as it lives."""

    name: str
    queues: list[str]
    threads: int
    started_at: datetime


def facts(name: str, queues: Iterable[str], threads: int) -> Facts:
    """This process, that has just begun to listen to these queues."""
    return Facts(name, sorted(queues), threads, timezone.now())


def report(me: Facts) -> None:
    """Nothing; the worker's row says that it is there, and whether it was told to end."""
    now = timezone.now()
    said: dict[str, Any] = {"seen_at": now, "memory_bytes": memory_bytes(), "ended_at": None}
    row = Worker.objects.filter(name=me.name, started_at=me.started_at)
    if STOP.is_set():
        row.filter(stopping_at=None).update(stopping_at=now)
    if not row.update(**said):
        machine = {"node": settings.NODE or socket.gethostname(), "version": sources.version()}
        is_new = {**machine, "queues": me.queues, "threads": me.threads, "started_at": me.started_at}
        Worker.objects.update_or_create(name=me.name, defaults=said | is_new | {"stopping_at": None, "swept_at": None})


def end(me: Facts) -> None:
    """Nothing; the worker's row says that it has ended."""
    now = timezone.now()
    Worker.objects.filter(name=me.name, started_at=me.started_at).update(seen_at=now, ended_at=now)


def swept(name: str) -> None:
    """Nothing; this worker swept for lost work just now, and workers that are long gone are forgotten."""
    now = timezone.now()
    Worker.objects.filter(name=name).update(swept_at=now)
    Worker.objects.filter(Q(ended_at__lt=now - KEPT) | Q(seen_at__lt=now - KEPT)).delete()


def memory_bytes() -> int:
    """What this process holds of the machine's memory; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


class Reporter:
    """A thread that reports for a worker until it is told that the worker is over."""

    def __init__(self, me: Facts, told: Callable[[], bool] = lambda: False):
        self.me, self._told, self._over = me, told, threading.Event()
        self._thread = threading.Thread(target=self._tell, name="worker", daemon=True)

    def start(self) -> None:
        """Begin; the first report is written before this returns. `told` says that STOP is to be set."""
        _once(self.me, report)
        self._thread.start()

    def close(self) -> None:
        """The last word is written, if the database takes it within seconds."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(END_SECONDS)

    def _tell(self) -> None:
        while not self._over.is_set():
            self._wait()
            _once(self.me, report)
            connections.close_all()
        _once(self.me, end)
        connections.close_all()

    def _wait(self) -> None:
        """Until the next report is due: after some seconds, or when this worker was told to end."""
        due, stopping = time.monotonic() + SECONDS, STOP.is_set()
        while time.monotonic() < due and not self._over.wait(LOOK_SECONDS):
            if self._told():
                STOP.set()
            if STOP.is_set() and not stopping:
                return


def _once(me: Facts, job: Callable[[Facts], None]) -> None:
    try:
        job(me)
    except Exception:  # the next time may do better: the database may be away for a moment
        log.exception("worker %s", me.name)
