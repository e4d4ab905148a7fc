import time
import unicodedata
from itertools import cycle, islice

import pytest

from annotations.core.accents import unpiled

# marks of different classes, and of class 0 that become marks when a text is normalised
PAIRS = ["\u0301\u0316", "\u0f73\u0f71", "\u0f75\u0f71", "\u0f81\u0f71", "\uff9e\u0334"]


@pytest.mark.parametrize("pair", PAIRS)
def test_a_pile_of_accents_is_cut_at_thirty_whatever_they_are_made_of(pair: str) -> None:
    assert unpiled("a" + pair * 100 + "b") == "a" + pair * 15 + "b"


@pytest.mark.parametrize("form", ["NFD", "NFKD"])
def test_every_character_that_becomes_a_mark_counts_as_one(form: str) -> None:
    for letter in map(chr, range(0x110000)):
        if unicodedata.combining(unicodedata.normalize(form, letter)[0]):
            assert unpiled(letter * 31) == letter * 30, hex(ord(letter))


def test_a_mebibyte_of_accents_is_cut_and_normalised_in_no_time() -> None:
    text = "a" + "".join(islice(cycle("\u0301\u0316\u0f73\u0334"), 2**19))
    began = time.process_time()
    assert len(unicodedata.normalize("NFKD", unpiled(text))) <= 100
    assert time.process_time() - began < 1
