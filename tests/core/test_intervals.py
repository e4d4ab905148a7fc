import time
import tracemalloc

import pytest

from annotations.core.intervals import Interval, bootstrap


def test_no_data_gives_no_interval():
    assert bootstrap([], []) is None
    assert bootstrap([None, None], ["a", "b"]) is None


def test_unscored_items_are_left_out():
    assert bootstrap([None, 0.2, 0.8], [9, 1, 2]) == bootstrap([0.2, 0.8], [1, 2])


def test_one_prompt_gives_its_mean_twice():
    assert bootstrap([0.0, 0.5, 1.0], ["a", "a", "a"]) == Interval(0.5, 0.5)


def test_two_prompts_reach_from_the_one_to_the_other():
    # Each of the four draws aa ab ba bb has chance 1/4, so 2.5 % and 97.5 % fall on all-a and all-b.
    assert bootstrap([0.0, 1.0], ["a", "b"]) == Interval(0.0, 1.0)


def test_a_big_prompt_weighs_by_its_items():
    # Draws: aa 1.0, bb 0.0, ab (3*1 + 0)/4 = 0.75 with chance 1/2; a level of 0.2 looks at 40 % and 60 %.
    assert bootstrap([1.0, 1.0, 1.0, 0.0], ["a", "a", "a", "b"], level=0.2) == Interval(0.75, 0.75)


def test_items_of_one_prompt_are_drawn_together():
    values = [0.0] * 20 + [1.0] * 20
    alone = bootstrap(values, range(40), resamples=2000)
    together = bootstrap(values, [place // 10 for place in range(40)], resamples=2000)
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_groups_count_alike_whatever_their_size():
    # Group x is all 1, group y all 0: every resample that has both gives (1 + 0) / 2, though x has nine items of ten.
    values, groups = [1.0] * 9 + [0.0], ["x"] * 9 + ["y"]
    assert bootstrap(values, ["p"] * 10, groups=groups) == Interval(0.5, 0.5)


def test_a_prompt_shared_by_configs_moves_in_both_at_once():
    # Each prompt is 1 in x and -1 in y or the reverse: jointly drawn, the two means always cancel.
    values = [1.0, -1.0, -1.0, 1.0]
    shared = bootstrap(values, ["a", "a", "b", "b"], groups=["x", "y", "x", "y"])
    apart = bootstrap(values, ["a", "b", "c", "d"], groups=["x", "y", "x", "y"])
    assert shared == Interval(0.0, 0.0)
    assert apart.low < 0 < apart.high


def test_a_group_that_a_resample_leaves_empty_is_left_out_of_its_mean():
    # Prompt a alone is in x (1), b alone in y (0): a draw aa is the mean of x alone, 1, not (1 + 0) / 2.
    assert bootstrap([1.0, 0.0], ["a", "b"], groups=["x", "y"]) == Interval(0.0, 1.0)


def test_the_seed_decides_and_the_order_of_rows_does_not():
    values, clusters = [0.1, 0.9, 0.4, 0.7, 0.3], ["a", "b", "c", "d", "e"]
    first = bootstrap(values, clusters, resamples=500, seed=1)
    assert bootstrap(values, clusters, resamples=500, seed=1) == first
    assert bootstrap(values[::-1], clusters[::-1], resamples=500, seed=1) == pytest.approx(first)
    assert bootstrap(values, clusters, resamples=500, seed=3) != first


def test_a_higher_level_is_wider():
    values, clusters = [place / 20 for place in range(20)], range(20)
    wide, narrow = (bootstrap(values, clusters, resamples=1000, level=level) for level in (0.99, 0.5))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_the_width_is_near_that_of_the_normal_interval():
    # 100 items, half 0 and half 1: standard error 0.05, so 95 % is 0.5 -/+ 1.96 * 0.05 = 0.402 .. 0.598.
    interval = bootstrap([0.0, 1.0] * 50, range(100))
    assert interval == pytest.approx((0.402, 0.598), abs=0.012)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"values": [1.0], "clusters": []}, "got 1, 0, 1"),
        ({"values": [1.0], "clusters": ["a"], "groups": []}, "got 1, 1, 0"),
        ({"values": [1.0], "clusters": ["a"], "resamples": 0}, "at least 1 resample"),
        ({"values": [1.0], "clusters": ["a"], "level": 95}, "a level between 0 and 1"),
    ],
)
def test_a_wrong_call_is_refused_in_words(arguments, words):
    with pytest.raises(ValueError, match=words):
        bootstrap(**arguments)


@pytest.mark.slow
def test_two_thousand_items_take_under_two_seconds_and_bounded_memory():
    values, clusters, groups = [0.5, -0.5] * 1000, range(2000), [place % 8 for place in range(2000)]
    tracemalloc.start()
    start = time.process_time()
    bootstrap(values, clusters, groups=groups)
    seconds, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 2
    assert peak < 100_000_000


def test_other_ids_in_the_same_order_give_the_same_interval():
    values = [0.0, 0.2, 1.0, 0.4, 0.9, 0.1, 0.6]
    ends = [bootstrap(values, [first + place for place in range(7)]) for first in (1, 6, 97, 998)]
    assert set(ends) == {ends[0]}
