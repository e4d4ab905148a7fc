"""Words of pages that nobody can translate: `python -m tests.unmarked [WORD ...]` prints them, by page.

Every page of the world of the sweep is asked for in a language that is English in other letters. What is still in
the letters of English then is a word of a row, a word of a format, or a string that is not marked. WORDs choose pages
by their URL names.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from tests.markup import Element, elements

NOT_LETTERS = re.compile(r"(%\(\w+\)[sd]|%%|%[sd]|\{[\w.]*\}|<[^>]*>|&\w+;)")
OTHER_LETTERS = {letter: 0xFEE0 + letter for letter in (*range(65, 91), *range(97, 123))}
WORDS = re.compile(r"[A-Za-z]{2,}")
PARTS = re.compile(r" [·|→] |, |; |: |[“”()[\]]| (?=v\d)|[Ａ-ｚ]+")
LONG = 12
HEARD = ("title", "aria-label", "aria-description", "aria-valuetext", "placeholder", "alt", "label")
OWN_WORDS = frozenset({"bdi", "code", "kbd", "pre", "samp", "script", "style", "textarea"})
NO_WORDS = re.compile(
    r"CoSA(-Score| Web|Align-Test|pien)?|SFT|DPO|LoRA|Cohen|Fleiss|Plain|Python|JavaScript|curl|API|UTC"
    r"|CSV|JSON( Lines)?|PNG|SVG|TOML|Parquet|README\.md|[\w-]+\.jsonl?|v\d+|[0-9a-f]{8,}…?"
    r"|[−+]?[\d.,\u202f]+ ?(ms|min|s|h|d|px|[kMG]i?B)?|\d+ min \d+ s"
)
"""Names of formats, programs and strategies, digests, units."""


def in_other_letters(message: str) -> str:
    """The message in wide letters, `Ｈｏｍｅ`; places for values and tags stay as they are."""
    pieces = NOT_LETTERS.split(str(message))
    return "".join(piece if number % 2 else piece.translate(OTHER_LETTERS) for number, piece in enumerate(pieces))


@contextmanager
def other_letters() -> Iterator[None]:
    """In here everything that is marked is said in other letters."""
    from django.utils import translation
    from django.utils.safestring import SafeString

    def said(message: str) -> str:
        made = in_other_letters(message)
        return SafeString(made) if isinstance(message, SafeString) else made

    spoken: dict[str, Any] = {
        "gettext": said,
        "ngettext": lambda one, several, number: said(one if number == 1 else several),
        "pgettext": lambda context, message: said(message),
        "npgettext": lambda context, one, several, number: said(one if number == 1 else several),
    }
    with mock.patch.dict(translation._trans.__dict__, spoken):
        yield


def words_of_rows() -> set[str]:
    """Every text that stands in the database, and what people are called."""
    from django.apps import apps

    from annotations.models import User

    models = [model for label in ("annotations", "training") for model in apps.get_app_config(label).get_models()]
    rows = [row for model in models for row in model._base_manager.values_list()]
    texts = {" ".join(text.split()) for row in rows for value in row for text in _texts(value)}
    return texts | {str(user) for user in User.objects.all()}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from (name, *_texts(one))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def unmarked(html: str, known: set[str]) -> list[str]:
    """The words of the page, seen or heard, that are in the letters of English and are no text of `known`."""
    shown = [text for one in elements(html) if not _of_people(one) for text in _shown(one)]
    found = (" ".join(text.split()) for text in shown)
    return [text for text in dict.fromkeys(found) if WORDS.search(text) and not _is_known(text, known)]


def _of_people(one: Element) -> bool:
    around = (one, *one.parents)
    return any(each.tag in OWN_WORDS or each.attributes.get("dir") == "auto" for each in around)


def _shown(one: Element) -> Iterator[str]:
    yield from (one.attributes[name] for name in HEARD if name in one.attributes)
    yield from one.own


def _is_known(text: str, known: set[str]) -> bool:
    for row in known:
        if len(row) > LONG and row[:LONG] in text:
            text = _without(text, row)
    parts = [part.strip(" ,.:;·–") for part in PARTS.split(text) if WORDS.search(part)]
    return all(part in known or NO_WORDS.fullmatch(part) for part in parts)


def _without(text: str, row: str) -> str:
    """The text without what it shows of the row, which is all of it or its beginning."""
    begin = text.index(row[:LONG])
    shared = next((n for n in range(len(row), LONG, -1) if text.startswith(row[:n], begin)), LONG)
    return text[:begin] + text[begin + shared :].removeprefix("…")


def main(wanted: Iterable[str]) -> int:
    """The exit status: 0 when nothing was found."""
    from tests.sweep.server import serve

    found = defaultdict(list)
    with serve() as site:
        from tests.sweep.pages import client, sights

        known = words_of_rows()
        for sight in sights(site.place, wanted):
            with other_letters():
                answer = client(sight.person).get(sight.url)
            if answer.status_code >= 400:
                found[f"answered {answer.status_code}"].append(sight.name)
            for text in unmarked("" if answer.streaming else answer.content.decode(), known):
                found[text].append(sight.name)
    for text, names in sorted(found.items(), key=lambda one: one[1][0]):
        more = f" +{len(names) - 1}" if len(names) > 1 else ""
        sys.stdout.write(f"{names[0]}{more}: {text[:160]}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
