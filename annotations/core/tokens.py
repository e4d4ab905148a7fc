"""Text cut into the pieces a reader sees as one: words, numbers, marks, spaces, line breaks, emoji.

Scripts that write without spaces (Chinese, Japanese, Thai …) give one token for each character. What belongs together
stays together: letters with their vowel signs, an emoji with its skin tone and its joined partners, flags, keycaps.
"""

import re
import unicodedata
from typing import NamedTuple

BREAKS, SPACES, WORDS = frozenset("rn"), frozenset("srn"), frozenset("wdcef")

_ZWNJ, _ZWJ, _SOFT_HYPHEN, _WORD_JOINER = "\u200c", "\u200d", "\u00ad", "\u2060"
_SKIN_TONES, _TAGS, _FLAG_LETTERS = range(0x1F3FB, 0x1F400), range(0xE0020, 0xE0080), range(0x1F1E6, 0x1F200)
# Letters by category, yet written into the letter before them: the am of Thai and Lao, and the halfwidth voice marks.
_CLINGING = frozenset([_ZWNJ, _SOFT_HYPHEN, _WORD_JOINER, "\u0e33", "\u0eb3", "\uff9e", "\uff9f"])
_WITHOUT_SPACES = (
    range(0x0E00, 0x0F00),
    range(0x1000, 0x10A0),
    range(0x1780, 0x1800),
    range(0x2E80, 0x3100),
    range(0x31F0, 0x3200),
    range(0x3400, 0x4DC0),
    range(0x4E00, 0xA000),
    range(0xF900, 0xFB00),
    range(0xFF66, 0xFFA0),
    range(0x20000, 0x32000),
)
_TOKEN = re.compile(
    r"""
    rn | [rn]
    | s+(?![mz])                            # spaces; one that carries a mark is a token with its mark
    | ff[mz]*                               # a flag is two letters
    | d+(?:,d+)*(?![wdmz])                  # a number with its separators
    | [wd][wdmz]*(?:q[wd][wdmz]*)*          # a word with its apostrophes
    | .[mz]*(?:(?<=z)[epq,][mz]*)*          # any sign with what joins it
    """,
    re.VERBOSE,
)


class Tokens(NamedTuple):
    """The tokens of a text in order, and one letter for the kind of each; joined they are the text."""

    texts: list[str]
    kinds: str


def split(text: str) -> Tokens:
    """The tokens of a text: every character is in exactly one of them.

    Kinds: w word, d number, c character of a script without spaces, e emoji or other picture, f flag (these count as
    words); s spaces, r n line breaks; everything else is punctuation or a lone mark. Time is linear in the text.
    """
    classes = text.translate(_CLASSES)
    spans = [match.span() for match in _TOKEN.finditer(classes)]
    return Tokens([text[low:high] for low, high in spans], "".join([classes[low] for low, _ in spans]))


def count_words(text: str) -> int:
    """How many words a text has: words, numbers, pictures, and each character of a script without spaces."""
    return sum(kind in WORDS for kind in split(text).kinds)


class _Classes(dict[int, str]):
    """The class of each code point by one letter, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        found = self[code] = _class(chr(code))
        return found


def _class(char: str) -> str:
    code, category = ord(char), unicodedata.category(char)
    if char in _FIXED:
        return _FIXED[char]
    if char.isspace():
        return "s"
    if category[0] == "M" or char in _CLINGING or code in _SKIN_TONES or code in _TAGS:
        return "m"
    if code in _FLAG_LETTERS:
        return "f"
    if category[0] in "LN":
        return _letter(code, category)
    return "e" if category == "So" else "p"


def _letter(code: int, category: str) -> str:
    if category == "Nd":
        return "d"
    return "c" if any(code in block for block in _WITHOUT_SPACES) else "w"


_FIXED = {"\n": "n", "\r": "r", _ZWJ: "z", "_": "w"} | dict.fromkeys("'’", "q") | dict.fromkeys(".,٫٬", ",")
_CLASSES = _Classes()
