"""Config templates: texts a safety config can start from. One .toml file in data/config_templates is one template."""

import tomllib
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from annotations.core import folder
from annotations.core.config_text import RULE_WORDS, Rule
from annotations.core.taxonomy import OTHER, SLUGS

FOLDER = "annotations.data.config_templates"
TEXTS = ("label", "about", "title", "use_case", "audience", "language", "policy")
SIDES = {"opens": ("allow", "conditional"), "closes": ("disallow", "conditional")}
"""What a rule may say about risk categories, with the kinds of rule that may say it."""


class ConfigTemplate(NamedTuple):
    """A text to start a config from. `label` and `about` are for choosing one; the rest goes into the new config."""

    name: str
    label: str
    about: str
    title: str
    use_case: str
    audience: str
    language: str
    policy: str
    rules: tuple[Rule, ...]
    allowed: frozenset[str]


def names(package: str = FOLDER) -> list[str]:
    """The templates of the folder in alphabetical order."""
    return folder.names(package, ".toml")


def all(package: str = FOLDER) -> tuple[ConfigTemplate, ...]:
    """Every template of the folder, by name. Raises ValueError as `load` does for the first file that is wrong."""
    return tuple(load(name, package) for name in names(package))


@cache
def load(name: str, package: str = FOLDER) -> ConfigTemplate:
    """The template of that name, read once.

    Raises NoSuchEntry, a LookupError that says which templates there are, for a name without a file, and ValueError
    with the file's name and what to change for a file that is no proper template.
    """
    if name not in names(package):
        raise folder.NoSuchEntry(f"There is no config template {name!r}; there are: {', '.join(names(package))}.")
    try:
        return parse(name, folder.text(package, f"{name}.toml"))
    except ValueError as wrong:
        raise ValueError(f"{name}.toml: {wrong}") from wrong


def parse(name: str, source: str) -> ConfigTemplate:
    """The template that a file's text describes.

    Raises ValueError with a sentence on what to change: a key too many or too few, an empty text, a category that is
    unknown or `other`, rules that are not numbered r1, r2 …, an allowed category that no rule opens, a category in
    which no rule closes anything. The rules' `opens` and `closes` are checked here and not part of what comes back.
    """
    data = tomllib.loads(source)
    _check_keys("The file", data, {*TEXTS, "allowed", "rules"})
    texts = {key: _text(key, data[key]) for key in TEXTS}
    allowed = _slugs("allowed", data["allowed"])
    if not isinstance(data["rules"], list) or not data["rules"]:
        raise ValueError("There are no rules; write at least one [[rules]].")
    rules = tuple(_rule(number, row) for number, row in enumerate(data["rules"], start=1))
    _check_categories(allowed, data["rules"])
    return ConfigTemplate(name=name, **texts, rules=rules, allowed=allowed)


def _rule(number: int, row: Any) -> Rule:
    who = f"Rule r{number}"
    if not isinstance(row, dict) or row.get("id") != f"r{number}":
        raise ValueError(f'Rule number {number} needs id = "r{number}"; the ids are r1, r2 and so on, in order.')
    _check_keys(who, row, {"id", "kind", "text"}, {"example", *SIDES})
    kind, text = _text(f"{who}, kind", row["kind"]), _text(f"{who}, text", row["text"])
    if kind not in RULE_WORDS:
        raise ValueError(f"{who} is of the kind {kind!r}; choose one of {', '.join(RULE_WORDS)}.")
    for side, kinds in SIDES.items():
        if _slugs(f"{who}, {side}", row.get(side, [])) and kind not in kinds:
            raise ValueError(f"{who} is of the kind {kind!r} and has {side}; only {' and '.join(kinds)} rules may.")
    return Rule(row["id"], kind, text, _text(f"{who}, example", row["example"]) if "example" in row else "")


def _check_keys(who: str, table: dict[str, Any], needed: set[str], optional: Iterable[str] = ()) -> None:
    if missing := sorted(needed - set(table)):
        raise ValueError(f"{who} lacks {', '.join(missing)}.")
    if strange := sorted(set(table) - needed - set(optional)):
        raise ValueError(f"{who} has {', '.join(strange)}, which a template does not have.")


def _check_categories(allowed: frozenset[str], rows: list[dict[str, Any]]) -> None:
    opened, closed = (frozenset(slug for row in rows for slug in row.get(side, [])) for side in SIDES)
    if promised := allowed - opened:
        raise ValueError(f"allowed has {_listed(promised)}, which no rule opens; add it to the opens of a rule.")
    if forgotten := opened - allowed:
        raise ValueError(f"A rule opens {_listed(forgotten)}, which allowed does not have.")
    if boundless := set(SLUGS) - {OTHER} - closed:
        raise ValueError(f"No rule closes anything in {_listed(boundless)}; say in a rule what stays closed there.")


def _text(what: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{what} must be a text that is not empty.")
    return value.strip()


def _slugs(what: str, value: Any) -> frozenset[str]:
    if not isinstance(value, list):
        raise ValueError(f"{what} must be a list of risk categories.")
    if unknown := [slug for slug in value if slug not in SLUGS]:
        raise ValueError(f"{what} has {_listed(map(str, unknown))}; the risk categories are {', '.join(SLUGS)}.")
    if OTHER in value:
        raise ValueError(f"{what} has {OTHER!r}, which can never be allowed; take it out.")
    return frozenset(value)


def _listed(slugs: Iterable[str]) -> str:
    return ", ".join(map(repr, sorted(slugs)))
