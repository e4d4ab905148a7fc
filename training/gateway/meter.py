"""Calls, counted in memory and written to the database in groups every second."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from logging import getLogger
from typing import NamedTuple

from training import latency
from training.gateway.database import Away, Database
from training.gateway.limits import Limits
from training.models.serving import OUTCOMES
from training.services.deploy import traffic
from training.services.deploy.grants import Grant, Served

log = getLogger(__name__)

FLUSH_SECONDS = 1.0
MOST_ROWS = 5000
"""Distinct rows in memory; with more of them, while the database is away, they are told apart less finely."""
END_SECONDS = 5.0


class _Alike(NamedTuple):
    deployment: int
    key: int
    version: int
    candidate: int
    at: datetime
    outcome: str
    streamed: bool
    latency: int
    first: int


Counts = tuple[int, int, int, int]
Counted = dict[_Alike, Counts]
COARSER: tuple[Callable[[_Alike], _Alike], ...] = (
    lambda row: row._replace(first=0),
    lambda row: row._replace(first=0, latency=0),
    lambda row: row._replace(first=0, latency=0, at=row.at.replace(minute=0)),
    lambda row: row._replace(first=0, latency=0, at=row.at.replace(hour=0, minute=0)),
)


class Meter:
    """What calls of this process came to; `open` before the first call, `close` after the last, before the limits."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits
        self._database = Database()
        self._counted: Counted = {}
        self._used: dict[int, datetime] = {}
        self._flushing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._away = False

    async def open(self) -> None:
        """Nothing; from now on what is noted is written every second."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Nothing; what was noted is written, unless the database is away for longer than END_SECONDS."""
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._stop()
                await self.flush()
        except TimeoutError:
            log.error(
                "The database was away: %s calls were not written.", sum(one[0] for one in self._counted.values())
            )
        await self._database.close()

    def note(
        self,
        grant: Grant,
        served: Served,
        *,
        outcome: str,
        streamed: bool = False,
        began: datetime | None = None,
        milliseconds: float = 0.0,
        first_milliseconds: float | None = None,
        tokens_in: int = 0,
        tokens_out: int = 0,
        estimated: bool = False,
    ) -> None:
        """Nothing, at once: a call is counted where it began. Tries from the page are not.

        Without `began` that is as long ago as it took. Its tokens are those its reservation was settled with.
        `first_milliseconds` is None or 0 where no text came.
        Raises ValueError for an unknown outcome.
        """
        if outcome not in OUTCOMES:
            raise ValueError(f"{outcome} is no outcome of a call.")
        if not grant.key_id:
            return
        at, whole = traffic.five_minutes(began or _ago(milliseconds)), _bucket(milliseconds)
        place = (served.deployment_id, grant.key_id, served.version_id, served.candidate_id)
        row = _Alike(*place, at, outcome, streamed, whole, _bucket(first_milliseconds))
        self._count(row, (1, tokens_in, tokens_out, int(estimated)))

    def _count(self, row: _Alike, counts: Counts) -> None:
        self._used[row.key] = datetime.now(UTC)
        _add(self._counted, row, counts)
        if len(self._counted) > MOST_ROWS:
            self._counted = _coarser(self._counted)

    async def flush(self) -> None:
        """Nothing; all that was noted is in the database, or kept for the next time where that is away."""
        async with self._flushing:
            if not self._counted:
                return
            counted, self._counted = self._counted, {}
            used, self._used = self._used, {}
            try:
                async with self._announced():
                    await self._write(counted, used)
            except BaseException as problem:
                self._keep(counted, used)
                if not isinstance(problem, Away):
                    raise
                self._note_away(problem)
            else:
                self._note_away(None)

    async def _stop(self) -> None:
        # never in the midst of a write, which would then be done and be kept too
        async with self._flushing:
            if self._task is not None:
                self._task.cancel()

    def _announced(self) -> AbstractAsyncContextManager[None]:
        return self._limits.writing() if self._limits else nullcontext()

    async def _write(self, counted: Counted, used: dict[int, datetime]) -> None:
        rows = [traffic.Row(*alike, *counts) for alike, counts in counted.items()]
        await self._database.ask(traffic.add, rows, used)
        if self._limits:
            for row in rows:
                self._limits.written(row.key, row.at, row.tokens_in + row.tokens_out)

    def _keep(self, counted: Counted, used: dict[int, datetime]) -> None:
        for row, counts in counted.items():
            _add(self._counted, row, counts)
        self._used = used | self._used
        if len(self._counted) > MOST_ROWS:
            self._counted = _coarser(self._counted)

    def _note_away(self, problem: BaseException | None) -> None:
        if bool(problem) != self._away:
            self._away = bool(problem)
            log.warning("Traffic %s", f"is kept in memory: {type(problem).__name__}" if problem else "is written again")

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except Exception:
                log.exception("Traffic could not be written; it is kept.")


def _ago(milliseconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(milliseconds=milliseconds)


def _bucket(milliseconds: float | None) -> int:
    return latency.bucket(milliseconds) if milliseconds else 0


def _add(counted: Counted, row: _Alike, counts: Counts) -> None:
    requests, told, said, guessed = counted.get(row, (0, 0, 0, 0))
    counted[row] = (requests + counts[0], told + counts[1], said + counts[2], guessed + counts[3])


def _coarser(counted: Counted) -> Counted:
    """The same counts in at most half of MOST_ROWS rows, where that can be, told apart as finely as that allows."""
    for blurred in COARSER:
        merged: Counted = {}
        for row, counts in counted.items():
            _add(merged, blurred(row), counts)
        if len(merged) <= MOST_ROWS // 2:
            break
    return merged
