"""Lines over versions and over days; every place worked by hand."""

from datetime import date, timedelta

from annotations import lines
from annotations.charts import Line
from annotations.lines import Day, Measured


def measured(version, score, low=None, high=None):
    return Measured(version, score, low, high, 10, 10, f"Run {version}")


def test_versions_stand_in_equal_steps_and_scores_on_the_narrowest_axis():
    # Whiskers 0.1 to 0.6 lie in 0..0.75. Of two versions, one series: 25 and 75 %. 0.3 is 40 % up, so 60 % down.
    chart = lines.over_versions([("one", [measured(4, 0.5, 0.4, 0.6), measured(2, 0.3, 0.1, 0.45)])])
    (first, second) = chart.series[0].dots
    assert (first.x, first.y, first.top, first.bottom) == (25.0, 60.0, 40.0, 86.67)
    assert (second.x, second.y) == (75.0, 33.33)
    assert chart.series[0].strokes == (Line(25.0, 60.0, 75.0, 33.33),)
    assert [(tick.at, tick.label) for tick in chart.x_ticks] == [(25.0, "v2"), (75.0, "v4")]
    assert [(tick.at, tick.label) for tick in chart.y_ticks] == [
        (100.0, "0"), (66.67, "0.25"), (33.33, "0.5"), (0.0, "0.75")
    ]  # fmt: skip
    assert chart.zero == 100.0


def test_dots_of_one_version_stand_beside_each_other():
    # One version, two series: half of the room for two would be 25 % between them, but 3 is the most.
    chart = lines.over_versions([("one", [measured(1, 0.5)]), ("two", [measured(1, 0.5)])])
    assert [one.dots[0].x for one in chart.series] == [48.5, 51.5]


def test_dots_of_many_versions_stand_closer_than_their_versions():
    # 20 versions, 5 % each: half of that for two is 1.25 % between the dots, so 0.62 to each side of 2.5 %.
    many = [measured(at, 0.5) for at in range(20)]
    assert [one.dots[0].x for one in lines.over_versions([("one", many), ("two", many)]).series] == [1.88, 3.12]


def test_two_series_are_never_joined():
    chart = lines.over_versions([("one", [measured(1, 0.5)]), ("two", [measured(2, 0.6)])])
    assert [one.strokes for one in chart.series] == [(), ()]


def test_what_is_unscored_is_no_dot_and_stays_in_the_table():
    chart = lines.over_versions([("one", [measured(1, 0.5), measured(2, None), measured(3, 0.7)])])
    (series,) = chart.series
    assert [dot.of.version for dot in series.dots] == [1, 3] and [row.version for row in series.rows] == [1, 2, 3]
    assert len(series.strokes) == 1


def test_nothing_scored_at_all_still_has_an_axis():
    chart = lines.over_versions([("one", [measured(1, None)])])
    assert [tick.label for tick in chart.y_ticks] == ["−1", "−0.5", "0", "0.5", "1"] and chart.zero == 50.0


def test_one_score_alone_has_room_around_it():
    chart = lines.over_versions([("one", [measured(1, 0.5)])])
    assert [tick.label for tick in chart.y_ticks] == ["0.25", "0.5", "0.75"] and chart.zero is None


def test_no_more_series_are_drawn_than_there_are_looks():
    chart = lines.over_versions([(str(at), [measured(1, 0.5)]) for at in range(9)])
    assert chart.undrawn == 3 and [bool(one.marker) for one in chart.series] == [True] * 6 + [False] * 3
    assert all(one.rows for one in chart.series)


def test_every_line_has_dashes_and_a_marker_of_its_own():
    assert len({dashes for _, dashes, _ in lines.LOOKS}) == len({marker for *_, marker in lines.LOOKS}) == 6


def days(*numbers):
    total, rows = 0, []
    for at, n in enumerate(numbers):
        total += n
        rows.append(Day(date(2026, 3, 1) + timedelta(at), n, total))
    return rows


def test_answers_climb_to_what_is_asked_for_and_on_at_the_pace():
    # 2 days gone, 2 ahead: half of the width each. The axis goes to 20; 10 answers are half, 15 asked for are 3/4.
    chart = lines.progress(days(4, 6), 15, date(2026, 3, 4))
    assert chart.path == "M0 1000L250 800L500 500"
    assert (chart.asked, chart.onward) == (25.0, Line(50.0, 50.0, 100.0, 25.0))
    assert [(tick.at, tick.label) for tick in chart.x_ticks] == [
        (25.0, "1 Mar"), (50.0, "2 Mar"), (75.0, "3 Mar"), (100.0, "4 Mar")
    ]  # fmt: skip


def test_an_end_that_is_far_away_is_not_drawn():
    chart = lines.progress(days(4, 6), 15, date(2026, 3, 9))
    assert chart.onward is None and chart.path.endswith("L1000 500")


def test_without_an_end_the_days_fill_the_width():
    assert lines.progress(days(3), 3, None).path == "M0 1000L1000 400"
