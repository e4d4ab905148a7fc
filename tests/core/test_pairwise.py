"""Every two beside each other; kappas worked by hand."""

import pytest

from annotations.core.pairwise import Pair, kappa, pairwise


def test_kappa_by_hand():
    # 10 units: both yes 4, both no 3, yes/no 2, no/yes 1. Same 0.7; chance 0.6 * 0.5 + 0.4 * 0.5 = 0.5; 0.2 / 0.5 = 0.4
    assert kappa({(True, True): 4, (False, False): 3, (True, False): 2, (False, True): 1}) == pytest.approx(0.4)


def test_two_who_only_ever_say_one_thing_have_no_kappa():
    assert kappa({(True, True): 9}) is None


def test_each_pair_stands_both_ways_round():
    found = pairwise([("a", 1, True), ("a", 2, True), ("b", 1, False), ("b", 2, False)])
    assert found == {(1, 2): Pair(1.0, 2), (2, 1): Pair(1.0, 2)}


def test_only_units_that_both_answered_count():
    rows = [("a", "x", 1), ("a", "y", 1), ("b", "x", 2), ("b", "y", None), ("c", "y", 3), ("d", "x", 1), ("d", "y", 2)]
    # In common are a (1, 1) and d (1, 2): same 0.5, chance 1 * 0.5, so kappa is 0.
    assert pairwise(rows)["x", "y"] == Pair(0.0, 2)


def test_values_may_be_sets():
    rows = [
        (unit, who, frozenset(risks)) for unit, who, risks in (("a", 1, "v"), ("a", 2, "v"), ("b", 1, ""), ("b", 2, ""))
    ]
    assert pairwise(rows)[2, 1] == Pair(1.0, 2)


def test_the_last_of_two_values_counts():
    assert pairwise([("a", 1, True), ("a", 1, False), ("a", 2, False), ("b", 1, True), ("b", 2, True)])[1, 2].kappa == 1
