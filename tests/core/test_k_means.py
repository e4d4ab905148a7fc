"""Points in parts: worked by hand, the same for the same seed, nothing lost."""

from hypothesis import given
from hypothesis import strategies as st

from annotations.core import k_means

POINTS = st.lists(st.tuples(*[st.integers(-5, 5)] * 2), min_size=1, max_size=30)


def test_two_heaps_are_two_parts_whatever_the_seed():
    heaps = [(0, 0), (9, 9), (0, 1), (9, 8), (1, 0)]
    assert {str(k_means.parts(heaps, 2, seed)) for seed in range(20)} == {"[[0, 2, 4], [1, 3]]"}


def test_points_that_do_not_differ_are_one_part():
    assert k_means.parts([(1, 1)] * 4, 3, 0) == [[0, 1, 2, 3]]
    assert k_means.parts([], 3, 0) == []


@given(POINTS, st.integers(1, 6), st.integers(0, 9))
def test_each_point_is_in_one_part_and_the_seed_decides(points, number, seed):
    found = k_means.parts(points, number, seed)
    assert sorted(place for part in found for place in part) == list(range(len(points)))
    assert 1 <= len(found) <= min(number, len(set(points))) and all(found)
    assert found == k_means.parts(points, number, seed)
