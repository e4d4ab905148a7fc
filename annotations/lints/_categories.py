"""How a text speaks of the risk categories: names of a category as a whole, and words that touch it."""

import re
from functools import cache

from annotations.core import taxonomy
from annotations.lints._tables import table
from annotations.lints._text import CLITICS, alternatives


def openable() -> tuple[str, ...]:
    """The slugs a config can open, in the order of the taxonomy."""
    return tuple(category.slug for category in taxonomy.categories() if category.can_be_allowed)


def name(slug: str) -> str:
    """What people call a category; the slug itself when it is none."""
    return next((category.name for category in taxonomy.categories() if category.slug == slug), slug)


def named_whole(words: str) -> str | None:
    """The slug of the category that these words, in lower case, name as a whole; None when they name none."""
    return next((slug for slug in openable() if words in table("categories")[slug]["whole"]), None)


@cache
def opens(slug: str) -> re.Pattern[str]:
    """A pattern for what an allow rule cannot speak of without opening the category."""
    return _pattern(table("categories")[slug]["opens"])


@cache
def mentions(slug: str) -> re.Pattern[str]:
    """A pattern for words that show that a text says something about the category."""
    return _pattern(table("categories")[slug]["mentions"])


def _pattern(entries: list[str]) -> re.Pattern[str]:
    """Latin entries as whole words; Arabic ones with the particles written to them and with an ending."""
    latin = alternatives(entry for entry in entries if entry[0].isascii())
    arabic = alternatives(entry for entry in entries if not entry[0].isascii())
    return re.compile(rf"(?<!\w)(?=\w)(?:{latin}|{CLITICS}(?:{arabic})\w{{0,3}})(?!\w)", re.IGNORECASE)
