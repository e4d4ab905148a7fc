"""The categories of a taxonomy as a version keeps them: made tidy, checked, told apart, compared, digested."""

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from annotations.core import category_names
from annotations.core.config_text import digest as text_digest
from annotations.core.storable import storable, tidy
from annotations.core.taxonomies import FIELDS, Taxonomy
from annotations.core.taxonomy import OTHER, categories

MOST = 40
LONGEST = {"name": 80, "full_name": 160, "definition": 2_000}
SAID = {"name": "name", "full_name": "full name", "definition": "definition"}
Row = dict[str, Any]


class BadTaxonomy(ValueError):
    """What is wrong with the categories, for who writes them; `place` counts from 0, None for all of them."""

    def __init__(self, sentence: str, place: int | None = None, field: str = ""):
        super().__init__(sentence)
        self.place, self.field = place, field


def tidied(rows: Iterable[Mapping[str, Any]], kept: Iterable[str] = ()) -> list[Row]:
    """The rows with FIELDS, texts in one form and a slug for each; those that say nothing at all are left out.

    A full name that is missing is the name. A slug of `kept` stays whatever the name is now, as what was published goes
    by it; every other slug follows the name.
    """
    made = [row for each in rows if any((row := _tidy(each))[field] for field in LONGEST)]
    stays = {row["slug"] for row in made} & set(kept)
    taken: set[str] = set(stays)
    for row in made:
        if row["slug"] not in stays:
            row["slug"] = category_names.slug(row["name"], taken)
        taken.add(row["slug"])
        stays.discard(row["slug"])
    return made


def _tidy(row: Mapping[str, Any]) -> Row:
    name, full_name = (_line(str(row.get(field, ""))) for field in ("name", "full_name"))
    definition = unicodedata.normalize("NFC", tidy(str(row.get("definition", ""))))
    values = (str(row.get("slug", "")), name, full_name or name, definition, bool(row.get("trained")))
    return dict(zip(FIELDS, values, strict=True))


def _line(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(storable(text).split()))


def of_taxonomy(taxonomy: Taxonomy) -> list[Row]:
    """The rows of a taxonomy, `other` left out: the other way round than `taxonomies.of_rows`."""
    return [{field: getattr(each, field) for field in FIELDS} for each in taxonomy.open]


def digest(rows: Sequence[Row]) -> str:
    """The SHA-256 of the rows in their order, 64 hexadecimal digits."""
    return text_digest(json.dumps([[row[field] for field in FIELDS] for row in rows], ensure_ascii=False))


def check(rows: Sequence[Row]) -> None:
    """Nothing for rows a draft may have. Raises BadTaxonomy for one that lacks something or reads like another."""
    if len(rows) > MOST:
        raise BadTaxonomy(f"A taxonomy has at most {MOST} categories; these are {len(rows)}.")
    for place, row in enumerate(rows):
        _check_row(place, row)
    slugs = [row["slug"] for row in rows]
    if len(set(slugs)) < len(slugs):
        raise BadTaxonomy("A category stands here twice. Remove one of the two.")
    if same := category_names.alike(_named(rows)):
        one, two = same
        raise BadTaxonomy(f"“{one}” and “{two}” read alike, so that nobody could tell them apart. Rename one.")


def check_whole(rows: Sequence[Row]) -> None:
    """Nothing for rows that may be published: there are some, and every set of them can be read from its names.

    Raises BadTaxonomy.
    """
    check(rows)
    if not rows:
        raise BadTaxonomy("There is no category yet. Add one, then publish.")
    names = [row["full_name"] for row in rows]
    if found := category_names.mistaken([*names, *_names_of_other()[-1:]]):
        one, two = (" and ".join(f"“{name}”" for name in side) for side in found)
        raise BadTaxonomy(f"Written one after the other, {one} read like {two}. Change one of these full names.")


def _check_row(place: int, row: Row) -> None:
    called = f"“{row['name'][:40]}”" if row["name"] else f"Category {place + 1}"
    for field, most in LONGEST.items():
        if not row[field]:
            raise BadTaxonomy(f"{called} has no {SAID[field]}.", place, field)
        if len(row[field]) > most:
            raise BadTaxonomy(
                f"{called}: a {SAID[field]} has at most {most:,} characters; these are {len(row[field]):,}.",
                place,
                field,
            )
    for field in ("name", "full_name"):
        _check_name(place, field, row[field])


def _check_name(place: int, field: str, name: str) -> None:
    words = category_names.words(name)
    if not words:
        raise BadTaxonomy(f"“{name[:40]}” has no letter and no digit; a name needs some to be read by.", place, field)
    if words in {(word,) for word in category_names.TAKEN}:
        raise BadTaxonomy(f"“{name[:40]}” means something else already wherever risks are written.", place, field)


def _named(rows: Iterable[Row]) -> dict[str, list[str]]:
    return {row["slug"]: [row[field] for field in ("name", "full_name", "slug")] for row in rows} | {
        OTHER: _names_of_other()
    }


def _names_of_other() -> list[str]:
    other = next(each for each in categories() if each.slug == OTHER)
    return [other.name, other.full_name]


class Changes(NamedTuple):
    """What is different between two versions: rows that came, rows that went, and pairs (before, after)."""

    added: list[Row]
    removed: list[Row]
    renamed: list[tuple[Row, Row]]
    redefined: list[tuple[Row, Row]]
    training: list[tuple[Row, Row]]
    moved: bool

    @property
    def sentence(self) -> str:
        """How many of each there are; “nothing changed” when none."""
        parts = [(len(getattr(self, word)), word) for word in ("added", "removed", "renamed", "redefined")]
        said = [f"{number} {word}" for number, word in parts if number]
        said += [f"{len(self.training)} drawn from otherwise in training"] if self.training else []
        said += ["another order"] if self.moved else []
        return ", ".join(said) or "nothing changed"


def changes(old: Sequence[Row], new: Sequence[Row]) -> Changes:
    """What the new rows have otherwise than the old ones, each row known by its slug."""
    was, now = ({row["slug"]: row for row in rows} for rows in (old, new))
    both = [(was[slug], row) for slug, row in now.items() if slug in was]
    return Changes(
        added=[row for slug, row in now.items() if slug not in was],
        removed=[row for slug, row in was.items() if slug not in now],
        renamed=[pair for pair in both if _differ(pair, "name", "full_name")],
        redefined=[pair for pair in both if _differ(pair, "definition")],
        training=[pair for pair in both if _differ(pair, "trained")],
        moved=[slug for slug in was if slug in now] != [slug for slug in now if slug in was],
    )


def _differ(pair: tuple[Row, Row], *fields: str) -> bool:
    before, after = pair
    return any(before[field] != after[field] for field in fields)
