"""What probes ask: whether this process lives, and whether it can do its work. Nothing of the inside is told."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from functools import cache
from typing import NamedTuple

from django.conf import settings
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from annotations.services import artifact_places
from training.services import broker

log = logging.getLogger(__name__)
PATIENCE_SECONDS, FRESH_SECONDS, OLD_SECONDS = 1.0, 1.0, 5.0
OK, DEGRADED, DOWN = "ok", "degraded", "down"
LATE = "no answer within a second"
BEHIND = "{count} to be applied"
UNTOLD = "failed: {kind}"
UNHEARD = "no answer"
NO_FOLDER = "its folder is not there or cannot be written"


class Unready(Exception):
    """Why a check failed, in words that anybody may read."""


class Check(NamedTuple):
    """Something looked at; raises when it is not as it should be. Pages work without what is not `needed`."""

    look: Callable[[], object]
    needed: bool = False


def database() -> None:
    """Nothing, when the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def migrations() -> None:
    """Nothing, when the tables are those of this version or a later one. Raises Unready."""
    if missing := len(_known() - MigrationRecorder(connection).applied_migrations().keys()):
        raise Unready(BEHIND.format(count=missing))


@cache
def _known() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).graph.nodes.keys())


def broker_answers() -> None:
    """Nothing, when the broker says how long a queue is. Raises Unready."""
    if broker.depths([settings.CELERY_TASK_DEFAULT_QUEUE]) is None:
        raise Unready(UNHEARD)


def artifacts() -> None:
    """Nothing, when the store of artifacts can be asked for a file. Raises ArtifactProblem, Unready."""
    place = artifact_places.current()
    place.size("upload/is-there")
    if isinstance(place, artifact_places.Folder) and artifact_places.is_shared() and not place.root.is_dir():
        raise Unready(NO_FOLDER)


CHECKS = {
    "database": Check(database, needed=True),
    "migrations": Check(migrations, needed=True),
    "broker": Check(broker_answers),
    "artifacts": Check(artifacts),
}


class Readiness:
    """What the checks came to, asked anew at most once a second, however many ask."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._threads = ThreadPoolExecutor(len(checks), "ready")
        self._open: dict[str, Future[str]] = {}
        self._asking = threading.Lock()
        self._last: tuple[float, dict[str, str]] | None = None

    def found(self) -> dict[str, str]:
        """Why each check failed, "" where it did not. While somebody asks, others get what was found just before."""
        if (kept := self._kept(FRESH_SECONDS)) is not None:
            return kept
        if not self._asking.acquire(blocking=False):
            if (kept := self._kept(OLD_SECONDS)) is not None:
                return kept
            self._asking.acquire()
        try:
            if (kept := self._kept(FRESH_SECONDS)) is None:
                kept = self._ask()
                self._last = time.monotonic(), kept
            return kept
        finally:
            self._asking.release()

    def _kept(self, seconds: float) -> dict[str, str] | None:
        last = self._last
        return last[1] if last is not None and time.monotonic() - last[0] < seconds else None

    def _ask(self) -> dict[str, str]:
        end = time.monotonic() + PATIENCE_SECONDS
        for name, check in self._checks.items():
            # a check that hangs keeps its thread, and is not begun a second time
            if name not in self._open or self._open[name].done():
                self._open[name] = self._threads.submit(_cause, name, check)
        return {name: _in_time(self._open[name], end - time.monotonic()) for name in self._checks}


def _in_time(answer: "Future[str]", seconds: float) -> str:
    try:
        return answer.result(max(0.0, seconds))
    except Late:
        return LATE


def _cause(name: str, check: Check) -> str:
    """Why the check failed: its kind alone, for an error's own words may hold an address; the log has no more."""
    try:
        check.look()
    except Unready as why:
        return str(why)
    except Exception as problem:
        log.warning("not ready: %s: %s", name, type(problem).__name__)
        return UNTOLD.format(kind=type(problem).__name__)
    finally:
        connections.close_all()
    return ""


READINESS = Readiness(CHECKS)


def state(found: Mapping[str, str]) -> str:
    """What these findings come to: ok, degraded, or down where one fails that pages need."""
    failed = [name for name, why in found.items() if why]
    if any(CHECKS[name].needed for name in failed):
        return DOWN
    return DEGRADED if failed else OK


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 "ok": this process answers. It says so too while the database is away, for a new process would not help."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """What works, as JSON; 503 when pages cannot."""
    _known()  # read from our own files once, before the second of the checks begins
    found = READINESS.found()
    told = {name: {"state": "failed", "cause": why} if why else {"state": OK} for name, why in found.items()}
    status = state(found)
    answer = JsonResponse({"status": status, "checks": told}, status=503 if status == DOWN else 200)
    answer.headers["Cache-Control"] = "no-store"
    return answer
