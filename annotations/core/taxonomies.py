"""A taxonomy as the work needs it: its risk categories in order, and `other` at the end for all they do not name."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from annotations.core.taxonomy import OTHER, Category, categories

FIELDS = ("slug", "name", "full_name", "definition", "trained")


class Taxonomy(NamedTuple):
    """Risk categories of which configs open some; `other` is the last one and never open."""

    title: str
    categories: tuple[Category, ...]

    @property
    def slugs(self) -> tuple[str, ...]:
        """All slugs in order, `other` the last."""
        return tuple(each.slug for each in self.categories)

    @property
    def open(self) -> tuple[Category, ...]:
        """The categories a config can allow."""
        return tuple(each for each in self.categories if each.slug != OTHER)

    @property
    def trained(self) -> tuple[str, ...]:
        """The slugs that training configs draw from."""
        return tuple(each.slug for each in self.open if each.trained)

    def names(self, slugs: Iterable[str]) -> str:
        """The short names of these slugs in the order of the taxonomy, with commas; “no risk” for none."""
        chosen = frozenset(slugs)
        return ", ".join(each.name for each in self.categories if each.slug in chosen) or "no risk"


def built_in() -> Taxonomy:
    """The eight categories of the product."""
    return Taxonomy("Built in", categories())


def of_rows(title: str, rows: Iterable[Mapping[str, Any]]) -> Taxonomy:
    """The taxonomy of rows as a version keeps them, each with FIELDS."""
    made = [Category(**{name: row[name] for name in FIELDS}, can_be_allowed=True) for row in rows]
    other = next(each for each in categories() if each.slug == OTHER)
    about = other.definition.replace("the seven categories", "the categories")
    return Taxonomy(title, (*made, other._replace(definition=about)))
