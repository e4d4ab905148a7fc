"""Who may try now: attempts stand in line for the pace of their server, those that were refused ahead of the others."""

import asyncio
from collections import deque
from time import monotonic

from training.engines import EngineError
from training.engines._gate import SHUT
from training.engines._pace import Pace

_PACED = "{where} takes about {calls:,} calls a minute. The others wait for their turn."
_SPENT = "{where} says that it takes no more calls just now. They go on when it does."
_SHOWN_SECONDS = 0.05  # a shorter wait from one call to the next is no news for a person
_LOST_SECONDS = 10.0


class Turns:
    """The line before one server."""

    def __init__(self, where: str, limit: int) -> None:
        self.pace = Pace(limit)
        self._where = where
        self._line: deque[asyncio.Future[int]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._trouble = _SPENT.format(where=where)
        self._good_at: float | None = None
        self._lost: EngineError | None = None
        self._lost_at = 0.0
        self._shut = False

    @property
    def waiting(self) -> int:
        """Attempts that wait because the server asked for it, or because it takes only so many calls a minute."""
        if not self._line or self.pace.wait(clock()) is None:
            return 0
        slow = self.pace.rate is not None and self.pace.rate * _SHOWN_SECONDS < 1
        return len(self._line) if slow or self.pace.paused_until > clock() else 0

    @property
    def next_turn(self) -> float:
        """Seconds until the pace lets the next in line go; 0 when there is none, or another has to end first."""
        return (self.pace.wait(clock()) or 0.0) if self._line else 0.0

    @property
    def trouble(self) -> str:
        """Why attempts wait, in words; empty when none does."""
        if not self.waiting:
            return ""
        if self.pace.paused_until > clock():
            return self._trouble
        return _PACED.format(where=self._where, calls=round(60 * (self.pace.rate or 0)))

    def limit_to(self, places: int) -> None:
        """Nothing; so many attempts at most at one time."""
        self.pace.limit = max(0, places)
        self._admit()

    def shut(self) -> None:
        """Nothing; those in line, and those who come, get a passing EngineError."""
        self._shut = True
        self._dismiss(EngineError("passing", SHUT))

    async def take(self, again: bool = False) -> int:
        """The era of the attempt, once it may start; one that comes `again` goes ahead of those that come first.

        Raises EngineError when the server was found not to answer anybody, or to ask for too long a wait.
        """
        now = clock()
        if self._shut:
            raise EngineError("passing", SHUT)
        if self._lost and not again and now < max(self._lost_at + _LOST_SECONDS, self.pace.paused_until):
            raise _copy(self._lost)
        if (again or not self._line) and self.pace.wait(now) == 0:
            return self.pace.start(now)
        return await self._in_line(again)

    def answered(self, era: int) -> None:
        """Nothing; the attempt was answered."""
        self._good_at, self._lost = clock(), None
        self.pace.answered(era, self._good_at)
        self._admit()

    def answered_since(self, moment: float) -> bool:
        """True when anybody was answered after that moment."""
        return self._good_at is not None and self._good_at > moment

    def refused(self, era: int, problem: EngineError, seconds: float) -> float:
        """When the next attempt may start: the server takes no call for so many seconds, of nobody."""
        self._trouble = problem.message
        self.pace.refused(era, clock(), seconds, problem.retry_after, problem.kind == "rate_limited")
        self._admit()
        return self.pace.paused_until

    def failed(self, era: int) -> None:
        """Nothing; the attempt ended without an answer."""
        self.pace.end(era)
        self._admit()

    def despair(self, problem: EngineError, began: float) -> None:
        """Nothing; the patience of a call that began then is over.

        When nobody was answered meanwhile, those in line and those who come in the next seconds (or while the server
        asks everybody to wait) fail as it did; after that one goes ahead of the others.
        """
        if not self.answered_since(began):
            self._lost, self._lost_at = problem, clock()
            self.pace.begin_gently()
            self._dismiss(problem)

    def allow(self, calls: int, seconds: float) -> None:
        """Nothing; the server said how many calls it takes in the next seconds."""
        self._trouble = _SPENT.format(where=self._where)
        self.pace.allow(calls, seconds, clock())

    async def _in_line(self, again: bool) -> int:
        turn: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if again:
            self._line.appendleft(turn)
        else:
            self._line.append(turn)
        self._admit()
        try:
            return await turn
        except asyncio.CancelledError:
            self._leave(turn)
            raise

    def _leave(self, turn: asyncio.Future[int]) -> None:
        if turn in self._line:
            self._line.remove(turn)
        elif not turn.cancelled() and not turn.exception():
            self.failed(turn.result())  # it got its turn and was cancelled at the same moment

    def _admit(self) -> None:
        """Nothing; those whose turn it is may go, and a timer is set for the next."""
        while self._line and (wait := self.pace.wait(clock())) is not None:
            if wait > 0:
                return self._wake_in(wait)
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(self.pace.start(clock()))

    def _wake_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._admit)

    def _dismiss(self, problem: EngineError) -> None:
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_exception(_copy(problem))


def _copy(problem: EngineError) -> EngineError:
    return EngineError(problem.kind, problem.message, problem.retry_after)


def clock() -> float:
    """Seconds on the clock of the running event loop; without one (a page asks what waits) on the one it goes by."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return monotonic()
