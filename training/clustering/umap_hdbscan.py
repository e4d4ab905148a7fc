"""UMAP and HDBSCAN, as the paper did: the optional extra of requirements/taxonomy.txt."""

from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np

from training.clustering import Laid, Numbers, Say, Settings, Whole, left

LABEL = "UMAP and HDBSCAN"
INSTALL = "pip install --no-deps --require-hashes -r requirements/taxonomy.txt"
MISSING = "umap-learn and scikit-learn are not installed here. Run “" + INSTALL + "” in an environment for them."
MOST = 50_000
TOO_MANY = "{rows:,} vectors are more than a map takes ({most:,}). Map a part of them."
FAILED = (
    "HDBSCAN of scikit-learn fails with this numpy at these prompts while epsilon is above 0 (scikit-learn's issue "
    "33219). Install requirements/taxonomy.txt, which pins a numpy that works, or set epsilon to 0."
)
_ROWS_EACH = 3
_PACKAGES = ("umap-learn", "scikit-learn", "numba", "numpy")


def missing() -> str:
    """Why this Python has it not, in words; empty when it has."""
    return "" if find_spec("umap") and find_spec("sklearn") else MISSING


def lay_out(vectors: Numbers, settings: Settings, say: Say) -> Laid:
    """A plane of its own for the picture; clusters by HDBSCAN in the dimensions that are left, both by cosine.

    Raises ValueError without the packages, and for more than MOST vectors.
    """
    if missing() or len(vectors) > MOST:
        raise ValueError(missing() or TOO_MANY.format(rows=len(vectors), most=MOST))
    say("Finding the neighbours of each prompt")
    common = _common(vectors, settings)
    dimensions = left(settings, *vectors.shape, _ROWS_EACH)
    say(f"Reducing to {dimensions} dimensions")
    reduced = _reduced(vectors, common, dimensions, 0.0)
    say("Looking for clusters")
    found = _dense(reduced, settings)
    say("Drawing the plane")
    plane = _reduced(vectors, common, 2, 0.1)
    libraries = {name: version(name) for name in _PACKAGES}
    return Laid(plane, found, libraries, {"dimensions": dimensions, "epsilon": settings.epsilon})


def _dense(reduced: Numbers, settings: Settings) -> Whole:
    from sklearn.cluster import HDBSCAN

    search = HDBSCAN(min_cluster_size=settings.smallest, cluster_selection_epsilon=settings.epsilon, copy=True)
    try:
        return np.asarray(search.fit_predict(reduced), dtype=np.int32)
    except TypeError as problem:
        raise ValueError(FAILED) from problem


def _common(vectors: Numbers, settings: Settings) -> dict[str, Any]:
    """What both reductions are told: the neighbours, found once, and the seed."""
    from umap.umap_ import nearest_neighbors

    count = min(settings.neighbours, len(vectors) - 1)
    random = np.random.RandomState(settings.seed)
    near = nearest_neighbors(vectors, count, "cosine", {}, False, random)
    return {"n_neighbors": count, "metric": "cosine", "random_state": settings.seed, "precomputed_knn": near}


def _reduced(vectors: Numbers, common: dict[str, Any], dimensions: int, apart: float) -> Numbers:
    from umap import UMAP

    reducer = UMAP(n_components=dimensions, min_dist=apart, n_jobs=1, **common)
    return np.asarray(reducer.fit_transform(vectors), dtype=np.float32)
