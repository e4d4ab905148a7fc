"""Texts cut into the numbered word pieces that a BERT model without case reads."""

import unicodedata
from collections.abc import Iterable
from itertools import islice

from annotations.core.accents import unpiled

_LONGEST_WORD = 100
_CONTROLS = frozenset(["Cc", "Cf", "Co", "Cs"])
_IDEOGRAPHS = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00), (0x20000, 0x2CEB0), (0x2F800, 0x2FA20))


class WordPiece:
    """A vocabulary, and how it cuts a text: the longest known piece first, then the longest that goes on from it."""

    def __init__(self, pieces: Iterable[str]) -> None:
        """The pieces in the order of their numbers; one that goes on a word begins with ##.

        Raises KeyError without [CLS], [SEP] and [UNK] among them.
        """
        self._numbers = {piece: number for number, piece in enumerate(pieces)}
        self._first, self._last, self._unknown = (self._numbers[piece] for piece in ("[CLS]", "[SEP]", "[UNK]"))

    def numbers(self, text: str, most: int) -> list[int]:
        """The text's pieces between a first and a last number, `most` in all; what is beyond them is not read.

        Empty for a text without anything in it.
        """
        pieces = (number for word in words(text) for number in self._word(word))
        found = list(islice(pieces, most - 2))
        return [self._first, *found, self._last] if found else []

    def _word(self, word: str) -> list[int]:
        found, start = [], 0
        while start < len(word) <= _LONGEST_WORD:
            end = next((end for end in range(len(word), start, -1) if _piece(word, start, end) in self._numbers), None)
            if end is None:
                return [self._unknown]
            found.append(self._numbers[_piece(word, start, end)])
            start = end
        return found or [self._unknown]


def words(text: str) -> list[str]:
    """The text's words in lower case and without accents; each mark and each ideograph is one of its own."""
    spaced = text.translate(_SPACED).lower()
    letters = unicodedata.normalize("NFD", unpiled(spaced))
    return letters.translate(_PLAIN).split()


def _piece(word: str, start: int, end: int) -> str:
    return word[start:end] if start == 0 else f"##{word[start:end]}"


class _Spaced(dict[int, str | None]):
    """What becomes of each code point before case and accents are taken away."""

    def __missing__(self, code: int) -> str | None:
        found = self[code] = _space(code, unicodedata.category(chr(code)))
        return found


def _space(code: int, category: str) -> str | None:
    if chr(code) in "\t\n\r" or category == "Zs":
        return " "
    if category in _CONTROLS or code == 0xFFFD:
        return None
    return f" {chr(code)} " if any(low <= code < high for low, high in _IDEOGRAPHS) else chr(code)


class _Plain(dict[int, str | None]):
    """What becomes of each code point after that: no accents, a space round each mark."""

    def __missing__(self, code: int) -> str | None:
        found = self[code] = _part(chr(code), unicodedata.category(chr(code)))
        return found


def _part(char: str, category: str) -> str | None:
    if category == "Mn":
        return None
    marks = category[0] == "P" or (char.isascii() and char.isprintable() and not char.isalnum() and char != " ")
    return f" {char} " if marks else char


_SPACED, _PLAIN = _Spaced(), _Plain()
