"""Names of risk categories: how they read, which slugs they get, and which cannot be told apart in one line.

Sets of categories are written as `-A-B-` with their full names, and names may hold hyphens, commas and anything else.
So a text is read by the words of the names, and a taxonomy is good when no two sets of its names have the same words.
"""

import re
import unicodedata
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import NamedTuple

from annotations.core.config_text import digest

LONGEST_SLUG = 50
TAKEN = ("other", "safe", "none")
Words = tuple[str, ...]


def words(text: str) -> Words:
    """The words of a text: letters, digits and their marks of any script, small; all other signs only part them."""
    small = unicodedata.normalize("NFKC", text).casefold()
    if small.isascii():
        return tuple(re.findall(r"[a-z0-9]+", small))
    return tuple("".join(sign if unicodedata.category(sign)[0] in "LNM" else " " for sign in small).split())


def slug(name: str, taken: Iterable[str]) -> str:
    """A slug for a category of that name: its words with `_`, at most 50 characters, none of `taken`, never `other`.

    A long one is cut, and the digest of the name tells it apart; a name that is taken gets a number.
    """
    whole, used = "_".join(words(name)), {*taken, *TAKEN}
    stem = whole if 0 < len(whole) <= LONGEST_SLUG else f"{whole[: LONGEST_SLUG - 9]}_{digest(name)[:8]}".strip("_")
    if stem not in used:
        return stem
    return next(each for number in count(2) if (each := f"{stem[: LONGEST_SLUG - 5]}_{number}") not in used)


def alike(named: Mapping[str, Iterable[str]]) -> tuple[str, str] | None:
    """Two names of different categories that read alike, the first that there are; None when there are none.

    `named` has every category's names by its slug.
    """
    seen: dict[Words, tuple[str, str]] = {}
    for owner, names in named.items():
        for name in names:
            first, other = seen.setdefault(words(name), (owner, name))
            if first != owner:
                return other, name
    return None


class Mistaken(NamedTuple):
    """Two rows of names that read the same, one name after the other."""

    one: tuple[str, ...]
    other: tuple[str, ...]


def mistaken(names: Iterable[str]) -> Mistaken | None:
    """Two different rows of these names whose words are the same, None when every row can be told from every other.

    Source: Sardinas and Patterson 1953, the test whether a code can be read in one way only; its letters are words.
    """
    table = {words(name): name for name in names}
    waiting: deque[tuple[Words, tuple[Words, ...], tuple[Words, ...]]] = deque(
        (one[len(two) :], (one,), (two,)) for one in table for two in table if one != two and _begins(one, two)
    )
    seen: set[Words] = set()
    while waiting:
        rest, ahead, behind = waiting.popleft()
        for each in table:
            if each == rest:
                return Mistaken(tuple(table[one] for one in ahead), tuple(table[one] for one in (*behind, each)))
            if rest not in seen and _begins(rest, each):
                waiting.append((rest[len(each) :], ahead, (*behind, each)))
            elif rest not in seen and _begins(each, rest):
                waiting.append((each[len(rest) :], (*behind, each), ahead))
        seen.add(rest)
    return None


def _begins(whole: Words, part: Words) -> bool:
    return len(part) < len(whole) and whole[: len(part)] == part


Names = Mapping[str, Sequence[tuple[Words, str]]]


def table(named: Iterable[tuple[str, str]]) -> Names:
    """What `owners` looks names up in: for each first word the names that begin with it, the longest first."""
    found: dict[str, list[tuple[Words, str]]] = {}
    for name, owner in named:
        if name_words := words(name):
            found.setdefault(name_words[0], []).append((name_words, owner))
    return {first: tuple(sorted(rows, key=lambda row: (-len(row[0]), row))) for first, rows in found.items()}


def owners(text: Words, names: Names) -> frozenset[str] | None:
    """Whose names the text is made of from its first word to its last, longer names first; None when words are left."""
    goes_on: list[tuple[int, str] | None] = [None] * len(text) + [(0, "")]
    for at in range(len(text) - 1, -1, -1):
        for name, owner in names.get(text[at], ()):
            after = at + len(name)
            if text[at:after] == name and goes_on[after] is not None:
                goes_on[at] = after, owner
                break
    return None if goes_on[0] is None else frozenset(_along(goes_on, len(text)))


def _along(goes_on: list[tuple[int, str] | None], end: int) -> list[str]:
    found, at = [], 0
    while at < end and (step := goes_on[at]) is not None:
        at, owner = step
        found.append(owner)
    return found


def left_over(text: Words, names: Names) -> Words:
    """The words of a text that belong to no name, when at each word the longest name that is there is taken."""
    left, at = [], 0
    while at < len(text):
        here = [name for name, _ in names.get(text[at], ()) if text[at : at + len(name)] == name]
        left += [] if here else [text[at]]
        at += len(here[0]) if here else 1
    return tuple(left)
