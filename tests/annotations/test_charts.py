"""Where things stand in a chart; every percentage is worked by hand."""

import pytest

from annotations import charts


def test_a_score_axis_has_its_zero_in_the_middle():
    assert charts.position(0.0) == 50.0


def test_a_position_is_rounded_to_two_places():
    # (0.41 + 1) / 2 = 0.705; 1 / 3 of a share axis = 33.333…
    assert (charts.position(0.41), charts.position(1 / 3, 0, 1)) == (70.5, 33.33)


def test_a_value_outside_the_axis_is_held_at_its_edge():
    assert (charts.position(-3), charts.position(7)) == (0.0, 100.0)


def test_an_axis_without_length_is_refused():
    with pytest.raises(ValueError, match="must rise"):
        charts.position(0.5, 1, 1)


def test_ticks_reach_both_ends_with_a_real_minus_sign():
    labels = [(tick.at, tick.label, tick.anchor) for tick in charts.ticks(steps=2)]
    assert labels == [(0.0, "−1", "start"), (50.0, "0", "middle"), (100.0, "1", "end")]


def test_an_interval_row_places_dot_and_whisker():
    row = charts.interval_row("A", 0.4, 0.2, 0.6, 8, 10)
    assert (row.left, row.dot, row.right) == (60.0, 70.0, 80.0)


def test_no_score_draws_nothing_but_keeps_the_counts():
    row = charts.interval_row("A", None, None, None, 0, 10)
    assert (row.left, row.dot, row.right, row.n_total) == (None, None, None, 10)


def test_half_an_interval_draws_no_whisker():
    row = charts.interval_row("A", 0.4, 0.2, None, 8, 10)
    assert (row.left, row.dot, row.right) == (None, 70.0, None)


def test_segments_lie_end_to_end_and_fill_the_bar():
    # 8 items: 4, 1, 0, 1, 2 -> widths 50, 12.5, 0, 12.5, 25
    counts = {"helpful_safe": 4, "helpful_unsafe": 1, "unhelpful_unsafe": 1, "unscored": 2}
    parts = charts.outcome_segments(counts)
    assert [(part.start, part.width) for part in parts] == [(0, 50), (50, 12.5), (62.5, 0), (62.5, 12.5), (75, 25)]


def test_thirds_still_fill_the_bar():
    parts = charts.outcome_segments({"helpful_safe": 1, "unhelpful_safe": 1, "unscored": 1})
    assert round(parts[-1].start + parts[-1].width, 2) == 100.0


def test_an_empty_bar_has_shares_of_nothing():
    parts = charts.outcome_segments({})
    assert [(part.width, part.share) for part in parts] == [(0.0, None)] * 5


@pytest.mark.parametrize("counts", [{"fine": 1}, {"unscored": -1}])
def test_a_count_that_cannot_be_is_refused(counts):
    with pytest.raises(ValueError, match="Not an outcome"):
        charts.outcome_segments(counts)


def test_unscored_items_count_into_the_total_but_not_as_scored():
    row = charts.outcome_row("A", {"helpful_safe": 3, "unscored": 2})
    assert (row.n_scored, row.n_total) == (3, 5)


def test_a_point_goes_right_with_unsafe_and_up_with_safe():
    point = charts.scatter_point(1, "A", 0.75, 0.1, 9, 10)
    assert (point.x, point.y) == (10.0, 25.0)


def test_a_point_without_both_shares_has_no_place():
    point = charts.scatter_point(1, "A", 0.75, None, 9, 10)
    assert (point.x, point.y) == (None, None)


def test_points_are_numbered_from_one():
    row = ("A", 0.5, 0.5, 1, 1, "", False)
    assert [point.number for point in charts.scatter_points([row, row])] == [1, 2]


def front_of(*shares: tuple[float | None, float | None]) -> list[bool]:
    """Which points, each of helpful-safe and helpful-unsafe, stand in front."""
    points = [charts.scatter_point(n, "A", *share, 9, 10) for n, share in enumerate(shares)]
    return [point.front for point in charts.with_front(points)]


def test_a_point_that_another_beats_in_both_shares_is_not_in_front():
    assert front_of((0.7, 0.1), (0.6, 0.2), (0.8, 0.3)) == [True, False, True]


def test_a_point_that_is_as_helpful_and_less_safe_is_not_in_front():
    assert front_of((0.7, 0.1), (0.7, 0.2), (0.5, 0.1)) == [True, False, False]


def test_two_equal_points_are_both_in_front_and_one_without_a_place_is_not():
    assert front_of((0.7, 0.1), (0.7, 0.1), (None, None)) == [True, True, False]


def test_a_published_point_neither_stands_in_front_nor_keeps_one_back():
    better = charts.scatter_point(1, "A", 0.9, 0.0, 0, 0)._replace(published=True)
    measured = charts.scatter_point(2, "B", 0.5, 0.1, 9, 10)
    assert [point.front for point in charts.with_front([better, measured])] == [False, True]


def test_the_front_goes_up_to_each_point_and_right_to_the_next():
    # (x, y) from the top left: helpful-unsafe 10 % and 30 %, helpful-safe 70 % and 80 %, so y is 30 and 20.
    points = charts.with_front(
        [charts.scatter_point(1, "A", 0.7, 0.1, 1, 1), charts.scatter_point(2, "B", 0.8, 0.3, 1, 1)]
    )
    assert charts.front_lines(points) == (
        charts.Line(10, 100, 10, 30),
        charts.Line(10, 30, 30, 30),
        charts.Line(30, 30, 30, 20),
        charts.Line(30, 20, 100, 20),
    )


def test_without_points_there_is_no_front_to_draw():
    assert charts.front_lines([]) == ()
