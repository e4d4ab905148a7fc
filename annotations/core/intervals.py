"""Confidence intervals for mean scores, by resampling whole prompts."""

from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_CELLS_AT_ONCE = 2_000_000


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
    sums, counts = _tables(rows)
    drawn = np.concatenate([_statistic(times, sums, counts) for times in _draws(len(sums), resamples, seed)])
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def _check(n_values: int, n_clusters: int, n_groups: int, resamples: int, level: float) -> None:
    if not n_values == n_clusters == n_groups:
        raise ValueError(f"Each item needs a value, a cluster and a group; got {n_values}, {n_clusters}, {n_groups}.")
    if resamples < 1 or not 0 < level < 1:
        raise ValueError(f"Use at least 1 resample and a level between 0 and 1; got {resamples} and {level}.")


def _tables(rows: Sequence[tuple[float | None, Hashable, Hashable]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum of values and number of items, each of shape (clusters, groups), both sides in the order of their names."""
    values, clusters, groups = zip(*rows, strict=True)
    cluster_of, group_of = _numbered(clusters), _numbered(groups)
    shape = (max(cluster_of) + 1, max(group_of) + 1)
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (cluster_of, group_of), np.asarray(values, dtype=float))
    np.add.at(counts, (cluster_of, group_of), 1.0)
    return sums, counts


def _numbered(names: Sequence[Hashable]) -> list[int]:
    places = {name: place for place, name in enumerate(sorted(set(names), key=_order))}
    return [places[name] for name in names]


def _order(name: Hashable) -> tuple[int, str]:
    """Numbers by size, so that rows with other ids in the same order have the same interval; all else by its words."""
    return (name, "") if isinstance(name, int) else (0, repr(name))


def _draws(clusters: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each cluster is drawn, in slices of shape (some resamples, clusters) of bounded size."""
    rng = np.random.default_rng(seed)
    slice_size = max(1, _CELLS_AT_ONCE // clusters)
    for start in range(0, resamples, slice_size):
        size = min(slice_size, resamples - start)
        drawn = rng.integers(0, clusters, size=(size, clusters)) + np.arange(size)[:, None] * clusters
        yield (np.bincount(drawn.ravel(), minlength=size * clusters).reshape(size, clusters).astype(float))


def _statistic(
    times: NDArray[np.float64], sums: NDArray[np.float64], counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The mean over groups of sum/count for each resample, shape (resamples,); a group without items is left out."""
    totals, items = times @ sums, times @ counts
    means = np.divide(totals, items, out=np.zeros_like(totals), where=items > 0)
    return np.asarray(means.sum(axis=1) / (items > 0).sum(axis=1))
