"""Repeats a call that failed in passing, with growing random waits, within a bounded time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import SystemRandom
from typing import TypeVar

from training.engines import EngineError
from training.engines._failures import Spoiled
from training.engines._turns import Turns, clock

FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
SPOILED_TRIES, MOST_TRIES = 3, 50
_LAST_SHARE = 0.1  # of the patience must be left for a try, or it is cut off before it can tell anything
_STRETCH, _STRETCH_MOST = 0.1, 0.5
_between = SystemRandom().uniform

T = TypeVar("T")


def delay(attempt: int, asked: float | None) -> float:
    """Seconds to wait after attempt 1, 2, …: anywhere in 0..0.5, 0..1, 0..2 up to 0..8 (full jitter).

    When the server `asked` for a wait, that wait and up to a tenth (at most 0.5 s) more, so that callers do not return
    as one; from the third attempt not less than a wait of our own, for a server that always asks for none.
    Source: Brooker, Exponential Backoff and Jitter, AWS Architecture Blog 2015.
    """
    if asked is None:
        return _between(0.0, min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempt - 1, 10)))
    wait = asked + _between(0.0, min(_STRETCH * asked, _STRETCH_MOST))
    return wait if attempt < 3 else max(wait, delay(attempt - 2, None))


@dataclass
class _Course:
    """One call: when it began, when its patience is over, and how often it was tried."""

    began: float
    ends: float
    attempts: int = 1
    spoiled: int = 0


class Retries:
    """Runs calls until they succeed, fail for good, or `patience` seconds are over; knows who is waiting.

    Each attempt takes its turn at the server's pace. The wait for it is no part of the patience, but for a pause that a
    server asks for without answering anybody meanwhile.
    """

    def __init__(self, where: str, timeout: float, patience: float, limit: int) -> None:
        self.turns = Turns(where, limit)
        self._where, self._timeout, self._patience = where, timeout, patience
        self._wakes: dict[asyncio.Event, float] = {}
        self._stopped = False
        self._last = ""

    @property
    def waiting(self) -> int:
        """Calls that now wait for their next try, or for the server to take calls again."""
        return len(self._wakes) + self.turns.waiting

    @property
    def next_try(self) -> float:
        """Seconds until the nearest next try; 0 when no call waits."""
        waits = [wake - clock() for wake in list(self._wakes.values())]
        if self.turns.waiting:
            waits.append(self.turns.next_turn)
        return max(0.0, min(waits, default=0.0))

    @property
    def trouble(self) -> str:
        """Why calls wait, in words; empty when none waits."""
        return self.turns.trouble or (self._last if self._wakes else "")

    def give_up(self) -> None:
        """Try nothing again: calls that wait end at once with an error that passes."""
        self._stopped = True
        self.turns.shut()
        for wake in self._wakes:
            wake.set()

    async def call(self, once: Callable[[], Awaitable[T]]) -> tuple[T, int]:
        """What `once()` gave back, and the number of attempts. Raises EngineError when it will not be tried again."""
        era, now = await self.turns.take(), clock()
        course = _Course(now, now + self._patience)
        while True:
            try:
                return await self._attempt(era, course.ends - clock(), once), course.attempts
            except EngineError as problem:
                await self._wait_after(problem, course, era)
            era = await self._next_turn(course)
            course.attempts += 1

    async def _attempt(self, era: int, left: float, once: Callable[[], Awaitable[T]]) -> T:
        try:
            answer = await self._within(left, once)
        except EngineError as problem:
            if problem.kind in {"permanent", "budget"} or isinstance(problem, Spoiled):
                self.turns.answered(era)
            raise
        except BaseException:
            self.turns.failed(era)
            raise
        self.turns.answered(era)
        return answer

    async def _within(self, left: float, once: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(min(self._timeout, left)):
                return await once()
        except TimeoutError:
            raise EngineError("passing", f"{self._where} did not answer in time ({self._timeout:g} s).") from None

    async def _wait_after(self, problem: EngineError, course: _Course, era: int) -> None:
        """Nothing, after the call's own wait; a wait that a server asks for is everybody's. Raises EngineError."""
        if problem.kind in {"permanent", "budget"}:
            raise problem
        seconds, wakes = delay(course.attempts, problem.retry_after), 0.0
        if isinstance(problem, Spoiled):
            course.spoiled += 1
        elif problem.kind == "rate_limited" or problem.retry_after is not None:
            wakes = self.turns.refused(era, problem, seconds)
        else:
            self.turns.failed(era)
        if self._stopped or course.spoiled >= SPOILED_TRIES:
            raise problem
        too_late = max(wakes, clock() + seconds) > course.ends - _LAST_SHARE * self._patience
        if too_late or course.attempts >= MOST_TRIES:
            raise self._given_up(problem, course.began)
        if not wakes:
            await self._pause(problem, seconds)

    async def _pause(self, problem: EngineError, seconds: float) -> None:
        woken = asyncio.Event()
        self._wakes[woken], self._last = clock() + seconds, problem.message
        try:
            async with asyncio.timeout(seconds):
                await woken.wait()
        except TimeoutError:
            return
        finally:
            del self._wakes[woken]
        raise problem

    async def _next_turn(self, course: _Course) -> int:
        came = clock()
        era = await self.turns.take(again=True)
        idle_from = came if self.turns.answered_since(came) else max(came, self.turns.pace.paused_until)
        course.ends += max(0.0, clock() - idle_from)
        return era

    def _given_up(self, problem: EngineError, began: float) -> EngineError:
        # No count of tries: the same trouble must read the same for every call, to be counted as one.
        said = f"{problem.message} Tried as often as the {self._patience:g} s set for one call allow."
        spent = EngineError(problem.kind, said, problem.retry_after)
        self.turns.despair(spent, began)
        return spent
