import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.core import tokens

FAMILY = "👨‍👩‍👧"


@settings(database=None, deadline=None, max_examples=150)
@given(st.text(max_size=60))
def test_every_sign_is_in_one_token(text):
    found = tokens.split(text)
    assert "".join(found.texts) == text and all(found.texts) and len(found.texts) == len(found.kinds)


def test_tokens_hold_every_sign_and_count_words():
    assert tokens.split(f"Don't, {FAMILY} 1,5 新闻\r\n").texts == [
        "Don't",
        ",",
        " ",
        FAMILY,
        " ",
        "1,5",
        " ",
        "新",
        "闻",
        "\r\n",
    ]
    assert tokens.count_words(f"Don't, {FAMILY} 1,5 新闻\r\n") == 5


@pytest.mark.parametrize("text", ["\ud83d alone", "\0", "\u0301 first", "\u200d", "\u202e turned"])
def test_signs_that_stand_wrongly_are_tokens_too(text):
    assert "".join(tokens.split(text).texts) == text
