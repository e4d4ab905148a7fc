"""What the answers of each rater look like beside those of the others on the same items. Names are no part of it."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from statistics import fmean, median
from typing import NamedTuple

from annotations.core.confusion import Share, share

FAST_SECONDS = 2.0
"""An answer given in less active time was hardly read."""
FEWEST = 5
"""With fewer answers that can be compared no share is given."""


class Answered(NamedTuple):
    """One answer: points 0..5, whether the config is followed, and the active seconds, None where not measured."""

    unit: Hashable
    rater: Hashable
    points: int
    follows: bool
    seconds: float | None


class Usual(NamedTuple):
    """The answer a rater gives most often, and the share of their answers that it has."""

    value: int | bool
    share: Share


class Facts(NamedTuple):
    """A rater's `n` answers: pace, habits, and how they stand beside the others' on the same items.

    `per_hour` is items in an hour of active work; it and `seconds`, the median, are None with nothing measured. `fast`
    is of the measured ones. `same` is how often the majority of the others said the same yes or no, `apart` the mean
    distance from the mean of the others' points, over `n_beside` items; None with fewer than FEWEST.
    """

    n: int
    n_unmeasured: int
    per_hour: float | None
    seconds: float | None
    fast: Share
    points: Usual
    follows: Usual
    same: Share
    apart: float | None
    n_beside: int


class _Sum(NamedTuple):
    n: int
    yes: int
    points: int


def facts(answers: Iterable[Answered]) -> dict[Hashable, Facts]:
    """The facts of each rater, by rater in the order of their first answer. One answer of a rater per unit.

    An item is left out of `same` where the others say yes as often as no, and where nobody else answered it.
    """
    of_rater: dict[Hashable, list[Answered]] = defaultdict(list)
    of_unit: dict[Hashable, _Sum] = defaultdict(lambda: _Sum(0, 0, 0))
    for one in answers:
        of_rater[one.rater].append(one)
        n, yes, points = of_unit[one.unit]
        of_unit[one.unit] = _Sum(n + 1, yes + one.follows, points + one.points)
    return {rater: _facts(mine, of_unit) for rater, mine in of_rater.items()}


def _facts(mine: Sequence[Answered], of_unit: dict[Hashable, _Sum]) -> Facts:
    times = [one.seconds for one in mine if one.seconds is not None]
    beside = [(one, of_unit[one.unit]) for one in mine if of_unit[one.unit].n > 1]
    gaps = [abs(one.points - (every.points - one.points) / (every.n - 1)) for one, every in beside]
    return Facts(
        n=len(mine),
        n_unmeasured=len(mine) - len(times),
        per_hour=3600 * len(times) / sum(times) if sum(times) else None,
        seconds=median(times) if times else None,
        fast=share(sum(time < FAST_SECONDS for time in times), len(times), "No time was measured."),
        points=_usual([one.points for one in mine]),
        follows=_usual([one.follows for one in mine]),
        same=_same(beside),
        apart=fmean(gaps) if len(gaps) >= FEWEST else None,
        n_beside=len(beside),
    )


def _usual(values: Sequence[int]) -> Usual:
    """Of several that are as frequent, the lowest."""
    value, times = min(Counter(values).items(), key=lambda one: (-one[1], one[0]))
    return Usual(value, share(times, len(values), ""))


def _same(beside: Iterable[tuple[Answered, _Sum]]) -> Share:
    verdicts = [(one.follows, 2 * (every.yes - one.follows) - (every.n - 1)) for one, every in beside]
    decided = [follows == (lead > 0) for follows, lead in verdicts if lead]
    if len(decided) < FEWEST:
        few = f"{len(decided)} of their items {'has' if len(decided) == 1 else 'have'} a majority of others"
        return share(0, 0, f"Too few to say: {few}, and a share is given from {FEWEST} on.")
    return share(sum(decided), len(decided), "")
