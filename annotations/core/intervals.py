"""Confidence intervals for mean scores, by resampling whole prompts."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from annotations.core.draws import draws
from annotations.core.rating_table import Floats


class Interval(NamedTuple):
    """The two ends of a confidence interval, in the unit of the values."""

    low: float
    high: float


def bootstrap(
    values: Sequence[float | None],
    clusters: Sequence[Hashable],
    *,
    groups: Sequence[Hashable] | None = None,
    resamples: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval | None:
    """The percentile bootstrap interval of the mean, whole clusters (prompts) drawn with replacement; None for no data.

    One value (None is unscored and left out), one cluster and, if given, one group (config) per item. Without groups
    the statistic is the mean over the drawn items, a ratio of sums, so clusters of unequal size are right. With groups
    it is the unweighted mean of the group means, and a prompt that several configs share moves in all of them at once;
    a group that a resample leaves empty is left out of that resample's mean, as a config without a score is.
    Equal data, in whatever order, and an equal seed give equal ends up to rounding; one cluster gives low == high.
    Raises ValueError for lists of unequal length, fewer than 1 resample or a level outside 0..1.
    Source: Efron and Tibshirani 1993, chapter 13; the clustering by prompt is ours.
    """
    labels = groups if groups is not None else [0] * len(values)
    _check(len(values), len(clusters), len(labels), resamples, level)
    rows = [row for row in zip(values, clusters, labels, strict=True) if row[0] is not None]
    if not rows:
        return None
    patterns, times = np.unique(_tables(rows), axis=0, return_counts=True)
    drawn = np.concatenate([_statistic(draw @ patterns) for draw in draws(times, resamples, seed)])
    return percentiles(drawn, level)


def _check(n_values: int, n_clusters: int, n_groups: int, resamples: int, level: float) -> None:
    if not n_values == n_clusters == n_groups:
        raise ValueError(f"Each item needs a value, a cluster and a group; got {n_values}, {n_clusters}, {n_groups}.")
    if resamples < 1 or not 0 < level < 1:
        raise ValueError(f"Use at least 1 resample and a level between 0 and 1; got {resamples} and {level}.")


def _tables(rows: Sequence[tuple[float | None, Hashable, Hashable]]) -> Floats:
    """Sums of values, then numbers of items, of each group; a row for each cluster, groups in the order of names."""
    values, clusters, groups = zip(*rows, strict=True)
    places = {name: place for place, name in enumerate(sorted(set(groups), key=_order))}
    group_of = [places[name] for name in groups]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(clusters))}
    cluster_of = [numbers[name] for name in clusters]
    added = np.zeros((len(numbers), 2, len(places)))
    np.add.at(added, (cluster_of, 0, group_of), np.asarray(values, dtype=float))
    np.add.at(added, (cluster_of, 1, group_of), 1.0)
    # Sums of the same values in another order differ in their last digit, and would be patterns of their own.
    return np.asarray(added.reshape(len(added), -1).round(12))


def _order(name: Hashable) -> tuple[int, str]:
    """Numbers by size, so that rows with other ids in the same order have the same interval; all else by its words."""
    return (name, "") if isinstance(name, int) else (0, repr(name))


def _statistic(added: Floats) -> Floats:
    """The mean over groups of sum/count for each resample, shape (resamples,); a group without items is left out."""
    totals, items = np.split(added, 2, axis=1)
    means = np.divide(totals, items, out=np.zeros_like(totals), where=items > 0)
    return np.asarray(means.sum(axis=1) / (items > 0).sum(axis=1))


def percentiles(drawn: Floats, level: float) -> Interval | None:
    """The interval that holds the share `level` of the values in its middle, nan left out; None without any value."""
    defined = drawn[~np.isnan(drawn)]
    if not len(defined):
        return None
    return Interval(*np.quantile(defined, [(1 - level) / 2, (1 + level) / 2]).tolist())
