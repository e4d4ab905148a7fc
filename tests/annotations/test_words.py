"""Slugs of the code as people read them."""

from annotations.templatetags import look


def test_a_risk_is_shown_by_its_name():
    assert look.risk("financial_crime") == "Financial crime"


def test_an_unknown_risk_is_shown_as_it_is():
    assert look.risk("loud_music") == "loud_music"


def test_an_error_is_shown_in_words():
    assert look.register.filters["error_mark"]("rate_limited").word == "rate limit"


def test_an_unknown_error_is_shown_in_its_own_words():
    assert look.register.filters["error_mark"]("solar_flare").word == "solar flare"
