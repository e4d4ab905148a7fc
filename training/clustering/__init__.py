"""Vectors of texts laid out on a plane, and the clusters in which they lie dense.

One file of this folder is one way, with `LABEL`, `missing()` and `lay_out(vectors, settings, say)`. It works on arrays
alone and runs as a program of its own, in an environment of its own where a way needs one: see `__main__`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from annotations.core import folder

Numbers = NDArray[np.float32]
Whole = NDArray[np.int32]
Say = Callable[[str], None]
NOISE = -1
DENSE, PLAIN = "umap_hdbscan", "pca_dbscan"
FEWEST = 10
"""Below so many vectors nothing lies dense."""
_FEW, _FEW_NEIGHBOURS = 1_000, 5


class Settings(NamedTuple):
    """How vectors are laid out; the sizes are those of the paper but for the dimensions, of which it took 512.

    `dimensions` is how many are left in which clusters are looked for, `smallest` how many vectors make a cluster,
    `epsilon` the distance below which clusters are not divided further, `neighbours` how many are near to a vector. The
    plain way chooses its distance by itself and knows no neighbours.
    """

    method: str = PLAIN
    dimensions: int = 32
    smallest: int = 5
    epsilon: float = 0.25
    neighbours: int = 15
    seed: int = 0


class Laid(NamedTuple):
    """A plane and its clusters. `xy`: (vectors, 2), each side within -1..1; `clusters`: a number for each vector.

    Clusters are numbered from 1 on, the largest first, and of equal ones the one whose first vector comes first; NOISE
    is no cluster. `libraries` are the versions that made it. `figures` tell the dimensions that were left, and what
    the way found out besides.
    """

    xy: Numbers
    clusters: Whole
    libraries: dict[str, str]
    figures: dict[str, Any]


def names() -> list[str]:
    """The ways to lay vectors out, in alphabetical order."""
    return folder.names(__name__)


def label(method: str) -> str:
    """What people call a way. Raises NoSuchEntry for one that is no file here."""
    return str(folder.module(__name__, method).LABEL)


def missing(method: str) -> str:
    """Why this Python cannot go that way, in words; empty when it can. Raises NoSuchEntry."""
    return str(folder.module(__name__, method).missing())


def most(method: str) -> int:
    """The most vectors a way takes. Raises NoSuchEntry."""
    return int(folder.module(__name__, method).MOST)


def lay_out(vectors: Numbers, settings: Settings, say: Say = lambda step: None) -> Laid:
    """The plane and the clusters of vectors (rows, numbers), each row of any length but zero; `say` hears each step.

    The same vectors and settings give the same on the same libraries. Raises ValueError for fewer than FEWEST rows,
    for numbers that are none, and for more rows than the way can take.
    """
    if vectors.ndim != 2 or len(vectors) < FEWEST:
        raise ValueError(f"A map needs at least {FEWEST} vectors.")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and lengths.all()):
        raise ValueError("A vector holds what is no number, or nothing but zeros.")
    ready = np.asarray(vectors / lengths, dtype=np.float32)
    laid: Laid = folder.module(__name__, settings.method).lay_out(ready, settings, say)
    return laid._replace(xy=_within(laid.xy), clusters=by_size(laid.clusters, settings.smallest))


def left(settings: Settings, rows: int, numbers: int, rows_each: int) -> int:
    """The dimensions that are left: as many as asked for, with `rows_each` rows for each of them, but 5 at least."""
    return min(settings.dimensions, numbers, max(5, rows // rows_each))


def neighbours(rows: int) -> int:
    """How many neighbours so many rows do well with: with 15, some hundred hold together as one or two clusters."""
    return _FEW_NEIGHBOURS if rows < _FEW else Settings().neighbours


def by_size(found: Whole, smallest: int) -> Whole:
    """The clusters numbered anew from 1, the largest first; those with fewer vectors than `smallest` are noise."""
    numbers, first, sizes = np.unique(found, return_index=True, return_counts=True)
    kept = [at for at in range(len(numbers)) if numbers[at] != NOISE and sizes[at] >= smallest]
    order = sorted(kept, key=lambda at: (-sizes[at], first[at]))
    again = np.full(len(found), NOISE, dtype=np.int32)
    for number, at in enumerate(order, start=1):
        again[found == numbers[at]] = number
    return again


def near(vectors: Numbers, clusters: Whole, most: int = 5) -> dict[str, list[list[float]]]:
    """For each cluster the other ones whose mean vector points nearly the same way: number and cosine, nearest first.

    Keys are numbers as text, for JSON.
    """
    numbers = [int(number) for number in np.unique(clusters) if number != NOISE]
    if len(numbers) < 2:
        return {}
    means = np.stack([vectors[clusters == number].mean(axis=0) for number in numbers])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    cosines = np.clip(means @ means.T, -1, 1)
    found = {}
    for place, number in enumerate(numbers):
        order = [at for at in np.argsort(-cosines[place], kind="stable") if at != place][:most]
        found[str(number)] = [[numbers[at], round(float(cosines[place, at]), 3)] for at in order]
    return found


def _within(xy: Numbers) -> Numbers:
    """The plane moved and stretched, both sides alike, so that it fills -1..1."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    half = max(float((high - low).max()) / 2, 1e-9)
    return np.asarray((xy - (low + high) / 2) / half, dtype=np.float32)
