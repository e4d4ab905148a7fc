"""Principal components and DBSCAN of our own, exact, with numpy alone: for some thousands of texts."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from training.clustering import NOISE, Laid, Numbers, Say, Settings, Whole, left

LABEL = "PCA and DBSCAN"
MOST = 5_000
"""Every vector is compared with every other one: ten times as many take a hundred times as long."""
_EXACT_ROWS, _ROWS_EACH = 1_500, 20
_ROUNDS, _SPARE, _BLOCK = 6, 10, 512
_TRIED, _LEAST, _NEARLY = range(5, 100, 10), 0.05, 0.95
TOO_MANY = "{rows:,} vectors are more than the plain way takes ({most:,}): it compares each with every other one."


def missing() -> str:
    """Nothing: numpy is always there."""
    return ""


def lay_out(vectors: Numbers, settings: Settings, say: Say) -> Laid:
    """The vectors of length 1 on their first two principal components; clusters by DBSCAN in more of them.

    Raises ValueError for more than MOST vectors.
    """
    if len(vectors) > MOST:
        raise ValueError(TOO_MANY.format(rows=len(vectors), most=MOST))
    say("Finding the directions in which the prompts differ most")
    places, shares = components(vectors, left(settings, *vectors.shape, _ROWS_EACH), settings.seed)
    say("Looking for clusters")
    epsilon = distance(places, settings.smallest)
    found = dbscan(places, epsilon, settings.smallest)
    figures = {
        "dimensions": places.shape[1],
        "epsilon": round(epsilon, 4),
        "explained": round(float(shares.sum()), 4),
        "explained_plane": round(float(shares[:2].sum()), 4),
    }
    return Laid(places[:, :2], found, {"numpy": np.__version__}, figures)


def components(vectors: Numbers, wanted: int, seed: int) -> tuple[Numbers, Numbers]:
    """Places on the first principal components, (rows, wanted), and the share of the variance of each.

    Of many rows they are found by random projection with power rounds, seeded. Source: Halko, Martinsson, Tropp 2011.
    """
    centred = vectors - vectors.mean(axis=0)
    if len(centred) <= _EXACT_ROWS:
        left_side, sizes, right = np.linalg.svd(centred, full_matrices=False)
    else:
        basis = _basis(centred, wanted + _SPARE, seed)
        small, sizes, right = np.linalg.svd(basis.T @ centred, full_matrices=False)
        left_side = basis @ small
    signs = np.sign(right[np.arange(len(right)), np.abs(right).argmax(axis=1)])
    places = (left_side * (sizes * np.where(signs == 0, 1, signs)))[:, :wanted]
    whole = max(float((centred**2).sum()), 1e-12)
    return np.asarray(places, dtype=np.float32), np.asarray(sizes[:wanted] ** 2 / whole, dtype=np.float32)


def _basis(centred: Numbers, wanted: int, seed: int) -> Numbers:
    """An orthonormal basis of what most of the columns' variance lies in."""
    wanted = min(wanted, *centred.shape)
    random = np.random.default_rng(seed).standard_normal((centred.shape[1], wanted), dtype=np.float32)
    basis = np.linalg.qr(centred @ random)[0]
    for _ in range(_ROUNDS):
        other = np.linalg.qr(centred.T @ basis)[0]
        basis = np.linalg.qr(centred @ other)[0]
    return np.asarray(basis, dtype=np.float32)


def distance(places: Numbers, smallest: int) -> float:
    """The shortest distance that divides the places nearly as well as any, out of those to the nth nearest.

    Where none divides them at all, their knee is taken.
    """
    rising = distances_to_nth(places, smallest)
    tried = sorted({max(float(np.percentile(rising, share)), 1e-6) for share in _TRIED})
    well = [divided(dbscan(places, epsilon, smallest), smallest) for epsilon in tried]
    if max(well) < _LEAST:
        return knee(rising)
    return next(epsilon for epsilon, share in zip(tried, well, strict=True) if share >= _NEARLY * max(well))


def divided(clusters: Whole, smallest: int) -> float:
    """How well places are divided, 0..1: the share in clusters × that of all pairs in two different ones.

    The first factor stops many small pieces of one heap from counting as much as the heap as a whole.
    """
    numbers, sizes = np.unique(clusters, return_counts=True)
    shares = sizes[(numbers != NOISE) & (sizes >= smallest)] / len(clusters)
    return float(shares.sum() * (shares.sum() ** 2 - (shares**2).sum()))


def distances_to_nth(places: Numbers, nth: int) -> Numbers:
    """The distance of each place to its nth nearest, itself counted as the first; the smallest distance first."""
    nth = min(nth, len(places)) - 1
    return np.sort(np.concatenate([np.sqrt(np.partition(block, nth, axis=1)[:, nth]) for _, block in _blocks(places)]))


def _blocks(places: Numbers) -> Iterator[tuple[int, Numbers]]:
    """The squared distances of some places to all, with the number of the first of them."""
    squares = (places**2).sum(axis=1)
    for at in range(0, len(places), _BLOCK):
        some = places[at : at + _BLOCK]
        apart = squares[at : at + _BLOCK, None] + squares[None, :] - 2 * some @ places.T
        apart[np.arange(len(some)), at + np.arange(len(some))] = 0
        yield at, np.maximum(apart, 0)


def knee(rising: Numbers) -> float:
    """Where a rising curve turns up: its point farthest below the line from its first to its last one.

    Source: the sorted k-distances of Ester et al. 1996; the point as in Satopaa et al. 2011.
    """
    low, high = float(rising[0]), float(rising[-1])
    below = np.linspace(0, 1, len(rising)) - (rising - low) / max(high - low, 1e-6)
    return max(float(rising[below.argmax()]), 1e-6)


def dbscan(places: Numbers, epsilon: float, smallest: int) -> Whole:
    """The cluster of each place from 0 on, NOISE for none: places with `smallest` others in reach, themselves counted,
    hold together what they reach. A place at the edge goes to the nearest of them. Source: Ester et al. 1996.
    """
    reach = [np.flatnonzero(row <= epsilon**2).astype(np.int32) for _, block in _blocks(places) for row in block]
    dense = np.array([len(row) >= smallest for row in reach])
    found = np.full(len(places), NOISE, dtype=np.int32)
    number = 0
    for start in np.flatnonzero(dense):
        if found[start] == NOISE:
            _spread(int(start), number, reach, dense, found)
            number += 1
    for edge in np.flatnonzero(~dense):
        if len(near := reach[edge][dense[reach[edge]]]):
            apart = ((places[near] - places[edge]) ** 2).sum(axis=1)
            found[edge] = found[near[apart.argmin()]]
    return found


def _spread(start: int, number: int, reach: list[Whole], dense: NDArray[np.bool_], found: Whole) -> None:
    """Nothing; every dense place that can be walked to gets the number."""
    found[start], waiting = number, [start]
    while waiting:
        row = reach[waiting.pop()]
        fresh = row[dense[row] & (found[row] == NOISE)]
        found[fresh] = number
        waiting.extend(fresh.tolist())
