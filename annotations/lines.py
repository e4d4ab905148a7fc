"""Lines over versions and over days: where each dot, whisker and stroke stands, worked out once, without any markup."""

import math
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from annotations.charts import SCORE_AXIS, Line, Tick, position, ticks, top_of

LOOKS = (
    ("var(--ink)", "", "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z"),
    ("var(--blue)", "7 3", "M-4.5-4.5h9v9h-9z"),
    ("var(--amber)", "2 3", "M0-6L6 5H-6z"),
    ("var(--teal)", "9 3 2 3", "M0-6.5L6.5 0L0 6.5L-6.5 0z"),
    ("var(--red)", "4 4", "M0 6L-6-5H6z"),
    ("var(--slate)", "12 4", "M-6-2H-2V-6H2V-2H6V2H2V6H-2V2H-6z"),
)
"""Colour, dashes and marker of the lines of a chart in their order: never the colour alone."""
MOST_TICKS, ROOM = 12, 0.25
SPREAD, WIDEST = 0.5, 3.0
"""Dots of one version take this share of its room, and stand at most so many percent from each other."""
SIDE = 1000
"""A path stands in a square of so many units on each side, which the page stretches to the room there is."""
FARTHEST = 3
"""An end is drawn where it is at most so many times as far away as the beginning."""


class Measured(NamedTuple):
    """What one run says of a version: the score -1..1 with its interval, None where nothing is scored."""

    version: int
    score: float | None
    low: float | None
    high: float | None
    n_scored: int
    n_total: int
    label: str
    url: str = ""
    heuristic: bool = False


class Dot(NamedTuple):
    """A score in percent from the top left; `top` and `bottom` are the ends of its whisker, None without one."""

    of: Measured
    x: float
    y: float
    top: float | None
    bottom: float | None


class Series(NamedTuple):
    """Scores that compare, in the order of the versions; a series without a look is in the table alone."""

    number: int
    name: str
    colour: str
    dashes: str
    marker: str
    dots: tuple[Dot, ...]
    strokes: tuple[Line, ...]
    rows: tuple[Measured, ...]


class OverVersions(NamedTuple):
    """The chart: versions from left to right in equal steps; `zero` is the line of 0, None where it is outside."""

    series: tuple[Series, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    zero: float | None
    undrawn: int


def over_versions(found: Sequence[tuple[str, Sequence[Measured]]]) -> OverVersions:
    """The chart of named series; the first ones get a look, and dots of one version stand beside each other."""
    rows = [(name, sorted(one, key=lambda row: row.version)) for name, one in found]
    versions = sorted({row.version for _, one in rows for row in one})
    places = {version: 100 * (at + 0.5) / len(versions) for at, version in enumerate(versions)}
    low, high = axis = _axis([end for _, one in rows for row in one for end in (row.score, row.low, row.high)])
    drawn = min(len(rows), len(LOOKS))
    step = min(100 / max(len(versions), 1) * SPREAD / max(drawn, 1), WIDEST)
    series = tuple(
        _series(at + 1, name, one, {version: x + (at - (drawn - 1) / 2) * step for version, x in places.items()}, axis)
        for at, (name, one) in enumerate(rows)
    )
    every = math.ceil(len(versions) / MOST_TICKS)
    x_ticks = tuple(Tick(round(places[one], 2), f"v{one}", "middle") for one in versions[::every])
    y_ticks = tuple(one._replace(at=round(100 - one.at, 2)) for one in ticks(axis, round((high - low) / _step(axis))))
    zero = round(100 - position(0, *axis), 2) if low <= 0 <= high else None
    return OverVersions(series, x_ticks, y_ticks, zero, len(rows) - drawn)


def _axis(values: Iterable[float | None]) -> tuple[float, float]:
    """The narrowest part of the score axis in quarters that holds every value; the whole axis without any."""
    known = [value for value in values if value is not None]
    if not known:
        return SCORE_AXIS
    low = max(math.floor(min(known) / ROOM) * ROOM, -1.0)
    high = min(math.ceil(max(known) / ROOM) * ROOM, 1.0)
    return (low, high) if high > low else (max(low - ROOM, -1.0), min(high + ROOM, 1.0))


def _step(axis: tuple[float, float]) -> float:
    wide = (axis[1] - axis[0]) / ROOM
    return ROOM if wide <= 4 or wide % 2 else 2 * ROOM


def _series(
    number: int, name: str, rows: list[Measured], places: dict[int, float], axis: tuple[float, float]
) -> Series:
    if number > len(LOOKS):
        return Series(number, name, "", "", "", (), (), tuple(rows))
    dots = tuple(_dot(row, places[row.version], axis) for row in rows if row.score is not None)
    strokes = tuple(Line(a.x, a.y, b.x, b.y) for a, b in zip(dots, dots[1:], strict=False))
    return Series(number, name, *LOOKS[number - 1], dots, strokes, tuple(rows))


def _dot(row: Measured, x: float, axis: tuple[float, float]) -> Dot:
    y, high, low = (None if end is None else _down(end, axis) for end in (row.score, row.high, row.low))
    whole = high is not None and low is not None
    return Dot(row, round(x, 2), y or 0.0, high if whole else None, low if whole else None)


def _down(value: float, axis: tuple[float, float]) -> float:
    return round(100 - position(value, *axis), 2)


class Day(NamedTuple):
    """The answers of one day, and all up to its end."""

    day: date
    n: int
    all: int


class Progress(NamedTuple):
    """Answers over days: a path in a square of SIDE, what is `asked` for in percent from the top, and the way on.

    `onward` leads from today to the end at the present pace, None where there is no end or it is too far away.
    """

    path: str
    asked: float
    onward: Line | None
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    rows: tuple[Day, ...]


def progress(rows: Sequence[Day], asked: int, ends: date | None) -> Progress:
    """The chart of these days, which follow each other without a gap; there is at least one."""
    first, today = rows[0].day, rows[-1].day
    gone = (today - first).days + 1
    ahead = (ends - today).days if ends else 0
    near = ends is not None and ahead <= FARTHEST * gone
    days = gone + (ahead if near else 0)
    most = top_of(max(asked, rows[-1].all))
    steps = [f"{round(SIDE * at / days)} {round(SIDE * (1 - row.all / most))}" for at, row in enumerate(rows, start=1)]
    x, y = position(gone, 0, days), round(100 - position(rows[-1].all, 0, most), 2)
    goal = round(100 - position(asked, 0, most), 2)
    return Progress(
        path=f"M0 {SIDE}L" + "L".join(steps),
        asked=goal,
        onward=Line(x, y, 100.0, goal) if near and ahead else None,
        x_ticks=_day_ticks(first, days),
        y_ticks=tuple(Tick(at, f"{value:,}".replace(",", "\u202f"), "end") for at, value in _whole(most)),
        rows=tuple(rows),
    )


def _whole(most: int) -> list[tuple[float, int]]:
    return [(0.0, most), *([(50.0, most // 2)] if most % 2 == 0 else []), (100.0, 0)]


def _day_ticks(first: date, days: int) -> tuple[Tick, ...]:
    """At most six days, each at its end."""
    every = math.ceil(days / 6)
    marked = [(at, first + timedelta(at - 1)) for at in range(days, 0, -every)]
    return tuple(Tick(position(at, 0, days), f"{day.day} {day:%b}", _side(at, days)) for at, day in reversed(marked))


def _side(at: int, days: int) -> str:
    return "end" if at == days else "middle"
