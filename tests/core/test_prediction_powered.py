"""The estimate that takes a judge's word for all items and people's for some: by hand, and against a known truth."""

import numpy as np
import pytest

from annotations.core.prediction_powered import DOUBT, FEWEST, FEWEST_IN_ALL, Sample, estimate
from annotations.core.student import quantile
from bench.calibration import GOOD, USELESS, USUAL, Population, shown

NAN = float("nan")
TRIALS = 2000


def make(people, judge, config=None, cluster=None, settled=None):
    size = len(people)
    return Sample(
        np.array(people, dtype=float),
        np.array(judge, dtype=float),
        np.zeros(size, dtype=bool) if settled is None else np.array(settled),
        np.array(config if config is not None else [0] * size),
        np.array(cluster if cluster is not None else range(size)),
    )


# Five labels 0, 0, 1, 1, 0 where the judge says 0, 1, 1, 1, 0; of the other five it says 1, 1, 1, 0, 1.
# Means: people 0.4, judge 0.6 of the labelled, 0.7 of all. Cov = sum((y-.4)(f-.6)) = 0.8, Var = 1.2: weight 2/3.
# 0.4 + 2/3 * (0.7 - 0.6) = 0.46667.
HAND = ([0, 0, 1, 1, 0, *[NAN] * 5], [0, 1, 1, 1, 0, 1, 1, 1, 0, 1])


def test_the_estimate_is_people_and_the_weighed_difference_of_the_judge():
    found = estimate(make(*HAND))
    assert (found.weight, found.mean.value) == (pytest.approx(2 / 3), pytest.approx(0.4 + 2 / 30))
    assert estimate(make(*HAND), weight=1).mean.value == pytest.approx(0.5)


# Cov = Var of 12 equal pairs: the weight is 1, and what is left is the judge's mean. Reversed, it would be -1: 0.
def test_the_weight_is_held_between_0_and_1():
    people = [0, 1] * 6 + [NAN] * 8
    same, otherwise = [0, 1] * 6 + [1] * 8, [1, 0] * 6 + [1] * 8
    assert estimate(make(people, same)).weight == 1
    assert estimate(make(people, same)).mean.value == pytest.approx(14 / 20)
    assert estimate(make(people, otherwise)) == estimate(make(people, otherwise), weight=0)


# Twelve labels, mean 0.5, variance 12 * 0.25 / 11; half-width t(11) * sqrt(variance / 12).
def test_people_alone_have_students_interval():
    found = estimate(make([0, 1] * 6 + [NAN] * 5, [NAN] * 17), weight=0).mean
    half = quantile(11) * (12 * 0.25 / 11 / 12) ** 0.5
    assert found.interval == pytest.approx((0.5 - half, 0.5 + half))


def test_a_judge_that_says_the_same_of_all_changes_nothing():
    people = [0, 1, 1] * 4 + [NAN] * 8
    assert estimate(make(people, [0.3] * 20)) == estimate(make(people, [NAN] * 20), weight=0)


def test_the_mean_is_unweighted_over_the_configs_that_have_a_label():
    people = [*[1] * 5, *[0] * 10, *[NAN] * 5]
    found = estimate(make(people, [NAN] * 20, config=[0] * 5 + [1] * 10 + [2] * 5), weight=0)
    assert found.mean.value == pytest.approx(0.5)
    assert found.of_config[2].value is None and found.of_config[2].why


# Twenty labels of ten prompts, both of a prompt the same: the ten prompts are what is independent. The labels as
# their own clusters have half the variance.
def test_items_of_one_prompt_are_not_taken_for_several():
    people = [0, 1] * 5
    twice = make(people * 2, [NAN] * 20, config=[0] * 10 + [1] * 10, cluster=[*range(10), *range(10)])
    apart = make(people * 2, [NAN] * 20, config=[0] * 10 + [1] * 10)
    wide, narrow = (estimate(one, weight=0).mean.interval for one in (twice, apart))
    assert (wide.high - wide.low) == pytest.approx((narrow.high - narrow.low) * 2**0.5)


# Six of ten items are settled at 0: the four others come to 1, so the whole is 0.4. What people say of the six is moot.
def test_a_settled_item_has_its_value_whatever_people_say():
    people = [*[1] * 6, 1, 1, NAN, NAN]
    judge = [*[0] * 6, *[NAN] * 4]
    found = estimate(make(people, judge, settled=[True] * 6 + [False] * 4), weight=0)
    assert found.mean.value == pytest.approx(0.4) and found.mean.n == 2


def test_where_all_is_settled_nobody_has_to_be_asked():
    found = estimate(make([NAN] * 10, [0, 1] * 5, settled=[True] * 10))
    assert found.mean.value == pytest.approx(0.5) and found.mean.interval is not None


# The judge's mean of the others in the config stands for what it left unscored: the first estimate is as before.
def test_an_item_the_judge_left_unscored_moves_nothing():
    people, judge = HAND
    more = estimate(make([*people, NAN], [*judge, NAN]))
    assert more.mean.value == pytest.approx(estimate(make(people, judge)).mean.value)


def test_few_labels_have_a_value_and_a_reason_but_no_interval():
    found = estimate(make([0, 1] * 2 + [NAN] * 5, [0, 1] * 2 + [1] * 5))
    assert found.of_config[0].interval is None and str(FEWEST) in found.of_config[0].why
    assert found.mean.interval is None and str(FEWEST_IN_ALL) in found.mean.why


def test_equal_values_have_no_interval_but_a_share_of_them_has():
    sample = make([1] * 12, [NAN] * 12)
    assert estimate(sample, weight=0).mean.interval is None and estimate(sample, weight=0).mean.why
    low, high = estimate(sample, weight=0, rate=True).mean.interval
    assert low < 0.8 and high == 1


def test_a_correction_does_not_leave_the_scale():
    found = estimate(make([0, 0, 0, 0, 0, 1] * 2 + [NAN] * 9, [0.6, 0.6, 0.6, 0.6, 0.6, 1] * 2 + [0] * 9), rate=True)
    assert found.mean.value == 0 and found.mean.interval.low == 0


def test_one_label_of_a_config_is_as_uncertain_as_those_of_the_others():
    config = [0] * 12 + [1]
    one = estimate(make([0, 1] * 6 + [1], [NAN] * 13, config=config), weight=0).mean
    two = estimate(make([0, 1] * 6 + [1] * 12, [NAN] * 24, config=[0] * 12 + [1] * 12), weight=0).mean
    assert one.interval.high - one.interval.low > two.interval.high - two.interval.low


# The judge is right about all twelve labels: weight 1, no error. Left are its own spread over the 400 responses, of
# variance 0.25, and the doubt: t(11) * sqrt(0.25 / 399 + DOUBT / 12²), which is more than ten times the former.
def test_a_judge_that_was_never_wrong_is_not_taken_for_one_that_never_is():
    found = estimate(make([0, 1] * 6 + [NAN] * 388, [0, 1] * 200)).mean
    half = quantile(11) * (0.25 / 399 + DOUBT / 144) ** 0.5
    assert (found.interval.high - found.interval.low) / 2 == pytest.approx(half)


# Where the judge says 0, people say 1 once of six times, where it says 1 four times: weight 4/6 - 1/6 = 1/2. Squared
# errors 5/6 + 8/6 = 13/6. Each label has the leverage 1/12 + 0.25/3 = 1/6, so left out its error is 6/5 of that; the
# jackknife counts 11/12. The guesses of all 24 have the variance (1/2)² * 0.25, and twelve of them were labelled.
def test_each_label_is_measured_by_what_the_others_say():
    people = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0]
    found = estimate(make([*people, *[NAN] * 12], [*[0] * 6, *[1] * 6] * 2))
    errors = 13 / 6 * (6 / 5) ** 2 * 11 / 12
    half = quantile(11) * ((errors + DOUBT) / 144 + 0.0625 / 23) ** 0.5
    assert found.weight == pytest.approx(0.5)
    assert (found.mean.interval.high - found.mean.interval.low) / 2 == pytest.approx(half)


def test_the_order_of_the_items_does_not_matter():
    rng = np.random.default_rng(3)
    sample = make(np.where(rng.random(60) < 0.5, rng.random(60), NAN), rng.random(60), rng.integers(0, 3, 60))
    order = rng.permutation(60)
    ends = [estimate(one).mean.interval for one in (sample, Sample(*(part[order] for part in sample)))]
    assert ends[0] == pytest.approx(ends[1])


def test_without_items_there_is_a_sentence():
    with pytest.raises(ValueError, match="no items"):
        estimate(make([], []))


# A judge that lets unsafe answers pass, 4 configs with the same 100 prompts each, 40 of each rated. The truth is worked
# out from the chances of the population. All seeds are fixed; the table is in docs/calibration.md.
@pytest.mark.parametrize("judge", [GOOD, USUAL], ids=["good", "usual"])
def test_the_interval_holds_the_truth_and_is_narrower_than_peoples(judge):
    population = Population(4, 100)
    ours, people = shown(population, judge, 40, trials=TRIALS), shown(population, judge, 40, trials=200, alone=True)
    assert 0.93 <= ours.mean <= 0.97 and 0.93 <= ours.config <= 0.97
    assert ours.half_width < 0.95 * people.half_width


def test_a_useless_judge_costs_next_to_nothing():
    population = Population(4, 100)
    ours, people = shown(population, USELESS, 20, trials=TRIALS), shown(population, USELESS, 20, trials=200, alone=True)
    assert 0.93 <= ours.mean <= 0.97
    assert ours.half_width < 1.03 * people.half_width
