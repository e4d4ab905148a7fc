"""How far one person agrees with the others on the same items: the most that a judge of them can be asked for."""

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

import numpy as np

from annotations.core.agreement import Agreement, Resampling, cohen_kappa
from annotations.core.agreement_figures import Weights
from annotations.core.rating_table import Floats, RatingTable

ONE, REST = "one", "rest"


class Ceiling(NamedTuple):
    """Cohen's kappa of each rating against the rest of its item; `n_tied` ratings have a rest that is divided."""

    kappa: Agreement
    n_items: int
    n_alone: int
    n_tied: int


def yes_or_no(units: Sequence[Hashable], said: Sequence[bool], resampling: Resampling | None = None) -> Ceiling:
    """The kappa of one person's yes or no against the majority of all others who rated the item, leave-one-out.

    Every rating is the one once. Ratings whose item nobody else rated (`n_alone`), or about which the others are
    evenly divided (`n_tied`), are left out and counted. An interval draws whole items, or what `cluster_of` of
    `resampling` makes of them. Raises ValueError for lists of unequal length.
    """

    def most(total: Floats, number: Floats) -> Floats:
        return np.where(2 * total == number, np.nan, (2 * total > number).astype(float))

    return _ceiling(units, np.array(said, dtype=float), most, "identity", bool, resampling)


def points(units: Sequence[Hashable], given: Sequence[float], resampling: Resampling | None = None) -> Ceiling:
    """The kappa with quadratic weights of one person's points against the rounded mean of all others' on the item.

    A half is rounded up. Otherwise as `yes_or_no`, but that nothing is tied.
    """

    def mean(total: Floats, number: Floats) -> Floats:
        return rounded(total / number)

    return _ceiling(units, np.array(given, dtype=float), mean, "quadratic", int, resampling)


def rounded(values: Floats) -> Floats:
    """The values as whole numbers, a half up; what is a half but for the last digit is one too."""
    return np.asarray(np.floor(values + 0.5 + 1e-9))


def side_by_side(
    one: Floats, rest: Floats, units: Sequence[Hashable], kind: Callable[[float], Hashable] = int
) -> RatingTable:
    """A table of two raters, `one` and `rest`, whose values on these units are whole numbers, or what `kind` makes.

    No value may be missing.
    """
    values, value_of = np.unique(np.column_stack([one, rest]).ravel(), return_inverse=True)
    unit_of, rater_of = np.repeat(np.arange(len(units)), 2), np.tile([0, 1], len(units))
    order = np.lexsort((value_of.ravel(), unit_of))
    columns = (unit_of[order], rater_of[order], value_of.ravel()[order])
    return RatingTable(units, [ONE, REST] if len(units) else [], list(map(kind, values.tolist())), *columns, 0)


def _ceiling(
    units: Sequence[Hashable],
    given: Floats,
    of_rest: Callable[[Floats, Floats], Floats],
    weights: Weights,
    kind: Callable[[float], Hashable],
    resampling: Resampling | None,
) -> Ceiling:
    if len(units) != len(given):
        raise ValueError(f"Give one unit and one value per rating; got {len(units)} and {len(given)}.")
    place = {unit: at for at, unit in enumerate(dict.fromkeys(units))}
    item = np.array([place[unit] for unit in units], dtype=np.intp)
    others = np.bincount(item, minlength=len(place))[item] - 1
    totals = np.bincount(item, weights=given, minlength=len(place))[item] - given
    rest = np.full(len(given), np.nan)
    rest[others > 0] = of_rest(totals[others > 0], others[others > 0].astype(float))
    kept = ~np.isnan(rest)
    pairs = [(units[at], at) for at in np.flatnonzero(kept).tolist()]
    table = side_by_side(given[kept], rest[kept], pairs, kind)
    kappa = cohen_kappa(table, weights, _by_item(resampling))
    alone = int((others == 0).sum())
    return Ceiling(kappa, len(set(item[kept].tolist())), alone, len(given) - len(pairs) - alone)


def _by_item(resampling: Resampling | None) -> Resampling | None:
    """The same resampling of pairs (item, rating): the ratings of an item come and go together."""
    if resampling is None:
        return None
    cluster_of = resampling.cluster_of or (lambda unit: unit)
    return resampling._replace(cluster_of=lambda pair: cluster_of(pair[0]))  # type: ignore[index]
