"""Bars over time; every height worked by hand."""

import pytest

from annotations import bars


def test_the_step_is_the_shortest_with_which_the_time_takes_48_of_them():
    assert [bars.step_for(seconds, 1000) for seconds in (3, 48, 49, 481, 90_000)] == [1, 1, 2, 15, 3600]


def test_few_items_get_longer_steps():
    # 24 items make 8 steps at most: 161 s in steps of 30 s; 5 items still make six, 400 s in steps of two minutes
    assert [bars.step_for(161, 24), bars.step_for(400, 5)] == [30, 120]


def test_bars_are_items_a_minute_with_what_failed_on_top():
    # Steps of 30 s: 8 + 2 items are 20 a minute, the top of the axis; 5 are 10.
    chart = bars.bars({0: (8, 2), 2: (5, 0)}, 30)
    first, none, last = chart.bars
    assert (first.step.per_minute, first.done, first.failed) == (20.0, (20.0, 80.0), (0.0, 20.0))
    assert (none.step.per_minute, none.done) == (0.0, (100.0, 0.0))
    assert (last.done, last.x, last.width) == ((50.0, 50.0), 70.0, 26.67)
    assert [tick.label for tick in chart.y_ticks] == ["0", "10", "20"]
    assert [(tick.at, tick.label) for tick in chart.x_ticks] == [(0.0, "0:00"), (33.33, "0:30"), (66.67, "1:00")]


def test_two_steps_are_no_picture():
    assert bars.bars({0: (8, 0), 1: (3, 0)}, 1) is None and bars.bars({}, 1) is None


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0:00"), (75, "1:15"), (3900, "1:05:00"), (172_800, "2 d"), (90_000, "25:00:00")]
)
def test_time_since_the_start(seconds, said):
    assert bars.clock(seconds) == said
