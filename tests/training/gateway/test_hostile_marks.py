"""Piles of accents, which take the square of their length to be put in order: refused before that is done."""

import time
from itertools import cycle, islice
from typing import Any

import pytest

from training.gateway import conversation, messages
from training.gateway.marks import apart
from training.gateway.refused import Refused

PILE = "a" + "".join(islice(cycle("\u0301\u0316"), 2**19))
ACCENTS = "\u0301\u0316" * 10
ALLOWED = "Việt Nam, שָׁלוֹם, བཱི, กี่, é\u0301, " + "a" + "\u0301" * 30


def said(content: Any, **fields: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content} | fields]


@pytest.mark.parametrize(
    "given",
    [
        said(PILE),
        said("<" + PILE + ">"),
        said([{"type": "text", "text": "a"}, {"type": "text", "text": PILE}]),
        said("a" + "\u0f73\u0f71" * 2**17),
        [{"role": "assistant", "content": None, "refusal": PILE}, *said("And?")],
    ],
)
def test_a_mebibyte_of_accents_is_refused_at_once(given: list[dict[str, Any]]) -> None:
    messages.read(said("é" + ACCENTS))
    began = time.process_time()
    with pytest.raises(Refused) as refused:
        messages.read(given)
    assert time.process_time() - began < 1
    assert (refused.value.status, refused.value.code) == (400, "invalid_value")
    assert "accents" in refused.value.message


def test_accents_that_languages_write_are_taken() -> None:
    assert messages.read(said(ALLOWED))[0]["content"] == ALLOWED


@pytest.mark.parametrize("between", ["", "\u200d"])
def test_what_a_model_wrote_is_taken_apart_and_counted_in_no_time(between: str) -> None:
    text = "<|" + between.join([ACCENTS] * 2**14) + "|>"
    began = time.process_time()
    apart(text)
    most = conversation.bound([{"role": "user", "content": text}], 0)
    assert time.process_time() - began < 1.5
    assert most >= len(text.encode())
