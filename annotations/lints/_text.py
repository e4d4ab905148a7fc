"""The sentences of a draft with their places, and short pieces of them, in time linear in the text."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from annotations.core.config_text import Rule
from annotations.lints import Draft

LONGEST_EXCERPT = 80
CLITICS = "[وف]?(?:بال|كال|لل|ال|ب|ل|ك)?"
"""The particles that Arabic writes to the front of a word, as a pattern."""

_END = re.compile(r"(?<=[.!?؟。])\s|(?<=[.!?؟。][\"'”’»)*_])\s")
_ITEM = re.compile(r"[ \t]{0,12}(?:[-*+•·]|\d{1,3}[.)])[ \t]")
_HEADING = re.compile(r" {0,3}#{1,6} ")
_MARKS = " \t\n\r#*_-+•·>"


class Sentence(NamedTuple):
    """One sentence of the policy (`line` from 1) or of a rule (`rule`, `kind`), white space made single spaces.

    `block` is the paragraph, list item or rule it stands in; `lead` is the heading or the line ending in a colon that
    a list item or paragraph stands under, else empty.
    """

    text: str
    block: str
    line: int | None = None
    lead: str = ""
    rule: str = ""
    kind: str = ""


def sentences(draft: Draft) -> tuple[Sentence, ...]:
    """Every sentence of the policy, then of the rules' texts; examples are left out."""
    return _sentences(draft.policy, draft.rules)


@lru_cache(maxsize=4)
def _sentences(policy: str, rules: tuple[Rule, ...]) -> tuple[Sentence, ...]:
    return (*in_policy(policy), *in_rules(rules))


def in_rules(rules: Iterable[Rule]) -> Iterator[Sentence]:
    """The sentences of the rules' texts, in order."""
    for rule in rules:
        block = one_line(rule.text)
        for _, text in _cut(rule.text):
            yield Sentence(text, block, rule=rule.id, kind=rule.kind)


def in_policy(policy: str) -> Iterator[Sentence]:
    """The sentences of a policy, in order; a paragraph may be broken into several lines."""
    starts = [0, *(found.end() for found in re.finditer(r"\n", policy))]
    heading = intro = ""
    for offset, block in _blocks(policy, starts):
        mark = _ITEM.match(block)
        inside = mark.end() if mark else 0
        text = one_line(block[inside:])
        lead = intro if mark and intro else heading
        for place, sentence in _cut(block[inside:]):
            yield Sentence(sentence, text, bisect_right(starts, offset + inside + place), lead)
        heading = text if _HEADING.match(block) else heading
        intro = intro if mark else text if text.rstrip("*_").endswith(":") else ""


def excerpt(text: str, start: int = 0, end: int = 0) -> str:
    """At most LONGEST_EXCERPT characters of a text on one line, those round text[start:end], with … where it is cut."""
    if len(text) <= LONGEST_EXCERPT:
        return one_line(text)
    room = LONGEST_EXCERPT - 2
    first = max(0, min(start - max(0, room - (end - start)) // 2, len(text) - room))
    last = first + room
    return f"{'…' if first else ''}{one_line(text[first:last])}{'…' if last < len(text) else ''}"


def quoted(text: str) -> str:
    """A short piece of a text in quotation marks."""
    return f"“{excerpt(text)}”"


def listed(names: Iterable[str]) -> str:
    """Names as people list them: `a`, `a and b`, `a, b and c`."""
    *most, last = list(names)
    return f"{', '.join(most)} and {last}" if most else last


def one_line(text: str) -> str:
    """The text with each stretch of white space as one space, none at the ends."""
    return " ".join(text.split())


def bare(text: str) -> str:
    """A sentence without list marks, emphasis and the sign at its end, in lower case."""
    return text.strip(_MARKS).rstrip(".!?؟。;" + _MARKS).lower().replace("’", "'")


def alternatives(entries: Iterable[str]) -> str:
    """A pattern for any of some words or phrases; `~` at the end of an entry stands for an ending of any kind."""
    found = (re.escape(entry.removesuffix("~")) + r"\w{0,12}" * entry.endswith("~") for entry in entries)
    return "|".join(sorted(found, key=len, reverse=True))


def _blocks(policy: str, starts: list[int]) -> Iterator[tuple[int, str]]:
    """Paragraphs, list items and headings with where they begin; blank lines only part them."""
    begin: int | None = None
    end, last = 0, ""
    for start, following in zip(starts, [*starts[1:], len(policy)], strict=True):
        line = policy[start:following]
        if begin is not None and (_begins(line) or _ends(last)):
            yield begin, policy[begin:end]
            begin = None
        if line.strip():
            begin, end, last = (start if begin is None else begin), following, line
    if begin is not None:
        yield begin, policy[begin:end]


def _begins(line: str) -> bool:
    """True for a line that belongs to no block before it."""
    return not line.strip() or bool(_HEADING.match(line) or _ITEM.match(line))


def _ends(line: str) -> bool:
    """True for a line that no further line of its block follows: a heading, or one that ends in a colon."""
    return bool(_HEADING.match(line)) or line.rstrip(" \t\r\n*_").endswith(":")


def _cut(text: str) -> Iterator[tuple[int, str]]:
    """The sentences of a text that have any sign, each with where it begins."""
    start = 0
    for stop in [*(found.end() for found in _END.finditer(text)), len(text)]:
        part = text[start:stop]
        if part.strip():
            yield start + len(part) - len(part.lstrip()), one_line(part)
        start = stop
