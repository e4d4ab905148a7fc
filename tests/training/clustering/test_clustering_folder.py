"""Vectors on a plane: separated heaps become clusters, the same seed gives the same, and numpy is enough for it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from training import clustering
from training.clustering import DENSE, NOISE, PLAIN, Settings, _files, pca_dbscan

ROOT = Path(__file__).parents[3]
EXTRA = os.environ.get("COSA_TAXONOMY_PYTHON") or ("" if clustering.missing(DENSE) else sys.executable)


def heaps(*sizes, numbers=16, lonely=0):
    """Vectors in heaps round directions at right angles, then lonely ones, each in a direction of its own."""
    random = np.random.default_rng(5)
    rows = [np.eye(numbers)[place] + random.normal(0, 0.05, (size, numbers)) for place, size in enumerate(sizes)]
    return np.concatenate([*rows, np.eye(numbers)[numbers - lonely :]]).astype(np.float32)


def test_two_separated_heaps_are_two_clusters_and_what_lies_between_is_none():
    laid = clustering.lay_out(heaps(30, 20, lonely=4), Settings(dimensions=8))
    assert laid.clusters[:30].tolist() == [1] * 30 and laid.clusters[30:50].tolist() == [2] * 20
    assert laid.clusters[50:].tolist() == [NOISE] * 4


def test_the_largest_cluster_is_the_first_and_of_equal_ones_the_one_that_comes_first():
    found = np.array([7, 7, 7, 3, 3, 3, 9, 9, 9, 9, -1, 4], dtype=np.int32)
    assert clustering.by_size(found, 3).tolist() == [2, 2, 2, 3, 3, 3, 1, 1, 1, 1, -1, -1]


def test_the_plane_fills_its_square_without_being_stretched():
    xy = clustering.lay_out(heaps(30, 20), Settings()).xy
    assert xy.shape == (50, 2) and xy.dtype == np.float32
    assert np.abs(xy).max() == pytest.approx(1) and np.abs(xy.max(axis=0) + xy.min(axis=0)).max() < 1e-5


def test_the_same_vectors_and_seed_give_the_same():
    first, again = (clustering.lay_out(heaps(30, 20, lonely=9), Settings(seed=3)) for _ in range(2))
    assert first.xy.tobytes() == again.xy.tobytes() and first.clusters.tobytes() == again.clusters.tobytes()


def test_of_many_rows_the_directions_are_found_by_chance_and_are_the_exact_ones():
    vectors = heaps(600, 500, 400, 300, numbers=40)
    (places, shares), (again, _), (other, _) = (pca_dbscan.components(vectors, 3, seed) for seed in (1, 1, 2))
    exact = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)[1] ** 2
    assert len(vectors) > pca_dbscan._EXACT_ROWS
    assert np.allclose(shares, exact[:3] / exact.sum(), rtol=1e-3)
    assert places.tobytes() == again.tobytes() and np.allclose(places, other, atol=1e-2)


def test_dbscan_by_hand():
    # on a line, in reach up to 1, three together: 0 1 2 | 3 is at the edge of 2 | 10 11 12 | 20 alone
    line = np.array([[0], [1], [2], [3], [10], [11], [12], [20]], dtype=np.float32)
    assert pca_dbscan.dbscan(line, 1, 3).tolist() == [0, 0, 0, 0, 1, 1, 1, NOISE]


def test_a_place_at_the_edge_of_two_clusters_goes_to_the_nearer_one():
    # 2.1 reaches 1 at its left and 2.9 at its right, too few to hold anything together itself; 2.9 is nearer
    line = np.array([[0], [0.3], [0.6], [1], [2.1], [2.9], [3.3], [3.7], [4]], dtype=np.float32)
    assert pca_dbscan.dbscan(line, 1.12, 4).tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1]


def test_the_knee_of_a_curve_is_its_point_farthest_below_the_line():
    # 1 1 1 1 9: the line from 1 to 9 is 1 3 5 7 9, farthest above the fourth
    assert pca_dbscan.knee(np.array([1, 1, 1, 1.2, 9], dtype=np.float32)) == pytest.approx(1.2)


def test_how_well_places_are_divided_by_hand():
    # of 10: 4 and 4 in clusters, 2 in none; 0.8 × (2 × 0.4 × 0.4) = 0.256
    assert pca_dbscan.divided(np.array([0] * 4 + [1] * 4 + [-1] * 2), 3) == pytest.approx(0.256)
    assert pca_dbscan.divided(np.array([0] * 10), 3) == 0


def test_vectors_that_are_all_the_same_are_one_cluster():
    laid = clustering.lay_out(np.ones((12, 4), dtype=np.float32), Settings())
    assert laid.clusters.tolist() == [1] * 12 and np.isfinite(laid.xy).all()


def test_neighbours_are_the_clusters_whose_means_point_nearly_the_same_way():
    vectors = np.array([[1, 0, 0], [1, 0.1, 0], [0, 0, 1], [9, 9, 9]], dtype=np.float32)
    near = clustering.near(vectors, np.array([1, 2, 3, NOISE]))
    # cos((1,0,0), (1,.1,0)) = 1/√1.01 = 0.995
    assert near == {"1": [[2, 0.995], [3, 0]], "2": [[1, 0.995], [3, 0]], "3": [[1, 0], [2, 0]]}


@pytest.mark.parametrize(
    ("vectors", "words"),
    [
        (np.ones((9, 4)), "at least 10"),
        (np.zeros((20, 4)), "nothing but zeros"),
        (np.full((20, 4), np.nan), "no number"),
        (np.ones((pca_dbscan.MOST + 1, 2)), "5,001 vectors are more than the plain way takes"),
    ],
)
def test_what_cannot_be_laid_out_is_said(vectors, words):
    with pytest.raises(ValueError, match=words):
        clustering.lay_out(vectors.astype(np.float32), Settings())


def test_every_way_has_a_name_and_a_bound():
    assert clustering.names() == [PLAIN, DENSE]
    assert all(clustering.label(name) and clustering.most(name) >= 5_000 for name in clustering.names())


def asked(folder: Path, settings: Settings, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    _files.put(folder, [heaps(30), heaps(0, 20)], settings)
    command = [python, "-m", "training.clustering", str(folder)]
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("COSA_", "DJANGO_"))}
    return subprocess.run(command, cwd=ROOT, env=plain, capture_output=True, text=True, timeout=300)


def test_the_program_answers_in_files_and_tells_its_steps(tmp_path):
    done = asked(tmp_path, Settings())
    answer = _files.take(tmp_path)
    assert (done.returncode, done.stderr) == (0, "") and _files.step(done.stdout) == "Looking for clusters"
    assert answer.laid.clusters.tolist() == [1] * 30 + [2] * 20 and answer.laid.xy.shape == (50, 2)
    assert list(answer.near) == ["1", "2"] and answer.laid.libraries["numpy"] == np.__version__


def test_the_plain_way_loads_nothing_of_the_extra_and_no_django(tmp_path):
    _files.put(tmp_path, [heaps(20)], Settings())
    code = (
        "import sys; from pathlib import Path; from training.clustering.__main__ import main\n"
        f"main(Path({str(tmp_path)!r}))\n"
        "print(sorted({'umap', 'sklearn', 'numba', 'scipy', 'django'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_reason_comes_back_in_words(tmp_path):
    done = asked(tmp_path, Settings(method="by_hand"))
    assert done.returncode == 2 and "There is no 'by_hand'" in _files.why(done.stdout, done.returncode)


@pytest.mark.parametrize(
    ("log", "code", "words"),
    [
        ("step: Drawing\nKilled", -9, "want of memory"),
        ("step: Drawing\nTraceback\nKeyError: 'x'\n", 1, "KeyError: 'x'"),
        ("", 1, "ended with code 1"),
    ],
)
def test_why_it_ended_is_said_in_words(log, code, words):
    assert words in _files.why(log, code)


def test_a_result_that_is_not_whole_is_none(tmp_path):
    (tmp_path / _files.TOLD).write_text(json.dumps({"libraries": {}}), encoding="utf-8")
    with pytest.raises(ValueError, match="no whole result"):
        _files.take(tmp_path)


def test_vectors_of_different_lengths_are_refused(tmp_path):
    with pytest.raises(ValueError, match="of 3 and of 4 numbers"):
        _files.put(tmp_path, [np.ones((2, 3), dtype=np.float32), np.ones((2, 4), dtype=np.float32)], Settings())


@pytest.mark.skipif(not EXTRA, reason="umap-learn and scikit-learn are not installed: docs/taxonomy_map.md says how")
def test_the_extra_finds_the_same_two_heaps(tmp_path):
    done = asked(tmp_path, Settings(method=DENSE, dimensions=4), EXTRA)
    answer = _files.take(tmp_path)
    assert done.returncode == 0 and answer.laid.clusters.tolist() == [1] * 30 + [2] * 20
    assert {"umap-learn", "scikit-learn"} <= answer.laid.libraries.keys()
