"""Repeats a call that failed in passing, with growing random waits, within a bounded time."""

import asyncio
from collections.abc import Awaitable, Callable
from random import SystemRandom
from time import monotonic
from typing import TypeVar

from training.engines import EngineError

FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
_LAST_SHARE = 0.1  # of the patience must be left for a try, or it is cut off before it can tell anything
_between = SystemRandom().uniform

T = TypeVar("T")


def delay(attempt: int, asked: float | None) -> float:
    """Seconds to wait after attempt 1, 2, …: anywhere in 0..0.5, 0..1, 0..2 up to 0..8 (full jitter).

    When the server `asked` for a wait, that wait and up to a tenth more, so that callers do not return as one.
    Source: Brooker, Exponential Backoff and Jitter, AWS Architecture Blog 2015.
    """
    if asked is not None:
        return asked * _between(1.0, 1.1)
    return _between(0.0, min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempt - 1, 10)))


class Retries:
    """Runs calls until they succeed, fail for good, or `patience` seconds are over; knows who is waiting."""

    def __init__(self, where: str, timeout: float, patience: float) -> None:
        self._where, self._timeout, self._patience = where, timeout, patience
        self._wakes: dict[asyncio.Event, float] = {}
        self._stopped = False
        self._last = ""

    @property
    def waiting(self) -> int:
        """Calls that now wait for their next try."""
        return len(self._wakes)

    @property
    def next_try(self) -> float:
        """Seconds until the nearest next try; 0 when no call waits."""
        return max(0.0, min(self._wakes.values()) - monotonic()) if self._wakes else 0.0

    @property
    def trouble(self) -> str:
        """Why calls wait, in words; empty when none waits."""
        return self._last if self._wakes else ""

    def give_up(self) -> None:
        """Try nothing again: calls that wait end at once with the error they had."""
        self._stopped = True
        for wake in self._wakes:
            wake.set()

    async def call(self, once: Callable[[], Awaitable[T]]) -> tuple[T, int]:
        """What `once()` gave back, and the number of attempts. Raises EngineError when it will not be tried again."""
        ends, attempt = monotonic() + self._patience, 0
        while True:
            attempt += 1
            try:
                return await self._within(ends - monotonic(), once), attempt
            except EngineError as problem:
                if problem.kind in {"permanent", "budget"} or self._stopped:
                    raise
                await self._pause(problem, delay(attempt, problem.retry_after), ends)
                if self._stopped:
                    raise

    async def _within(self, left: float, once: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(min(self._timeout, left)):
                return await once()
        except TimeoutError:
            raise EngineError("passing", f"{self._where} did not answer in time ({self._timeout:g} s).") from None

    async def _pause(self, problem: EngineError, seconds: float, ends: float) -> None:
        wakes = monotonic() + seconds
        if wakes > ends - _LAST_SHARE * self._patience:
            raise self._given_up(problem) from None
        woken = asyncio.Event()
        self._wakes[woken], self._last = wakes, problem.message
        try:
            async with asyncio.timeout(wakes - monotonic()):
                await woken.wait()
        except TimeoutError:
            pass
        finally:
            del self._wakes[woken]

    def _given_up(self, problem: EngineError) -> EngineError:
        # No count of tries: the same trouble must read the same for every call, to be counted as one.
        said = f"{problem.message} Tried as often as the {self._patience:g} s set for one call allow."
        return EngineError(problem.kind, said, problem.retry_after)
