"""Exact tests of pairs, beside figures of SciPy 1.17.1 (binomtest) and statsmodels 0.15.0, worked out once."""

import random
from fractions import Fraction
from math import comb, sqrt

import numpy as np
import pytest

from annotations.core.paired_tests import sign_test, smallest_seen, standard_error

LIBRARY = {
    (9, 1): 0.021484375,
    (3, 3): 1.0,
    (17, 31): 0.05946337525377034,
    (120, 80): 0.005685155996750306,
    (5200, 4800): 6.593515598672343e-05,
    (49000, 51000): 2.5887160383468943e-10,
}


def sample() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """300 values, their clusters (the first hundred in pairs) and three groups, as the libraries had them."""
    rng = random.Random(7)  # noqa: S311
    rows = [(rng.randrange(-5, 6) / 5, n // 2 if n < 100 else n, n % 3) for n in range(300)]
    values, clusters, groups = zip(*rows, strict=True)
    return np.array(values), np.array(clusters), np.array(groups)


def test_five_rises_and_no_fall_happen_by_chance_twice_in_thirty_two():
    # All five one way, or all five the other: 2 of the 2^5 ways.
    assert sign_test(5, 0) == pytest.approx(2 / 32)


def test_one_fall_among_ten_moves():
    # Ten moves with at most one of the rarer sort: (1 + 10) of 1024 ways, and as many on the other side.
    assert sign_test(9, 1) == pytest.approx(22 / 1024)


def test_as_many_rises_as_falls_tell_nothing():
    assert sign_test(4, 4) == 1.0


def test_the_side_does_not_matter():
    assert sign_test(3, 11) == sign_test(11, 3)


def test_without_a_move_there_is_no_p():
    assert sign_test(0, 0) is None


def test_a_negative_number_of_moves_is_refused():
    with pytest.raises(ValueError, match="not negative"):
        sign_test(-1, 3)


@pytest.mark.parametrize("moves", LIBRARY)
def test_it_is_the_library_s_binomial_test_and_its_exact_mcnemar(moves):
    assert sign_test(*moves) == pytest.approx(LIBRARY[moves], rel=1e-9)


def test_it_is_the_sum_of_binomials_in_whole_numbers():
    tail = sum(comb(1000, k) for k in range(461))
    assert sign_test(540, 460) == pytest.approx(float(Fraction(2 * tail, 2**1000)), rel=1e-10)


def test_the_error_of_one_group_without_clusters_is_s_over_the_root_of_n():
    # Values 0 1 1 2: mean 1, s^2 = (1 + 0 + 0 + 1) / 3 = 2/3, and 2/3 / 4 = 1/6.
    error = standard_error(np.array([0.0, 1.0, 1.0, 2.0]), np.arange(4), np.zeros(4, dtype=int))
    assert error == pytest.approx(sqrt(1 / 6))


def test_items_of_one_prompt_are_one_observation():
    # Two prompts, each twice with the same value: sums of residuals are -1/2 * 2 / 4 = -1/4 and 1/4, 2/1 * 2/16 = 1/4.
    error = standard_error(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0, 0, 1, 1]), np.zeros(4, dtype=int))
    assert error == pytest.approx(1 / 2)


def test_the_error_of_one_group_is_the_cluster_robust_one_of_the_library():
    values, clusters, _ = sample()
    assert standard_error(values, clusters, np.zeros(300, dtype=int)) == pytest.approx(0.03478732762829401)


def test_the_error_of_a_mean_of_groups_is_the_library_s_without_its_degrees_of_freedom():
    # Least squares on three dummies, clustered; the library multiplies by 299/297 for them, which is taken out.
    assert standard_error(*sample()) == pytest.approx(0.034792351454995964)


def test_one_prompt_tells_of_no_spread():
    assert standard_error(np.array([0.1, 0.9]), np.array([0, 0]), np.array([0, 1])) is None
    assert standard_error(np.array([]), np.array([], dtype=int), np.array([], dtype=int)) is None


def test_the_smallest_difference_is_the_sum_of_two_normal_quantiles_times_the_error():
    # 1.959964 + 0.841621 = 2.801585, times 0.04.
    assert smallest_seen(0.04) == pytest.approx(0.11206340872451874)


def test_another_level_and_power_need_other_differences():
    # 1.644854 + 1.281552 = 2.926405, times 0.04.
    assert smallest_seen(0.04, level=0.9, power=0.9) == pytest.approx(0.1170562076998429)


@pytest.mark.parametrize("error", [None, 0.0])
def test_where_nothing_moved_the_smallest_difference_is_not_known(error):
    assert smallest_seen(error) is None


def test_a_power_that_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        smallest_seen(0.1, power=1.0)
