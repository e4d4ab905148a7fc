"""Intervals of many means over the same draws."""

import random

import numpy as np
import pytest

from annotations.core.draws import patterns
from annotations.core.intervals import Interval, bootstrap
from annotations.core.joint_intervals import Spread, bootstrap_jointly


def test_no_items_give_no_interval():
    assert bootstrap_jointly([[]], [], []) == [Spread({}, None)]


def test_without_figures_there_is_nothing_to_give():
    assert bootstrap_jointly([], ["a"], ["x"]) == []


def test_a_group_without_a_value_has_no_interval_and_is_left_out_of_the_mean():
    # x is 1 wherever it is drawn; y is never scored, so that the mean is x alone.
    (spread,) = bootstrap_jointly([[1.0, 1.0, None]], ["a", "b", "c"], ["x", "x", "y"])
    assert spread == Spread({"x": Interval(1.0, 1.0), "y": None}, Interval(1.0, 1.0))


def test_two_prompts_reach_from_the_one_to_the_other():
    # Each of the four draws aa ab ba bb has chance 1/4, so 2.5 % and 97.5 % fall on all-a and all-b.
    (spread,) = bootstrap_jointly([[0.0, 1.0]], ["a", "b"], ["x", "x"])
    assert spread.of_group["x"] == spread.mean == Interval(0.0, 1.0)


def test_figures_that_differ_by_the_same_everywhere_have_a_difference_without_width():
    # Both move with the prompts; their difference is 0.5 in each, drawn together.
    one, other = [0.0, 0.5, -1.0, 0.2], [0.5, 1.0, -0.5, 0.7]
    spreads = bootstrap_jointly([one, other, [0.5] * 4], list("abcd"), ["x"] * 4)
    assert spreads[0].mean.high > spreads[0].mean.low
    assert spreads[2].mean == Interval(0.5, 0.5)


@pytest.mark.parametrize("kinds", [4, 60], ids=["few patterns", "many patterns"])
def test_it_is_the_interval_of_the_plain_bootstrap(kinds):
    rng = random.Random(5)  # noqa: S311
    values = [rng.randrange(kinds) / kinds for _ in range(400)]
    clusters, groups = [place // 2 for place in range(400)], [rng.randrange(3) for _ in range(400)]
    (spread,) = bootstrap_jointly([values], clusters, groups, resamples=4000)
    assert spread.mean == pytest.approx(bootstrap(values, clusters, groups=groups, resamples=4000), abs=0.01)


def test_the_same_rows_in_another_order_have_the_same_interval():
    values, clusters, groups = [0.1, 0.9, 0.4, 0.7], list("abcd"), list("xxyy")
    (one,) = bootstrap_jointly([values], clusters, groups)
    (other,) = bootstrap_jointly([values[::-1]], clusters[::-1], groups[::-1])
    assert one.mean == pytest.approx(other.mean, abs=0.02)


@pytest.mark.parametrize("options", [{"resamples": 0}, {"level": 1.0}])
def test_a_resampling_that_makes_no_sense_is_refused(options):
    with pytest.raises(ValueError, match="Use at least 1 resample"):
        bootstrap_jointly([[1.0]], ["a"], ["x"], **options)


def test_lists_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="Each item needs"):
        bootstrap_jointly([[1.0, 0.0]], ["a"], ["x"])


def test_patterns_are_those_of_numpy_whatever_the_sign_of_a_zero():
    rows = np.random.default_rng(3).integers(-2, 3, (300, 3)) * np.array([1.0, -0.25, -1.0])
    found, times = patterns(rows)
    expected, numbers = np.unique(rows, axis=0, return_counts=True)
    assert found.tolist() == expected.tolist() and times.tolist() == numbers.tolist()
