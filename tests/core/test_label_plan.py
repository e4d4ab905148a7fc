"""How many labels an interval needs: by hand, monotone, and as the simulation has it."""

import pytest

from annotations.core.calibration import Pilot
from annotations.core.label_plan import Ground, assumed, expected, ground, plan
from annotations.core.student import quantile
from bench.calibration import USUAL, Population, shown

HALF = Ground([100] * 5, 0.4, 0.2)


# 5 configs, 21 labels each, variance 0.4, alone: t(100) * sqrt(5 * 0.4 / 21) / 5.
def test_people_alone_have_the_width_of_students_interval():
    assert expected(HALF, 21, alone=True) == pytest.approx(quantile(100) * (5 * 0.4 / 21) ** 0.5 / 5)


def test_a_narrower_interval_never_needs_fewer_labels():
    widths = [0.30, 0.2, 0.15, 0.1, 0.08, 0.06, 0.058]
    needs = [plan(HALF, width).corrected.total for width in widths]
    assert None not in needs and needs == sorted(needs) and needs[0] < needs[-1]


def test_the_need_is_the_fewest_that_is_enough():
    needed = plan(HALF, 0.1).corrected.per_config
    assert expected(HALF, needed) <= 0.1 < expected(HALF, needed - 1)


def test_a_judge_saves_labels():
    found = plan(HALF, 0.1)
    assert found.corrected.total < found.alone.total


def test_where_all_responses_are_too_few_the_plan_says_so():
    found = plan(HALF, 0.01)
    assert (found.corrected.total, found.alone.total) == (None, None) and found.best > 0.01


def test_a_small_config_gives_all_it_has():
    found = plan(Ground([100, 100, 8], 0.4, 0.2), 0.19).corrected
    assert found.per_config > 8 and found.total == 2 * found.per_config + 8


def test_as_many_labels_are_asked_for_as_an_interval_takes():
    assert plan(Ground([50], 0.0, 0.0), 0.5).corrected.total == 10
    assert plan(Ground([50] * 4, 0.0, 0.0), 0.5).corrected.total == 20


def test_configs_of_which_nothing_can_be_asked_are_left_out():
    assert ground([0, 40], Pilot(12, 0.4, 0.2, 0.7)).sizes == [40]
    assert plan(ground([0], Pilot(12, 0.4, 0.2, 0.7)), 0.1) is None


def test_an_assumed_correlation_leaves_the_rest_of_its_square():
    assert assumed(0.5, 0.6).error == pytest.approx(0.32)
    assert assumed(0.5, -0.6).error == assumed(0.5, 0.0).error == 0.5
    with pytest.raises(ValueError, match="between -1 and 1"):
        assumed(0.5, 1.2)


def test_no_width_is_refused():
    with pytest.raises(ValueError, match="larger than 0"):
        plan(HALF, 0)


# The variances of people's value and of what the judge leaves are measured in one large draw of the population; what
# the plan expects of 20 labels of each config is what the simulated intervals come to, within 6 %.
@pytest.mark.parametrize("alone", [False, True], ids=["corrected", "alone"])
def test_the_expected_width_is_that_of_the_simulation(alone):
    population = Population(4, 100)
    found = shown(population, USUAL, 20, trials=300, alone=alone)
    assert expected(Ground([100] * 4, *population.variances(USUAL)), 20, alone) == pytest.approx(
        found.half_width, rel=0.06
    )
