"""An event loop whose clock jumps: what would take minutes is over at once and comes out the same every time.

And servers that take only so many calls: `Windowed`, `Sliding`, `Bucket`.
"""

import asyncio
import math
import selectors
from collections import deque
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.SelectSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        assert ready or timeout is not None, "everything waits for nothing"
        self.now += timeout or 0
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.jumping = _Jumping()
        super().__init__(self.jumping)

    def time(self) -> float:
        return self.jumping.now


def run(work: Coroutine[Any, Any, T]) -> T:
    """What the work gives back, on a loop that never really waits; it begins at second 0."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(work)


class Windowed:
    """At most `cap` calls in each window; a call too many is told when the next window begins."""

    def __init__(self, cap: int, window: float, begins: float = 0.0) -> None:
        self.cap, self.window, self.begins = cap, window, begins
        self._number, self._taken = -1, 0

    def refuses(self, now: float) -> float | None:
        """The seconds a caller has to wait, None when the call is taken."""
        number = math.floor((now - self.begins) / self.window + 1e-9)
        if number != self._number:
            self._number, self._taken = number, 0
        self._taken += 1
        return None if self._taken <= self.cap else self.begins + (number + 1) * self.window - now


class Sliding:
    """At most `cap` calls in any stretch of time of that length; a wait is told in whole seconds."""

    def __init__(self, cap: int, window: float) -> None:
        self.cap, self.window, self._taken = cap, window, deque[float]()

    def refuses(self, now: float) -> float | None:
        """The seconds a caller has to wait, None when the call is taken."""
        while self._taken and self._taken[0] <= now - self.window:
            self._taken.popleft()
        if len(self._taken) < self.cap:
            return self._taken.append(now)
        return float(math.ceil(self._taken[0] + self.window - now))


class Bucket:
    """`cap` calls at once, and `rate` more a second; a wait is told in whole seconds."""

    def __init__(self, cap: int, rate: float) -> None:
        self.cap, self.rate, self._left, self._at = cap, rate, float(cap), 0.0

    def refuses(self, now: float) -> float | None:
        """The seconds a caller has to wait, None when the call is taken."""
        self._left, self._at = min(self.cap, self._left + (now - self._at) * self.rate), now
        if self._left >= 1:
            self._left -= 1
            return None
        return float(math.ceil((1 - self._left) / self.rate))
