"""The curves of training runs: where each line of a chart goes, worked out once and without any markup."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from django.utils.translation import gettext_noop as _

from training.training_figures import axis_words
from training.training_points import Bucket, Series

SIDE = 1000
"""Lines stand in a square of so many units on each side, which the page stretches to the room there is."""
ROWS, SMOOTHED, WINDOW, DOTS = 10, 12, 9, 60
MARKS = (
    ("var(--ink)", ""),
    ("var(--blue)", "7 3"),
    ("var(--amber)", "2 3"),
    ("var(--teal)", "9 3 2 3"),
    ("var(--red)", "4 4"),
    ("var(--slate)", "12 4"),
)
"""Colour and dashes of the lines of a chart in their order: never the colour alone."""
GIB = float(2**30)
Place = Callable[[float], float]


class Tick(NamedTuple):
    """A mark on an axis, in percent from the left or from the top."""

    at: float
    label: str
    anchor: str = "middle"


class Curve(NamedTuple):
    """A line of a chart. `line` goes through every bucket's least and greatest value, `smooth` is a moving mean.

    `dots` are its points in percent where they are few, `gaps` places in percent where a value was no finite number,
    `bad` of them in all; `n` values are finite. `last` is the newest bucket's mean.
    """

    name: str
    colour: str
    dashes: str
    line: str
    smooth: str
    dots: tuple[tuple[float, float], ...]
    gaps: tuple[float, ...]
    n: int
    bad: int
    last: float | None


class Cell(NamedTuple):
    """A curve over the steps of a row of the table: mean, least and greatest of its `n` values."""

    mean: float | None
    low: float | None
    high: float | None
    n: int


class Chart(NamedTuple):
    """A chart with its table: rows of first and last place on the axis, and a cell for each curve."""

    slug: str
    title: str
    unit: str
    x_name: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    curves: tuple[Curve, ...]
    rows: tuple[tuple[int, int, tuple[Cell, ...]], ...]

    @property
    def bad(self) -> int:
        """How many values of the chart are no finite number."""
        return sum(curve.bad for curve in self.curves)


class Look(NamedTuple):
    """What a chart is of: a question, its curves as (name, series), the unit, what a value is divided by, its axis.

    `only` is the kind of run that has it; what is `noisy` gets a moving mean.
    """

    slug: str
    title: str
    curves: tuple[tuple[str, str], ...]
    unit: str = ""
    per: float = 1.0
    low: float | None = None
    high: float | None = None
    only: str = ""
    noisy: bool = True


LOOKS = (
    Look("loss", _("Does the loss fall?"), ((_("training"), "loss"), (_("dev set"), "eval_loss")), _("loss")),
    Look(
        "margins",
        _("By how much does the chosen response win?"),
        ((_("training"), "rewards/margins"), (_("dev set"), "eval_rewards/margins")),
        _("reward margin"),
        only="dpo",
    ),
    Look(
        "accuracies",
        _("How often does the chosen response win?"),
        ((_("training"), "rewards/accuracies"), (_("dev set"), "eval_rewards/accuracies")),
        _("share of the pairs"),
        low=0.0,
        high=1.0,
        only="dpo",
    ),
    Look("gradient", _("How long is the gradient?"), ((_("before the clip"), "grad_norm"),), _("norm"), low=0.0),
    Look(
        "rate",
        _("How far does a step go?"),
        ((_("learning rate"), "learning_rate"),),
        _("learning rate"),
        low=0.0,
        noisy=False,
    ),
    Look("speed", _("How fast is it?"), ((_("training"), "tokens_per_second"),), _("tokens a second"), low=0.0),
    Look(
        "memory",
        _("How much memory does it take?"),
        ((_("trainer, at most"), "memory_bytes"), (_("processes"), "rss_bytes")),
        _("GiB"),
        per=GIB,
        low=0.0,
        noisy=False,
    ),
    Look("use", _("How busy are the cards?"), (), _("percent"), low=0.0, high=100.0),
    Look("cores", _("How busy are the cores?"), ((_("processors"), "cpu_percent"),), _("percent of one core"), low=0.0),
)


def charts(kind: str, series: Series, end: int, cards: Sequence[int] = ()) -> list[Chart]:
    """The charts of a run of that kind, from step 0 to `end`; each is there, with or without points.

    `cards` are the numbers of its cards in the order of their series.
    """
    shown = [look for look in LOOKS if look.only in ("", kind) and (look.curves or cards)]
    return [_of_run(look, series, end, cards) for look in shown]


def _of_run(look: Look, series: Series, end: int, cards: Sequence[int]) -> Chart:
    more = {"use": "use_percent", "memory": "memory_bytes"}.get(look.slug)
    curves = look.curves
    if more and cards:
        on_cards = tuple((f"card {number}", f"gpu{place}_{more}") for place, number in enumerate(cards))
        curves = (*curves[:1], *on_cards)
    held = [(name, series.get(key, [])) for name, key in curves]
    return chart(look, [one for at, one in enumerate(held) if one[1] or at == 0], end)


def chart(
    look: Look, held: Sequence[tuple[str, list[Bucket]]], end: float, x: str = "step", places: Sequence[Place] = ()
) -> Chart:
    """A chart of the named series from 0 to `end` of its axis; `places` say where a step of each series stands."""
    end = max(end, 1.0)
    scaled = [(name, [_scaled(one, look.per) for one in buckets]) for name, buckets in held]
    low, high, ticks = _axis([one for _, buckets in scaled for one in buckets], look.low, look.high)
    across, up = _line_to(0.0, end), _line_to(low, high)
    curves = tuple(
        _curve(name, buckets, MARKS[at % len(MARKS)], _along(across, places[at] if places else float), up, look.noisy)
        for at, (name, buckets) in enumerate(scaled)
    )
    x_ticks = tuple(_tick(across(value), value) for value in _nice(0.0, end, 4) if value <= end)
    y_ticks = tuple(_tick(1 - up(value), value) for value in ticks)
    rows = _rows([buckets for _, buckets in scaled])
    return Chart(look.slug, look.title, look.unit, x, x_ticks, y_ticks, curves, rows)


def _along(across: Place, place: Place) -> Place:
    return lambda step: across(place(step))


def _tick(share: float, value: float) -> Tick:
    at = _percent(share)
    return Tick(at, axis_words(value), "start" if at < 2 else "end" if at > 98 else "middle")


def _scaled(one: Bucket, per: float) -> Bucket:
    if per == 1.0:
        return one
    low, high = (None if value is None else value / per for value in (one.low, one.high))
    return one._replace(low=low, high=high, total=one.total / per)


def _line_to(low: float, high: float) -> Place:
    """Where a value stands between the ends, 0..1, held at the edge."""
    return lambda value: min(max((value - low) / (high - low), 0.0), 1.0)


def _axis(buckets: Iterable[Bucket], low: float | None, high: float | None) -> tuple[float, float, list[float]]:
    """The ends of an axis that holds every value, and its ticks."""
    ends = [value for one in buckets for value in (one.low, one.high) if value is not None]
    least = min([*ends, *([] if low is None else [low])], default=0.0)
    most = max([*ends, *([] if high is None else [high])], default=1.0)
    if most <= least:
        room = abs(least) / 2 or 0.5
        least, most = (least if low is not None else least - room), most + room
    ticks = _nice(least, most, 3)
    return ticks[0], ticks[-1], ticks


def _nice(low: float, high: float, parts: int) -> list[float]:
    """Round values, evenly spread, the first at or below `low` and the last at or above `high`."""
    raw = (high - low) / parts
    ten = 10.0 ** math.floor(math.log10(raw))
    step = next(ten * by for by in (1.0, 2.0, 2.5, 5.0, 10.0) if ten * by >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def _curve(name: str, buckets: list[Bucket], mark: tuple[str, str], across: Place, up: Place, noisy: bool) -> Curve:
    means = [one.mean for one in buckets if one.mean is not None]
    few = len(buckets) <= DOTS and all(one.n <= 1 for one in buckets)
    dots = [(_percent(across(one.first)), _percent(1 - up(one.low))) for one in buckets if one.low is not None]
    return Curve(
        *(name, *mark, path(buckets, across, up), smoothed(buckets, across, up) if noisy and not few else ""),
        dots=tuple(dots) if few else (),
        gaps=tuple(_percent(across((one.first + one.last) / 2)) for one in buckets if one.bad),
        n=sum(one.n for one in buckets),
        bad=sum(one.bad for one in buckets),
        last=means[-1] if means else None,
    )


def _percent(share: float) -> float:
    return round(100 * share, 2)


def path(buckets: Iterable[Bucket], across: Place, up: Place) -> str:
    """The line through the least and the greatest value of each bucket, as SVG says it, the nearer one first.

    It is broken where a value was no finite number.
    """
    parts: list[str] = []
    before, broken = 0.0, True
    for one in buckets:
        if one.low is not None and one.high is not None:
            ends = sorted((one.low, one.high), key=lambda value: abs(value - before))
            places = [(one.first, ends[0]), (one.last, ends[1])][: 2 if one.n > 1 else 1]
            for step, value in places:
                parts.append(("M" if broken else "L") + _unit(across(step), 1 - up(value)))
                broken = False
            parts += ["h0"] if parts[-1].startswith("M") else []
            before = ends[-1]
        broken = broken or one.bad > 0
    return "".join(parts)


def smoothed(buckets: Sequence[Bucket], across: Place, up: Place) -> str:
    """The mean of the values of WINDOW buckets around each, as a line; "" for a short series, which needs none."""
    known = [one for one in buckets if one.n]
    if len(known) < SMOOTHED:
        return ""
    parts: list[str] = []
    for at, one in enumerate(known):
        near = known[max(0, at - WINDOW // 2) : at + WINDOW // 2 + 1]
        mean = sum(part.total for part in near) / sum(part.n for part in near)
        parts.append(("L" if parts else "M") + _unit(across((one.first + one.last) / 2), 1 - up(mean)))
    return "".join(parts)


def _unit(x: float, y: float) -> str:
    return f"{round(SIDE * x)} {round(SIDE * y)}"


def _rows(held: Sequence[list[Bucket]]) -> tuple[tuple[int, int, tuple[Cell, ...]], ...]:
    """The steps that any of the series has, in ROWS parts of equal length, each series gathered over each part."""
    steps = [step for buckets in held for one in buckets for step in (one.first, one.last)]
    if not steps:
        return ()
    first, last = min(steps), max(steps)
    wide = max(1, math.ceil((last - first + 1) / ROWS))
    starts = range(first, last + 1, wide)
    found = [(start, min(start + wide - 1, last), tuple(_cell(one, start, wide) for one in held)) for start in starts]
    return tuple(row for row in found if any(cell.n for cell in row[2]))


def _cell(buckets: Iterable[Bucket], start: int, wide: int) -> Cell:
    """The buckets that begin in these steps, as one."""
    mine = [one for one in buckets if start <= one.first < start + wide and one.n]
    n = sum(one.n for one in mine)
    lows, highs = [one.low for one in mine if one.low is not None], [one.high for one in mine if one.high is not None]
    return Cell(sum(one.total for one in mine) / n if n else None, min(lows, default=None), max(highs, default=None), n)
