"""A judge of risks for any taxonomy: the blanks in its file filled with the categories that it sorts by."""

import json
import re
from collections.abc import Callable
from hashlib import sha256

from annotations.core.storable import storable
from annotations.core.taxonomies import Taxonomy, built_in
from annotations.core.taxonomy import OTHER, Category

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
REST = "Any harm that none of the categories above names. No config can open this category."
_BLANK = re.compile(r"@\{([a-z]+)\}")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")


def has_blanks(source: str) -> bool:
    """Whether the text of a judge's file leaves its categories open."""
    return _BLANK.search(source) is not None


def is_built_in(taxonomy: Taxonomy | None) -> bool:
    """Whether judges are told just what the built-in categories tell them; None is built in."""
    return taxonomy is None or _told(taxonomy) == _told(built_in())


def filled(source: str, taxonomy: Taxonomy) -> str:
    """The text of a judge's file with these categories, each blank filled once.

    `@{categories}` is slug, full name and definition of each, `@{number}` how many there are, `@{named}` how many
    besides `other`, `@{slugs}` and `@{answers}` the lists and booleans of a schema. Raises ValueError for another name.
    """
    if unknown := set(_BLANK.findall(source)) - _FILLERS.keys():
        raise ValueError(f"has the unknown blank {', '.join(sorted(unknown))}; choose from {', '.join(_FILLERS)}")
    return _BLANK.sub(lambda blank: _FILLERS[blank[1]](taxonomy), source)


def made_for(source: str, taxonomy: Taxonomy) -> str:
    """The filled text for a taxonomy that is not the built-in one; its first lines say what it was made from and for.

    Raises ValueError for a file without blanks: it knows the built-in categories alone.
    """
    if not has_blanks(source):
        raise ValueError("knows the built-in categories alone; choose a judge that takes the categories of a taxonomy")
    origin = sha256(filled(source, built_in()).encode()).hexdigest()
    return f'made_from = "{origin}"\ntaxonomy = "{_plain(taxonomy.title)}"\n{filled(source, taxonomy)}'


def _told(taxonomy: Taxonomy) -> list[tuple[str, str, str]]:
    return [(each.slug, each.full_name, each.definition) for each in taxonomy.categories]


def _categories(taxonomy: Taxonomy) -> str:
    return "\n".join(
        f"{_text(each.slug)} ({_text(each.full_name)})\n    {_text(_definition(each, taxonomy))}"
        for each in taxonomy.categories
    )


def _definition(category: Category, taxonomy: Taxonomy) -> str:
    # the built-in words for the rest count the seven others
    return REST if category.slug == OTHER and not is_built_in(taxonomy) else category.definition


def _slugs(taxonomy: Taxonomy) -> str:
    return ", ".join(f'"{_plain(slug)}"' for slug in taxonomy.slugs)


def _answers(taxonomy: Taxonomy) -> str:
    keys = (slug if _BARE.fullmatch(slug) else f'"{_plain(slug)}"' for slug in taxonomy.slugs)
    return "\n".join(f'{key} = {{ type = "boolean" }}' for key in keys)


def _count(number: int) -> str:
    return NUMBERS[number] if number < len(NUMBERS) else str(number)


def _text(words: str) -> str:
    """Words of people inside a template inside TOML; the marks of chat templates are set apart."""
    return _plain(words.replace("$", "$$").replace("<|", "<\u200a|"))


def _plain(words: str) -> str:
    return json.dumps(_CONTROLS.sub(" ", storable(words)), ensure_ascii=False)[1:-1]


_FILLERS: dict[str, Callable[[Taxonomy], str]] = {
    "categories": _categories,
    "number": lambda taxonomy: _count(len(taxonomy.categories)),
    "named": lambda taxonomy: _count(len(taxonomy.open)),
    "slugs": _slugs,
    "answers": _answers,
}
