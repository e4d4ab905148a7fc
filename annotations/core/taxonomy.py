"""The eight risk categories by slug, the four kinds of prompt, and what the product says about each category."""

import tomllib
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from annotations.core import folder

OTHER = "other"
SLUGS = ("financial_crime", "discrimination", "violence", "drugs", "privacy", "sexual", "weapons", OTHER)
KINDS = ("safe", "allowed", "partial", "disallowed")

_DATA, _FILE = "annotations.data", "risk_categories.toml"


class Category(NamedTuple):
    """One risk category as people and judges read it; `trained` says whether it may occur in training configs."""

    slug: str
    name: str
    full_name: str
    definition: str
    can_be_allowed: bool
    trained: bool


@cache
def categories() -> tuple[Category, ...]:
    """The risk categories in the order of SLUGS, read once from the data file.

    Raises ValueError when the file does not describe exactly the categories of SLUGS, or lets `other` be allowed.
    """
    rows = [_category(row) for row in tomllib.loads(folder.text(_DATA, _FILE)).get("categories", [])]
    if sorted(row.slug for row in rows) != sorted(SLUGS):
        raise ValueError(f"{_FILE} must describe each of these categories once: {', '.join(SLUGS)}.")
    if any(row.can_be_allowed for row in rows if row.slug == OTHER):
        raise ValueError(f"{_FILE} lets {OTHER!r} be allowed; set its can_be_allowed to false.")
    return tuple(sorted(rows, key=lambda row: SLUGS.index(row.slug)))


def collapse(risks: Iterable[str], known: Iterable[str]) -> frozenset[str]:
    """The risks with all that lie outside `known` become one `other`.

    So harms that a training set has no name for cost once, however many they are. `other` itself stays `other`.
    """
    names = frozenset(known)
    return frozenset(risk if risk in names else OTHER for risk in risks)


def _category(row: dict[str, object]) -> Category:
    missing = [field for field in Category._fields if field not in row]
    if missing:
        raise ValueError(f"{_FILE}: the category {row.get('slug', '?')!r} lacks {', '.join(missing)}.")
    slug, name, full_name, definition = (str(row[field]).strip() for field in Category._fields[:4])
    return Category(slug, name, full_name, definition, row["can_be_allowed"] is True, row["trained"] is True)
