"""Bars over time: how many ended in each step of a run, worked out once and without any markup."""

import math
from typing import NamedTuple

from annotations.charts import Tick, position, top_of

STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 604800)
"""Lengths of a step in seconds."""
MOST, FEWEST, EACH, GAP, MARKED = 48, 3, 3, 0.2, 6
DONE, FAILED = "done", "failed"


class Step(NamedTuple):
    """A step of time from `start` seconds on: items done and failed, and all of them in a minute."""

    start: int
    done: int
    failed: int
    per_minute: float


class Bar(NamedTuple):
    """A step drawn: in percent from the left, and the heights of its two parts from the bottom up."""

    step: Step
    x: float
    width: float
    done: tuple[float, float]
    failed: tuple[float, float]


class Bars(NamedTuple):
    """The chart: `seconds` in a step, which is the last one too although it may not be over."""

    bars: tuple[Bar, ...]
    seconds: int
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def step_for(seconds: float, n: int) -> int:
    """The shortest step with which so many seconds take at most MOST of them and `n` items are EACH in each or so."""
    most = min(MOST, max(2 * FEWEST, n // EACH))
    return next((one for one in STEPS if seconds / one <= most), STEPS[-1])


def bars(counts: dict[int, tuple[int, int]], length: int) -> Bars | None:
    """The chart of (done, failed) by the number of the step from 0, each `length` seconds; None for too few steps."""
    steps = [_step(at, *counts.get(at, (0, 0)), length) for at in range(max(counts, default=-1) + 1)]
    if len(steps) < FEWEST:
        return None
    most = top_of(math.ceil(max(one.per_minute for one in steps)))
    wide, every = 100 / len(steps), math.ceil(len(steps) / MARKED)
    drawn = tuple(_bar(one, at * wide, wide, most) for at, one in enumerate(steps))
    x_ticks = tuple(Tick(round(at * wide, 2), clock(steps[at].start), "middle") for at in range(0, len(steps), every))
    y_ticks = tuple(Tick(100 - position(value, 0, most), _number(value), "end") for value in (0, most / 2, most))
    return Bars(drawn, length, x_ticks, y_ticks)


def _step(at: int, done: int, failed: int, length: int) -> Step:
    return Step(at * length, done, failed, 60 * (done + failed) / length)


def _bar(step: Step, x: float, wide: float, most: float) -> Bar:
    every = step.done + step.failed
    low = position(step.per_minute * step.done / every, 0, most) if every else 0.0
    high = position(step.per_minute, 0, most)
    done, failed = (round(100 - low, 2), low), (round(100 - high, 2), round(high - low, 2))
    return Bar(step, round(x + wide * GAP / 2, 2), round(wide * (1 - GAP), 2), done, failed)


def clock(seconds: int) -> str:
    """Time since the start: `0:30`, `1:05:00`; from two days on `3 d`."""
    if seconds >= 2 * 86400:
        return f"{seconds // 86400} d"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _number(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0").replace(",", "\u202f")
