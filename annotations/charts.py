"""Where things stand in a server-drawn chart: percent positions, worked out once and without any markup."""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from django.utils.translation import gettext

from annotations.marks import OUTCOMES

SCORE_AXIS = (-1.0, 1.0)
SHARE_AXIS = (0.0, 1.0)
SCORED = ("helpful_safe", "helpful_unsafe", "unhelpful_safe", "unhelpful_unsafe")


class Tick(NamedTuple):
    """A mark on an axis; `at` in percent of its length, `anchor` as SVG names it."""

    at: float
    label: str
    anchor: str


class IntervalRow(NamedTuple):
    """A score with its whisker; positions in percent of the axis, None where there is nothing to draw."""

    label: str
    score: float | None
    low: float | None
    high: float | None
    n_scored: int
    n_total: int
    url: str
    heuristic: bool
    published: bool
    dot: float | None
    left: float | None
    right: float | None


class Segment(NamedTuple):
    """One outcome's part of a bar; `start` and `width` in percent of the bar, `share` 0..1 or None without items."""

    outcome: str
    glyph: str
    word: str
    number: int
    share: float | None
    start: float
    width: float
    url: str


class OutcomeRow(NamedTuple):
    """A bar of outcomes. `segments` always hold the five outcomes in the order of the legend."""

    label: str
    url: str
    kind: str
    segments: tuple[Segment, ...]
    n_scored: int
    n_total: int
    heuristic: bool


class ScatterPoint(NamedTuple):
    """One candidate between helpful-safe and helpful-unsafe; shares 0..1, `x` and `y` in percent from the top left.

    `front` when no other one is better in one share and no worse in the other.
    """

    number: int
    label: str
    url: str
    helpful_safe: float | None
    helpful_unsafe: float | None
    n_scored: int
    n_total: int
    heuristic: bool
    x: float | None
    y: float | None
    published: bool = False
    front: bool = False


class Line(NamedTuple):
    """A straight stroke of a drawing, its ends in percent from the top left."""

    x1: float
    y1: float
    x2: float
    y2: float


def position(value: float, low: float = -1.0, high: float = 1.0) -> float:
    """Percent of the way from low to high, 0..100 rounded to 2 places; a value outside is held at the edge.

    Raises ValueError for an axis without length.
    """
    if high <= low:
        raise ValueError(f"An axis must rise, this one goes from {low} to {high}.")
    return round(100 * min(max((value - low) / (high - low), 0.0), 1.0), 2)


def _maybe(value: float | None, axis: tuple[float, float]) -> float | None:
    return None if value is None else position(value, *axis)


def top_of(most: int) -> int:
    """The upper end of an axis of counts: the next 1, 2 or 5 followed by zeros, at least 1."""
    if most <= 1:
        return 1
    ten = int(10 ** int(math.log10(most)))
    return next(ten * by for by in (1, 2, 5, 10) if ten * by >= most)


def ticks(axis: tuple[float, float] = SCORE_AXIS, steps: int = 4, percent: bool = False) -> tuple[Tick, ...]:
    """Evenly spread ticks with both ends, labelled as numbers with a real minus sign or as percent of 1."""
    low, high = axis
    values = [low + (high - low) * step / steps for step in range(steps + 1)]
    anchors = ["start", *["middle"] * (steps - 1), "end"]
    return tuple(
        Tick(position(value, low, high), f"{value:.0%}" if percent else f"{value:g}".replace("-", "−"), anchor)
        for value, anchor in zip(values, anchors, strict=True)
    )


def interval_row(
    label: str,
    score: float | None,
    low: float | None,
    high: float | None,
    n_scored: int,
    n_total: int,
    *,
    url: str = "",
    heuristic: bool = False,
    published: bool = False,
    axis: tuple[float, float] = SCORE_AXIS,
) -> IntervalRow:
    """A row of the interval chart; no dot without a score, no whisker without both ends of the interval."""
    whole = None not in (score, low, high)
    left, right = (_maybe(low, axis), _maybe(high, axis)) if whole else (None, None)
    dot = _maybe(score, axis)
    return IntervalRow(label, score, low, high, n_scored, n_total, url, heuristic, published, dot, left, right)


def outcome_segments(counts: Mapping[str, int], urls: Mapping[str, str] | None = None) -> tuple[Segment, ...]:
    """The five outcomes as parts of one bar that is all items long; a missing count is 0, no items are no width.

    Raises ValueError for an outcome that does not exist or a negative count.
    """
    wrong = [name for name, count in counts.items() if name not in OUTCOMES or count < 0]
    if wrong:
        raise ValueError(f"Not an outcome with a count: {', '.join(wrong)}.")
    total, before, segments = sum(counts.values()), 0, []
    for name, shown in OUTCOMES.items():
        count = counts.get(name, 0)
        start, end = (_part(before, total), _part(before + count, total))
        share = count / total if total else None
        url = (urls or {}).get(name, "")
        segments.append(
            Segment(name, shown.glyph, gettext(shown.word), count, share, start, round(end - start, 2), url)
        )
        before += count
    return tuple(segments)


def _part(count: int, total: int) -> float:
    return position(count, 0, total) if total else 0.0


def outcome_row(
    label: str,
    counts: Mapping[str, int],
    *,
    url: str = "",
    kind: str = "",
    urls: Mapping[str, str] | None = None,
    heuristic: bool = False,
) -> OutcomeRow:
    """A row of the outcome chart; `urls` lead from each outcome to its items."""
    n_scored = sum(counts.get(name, 0) for name in SCORED)
    return OutcomeRow(label, url, kind, outcome_segments(counts, urls), n_scored, sum(counts.values()), heuristic)


def scatter_point(
    number: int,
    label: str,
    helpful_safe: float | None,
    helpful_unsafe: float | None,
    n_scored: int,
    n_total: int,
    *,
    url: str = "",
    heuristic: bool = False,
) -> ScatterPoint:
    """A point of the scatter: helpful-unsafe to the right, helpful-safe upwards; no place when either is unscored."""
    x, up = _maybe(helpful_unsafe, SHARE_AXIS), _maybe(helpful_safe, SHARE_AXIS)
    placed = x is not None and up is not None
    y = round(100 - up, 2) if placed and up is not None else None
    return ScatterPoint(
        number, label, url, helpful_safe, helpful_unsafe, n_scored, n_total, heuristic, x if placed else None, y
    )


def scatter_points(
    rows: Iterable[tuple[str, float | None, float | None, int, int, str, bool]],
) -> tuple[ScatterPoint, ...]:
    """Points numbered from 1 out of (label, helpful_safe, helpful_unsafe, n_scored, n_total, url, heuristic)."""
    return tuple(
        scatter_point(number, label, safe, unsafe, scored, total, url=url, heuristic=heuristic)
        for number, (label, safe, unsafe, scored, total, url, heuristic) in enumerate(rows, start=1)
    )


def with_front(points: Iterable[ScatterPoint]) -> tuple[ScatterPoint, ...]:
    """The points with `front` set on those measured here that no other such point beats; published ones are left out.

    A point beats another when it is no worse in either share and better in one; equal points are both in front.
    """
    found = tuple(points)
    front = _front({(one.helpful_unsafe, one.helpful_safe) for one in found if one.x is not None and not one.published})
    return tuple(
        one._replace(front=not one.published and (one.helpful_unsafe, one.helpful_safe) in front) for one in found
    )


def _front(places: set[tuple[float | None, float | None]]) -> set[tuple[float | None, float | None]]:
    best, found = -1.0, set()
    for unsafe, safe in sorted(places, key=lambda place: (place[0] or 0.0, -(place[1] or 0.0))):
        if (safe or 0.0) > best:
            best = safe or 0.0
            found.add((unsafe, safe))
    return found


def front_lines(points: Iterable[ScatterPoint]) -> tuple[Line, ...]:
    """The front as steps: up to its first point, from each one right and up to the next, from the last to the edge."""
    corners = sorted({(one.x, one.y) for one in points if one.front and one.x is not None and one.y is not None})
    if not corners:
        return ()
    ends = [x for x, _ in corners[1:]] + [100.0]
    starts = [100.0] + [y for _, y in corners[:-1]]
    up = [Line(x, start, x, y) for (x, y), start in zip(corners, starts, strict=True)]
    right = [Line(x, y, end, y) for (x, y), end in zip(corners, ends, strict=True)]
    return tuple(line for pair in zip(up, right, strict=True) for line in pair)
