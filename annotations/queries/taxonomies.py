"""Reads of taxonomies: how each one stands, what a version changed, and its categories to take away."""

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.db.models import Count, QuerySet

from annotations.core import diff, taxonomy_rows
from annotations.core.taxonomies import FIELDS
from annotations.core.taxonomy_rows import Changes, Row
from annotations.core.word_diff import Piece
from annotations.exports import Table
from annotations.models import Taxonomy as TaxonomyRow
from annotations.models import TaxonomyVersion
from annotations.models.taxonomies import DRAFT, PUBLISHED

COLUMNS = ("position", *FIELDS)
TYPES = ("int", "text", "text", "text", "text", "bool")


class Standing(NamedTuple):
    """A taxonomy with its last published version and its draft, each None where there is none."""

    taxonomy: TaxonomyRow
    published: TaxonomyVersion | None
    draft: TaxonomyVersion | None

    @property
    def shown(self) -> TaxonomyVersion | None:
        """What a reader sees first: the published version, before the first one the draft."""
        return self.published or self.draft


def standing(taxonomies: Iterable[TaxonomyRow]) -> list[Standing]:
    """How these taxonomies stand, in their order; one query for all of them."""
    rows = list(taxonomies)
    last: dict[tuple[int, str], TaxonomyVersion] = {}
    for version in TaxonomyVersion.objects.filter(taxonomy__in=rows).order_by("number"):
        last[version.taxonomy_id, version.state] = version
    return [Standing(row, last.get((row.pk, PUBLISHED)), last.get((row.pk, DRAFT))) for row in rows]


def versions(taxonomy: TaxonomyRow) -> QuerySet[TaxonomyVersion]:
    """The versions of a taxonomy, the newest first, with `recipe_count` on each."""
    rows = taxonomy.versions.select_related("created_by", "published_by")
    return rows.annotate(recipe_count=Count("recipes")).order_by("-number")


def before(version: TaxonomyVersion) -> TaxonomyVersion | None:
    """The published version before this one, None for the first."""
    earlier = TaxonomyVersion.objects.filter(taxonomy=version.taxonomy_id, state=PUBLISHED, number__lt=version.number)
    return earlier.order_by("-number").first()


def changes(version: TaxonomyVersion, since: TaxonomyVersion | None) -> Changes | None:
    """What the version has otherwise than the one before it; None for a first version."""
    return None if since is None else taxonomy_rows.changes(since.categories, version.categories)


class Reworded(NamedTuple):
    """A category whose definition changed, with the words that came and went."""

    row: Row
    pieces: tuple[Piece, ...]


def reworded(found: Changes) -> list[Reworded]:
    """The categories that are defined otherwise now."""
    pairs = found.redefined
    return [Reworded(new, tuple(diff.words(old["definition"], new["definition"]))) for old, new in pairs]


def table(version: TaxonomyVersion) -> Table:
    """The categories of a version, a row each."""
    rows = ([place, *(row[field] for field in FIELDS)] for place, row in enumerate(version.categories, start=1))
    return Table(COLUMNS, rows, f"taxonomy-{version.taxonomy_id}-v{version.number}", types=TYPES)


def toml(version: TaxonomyVersion) -> str:
    """The categories of a version in the form of the product's own file of categories."""
    return "\n".join(_toml(version))


def _toml(version: TaxonomyVersion) -> Iterator[str]:
    yield f"# Version {version.number}, SHA-256 {version.digest}"
    yield f"title = {_text(version.taxonomy.title)}"
    for row in version.categories:
        yield "\n[[categories]]"
        yield from (f"{field} = {_text(row[field])}" for field in FIELDS[:4])
        yield "can_be_allowed = true"
        yield f"trained = {'true' if row['trained'] else 'false'}"
    yield ""


def _text(words: str) -> str:
    """A basic string of TOML; JSON writes the same, but for one sign that TOML wants escaped."""
    return json.dumps(words, ensure_ascii=False).replace("\x7f", "\\u007F")
