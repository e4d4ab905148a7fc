"""How many calls a server is asked at one time, and how fast: learned from its 429s and from what it says.

Arithmetic alone: the time comes in as seconds of any clock, nothing waits in here. Three bounds hold together:

- the **width**: it starts at 20 and doubles with each full round of answers until the first 429, which takes a fifth of
  it away; from then on it grows by one a round. It changes at most every 15 s after a cut, and grows only while the
  server is really asked as much as it allows (80 %);
- the **pause**: a server that asks for a wait gets it from all calls at once. After it one call goes ahead, and each
  answer lets twice as many follow;
- the **rate**: the calls answered from one pause's end to the next, by the time between, is what the server takes. From
  then on calls are spaced a little below it. It is raised now and then to see whether the server takes more, and
  given up when it keeps failing: then the 429s are no cap.

Sources: Chiu and Jain 1989 (additive increase, multiplicative decrease); the constants of width as Inspect AI has them.
"""

from math import inf

START = 20.0
CUT, COOLDOWN, SATURATED = 0.8, 15.0, 0.8
MARGIN, RETREAT, RAISE = 0.985, 0.95, 1.05
FIRST = 1.3  # the first estimate knows no pause before it, so it may be of a time in which less was asked
LEAST_CALLS = 10  # answered calls that an estimate of the rate needs
# Answered calls before the rate is raised: fewer each time it was right, more each time it was wrong.
RAISE_AFTER_LEAST, RAISE_AFTER, RAISE_AFTER_MOST = 100, 200, 3200
MISSES, DISTRUST = 4, 500  # wrong estimates in a row, and the answered calls without one that follow
SLACK = 0.02  # seconds that a late start is made good for, or one call when that is longer
HINT_MOST = 120.0  # a longer pause is for the server to ask for, by a 429


class Pace:
    """One server's pace. `start` gives back the era of the attempt, to be named when it ends.

    An era ends with a refusal: what attempts of an older era still bring is no news.
    """

    def __init__(self, limit: int) -> None:
        self.limit = max(0, limit)
        self.in_flight = 0
        self.rate: float | None = None
        self.paused_until = -inf
        self._era, self._fresh, self._ramp = 0, 0, inf
        self._width, self._cut_at = START, -inf
        self._round, self._peak = 0, 0
        self._allowed, self._allowed_until = inf, -inf
        self._next_start = -inf
        self._span_start: float | None = None
        self._span_end: float | None = None
        self._span_calls = 0
        self._good_rate, self._since = 0.0, 0
        self._raise_after, self._misses, self._distrust = RAISE_AFTER, 0, 0

    @property
    def width(self) -> int:
        """Attempts at one time as far as 429s and the limit have a say; at least 1, or 0 when the limit is."""
        return min(self.limit, int(self._width))

    def wait(self, now: float) -> float | None:
        """Seconds until the next attempt may start, 0 for now; None when another has to end first."""
        allowed = max(1.0, self._allowed) if now < self._allowed_until else inf
        if self.in_flight >= min(self.width, allowed) or self._fresh >= self._ramp:
            return None
        spaced = self._next_start if self.rate else -inf
        return max(0.0, self.paused_until - now, spaced - now)

    def start(self, now: float) -> int:
        """The era of an attempt that starts now."""
        self.in_flight += 1
        self._fresh += 1
        self._peak = max(self._peak, self.in_flight)
        if self._span_start is None:
            self._span_start = now
        if self.rate:
            gap = 1 / self.rate
            self._next_start = max(self._next_start, now - max(gap, SLACK), self.paused_until) + gap
        return self._era

    def end(self, era: int) -> None:
        """Nothing; an attempt ended that says nothing about the pace."""
        self.in_flight -= 1
        if era == self._era:
            self._fresh -= 1

    def answered(self, era: int, now: float) -> None:
        """Nothing; an attempt was answered."""
        self.end(era)
        self._span_calls += 1
        if era == self._era:
            if self._ramp == 1:
                self._close_span()
            self._ramp = inf if self._ramp * 2 > self.limit else self._ramp * 2
        self._grow(now)
        self._raise()

    def refused(self, era: int, now: float, seconds: float, asked: float | None, busy: bool = True) -> None:
        """Nothing; every call waits `seconds`. `asked` is the server's own wait; `busy` tells that it was a 429."""
        self.end(era)
        news = era == self._era
        self.paused_until = max(self.paused_until, now + seconds)
        if busy and asked is not None:
            self._span_end = max(self._span_end or -inf, now + asked)
        if news:
            self.begin_gently()
            if busy:
                self._cut(now)

    def begin_gently(self) -> None:
        """Nothing; a new era: one call goes ahead, and each answer lets twice as many follow."""
        self._era, self._fresh, self._ramp = self._era + 1, 0, 1

    def allow(self, calls: int, seconds: float, now: float) -> None:
        """Nothing; the server said how many calls it takes in the next seconds."""
        self._allowed, self._allowed_until = calls, now + seconds
        if calls == 0 and seconds <= HINT_MOST:
            self.paused_until = max(self.paused_until, now + seconds)

    def _grow(self, now: float) -> None:
        self._round += 1
        if self._round < self.width:
            return
        saturated = self._peak >= SATURATED * self.width
        if saturated and self._width < self.limit and now - self._cut_at >= COOLDOWN:
            self._width = min(self.limit, self._width * 2 if self._cut_at == -inf else self._width + 1)
        self._round, self._peak = 0, self.in_flight

    def _cut(self, now: float) -> None:
        if now - self._cut_at >= COOLDOWN:
            self._width = max(1.0, int(min(self._width, self.limit) * CUT))
            self._cut_at, self._round, self._peak = now, 0, 0

    def _close_span(self) -> None:
        """Nothing; the first answer after a pause shows that the pause was over, and so what the server takes."""
        end, self._span_end = self._span_end, None
        if end is None or self._span_start is None or self._span_calls <= LEAST_CALLS:
            return
        seconds, calls = end - self._span_start, self._span_calls - 1
        self._span_start, self._span_calls = end, 1
        if seconds > 0 and self._distrust <= 0:
            self._estimate(calls / seconds)

    def _estimate(self, rate: float) -> None:
        if self.rate is None:
            self.rate = FIRST * rate
        elif self.rate > self._good_rate > 0:
            self.rate, self._raise_after = self._good_rate, min(RAISE_AFTER_MOST, self._raise_after * 2)
        else:
            self._misses += 1
            self.rate = min(RETREAT * self.rate, MARGIN * rate)
        self._good_rate, self._since = self.rate, 0
        if self._misses >= MISSES:
            self.rate, self._misses, self._distrust = None, 0, DISTRUST

    def _raise(self) -> None:
        self._since += 1
        self._distrust -= 1
        if self.rate and self._since >= self._raise_after:
            if self.rate > self._good_rate:
                self._raise_after = max(RAISE_AFTER_LEAST, self._raise_after // 2)
            self._good_rate, self._since, self._misses = self.rate, 0, 0
            self.rate *= RAISE
