"""What is found in the documents: an index in memory, made once for each state of the files."""

import re
from functools import lru_cache
from typing import NamedTuple

from django.urls import reverse

from cosa_web.documents import contents, reading

MOST_WORDS, MOST_HITS, OF_ONE = 8, 40, 3
AROUND = 90
IN_TITLE, IN_HEADING, IN_TEXT_AT_MOST = 12, 8, 3


class Piece(NamedTuple):
    """A part of an excerpt; marked when it is a word that was looked for."""

    text: str
    marked: bool


class Hit(NamedTuple):
    """A section in which every word stands: its document, its heading, an excerpt, and its address."""

    title: str
    group: str
    heading: str
    url: str
    pieces: tuple[Piece, ...]


class _Indexed(NamedTuple):
    entry: contents.Entry
    section: reading.Section
    title: str
    heading: str
    text: str


def find(words: str, most: int = MOST_HITS) -> list[Hit]:
    """The sections with every word (or the start of one), best first, at most three of a document; [] for no words."""
    asked = words.casefold().split()[:MOST_WORDS]
    patterns = [re.compile(rf"(?<!\w){re.escape(word)}") for word in asked]
    scored = [(_score(one, patterns), one) for one in _index(_state())] if patterns else []
    found: list[Hit] = []
    kept: dict[str, int] = {}
    for _, one in sorted((pair for pair in scored if pair[0]), key=lambda pair: -pair[0]):
        kept[one.entry.name] = kept.get(one.entry.name, 0) + 1
        if kept[one.entry.name] <= OF_ONE and len(found) < most:
            found.append(_hit(one, asked))
    return found


def _state() -> tuple[tuple[str, int], ...]:
    """The documents and when each was written last."""
    return tuple((one.name, (contents.FOLDER / f"{one.name}.md").stat().st_mtime_ns) for one in contents.entries())


@lru_cache(maxsize=2)
def _index(state: tuple[tuple[str, int], ...]) -> tuple[_Indexed, ...]:
    return tuple(
        _Indexed(entry, section, entry.title.casefold(), section.heading.casefold(), section.text.casefold())
        for entry in contents.entries()
        for section in reading.sections(contents.source(entry.name))
        if section.heading or section.text
    )


def _score(one: _Indexed, patterns: list[re.Pattern[str]]) -> int:
    """How well the section fits; 0 when a word is missing."""
    total = 0
    for pattern in patterns:
        worth = IN_TITLE * bool(pattern.search(one.title)) if not one.section.anchor else 0
        worth += IN_HEADING * bool(pattern.search(one.heading))
        worth += min(IN_TEXT_AT_MOST, len(pattern.findall(one.text)))
        if not worth:
            return 0
        total += worth
    return total


def _hit(one: _Indexed, asked: list[str]) -> Hit:
    url = reverse("docs-page", args=[one.entry.name])
    url += f"#{one.section.anchor}" if one.section.anchor else ""
    heading = one.section.heading if one.section.anchor else ""
    return Hit(one.entry.title, one.entry.group, heading, url, excerpt(one.section.text, asked))


def excerpt(text: str, asked: list[str]) -> tuple[Piece, ...]:
    """Some words round the first one that was looked for, each of those marked; the beginning when none is there."""
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(word)}\w*" for word in asked), re.IGNORECASE)
    first = pattern.search(text)
    middle = first.start() if first else 0
    start = text.rfind(" ", 0, max(0, middle - AROUND)) + 1
    end = text.find(" ", middle + AROUND)
    end = len(text) if end < 0 else end
    cut = ("… " if start else "") + text[start:end] + (" …" if end < len(text) else "")
    pieces, at = [], 0
    for hit in pattern.finditer(cut):
        pieces += [Piece(cut[at : hit.start()], False), Piece(hit[0], True)]
        at = hit.end()
    return tuple(piece for piece in [*pieces, Piece(cut[at:], False)] if piece.text)
