import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.core import alignment


@settings(database=None, deadline=None, max_examples=150)
@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_short_sequences_get_the_most_matches_there_can_be(old, new):
    found = alignment.pairs(old, new)
    assert all(old[place] == new[new_place] for place, new_place in found)
    assert all(low[0] < high[0] and low[1] < high[1] for low, high in zip(found, found[1:], strict=False))
    if max(len(old), len(new)) <= alignment.GROUPS[0]:
        assert len(found) == _most_common(old, new)


def _most_common(old: list[str], new: list[str]) -> int:
    row = [0] * (len(new) + 1)
    for item in old:
        last = row[:]
        for at, other in enumerate(new, 1):
            row[at] = last[at - 1] + 1 if item == other else max(last[at], row[at - 1])
    return row[-1]


@pytest.mark.parametrize("bound", ["EFFORT", "MOST_EDITS"])
def test_a_stretch_beyond_the_bounds_counts_as_different_throughout(monkeypatch, bound):
    # Six edits (three signs each way) lead from one to the other; without the search only the equal ends are matched.
    assert alignment.pairs("(1a2b3)", "(4a5b6)") == [(0, 0), (2, 2), (4, 4), (6, 6)]
    monkeypatch.setattr(alignment, bound, 5)
    assert alignment.pairs("(1a2b3)", "(4a5b6)") == [(0, 0), (6, 6)]


def test_equal_keys_are_matched_before_longer_runs_that_cross_them():
    # Without keys the four items before the K are matched; with them the K alone.
    old, new = "abcdK", "Kabcd"
    assert len(alignment.pairs(old, new)) == 4
    keys = [None] * 4 + ["K"], ["K"] + [None] * 4
    assert alignment.pairs(old, new, keys) == [(4, 0)]


@pytest.mark.parametrize(
    ("numbers", "places"), [([], []), ([3, 1, 2], [1, 2]), ([5, 6, 1, 7, 2], [0, 1, 3]), ([2, 2, 2], [2])]
)
def test_the_longest_rising_run_is_found(numbers, places):
    assert alignment.rising(numbers) == places
