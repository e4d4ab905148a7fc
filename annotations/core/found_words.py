"""Words that are looked for in texts of any script, and a text with those words marked."""

import re
import unicodedata
from typing import NamedTuple

from annotations.core.storable import storable

MOST_WORDS, LONGEST_WORD = 6, 80
AROUND = 70


class Piece(NamedTuple):
    """A part of a text; marked when it is a word that was looked for."""

    text: str
    marked: bool


def asked_words(typed: str) -> tuple[str, ...]:
    """The different words of what was typed, at most six, each at most 80 characters."""
    return tuple(dict.fromkeys(word[:LONGEST_WORD] for word in storable(typed).split()))[:MOST_WORDS]


def spellings(word: str) -> tuple[str, ...]:
    """The word in small and capital letters, its accents as parts of letters and as marks of their own.

    A database that knows the two cases of ASCII alone finds `Éléphant` by `éléphant` with these.
    """
    if word.isascii():
        return (word,)
    cases = (word, word.lower(), word.upper(), word.capitalize())
    forms = (unicodedata.normalize(form, case) for case in cases for form in ("NFC", "NFD"))
    return tuple(dict.fromkeys(forms))


def pieces(text: str, words: tuple[str, ...], around: int = AROUND) -> tuple[Piece, ...]:
    """What stands `around` characters before and after the first of the words, all of them marked.

    Of a text without any, as much from its beginning; an ellipsis stands where something is left out.
    """
    pattern = re.compile("|".join(re.escape(each) for word in words for each in spellings(word)) or "$^", re.IGNORECASE)
    first = pattern.search(text)
    start, end = _bounds(text, first.start() if first else 0, first.end() if first else 0, around)
    shown = ("… " if start else "") + " ".join(text[start:end].split()) + (" …" if end < len(text) else "")
    found, at = [], 0
    for hit in pattern.finditer(shown):
        found += [Piece(shown[at : hit.start()], False), Piece(hit[0], True)]
        at = hit.end()
    return tuple(piece for piece in (*found, Piece(shown[at:], False)) if piece.text)


def _bounds(text: str, first: int, last: int, around: int) -> tuple[int, int]:
    """Where the excerpt begins and ends, between two words where there is a space to do so."""
    start = 0 if first <= around else text.rfind(" ", first - 2 * around, first - around) + 1 or first - around
    stop = last + 2 * around
    if stop >= len(text):
        return start, len(text)
    space = text.find(" ", last + around, stop)
    return start, space if space >= 0 else stop
