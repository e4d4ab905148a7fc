"""The chart of a deployment's traffic: bars of calls over time, worked out once and without any markup."""

import math
from datetime import datetime
from typing import NamedTuple

from annotations.charts import Tick, position, top_of
from training.deployment_words import GROUPS, Group
from training.traffic_queries import DAYS_30, Period, Slot

GAP = 0.2
"""The share of a step that is left empty beside its bar."""
TICKS = 6
THIN = "\u202f"


class Piece(NamedTuple):
    """The calls of a bar that ended alike; `y` and `height` in percent from the top."""

    group: Group
    n: int
    y: float
    height: float


class Bar(NamedTuple):
    """A step of time; `x` and `width` in percent from the left."""

    slot: Slot
    x: float
    width: float
    pieces: tuple[Piece, ...]


class Chart(NamedTuple):
    """The bars from the oldest to the newest step, with their axes; `most` is the upper end of the axis in calls."""

    bars: tuple[Bar, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    most: int


def chart(period: Period, slots: list[Slot]) -> Chart:
    """The chart of these steps; without any call its axis goes to 1 and no bar has a piece."""
    most = top_of(max((slot.requests for slot in slots), default=0))
    wide = 100 / max(len(slots), 1)
    bars = tuple(_bar(slot, number * wide, wide, most) for number, slot in enumerate(slots))
    every = math.ceil(len(slots) / TICKS)
    marked = [(number, slot.start) for number, slot in enumerate(slots) if number % every == 0]
    x_ticks = tuple(Tick(round((number + 0.5) * wide, 2), words(period, start), "middle") for number, start in marked)
    y_ticks = tuple(
        Tick(position(most - value, 0, most), f"{value:,}".replace(",", THIN), "end") for value in _marks(most)
    )
    return Chart(bars, x_ticks, y_ticks, most)


def words(period: Period, start: datetime) -> str:
    """The start of a step as the axis says it."""
    return f"{start.day} {start:%b}" if period is DAYS_30 else f"{start:%H:%M}"


def _marks(most: int) -> list[int]:
    """Two or three whole numbers of the axis, both ends among them."""
    return [0, most // 2, most] if most % 2 == 0 else [0, most]


def _bar(slot: Slot, x: float, wide: float, most: int) -> Bar:
    pieces, before = [], 0
    for group, n in zip(GROUPS, slot.groups, strict=True):
        if n:
            low, high = position(before, 0, most), position(before + n, 0, most)
            pieces.append(Piece(group, n, round(100 - high, 2), round(high - low, 2)))
            before += n
    return Bar(slot, round(x + wide * GAP / 2, 2), round(wide * (1 - GAP), 2), tuple(pieces))
