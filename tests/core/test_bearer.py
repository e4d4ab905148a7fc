"""What a program shows after Bearer, however it writes the header."""

import pytest

from annotations.core.bearer import shown


@pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "  BEARER   abc  "])
def test_what_stands_after_bearer_is_the_secret(header):
    assert shown(header) == "abc"


@pytest.mark.parametrize("header", ["Bearer", " bearer  "])
def test_bearer_and_nothing_is_an_empty_secret(header):
    assert shown(header) == ""


@pytest.mark.parametrize("header", ["", "abc", "Basic abc", "Bearerabc", "Token Bearer abc"])
def test_any_other_header_shows_none(header):
    assert shown(header) is None
