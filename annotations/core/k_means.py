"""Points parted into groups that lie close together, the same for the same seed.

Source: Lloyd 1982 for the turns; Arthur and Vassilvitskii 2007 for the first centres, each drawn the more readily the
farther it lies from those before it.
"""

from collections.abc import Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

MOST_TURNS = 100
Points = NDArray[np.float64]
Groups = NDArray[np.int64]


def parts(points: Sequence[Sequence[float]], number: int, seed: int) -> list[list[int]]:
    """The places of the points in each part, the largest part first; a place counts from 0 and is in one part only.

    `points`: as many coordinates each, `number` of parts from 1. Fewer parts come of it where fewer points differ.
    """
    if not len(points):
        return []
    whole = np.asarray(points, dtype=np.float64).reshape(len(points), -1)
    centres = _first_centres(whole, number, Random(seed))  # noqa: S311
    groups = _nearest(whole, centres)
    for _ in range(MOST_TURNS):
        centres = np.array([whole[groups == group].mean(axis=0) for group in np.unique(groups)])
        if np.array_equal(after := _nearest(whole, centres), groups):
            break
        groups = after
    found = [np.flatnonzero(groups == group).tolist() for group in np.unique(groups)]
    return sorted(found, key=lambda part: (-len(part), part[0]))


def _first_centres(points: Points, number: int, rng: Random) -> Points:
    chosen = [rng.randrange(len(points))]
    left = _squares(points, points[chosen])[:, 0]
    while len(chosen) < number and left.max() > 0:
        bounds = np.cumsum(left)
        drawn = int(np.searchsorted(bounds, rng.random() * bounds[-1], side="right"))
        chosen.append(min(drawn, len(points) - 1))
        left = np.minimum(left, _squares(points, points[chosen[-1:]])[:, 0])
    centres: Points = points[chosen]
    return centres


def _nearest(points: Points, centres: Points) -> Groups:
    nearest: Groups = _squares(points, centres).argmin(axis=1).astype(np.int64)
    return nearest


def _squares(points: Points, centres: Points) -> Points:
    """The squared distance of each point (rows) to each centre (columns)."""
    return np.stack([((points - centre) ** 2).sum(axis=1) for centre in centres], axis=1)
