"""The figures of agreement as sums over units: what a unit adds, and the figures of rows that were added up.

So a resample of units, or two thousand of them, is one product of matrices. D is a matrix of the distances of values.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np

from annotations.core.rating_table import Floats, RatingTable, comparable, counts, numbers

Weights = Literal["identity", "linear", "quadratic"]
Chance = Callable[[Floats, Floats], Floats]

_MOST_VALUES, _MOST_ORDINAL_VALUES = 300, 30
_ROUNDING = 1e-12


class Figure(NamedTuple):
    """A row of sums per unit, shape (units, sums), and the figures of added rows, (n, sums) to (n,), nan: undefined."""

    sums: Floats
    of: Callable[[Floats], Floats]


def by_shares(table: RatingTable, weights: Weights, chance: Chance, scale: Sequence[Hashable] | None = None) -> Figure:
    """Do: mean over units of the mean distance of two ratings of a unit; De: `chance` of the values' mean shares and D.

    `chance` takes shares of shape (n, values) and D of shape (values, values) and gives De, shape (n,).
    Raises ValueError as `distances` and `rating_table.counts` do.
    """
    gaps, counted = distances(table.values if scale is None else scale, weights), counts(table, scale)
    sizes = counted.sum(axis=1)
    seen = pairs(counted, gaps) / np.maximum(sizes * (sizes - 1), 1)
    sums = np.column_stack([seen, sizes >= 2, np.ones_like(sizes), counted / sizes[:, None]])

    def of(added: Floats) -> Floats:
        paired = np.where(added[:, 1] > 0, added[:, 1], np.nan)
        return _one_less(added[:, 0] / paired, chance(added[:, 3:] / added[:, 2:3], gaps))

    return Figure(sums, of)


def no_chance(shares: Floats, gaps: Floats) -> Floats:
    """1 for each row: what is left over is the plain share of agreement."""
    return np.ones(len(shares))


def gwet_chance(shares: Floats, gaps: Floats) -> Floats:
    """1 - sum(1 - D) / (q(q-1)) * sum of share * (1 - share), for q >= 2 values. Source: Gwet 2014, AC1 and AC2."""
    size = len(gaps)
    return np.asarray(1 - (1 - gaps).sum() / (size * (size - 1)) * (shares * (1 - shares)).sum(axis=1))


def pairs(counted: Floats, gaps: Floats) -> Floats:
    """The summed distance of all ordered pairs of ratings in each row of counts (or of shares), shape (rows,)."""
    return np.asarray(((counted @ gaps) * counted).sum(axis=1))


def cohen(table: RatingTable, weights: Weights) -> Figure:
    """Do: mean distance of the two values of a unit; De: that of all pairs of one rater's and the other's values.

    Takes a table of two raters. Raises ValueError as `distances` does.
    """
    both = comparable(table)
    gaps, size = distances(both.values, weights), len(both.values)
    order = np.lexsort((both.rater_of, both.unit_of))
    first, second = both.value_of[order].reshape(-1, 2).T
    of_value = np.eye(size)
    sums = np.column_stack([gaps[first, second], np.ones(len(first)), of_value[first], of_value[second]])

    def of(added: Floats) -> Floats:
        n, own, other = added[:, 1], added[:, 2 : 2 + size], added[:, 2 + size :]
        return _one_less(added[:, 0] / n, ((own @ gaps) * other).sum(axis=1) / n**2)

    return Figure(sums, of)


def nominal_alpha(table: RatingTable) -> Figure:
    """Krippendorff's alpha, any two different values 1 apart."""
    compared = comparable(table)
    gaps, counted = distances(compared.values, "identity"), counts(compared)
    seen = pairs(counted, gaps) / (counted.sum(axis=1) - 1)

    def of(added: Floats) -> Floats:
        return _alpha(added[:, 0], added[:, 1:].sum(axis=1), pairs(added[:, 1:], gaps))

    return Figure(np.column_stack([seen, counted]), of)


def ordinal_alpha(table: RatingTable) -> Figure:
    """Krippendorff's alpha, two values (C_k - C_l)^2 apart, C_k the ratings below k and half of those at k.

    The distances depend on all ratings of a resample, so a unit adds its row of the coincidence matrix's upper half.
    """
    compared = comparable(table)
    numbers(compared.values)
    _refuse_more_than(_MOST_ORDINAL_VALUES, compared.values)
    counted = counts(compared)
    low, high = np.triu_indices(counted.shape[1], 1)
    met = counted[:, low] * counted[:, high] / (counted.sum(axis=1, keepdims=True) - 1)
    cells = met.shape[1]

    def of(added: Floats) -> Floats:
        total = added[:, cells:]
        middles = np.cumsum(total, axis=1) - total / 2
        gaps = (middles[:, high] - middles[:, low]) ** 2
        seen = (added[:, :cells] * gaps).sum(axis=1)
        return _alpha(2 * seen, total.sum(axis=1), 2 * (total[:, low] * total[:, high] * gaps).sum(axis=1))

    return Figure(np.column_stack([met, counted]), of)


def interval_alpha(table: RatingTable) -> Figure:
    """Krippendorff's alpha, two values (k - l)^2 apart; by moments, so that there may be any number of values.

    A unit's values are taken from its lowest and all from the middle one: equal values then differ by an exact zero.
    """
    compared = comparable(table)
    sizes = numbers(compared.values)
    x = ((sizes - sizes[len(sizes) // 2]) / (np.ptp(sizes) or 1))[compared.value_of]
    starts = np.unique(compared.unit_of, return_index=True)[1]
    own = x - x[starts][compared.unit_of]
    n, own_sum, own_squares, total, squares = (
        np.asarray(np.bincount(compared.unit_of, part), dtype=float) for part in (own**0, own, own**2, x, x**2)
    )
    seen = 2 * _spread(n, own_sum, own_squares) / (n - 1)

    def of(added: Floats) -> Floats:
        rounding = _ROUNDING * added[:, 1] * added[:, 3]
        spread = _spread(*added[:, 1:].T)
        return _alpha(added[:, 0], added[:, 1], 2 * np.where(spread > rounding, spread, 0.0))

    return Figure(np.column_stack([seen, n, total, squares]), of)


def distances(values: Sequence[Hashable], weights: Weights) -> Floats:
    """D, the distance of each two values, 0..1, shape (values, values): 1 if different, or by their numbers.

    Linear weights are the difference over that of the outer values, quadratic ones its square. Raises ValueError for
    weights of another name, for more than 300 values and for values that are no numbers under weights that need them.
    """
    if weights not in get_args(Weights):
        raise ValueError(f"There are no weights {weights!r}; there are: {', '.join(get_args(Weights))}.")
    _refuse_more_than(_MOST_VALUES, values)
    if weights == "identity":
        return np.asarray(1 - np.eye(len(values)))
    sizes = numbers(values)
    gaps = np.abs(sizes[:, None] - sizes) / (np.ptp(sizes) or 1)
    return np.asarray(gaps if weights == "linear" else gaps**2)


def _refuse_more_than(most: int, values: Sequence[Hashable]) -> None:
    if len(values) > most:
        raise ValueError(
            f"There are {len(values)} different values and this figure takes {most}; sort them into fewer."
        )


def _one_less(seen: Floats, expected: Floats) -> Floats:
    """1 - seen/expected; nan where nothing is expected."""
    return np.asarray(1 - np.divide(seen, expected, out=np.full_like(seen, np.nan), where=expected > 0))


def _alpha(seen: Floats, n: Floats, apart: Floats) -> Floats:
    """Do = seen / n; De = apart / (n(n-1)), apart the distance of all ordered pairs of the n ratings."""
    return _one_less((n - 1) * seen, apart)


def _spread(n: Floats, total: Floats, squares: Floats) -> Floats:
    """The squared differences of all unordered pairs of n numbers, by their sum and their sum of squares."""
    return np.asarray(n * squares - total**2)
