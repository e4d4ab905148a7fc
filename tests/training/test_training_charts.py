"""Where the lines of a chart go, worked by hand."""

import pytest

from training import training_charts
from training.training_charts import Cell, charts, path, smoothed
from training.training_figures import axis_words, figure
from training.training_points import Bucket


def one(step, value, bad=0):
    return Bucket(step, step, 1, bad, value, value, value)


def gap(step):
    return Bucket(step, step, 0, 1, None, None, 0.0)


def half(step):
    return step / 2


def same(value):
    return value


def test_a_line_goes_from_value_to_value_in_a_square_of_1000():
    # step 1 of 2 is in the middle; value 0 is at the bottom, 1 at the top
    assert path([one(1, 0.0), one(2, 1.0)], half, same) == "M500 1000h0L1000 0"


def test_a_bucket_is_drawn_by_its_least_and_its_greatest_value_the_nearer_one_first():
    assert path([Bucket(1, 2, 3, 0, 0.2, 0.9, 1.5)], half, same) == "M500 800L1000 100"
    assert path([one(0, 1.0), Bucket(1, 2, 3, 0, 0.2, 0.9, 1.5)], half, same) == "M0 0h0L500 100L1000 800"


def test_a_value_that_is_no_number_breaks_the_line():
    assert path([one(0, 0.5), gap(1), one(2, 0.5)], half, same) == "M0 500h0M1000 500h0"
    # a bucket with both: its finite value is drawn, and the line goes on anew after it
    assert path([one(0, 0.5), one(1, 0.5, bad=1), one(2, 0.5)], half, same) == "M0 500h0L500 500M1000 500h0"


def test_a_moving_mean_weighs_each_value_alike_and_short_series_have_none():
    assert smoothed([one(step, 1.0) for step in range(11)], half, same) == ""
    known = [one(step, 0.0) for step in range(11)] + [Bucket(11, 11, 5, 0, 1.0, 1.0, 5.0)]
    line = smoothed(known, lambda step: step / 11, same).split("L")
    # the last mean is of 4 zeros and 5 ones: 5/9, so 444 from the top; the first is of five zeros
    assert (line[0], line[-1], len(line)) == ("M0 1000", "1000 444", 12)


def test_axes_are_round_and_hold_every_value():
    chart = charts("sft", {"loss": [one(1, 0.31), one(2950, 1.12)]}, 3000)[0]
    assert [(tick.at, tick.label) for tick in chart.y_ticks] == [(100, "0"), (66.67, "0.5"), (33.33, "1"), (0, "1.5")]
    assert [(tick.at, tick.label, tick.anchor) for tick in chart.x_ticks] == [
        (0, "0", "start"), (33.33, "1\u202f000", "middle"), (66.67, "2\u202f000", "middle"), (100, "3\u202f000", "end")
    ]  # fmt: skip


def test_a_tick_beyond_the_end_is_not_drawn_at_the_edge():
    assert [tick.label for tick in charts("sft", {"loss": [one(1, 1.0)]}, 740)[0].x_ticks] == ["0", "200", "400", "600"]


@pytest.mark.parametrize("value", [0.0, -2.5, 3e-7])
def test_a_series_of_one_value_has_an_axis_around_it(value):
    chart = charts("sft", {"loss": [one(1, value)]}, 1)[0]
    (x, y) = chart.curves[0].dots[0]
    assert x == 100 and 0 < y < 100


def test_gaps_are_marked_and_counted():
    curve = charts("dpo", {"loss": [one(1, 1.0), gap(2), gap(3), one(4, 1.0)]}, 4)[0].curves[0]
    assert (curve.n, curve.bad, curve.gaps, curve.last) == (2, 2, (50.0, 75.0), 1.0)


def test_what_only_dpo_has_is_no_chart_of_sft_and_cards_have_one_where_there_are_any():
    slugs = [chart.slug for chart in charts("dpo", {}, 10)]
    assert slugs == ["loss", "margins", "accuracies", "gradient", "rate", "speed", "memory", "cores"]
    assert [chart.slug for chart in charts("sft", {}, 10)] == ["loss", "gradient", "rate", "speed", "memory", "cores"]
    used = charts("sft", {"gpu1_use_percent": [one(1, 90.0)]}, 10, cards=[4, 5])
    assert {chart.slug: [curve.name for curve in chart.curves] for chart in used}["use"] == ["card 4", "card 5"]


def test_the_table_gathers_the_steps_in_ten_parts():
    chart = charts("sft", {"loss": [one(step, float(step)) for step in range(1, 21)]}, 20)[0]
    first, last, cells = chart.rows[0]
    assert (len(chart.rows), first, last, cells) == (10, 1, 2, (Cell(1.5, 1.0, 2.0, 2),))


def test_no_series_is_drawn_by_more_than_300_points():
    full = [Bucket(step, step, 2, 0, 0.0, 1.0, 1.0) for step in range(150)]
    line = training_charts.path(full, lambda step: step / 150, same)
    assert line.count("L") + line.count("M") == 300


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "–"), (0.69314, "0.6931"), (5e-07, "5e−7"), (-0.25, "−0.25"), (float("nan"), "–"), (9810.4, "9810")],
)
def test_figures_have_four_digits_that_count(value, words):
    assert figure(value) == words


def test_axis_words_have_thin_spaces_and_no_zeros_in_powers():
    assert [axis_words(value) for value in (12000.0, 2.5, -2.0, 4e-07)] == ["12\u202f000", "2.5", "−2", "4e−7"]
