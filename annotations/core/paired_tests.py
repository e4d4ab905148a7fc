"""Exact tests for pairs, and what a number of pairs could have shown."""

from collections.abc import Sequence
from math import exp, fsum, lgamma, log
from statistics import NormalDist

import numpy as np

from annotations.core.rating_table import Floats, Places

_NEGLIGIBLE = 1e-18


def sign_test(up: int, down: int) -> float | None:
    """The exact two-sided p of so many rises against so many falls, were both equally likely; None without any.

    It is twice the smaller tail of the binomial distribution with chance 1/2, at most 1. What did not move is not
    counted. On pairs that changed between yes and no it is McNemar's test in its exact form.
    Raises ValueError for a negative number. Source: Conover 1999, sections 3.4 and 3.5; McNemar 1947.
    """
    if up < 0 or down < 0:
        raise ValueError(f"Numbers of rises and falls are not negative; got {up} and {down}.")
    moved, fewer = up + down, min(up, down)
    if not moved:
        return None
    first = exp(lgamma(moved + 1) - lgamma(fewer + 1) - lgamma(moved - fewer + 1) - moved * log(2))
    return min(1.0, 2 * first * fsum(_shares(moved, fewer)))


def _shares(moved: int, fewer: int) -> Sequence[float]:
    """The binomial terms from `fewer` down to 0 as shares of the first one, as far as they count."""
    found = [1.0]
    for k in range(fewer, 0, -1):
        found.append(found[-1] * k / (moved - k + 1))
        if found[-1] < _NEGLIGIBLE:
            break
    return found


def standard_error(values: Floats, clusters: Places, groups: Places) -> float | None:
    """The standard error of the unweighted mean of the groups' means, whole clusters being independent of each other.

    One value, cluster and group (both as places from 0 on) for each item, all of equal length. With one group and one
    item a cluster it is s / sqrt(n). None with fewer than two clusters, which tell nothing of a spread.
    Source: Cochran 1977, chapter 6 (a ratio by its linear part); Liang and Zeger 1986 (sums over clusters).
    """
    if not len(values) or (n := len(np.unique(clusters))) < 2:
        return None
    numbers = np.bincount(groups)
    filled = numbers > 0
    means = np.divide(np.bincount(groups, values), numbers, out=np.zeros(len(numbers)), where=filled)
    parts = (values - means[groups]) / (numbers[groups] * filled.sum())
    sums = np.bincount(clusters, parts)
    return float(np.sqrt(n / (n - 1) * (sums**2).sum()))


def smallest_seen(error: float | None, *, level: float = 0.95, power: float = 0.8) -> float | None:
    """The smallest true difference that a two-sided test at `level` finds with chance `power`, of this standard error.

    None without a standard error, and for one of 0: where nothing moved the spread is not known.
    Raises ValueError for a level or power outside 0..1. Source: Bloom 1995 (minimum detectable effects).
    """
    if not 0 < level < 1 or not 0 < power < 1:
        raise ValueError(f"Level and power lie between 0 and 1; got {level} and {power}.")
    if not error:
        return None
    normal = NormalDist()
    return (normal.inv_cdf((1 + level) / 2) + normal.inv_cdf(power)) * error
