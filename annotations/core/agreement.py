"""How far people agree who rated the same units: five figures, each with its counts, never a number when undefined.

All but the first are 1 - Do/De, the disagreement seen over the disagreement expected if ratings were dealt out by
chance; they differ in what chance means. Each is made of sums over units, so that a resample of units is one product
of matrices. `ratings` is rows (unit, rater, value), None for a missing value, or a table that `rating_table.read`
made of them once for several figures; `together` makes several figures with their intervals from the same draws.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from itertools import combinations
from typing import Any, Literal, NamedTuple

import numpy as np

from annotations.core import agreement_figures as figures
from annotations.core.agreement_figures import Figure, Weights
from annotations.core.agreement_resampling import Part, spreads
from annotations.core.intervals import Interval
from annotations.core.rating_table import RatingTable, Row, comparable, read

Ratings = Iterable[Row] | RatingTable
Kind = Literal["nominal", "ordinal", "interval"]


class Resampling(NamedTuple):
    """How an interval is made: units drawn with replacement, so many times, from a seed; the share it shall hold.

    With `cluster_of` a unit, whole clusters are drawn: units that belong together come and go together.
    """

    resamples: int = 2_000
    seed: int = 0
    level: float = 0.95
    cluster_of: Callable[[Hashable], Hashable] | None = None


class Agreement(NamedTuple):
    """A figure of agreement, at most 1, or None with the reason in words (`undefined`, else empty).

    The counts are of the units with two ratings or more, which alone can agree; `n_single` units have one rating only
    and `n_missing` values are None. `interval` is None if none was asked for, the value is None or one unit (or one
    cluster) is left; `n_left_out` resamples were undefined and are left out of it.
    """

    value: float | None
    n_units: int
    n_ratings: int
    n_raters: int
    undefined: str
    n_single: int
    n_missing: int
    interval: Interval | None = None
    n_left_out: int = 0


class Measure(NamedTuple):
    """A figure of agreement before its interval: its sums, None if it is undefined, and the unit of each row."""

    found: Agreement
    figure: Figure | None
    units: Sequence[Hashable]


class Disagreement(NamedTuple):
    """A unit, the mean distance of two of its ratings, and its values in rising order (who gave which is not said)."""

    unit: Hashable
    distance: float
    values: tuple[Any, ...]


def percent_agreement(ratings: Ratings, resampling: Resampling | None = None) -> Agreement:
    """The share of equal pairs among the ratings of a unit, 0..1, averaged over units; chance is not taken off."""
    return together([percent(read(ratings))], resampling)[0]


def percent(table: RatingTable) -> Measure:
    """The measure of `percent_agreement`."""
    return _measure(table, partial(figures.by_shares, weights="identity", chance=figures.no_chance))


def cohen_kappa(ratings: Ratings, weights: Weights = "identity", resampling: Resampling | None = None) -> Agreement:
    """Cohen's kappa of two raters over the units both rated; chance deals each rater's own values out anew.

    Linear weights count a disagreement by the distance of the two numbers, quadratic ones by its square.
    None unless there are exactly two raters. Raises ValueError for weights on values that are no numbers.
    Source: Cohen 1960; Cohen 1968 (weights).
    """
    return together([cohen(read(ratings), weights)], resampling)[0]


def cohen(table: RatingTable, weights: Weights = "identity") -> Measure:
    """The measure of `cohen_kappa`."""
    if len(table.raters) > 2:
        rest = "Use Fleiss' kappa, Gwet's AC1 or Krippendorff's alpha."
        return _undefined(table, f"Cohen's kappa compares two raters and there are {len(table.raters)}. {rest}")
    return _measure(table, partial(figures.cohen, weights=weights))


def fleiss_kappa(ratings: Ratings, weights: Weights = "identity", resampling: Resampling | None = None) -> Agreement:
    """Fleiss' kappa, for any number of ratings per unit; chance deals out the values of all raters taken together.

    It takes the raters of a unit for exchangeable draws from one crowd. With unequal numbers of ratings each unit
    counts alike: Do is the mean over units with two ratings, and a value's share the mean over all rated units.
    Raises ValueError for weights on values that are no numbers. Source: Fleiss 1971; Gwet 2014 (unequal, weights).
    """
    return together([fleiss(read(ratings), weights)], resampling)[0]


def fleiss(table: RatingTable, weights: Weights = "identity") -> Measure:
    """The measure of `fleiss_kappa`."""
    return _measure(table, partial(figures.by_shares, weights=weights, chance=figures.pairs))


def gwet_ac(
    ratings: Ratings,
    weights: Weights = "identity",
    scale: Sequence[Hashable] | None = None,
    resampling: Resampling | None = None,
) -> Agreement:
    """Gwet's AC1 (identity weights) or AC2; chance agrees only where a value is hard to tell, and at most 1 in q times.

    It hardly falls when nearly all ratings have one value, as kappa and alpha do. It depends on how many values there
    could have been: give the `scale`, else the values seen are taken for it. None on a scale of one value.
    Raises ValueError for a value off the scale, or weights on values that are no numbers. Source: Gwet 2008; Gwet 2014.
    """
    return together([gwet(read(ratings), weights, scale)], resampling)[0]


def gwet(table: RatingTable, weights: Weights = "identity", scale: Sequence[Hashable] | None = None) -> Measure:
    """The measure of `gwet_ac`."""
    if scale is not None and len(scale) < 2:
        raise ValueError(f"A scale has at least two values; got {list(scale)}.")
    if scale is None and len(table.values) == 1 and comparable(table).units:
        return _undefined(table, f"{_one_value(table)} Name all values of the scale to get Gwet's AC.")
    return _measure(table, partial(figures.by_shares, weights=weights, chance=figures.gwet_chance, scale=scale))


def krippendorff_alpha(ratings: Ratings, kind: Kind = "nominal", resampling: Resampling | None = None) -> Agreement:
    """Krippendorff's alpha, for any raters, any pattern of missing ratings; chance pairs any two comparable ratings.

    Two values are as far apart as: 1 if different (nominal); the squared number of ratings between them, each end
    counted half (ordinal); their squared difference (interval). Units with one rating do not count at all.
    Raises ValueError for ordinal or interval values that are no numbers, or an ordinal scale of over 30 values.
    Source: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability".
    """
    return together([alpha(read(ratings), kind)], resampling)[0]


def alpha(table: RatingTable, kind: Kind = "nominal") -> Measure:
    """The measure of `krippendorff_alpha`."""
    of_kind = {
        "nominal": figures.nominal_alpha,
        "ordinal": figures.ordinal_alpha,
        "interval": figures.interval_alpha,
    }
    if kind not in of_kind:
        raise ValueError(f"There is no kind {kind!r} of values; there are: {', '.join(of_kind)}.")
    return _measure(table, of_kind[kind])


def together(measures: Sequence[Measure], resampling: Resampling | None = None) -> list[Agreement]:
    """Each measure's figure; with `resampling` all their intervals come from the same draws of units (or clusters).

    Raises ValueError for fewer than 1 resample or a level outside 0..1.
    """
    if resampling is None:
        return [one.found for one in measures]
    if resampling.resamples < 1 or not 0 < resampling.level < 1:
        raise ValueError(f"Use at least 1 resample and a level between 0 and 1; got {resampling}.")
    parts = {at: part for at, one in enumerate(measures) if (part := _part(one, resampling.cluster_of))}
    made = dict(zip(parts, spreads(list(parts.values()), *resampling[:3]), strict=True))
    return [one.found._replace(**made[at]._asdict()) if at in made else one.found for at, one in enumerate(measures)]


def _part(measure: Measure, cluster_of: Callable[[Hashable], Hashable] | None) -> Part | None:
    """What is drawn; None where there is nothing to draw from."""
    if measure.figure is None:
        return None
    drawn_as = measure.units if cluster_of is None else [cluster_of(unit) for unit in measure.units]
    alone = measure.found.n_units < 2 or len(set(drawn_as)) < 2
    return None if alone else Part(measure.figure, drawn_as)


def disagreements(ratings: Ratings, distance: Callable[[Any, Any], float]) -> list[Disagreement]:
    """The units whose raters disagree, the greatest mean distance between two ratings first, ties in the given order.

    `distance` of two values is 0 or more and the same both ways round, such as `different` or `apart`.
    """
    table = comparable(read(ratings))
    values_of: list[list[Any]] = [[] for _ in table.units]
    for unit, place in zip(table.unit_of.tolist(), table.value_of.tolist(), strict=True):
        values_of[unit].append(table.values[place])
    found = [
        Disagreement(unit, _mean([distance(*pair) for pair in combinations(values, 2)]), tuple(values))
        for unit, values in zip(table.units, values_of, strict=True)
    ]
    return sorted((row for row in found if row.distance > 0), key=lambda row: -row.distance)


def _mean(gaps: Sequence[float]) -> float:
    return sum(gaps) / len(gaps)


def different(one: Hashable, other: Hashable) -> float:
    """1.0 for two different values, 0.0 for the same: the distance of nominal values."""
    return float(one != other)


def apart(one: float, other: float) -> float:
    """The difference of two numbers without its sign."""
    return abs(one - other)


def _measure(table: RatingTable, figure: Callable[[RatingTable], Figure]) -> Measure:
    compared = comparable(table)
    if not compared.units:
        return _undefined(table, "No unit has two ratings, so there is nothing to compare.")
    made = figure(table)
    value = float(made.of(made.sums.sum(axis=0)[None])[0])
    if np.isnan(value):
        return _undefined(table, f"{_one_value(compared)} Chance would agree as well, so the figure would be 0/0.")
    # A figure has sums for every unit, or for the comparable ones alone: in either case in the order of its table.
    units = table.units if len(made.sums) == len(table.units) else compared.units
    return Measure(_counted(table, compared)._replace(value=value), made, units)


def _undefined(table: RatingTable, why: str) -> Measure:
    return Measure(_counted(table, comparable(table))._replace(undefined=why), None, ())


def _counted(table: RatingTable, compared: RatingTable) -> Agreement:
    singles = len(table.units) - len(compared.units)
    of_ratings = (len(compared.units), len(compared.unit_of), len(compared.raters))
    return Agreement(None, *of_ratings, "", singles, table.n_missing)


def _one_value(table: RatingTable) -> str:
    value = table.values[0]
    return f"Everybody said {'yes' if value is True else 'no' if value is False else value} wherever two people rated."
