"""Confidence intervals of many means at once, over the same draws of whole prompts."""

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from annotations.core.draws import draws, patterns
from annotations.core.intervals import Interval, percentiles
from annotations.core.rating_table import Floats, numbered


class Spread(NamedTuple):
    """The intervals of one figure: of its mean in each group, None without a value there, and of the mean of those."""

    of_group: Mapping[Hashable, Interval | None]
    mean: Interval | None


def bootstrap_jointly(
    figures: Sequence[Sequence[float | None]],
    clusters: Sequence[Hashable],
    groups: Sequence[Hashable],
    *,
    resamples: int = 2_000,
    seed: int = 0,
    level: float = 0.95,
) -> list[Spread]:
    """The percentile bootstrap intervals of each figure, all from the same draws of whole clusters (prompts).

    A figure has one value per item, None where it is unscored; each item has one cluster and one group (config). The
    statistic is that of `intervals.bootstrap` with groups: the mean of the values in a group, and the unweighted mean
    of these. A group that a resample leaves empty is left out of that resample. No figures give no spreads.
    Raises ValueError for lists of unequal length, fewer than 1 resample or a level outside 0..1.
    Source: Efron and Tibshirani 1993, chapter 13; the clustering by prompt is ours.
    """
    if {len(clusters), *map(len, figures)} != {len(groups)}:
        raise ValueError("Each item needs a cluster, a group and a value (or None) of every figure.")
    if resamples < 1 or not 0 < level < 1:
        raise ValueError(f"Use at least 1 resample and a level between 0 and 1; got {resamples} and {level}.")
    names = list(dict.fromkeys(groups))
    if not names or not figures:
        return [Spread({}, None) for _ in figures]
    sums, times = patterns(_sums(figures, clusters, groups))
    shape = (-1, 2, len(figures), len(names))
    means = np.concatenate([_means((draw @ sums).reshape(shape)) for draw in draws(times, resamples, seed)])
    return [_spread(means[:, place], names, level) for place in range(len(figures))]


def _sums(
    figures: Sequence[Sequence[float | None]], clusters: Sequence[Hashable], groups: Sequence[Hashable]
) -> Floats:
    """Sums of values, then numbers of values, of each figure in each group; a row for each cluster."""
    (names, cluster_of), (labels, group_of) = numbered(clusters), numbered(groups)
    values = np.array(figures, dtype=float)
    known = ~np.isnan(values)
    added = np.zeros((len(names), 2, len(figures), len(labels)))
    for place in range(len(figures)):
        np.add.at(added[:, 0, place], (cluster_of, group_of), np.where(known[place], values[place], 0.0))
        np.add.at(added[:, 1, place], (cluster_of, group_of), known[place].astype(float))
    # Sums of the same values in another order differ in their last digit, and would be patterns of their own.
    return np.asarray(added.reshape(len(added), -1).round(12))


def _means(added: Floats) -> Floats:
    """The mean of each figure in each group, nan for an empty one, and the mean of these: (n, figures, groups + 1)."""
    totals, numbers = added[:, 0], added[:, 1]
    of_group = np.divide(totals, numbers, out=np.full_like(totals, np.nan), where=numbers > 0)
    there = numbers > 0
    whole, filled = np.where(there, of_group, 0.0).sum(axis=2), there.sum(axis=2)
    mean = np.divide(whole, filled, out=np.full_like(whole, np.nan), where=filled > 0)
    return np.concatenate([of_group, mean[:, :, None]], axis=2)


def _spread(means: Floats, names: Sequence[Hashable], level: float) -> Spread:
    *of_group, mean = (percentiles(means[:, place], level) for place in range(means.shape[1]))
    return Spread(dict(zip(names, of_group, strict=True)), mean)
