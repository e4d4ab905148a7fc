"""Writing taxonomies: a draft with its revision, versions that are published for good, the next draft after them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext

from annotations.core import taxonomy_rows
from annotations.core.storable import tidy
from annotations.core.taxonomy_rows import BadTaxonomy, Row
from annotations.models import Organisation, Taxonomy, TaxonomyVersion, User
from annotations.models.taxonomies import DRAFT, PUBLISHED
from annotations.services import audit

LONGEST = {"title": 200, "about": 5_000, "note": 2_000}
FASTER = "Somebody was faster: this draft was saved or published meanwhile."


class TaxonomyProblem(ValueError):
    """Why a taxonomy was not changed, for the person; `place` counts its categories from 0, None for none of them."""

    def __init__(self, sentence: str, place: int | None = None, field: str = ""):
        super().__init__(sentence)
        self.place, self.field = place, field


class Conflict(TaxonomyProblem):
    """Somebody else, or another window, was faster."""


@transaction.atomic
def create(
    *, organisation: Organisation, about: Mapping[str, str], rows: Sequence[Row], actor: User | None
) -> TaxonomyVersion:
    """Version 1, a draft with these categories, of a new taxonomy; `about` has title and about.

    Raises TaxonomyProblem when there is no title, or a category is not complete.
    """
    said, made = _about(about), _checked(rows, [row["slug"] for row in rows if row.get("slug")])
    taxonomy = Taxonomy.objects.create(organisation=organisation, created_by=actor, **said)
    audit.record(actor=actor, action="create", obj=taxonomy, after=said | {"categories": len(made)})
    return _draft(taxonomy, made, actor)


def draft_of(taxonomy: Taxonomy) -> TaxonomyVersion | None:
    """The taxonomy's draft, None when there is none."""
    return taxonomy.versions.filter(state=DRAFT).first()


def newest(taxonomy: Taxonomy) -> TaxonomyVersion | None:
    """The last published version, None before the first."""
    return taxonomy.versions.filter(state=PUBLISHED).order_by("-number").first()


@transaction.atomic
def save(
    *,
    taxonomy: Taxonomy,
    number: int,
    revision: int | None,
    about: Mapping[str, str],
    rows: Sequence[Row],
    actor: User,
) -> TaxonomyVersion:
    """The draft with these categories in this order, made as number `number` where the last version is published.

    `number` and `revision` are those that the person began from, None where there was no draft. What is saved already
    is saved again without harm. Raises Conflict when somebody else saved or published meanwhile, TaxonomyProblem for
    what no draft may say.
    """
    taxonomy = hold(taxonomy)
    draft = draft_of(taxonomy)
    said, made = _about(about), _checked(rows, _slugs_that_stay(taxonomy, draft, rows))
    if draft and draft.number == number and draft.digest == taxonomy_rows.digest(made) and _says(taxonomy, said):
        return draft
    if draft is None:
        draft = _next(taxonomy, number, made, actor)
    elif draft.number != number or not _write(draft, revision, made):
        raise Conflict(FASTER)
    _describe(taxonomy, said, actor)
    draft.refresh_from_db()
    return draft


def _slugs_that_stay(taxonomy: Taxonomy, draft: TaxonomyVersion | None, rows: Sequence[Row]) -> list[str]:
    """The slugs of the last published version, as what is published goes by them, and of names that stay as saved."""
    names = {row.get("slug"): row.get("name") for row in rows}
    unnamed = [row["slug"] for row in (draft.categories if draft else ()) if names.get(row["slug"]) == row["name"]]
    return [*(row["slug"] for row in _last_rows(taxonomy)), *unnamed]


def hold(taxonomy: Taxonomy) -> Taxonomy:
    """The taxonomy as it is now; until the transaction ends nobody else changes its draft."""
    return Taxonomy.objects.select_for_update(no_key=True).get(pk=taxonomy.pk)


def _next(taxonomy: Taxonomy, number: int, rows: list[Row], actor: User | None) -> TaxonomyVersion:
    last = newest(taxonomy)
    if (last.number if last else 0) + 1 != number:
        raise Conflict(FASTER)
    return _draft(taxonomy, rows, actor)


def _draft(taxonomy: Taxonomy, rows: list[Row], actor: User | None) -> TaxonomyVersion:
    last = newest(taxonomy)
    fields = {"categories": rows, "digest": taxonomy_rows.digest(rows), "created_by": actor}
    try:
        with transaction.atomic():
            return TaxonomyVersion.objects.create(taxonomy=taxonomy, number=(last.number if last else 0) + 1, **fields)
    except IntegrityError as taken:
        raise Conflict(FASTER) from taken


def _write(draft: TaxonomyVersion, revision: int | None, rows: list[Row]) -> bool:
    """False when it is no draft of that revision any more; None is none of them."""
    if revision is None:
        return False
    still = TaxonomyVersion.objects.filter(pk=draft.pk, state=DRAFT, revision=revision)
    digest = taxonomy_rows.digest(rows)
    return bool(still.update(categories=rows, digest=digest, revision=F("revision") + 1))


def _says(taxonomy: Taxonomy, said: Mapping[str, str]) -> bool:
    return all(getattr(taxonomy, field) == text for field, text in said.items())


def _describe(taxonomy: Taxonomy, said: Mapping[str, str], actor: User) -> None:
    before = {field: getattr(taxonomy, field) for field, text in said.items() if getattr(taxonomy, field) != text}
    if before:
        Taxonomy.objects.filter(pk=taxonomy.pk).update(**said)
        after = {field: said[field] for field in before}
        audit.record(actor=actor, action="describe", obj=taxonomy, before=before, after=after)


@transaction.atomic
def publish(*, draft: TaxonomyVersion, revision: int, note: str, actor: User) -> TaxonomyVersion:
    """The version, published for good: recipes may use it, and nothing changes it any more.

    `revision` is the one the person saw. Raises Conflict when somebody was faster, TaxonomyProblem when there is no
    category, two sets of them could not be told apart, or nothing is different from the last version.
    """
    note = _text("note", note)
    hold(draft.taxonomy)
    draft.refresh_from_db()
    before = newest(draft.taxonomy)
    if draft.state == DRAFT and draft.revision == revision:
        _check_publishable(draft, before)
    now = {"published_at": timezone.now(), "published_by": actor, "note": note}
    drafts = TaxonomyVersion.objects.filter(pk=draft.pk, state=DRAFT, revision=revision)
    if not drafts.update(state=PUBLISHED, digest=taxonomy_rows.digest(draft.categories), **now):
        raise Conflict(FASTER)
    draft.refresh_from_db()
    old = {"number": before.number, "digest": before.digest} if before else {}
    after = {"number": draft.number, "digest": draft.digest, "note": note}
    audit.record(actor=actor, action="publish", obj=draft, before=old, after=after)
    return draft


def _check_publishable(draft: TaxonomyVersion, before: TaxonomyVersion | None) -> None:
    try:
        taxonomy_rows.check_whole(draft.categories)
    except BadTaxonomy as bad:
        raise TaxonomyProblem(str(bad), bad.place, bad.field) from bad
    if before and before.digest == taxonomy_rows.digest(draft.categories):
        raise TaxonomyProblem(
            gettext("Nothing is different from v%(number)s. Change something, then publish.")
            % {"number": before.number}
        )


@transaction.atomic
def archive(*, taxonomy: Taxonomy, actor: User) -> None:
    """Nothing; the taxonomy leaves every list, and recipes keep the version they use. Raises TaxonomyProblem."""
    if not Taxonomy.objects.filter(pk=taxonomy.pk, archived_at=None).update(archived_at=timezone.now()):
        raise TaxonomyProblem(gettext("Somebody was faster: this taxonomy is archived already."))
    audit.record(actor=actor, action="archive", obj=taxonomy, after={"archived": True})


@transaction.atomic
def add_category(*, taxonomy: Taxonomy, name: str, definition: str, actor: User) -> TaxonomyVersion:
    """The draft, made from the last version where there is none, with one category more at its end.

    Raises TaxonomyProblem for a name that reads like another one's, or a draft that is full.
    """
    taxonomy = hold(taxonomy)
    if taxonomy.archived_at:
        raise TaxonomyProblem(
            gettext("The taxonomy “%(taxonomy)s” is archived; nothing is added to it.") % {"taxonomy": taxonomy}
        )
    draft = draft_of(taxonomy) or _draft(taxonomy, _last_rows(taxonomy), actor)
    more = {"slug": "", "name": name, "full_name": name, "definition": definition, "trained": True}
    kept = [row["slug"] for row in draft.categories]
    _written(draft, _checked([*draft.categories, more], kept))
    return draft


@transaction.atomic
def take_category_back(*, taxonomy: Taxonomy, name: str, definition: str) -> bool:
    """True when the draft had this category with these very words and has it no more; False when it stays or is gone.

    Raises TaxonomyProblem when a published version has it.
    """
    taxonomy = hold(taxonomy)
    draft, last = draft_of(taxonomy), newest(taxonomy)
    if last and _stands_in(last.categories, name, definition):
        raise TaxonomyProblem(
            gettext("“%(name)s” is published in v%(number)s. Remove it from the next draft instead.")
            % {"name": name, "number": last.number}
        )
    if draft is None or not _stands_in(draft.categories, name, definition):
        return False
    same = (name, definition)
    _written(draft, [row for row in draft.categories if (row["name"], row["definition"]) != same])
    return True


def _stands_in(rows: Sequence[Row], name: str, definition: str) -> bool:
    return any((row["name"], row["definition"]) == (name, definition) for row in rows)


def _last_rows(taxonomy: Taxonomy) -> list[Row]:
    last = newest(taxonomy)
    return list(last.categories) if last else []


def _written(draft: TaxonomyVersion, rows: list[Row]) -> None:
    if not _write(draft, draft.revision, rows):
        raise Conflict(FASTER)
    draft.refresh_from_db()


def _about(about: Mapping[str, str]) -> dict[str, str]:
    said = {field: _text(field, about.get(field, "")) for field in ("title", "about")}
    said["title"] = " ".join(said["title"].split())
    if not said["title"]:
        raise TaxonomyProblem(gettext("Give the taxonomy a title."), field="title")
    return said


def _text(field: str, text: str) -> str:
    if len(text := tidy(text)) > LONGEST[field]:
        raise TaxonomyProblem(f"At most {LONGEST[field]:,} characters; these are {len(text):,}.", field=field)
    return text


def _checked(rows: Sequence[Mapping[str, Any]], kept: Sequence[str]) -> list[Row]:
    made = taxonomy_rows.tidied(rows, kept)
    try:
        taxonomy_rows.check(made)
    except BadTaxonomy as bad:
        raise TaxonomyProblem(str(bad), bad.place, bad.field) from bad
    return made
