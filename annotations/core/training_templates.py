"""Training templates: the words a synthesised config is told in. One file in data/training_templates is one template.

A model that meets a config in one wording only learns the wording; so each config is told in one of many, by chance.
Source: Zhang et al. 2025, CoSAlign, config synthesis; the wordings are our own.
"""

import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from random import Random
from string import Template
from typing import Any, NamedTuple

from annotations.core import config_text, folder
from annotations.core.synthesis import PLAIN
from annotations.core.taxonomies import Taxonomy, built_in
from annotations.core.taxonomy import OTHER, Category

FOLDER = "annotations.data.training_templates"
NOTHING = "None."
TEXTS, MARKS = ("label", "about", "text"), ("config", "served")
PLACE = "allowed"
"""The one place in a text that is filled in, written $allowed: the list of what is open."""


class TrainingTemplate(NamedTuple):
    """Words for a config. `config` is False for the words of an ordinary assistant, which name no risk; `served` puts
    the text where a served config stands. `digest` is that of the file.
    """

    name: str
    label: str
    about: str
    text: str
    config: bool
    served: bool
    digest: str


def names(package: str = FOLDER) -> list[str]:
    """The templates that tell a config, in alphabetical order; `plain` tells none."""
    return [name for name in folder.names(package, ".toml") if name != PLAIN]


def choose(rng: Random, names: Sequence[str]) -> str:
    """One of the names, each as likely as the others. Raises ValueError when there is none."""
    if not names:
        raise ValueError("There is no template to choose from. Choose at least one.")
    return rng.choice(names)


def render(name: str, allowed: Iterable[str], taxonomy: Taxonomy | None = None, package: str = FOLDER) -> str:
    """The system prompt of a config that opens these categories (slugs), in the words of the template.

    They are listed in the order given, each with its name and its definition on one line; without any the list says
    None. Texts are filled in once, so that a name such as `$allowed` stays as written. A taxonomy of None is the
    built-in one. Raises ValueError for a category that the taxonomy does not have or that no config can open, and
    NoSuchEntry.
    """
    template = load(name, package)
    listed = _listed(allowed, taxonomy or built_in())
    text = Template(template.text).substitute({PLACE: listed} if template.config else {})
    return config_text.system_prompt(text) if template.served else text


@cache
def load(name: str, package: str = FOLDER) -> TrainingTemplate:
    """The template of that name, read once.

    Raises NoSuchEntry for a name without a file, ValueError with the file's name for a file that is no template.
    """
    if name not in folder.names(package, ".toml"):
        known = ", ".join(names(package))
        raise folder.NoSuchEntry(f"There is no training template {name!r}; there are: {known}.")
    try:
        return parse(name, folder.text(package, f"{name}.toml"))
    except ValueError as wrong:
        raise ValueError(f"{name}.toml: {wrong}") from wrong


def parse(name: str, source: str) -> TrainingTemplate:
    """The template that a file's text describes.

    Raises ValueError with a sentence on what to change: a key too many or too few, an empty text, a text that does not
    say $allowed once (where it tells a config), or that has another place to fill in.
    """
    data = tomllib.loads(source)
    if missing := sorted(set(TEXTS) - set(data)):
        raise ValueError(f"The file lacks {', '.join(missing)}.")
    if strange := sorted(set(data) - {*TEXTS, *MARKS}):
        raise ValueError(f"The file has {', '.join(strange)}, which a template does not have.")
    texts = {key: _text(key, data[key]) for key in TEXTS}
    config, served = _mark("config", data.get("config", True)), _mark("served", data.get("served", False))
    _check_places(texts["text"], [PLACE] if config else [])
    return TrainingTemplate(name, **texts, config=config, served=served, digest=config_text.digest(source))


def _listed(allowed: Iterable[str], taxonomy: Taxonomy) -> str:
    known = {each.slug: each for each in taxonomy.open}
    slugs = list(dict.fromkeys(allowed))
    if strange := [slug for slug in slugs if slug not in known]:
        never = "cannot be opened" if OTHER in strange else "is not in this taxonomy"
        raise ValueError(f"{', '.join(map(repr, strange))} {never}. Open some of: {', '.join(known)}.")
    return "\n".join(_line(known[slug]) for slug in slugs) or NOTHING


def _line(category: Category) -> str:
    """One line, whatever the texts hold, so that no definition can pass for another entry."""
    return f"- {' '.join(category.full_name.split())}: {' '.join(category.definition.split())}"


def _text(what: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{what} must be a text that is not empty.")
    return value.strip()


def _mark(what: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{what} must be true or false.")
    return value


def _check_places(text: str, wanted: list[str]) -> None:
    if not Template(text).is_valid():
        raise ValueError("text has a $ that is no place to fill in; write $$ for a dollar sign.")
    found = [match["named"] or match["braced"] for match in Template.pattern.finditer(text) if not match["escaped"]]
    if found != wanted:
        must = f"must say ${PLACE} once and have no other place" if wanted else "must have no place"
        raise ValueError(f"text {must} to fill in; it has {', '.join(found) or 'none'}.")
