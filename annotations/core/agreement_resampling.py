"""Intervals of figures of agreement, several of them from the same draws: one product of matrices for each slice."""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from annotations.core.agreement_figures import Figure
from annotations.core.draws import draws
from annotations.core.intervals import Interval, percentiles
from annotations.core.rating_table import Floats


class Part(NamedTuple):
    """A figure, and for each row of its sums the unit it is of, or the cluster that is drawn whole."""

    figure: Figure
    drawn_as: Sequence[Hashable]


class Spread(NamedTuple):
    """The interval of a figure, None without a defined resample, and how many resamples were undefined."""

    interval: Interval | None
    n_left_out: int


def spreads(parts: Sequence[Part], resamples: int, seed: int, level: float) -> list[Spread]:
    """The percentile bootstrap interval of each figure; what has one name in two figures is drawn for both at once.

    Rows with equal sums are one pattern, drawn so many times; the order of the patterns is that of their bytes, so
    that the order of the rows changes nothing. No parts give no spreads. Source: Efron and Tibshirani 1993, chapter 13.
    """
    place = {name: at for at, name in enumerate(dict.fromkeys(name for part in parts for name in part.drawn_as))}
    if not place:
        return [Spread(None, 0) for _ in parts]
    sums = np.hstack([_added(part, place) for part in parts])
    patterns, times = _patterns(sums)
    ends = np.cumsum([part.figure.sums.shape[1] for part in parts])[:-1]
    drawn = [
        [part.figure.of(added) for part, added in zip(parts, np.split(draw @ patterns, ends, axis=1), strict=True)]
        for draw in draws(times, resamples, seed)
    ]
    return [_spread(np.concatenate(values), level) for values in zip(*drawn, strict=True)]


def _added(part: Part, place: dict[Hashable, int]) -> Floats:
    """The sums of each name that is drawn, shape (names, sums); zeros where this figure has none."""
    added = np.zeros((len(place), part.figure.sums.shape[1]))
    np.add.at(added, [place[name] for name in part.drawn_as], part.figure.sums)
    return added


def _patterns(sums: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """The different rows, and how often each is there. np.unique of whole rows takes ten times as long."""
    counted = Counter(row.tobytes() for row in sums)
    different = sorted(counted)
    patterns = np.frombuffer(b"".join(different)).reshape(len(different), -1)
    return patterns, np.array([counted[one] for one in different], dtype=np.intp)


def _spread(drawn: Floats, level: float) -> Spread:
    return Spread(percentiles(drawn, level), int(np.isnan(drawn).sum()))
