"""Accents that pile up on one letter without end."""

import re
import unicodedata
from functools import cache

_HIGHEST = 30


def unpiled(text: str) -> str:
    """The text with at most 30 accents on a letter, which no language exceeds. Source: UAX #15, stream-safe text.

    Longer piles take the square of their length to be put in order when a text is normalised: 20,000 take 0.3 s.
    """
    return text if text.isascii() else _piles().sub(r"\1", text)


@cache
def _piles() -> re.Pattern[str]:
    marks = "".join(filter(_is_accent, map(chr, range(0x300, 0x20000))))
    return re.compile(f"([{marks}]{{{_HIGHEST}}})[{marks}]+")


def _is_accent(letter: str) -> bool:
    # a few are no marks themselves and become marks when they are taken apart: U+0F73, U+FF9E
    return unicodedata.combining(unicodedata.normalize("NFKD", letter)[0]) > 0
