"""How figures are written: one way on every page, and "–" where there is nothing."""

from datetime import timedelta

import pytest

from annotations import marks
from annotations.templatetags import look

FILTERS = [look.score, look.percent, look.stars, look.duration, look.ms, look.count, look.short]


@pytest.mark.parametrize("written", FILTERS, ids=lambda written: written.__name__)
def test_nothing_is_a_dash_and_never_a_zero(written):
    assert written(None) == "–"


@pytest.mark.parametrize(
    ("value", "text"), [(0.412, "0.41"), (-0.5, "−0.50"), (-0.001, "0.00"), (0, "0.00"), (1, "1.00")]
)
def test_a_score_has_two_decimals_and_a_real_minus_sign(value, text):
    assert look.score(value) == text


def test_a_title_is_long_from_91_characters_on():
    assert (look.title_size("a" * 90), look.title_size("a" * 91), look.title_size(None)) == ("", "long", "")


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0.36, 0.46, "[0.36–0.46]"), (-0.1, 0.2, "[−0.10 to 0.20]"), (None, 0.2, ""), (0.0, 0.0, "[0.00–0.00]")],
)
def test_an_interval_never_lets_a_dash_read_as_a_sign(low, high, text):
    assert look.interval(low, high) == text


@pytest.mark.parametrize(("value", "text"), [(0.645, "64.5\u202f%"), (0, "0.0\u202f%"), (1, "100.0\u202f%")])
def test_a_share_is_written_as_percent(value, text):
    assert look.percent(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.8, "4"), (0.7, "3.5"), (0, "0"), (1.0, "5")])
def test_helpfulness_is_shown_from_zero_to_five(value, text):
    assert look.stars(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 s"),
        (1.24, "1.2 s"),
        (9.97, "10 s"),
        (59.6, "1 min"),
        (130, "2 min 10 s"),
        (3600, "1 h"),
        (3661, "1 h 1 min"),
        (90000, "1 d 1 h"),
        (timedelta(seconds=130), "2 min 10 s"),
    ],
)
def test_a_duration_has_its_two_largest_units(value, text):
    assert look.duration(value) == text


@pytest.mark.parametrize(("value", "text"), [(480, "480 ms"), (999.7, "1.00 s"), (1254, "1.25 s"), (0, "0 ms")])
def test_milliseconds_turn_into_seconds_from_one_second_on(value, text):
    assert look.ms(value) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (999, "999"), (12480, "12\u202f480"), (-1200, "−1\u202f200")])
def test_a_count_has_thin_spaces_between_thousands(value, text):
    assert look.count(value) == text


def test_a_digest_is_cut_to_eight_characters():
    assert look.short("4be07d1352f0") == "4be07d13"


@pytest.mark.parametrize(
    ("part", "whole", "text"), [(1, 3, "33.33%"), (5, 0, "0%"), (5, 4, "100.00%"), (None, 4, "0.00%")]
)
def test_a_part_of_a_bar_stays_inside_it(part, whole, text):
    assert look.share_of(part, whole) == text


def test_a_position_is_written_for_svg():
    assert (look.at(62.5), look.at(0.0), look.at(None)) == ("62.5%", "0%", "0%")


def test_every_run_state_has_a_glyph_of_its_own():
    glyphs = {mark.glyph for mark in marks.RUN_STATES.values()}
    assert len(glyphs) == 7


def test_an_unknown_state_is_shown_as_its_word():
    assert marks.mark(marks.RUN_STATES, "half_done") == ("·", "half done", "grey")


@pytest.mark.parametrize(
    ("value", "text"), [(0.0071, "+0.007"), (-0.2, "−0.200"), (0.0004, "0.000"), (-0.0004, "0.000"), (None, "–")]
)
def test_a_difference_has_a_sign_unless_it_rounds_to_zero(value, text):
    assert look.shift(value) == text


def test_the_ends_of_a_difference_have_signs_of_their_own():
    assert look.shift_interval(-0.004, 0.0131) == "[−0.004 to +0.013]"
    assert look.shift_interval(None, 0.1) == ""
