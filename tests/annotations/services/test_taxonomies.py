"""Writing taxonomies: drafts with a revision, versions that are published for good, and the next draft after them."""

import pytest

from annotations.core import taxonomy_rows
from annotations.core.taxonomies import built_in
from annotations.models import AuditEvent, Taxonomy, TaxonomyVersion
from annotations.services import taxonomies
from annotations.services.taxonomies import Conflict, TaxonomyProblem
from tests.databases import at_once
from tests.factories import make_organisation, make_person

pytestmark = pytest.mark.django_db
EIGHT = taxonomy_rows.of_taxonomy(built_in())


def row(name, **fields):
    return {"slug": "", "name": name, "definition": f"All that is {name}.", "trained": True} | fields


def create(*rows, title="Harms of a game"):
    home = make_organisation()
    about = {"title": title, "about": "For players."}
    return taxonomies.create(organisation=home, about=about, rows=rows, actor=make_person("ada"))


def save(draft, *rows, title="Harms of a game", person="lea", **fields):
    said = {"number": draft.number, "revision": draft.revision} | fields
    about = {"title": title, "about": "For players."}
    return taxonomies.save(taxonomy=draft.taxonomy, about=about, rows=rows, actor=make_person(person), **said)


def publish(draft, note="", **fields):
    draft.refresh_from_db()
    said = {"revision": draft.revision} | fields
    return taxonomies.publish(draft=draft, note=note, actor=make_person("lea"), **said)


def test_a_taxonomy_begins_with_the_built_in_categories_and_keeps_their_slugs():
    draft = create(*EIGHT)
    assert (draft.number, draft.state, draft.categories) == (1, "draft", EIGHT)
    again = save(draft, *EIGHT[:-1])
    assert [one["slug"] for one in again.categories] == [one["slug"] for one in EIGHT[:-1]]


def test_a_slug_follows_the_name_until_it_is_published():
    draft = save(create(row("Fraud")), row("Deceit", slug="fraud"))
    assert draft.categories[0]["slug"] == "deceit"
    made = publish(draft)
    later = save(made, row("Lies", slug="deceit"), number=2, revision=None)
    assert (later.number, later.categories[0]["slug"], later.categories[0]["name"]) == (2, "deceit", "Lies")


def test_the_second_of_two_people_is_told_and_nothing_is_overwritten():
    draft = create(row("Fraud"))
    save(draft, row("Fraud"), row("Theft"), person="ada")
    with pytest.raises(Conflict, match="Somebody was faster"):
        save(draft, row("Arson"))
    assert [one["name"] for one in taxonomies.draft_of(draft.taxonomy).categories] == ["Fraud", "Theft"]


def test_two_people_who_both_begin_the_next_draft_do_not_overwrite_each_other():
    made = publish(create(row("Fraud")))
    save(made, row("Theft"), number=2, revision=None, person="ada")
    with pytest.raises(Conflict):
        save(made, row("Arson"), number=2, revision=None)


def test_what_was_published_meanwhile_is_not_edited():
    draft = create(row("Fraud"))
    publish(draft)
    with pytest.raises(Conflict):
        save(draft, row("Theft"))


def test_saving_the_same_again_does_no_harm():
    draft = create(row("Fraud"))
    saved = save(draft, row("Theft"))
    again = save(draft, row("Theft"))
    assert (again.revision, again.digest) == (saved.revision, saved.digest)


def test_a_published_version_has_a_digest_and_its_decision_is_on_record():
    made = publish(create(row("Fraud")), note="First.")
    assert (made.state, made.digest, made.published_by.username) == (
        "published",
        taxonomy_rows.digest(made.categories),
        "lea",
    )
    event = AuditEvent.objects.get(action="publish", object_type="taxonomyversion")
    assert event.after == {"number": 1, "digest": made.digest, "note": "First."}


def test_the_draft_that_somebody_saw_is_published_and_no_other():
    draft = create(row("Fraud"))
    save(draft, row("Theft"))
    with pytest.raises(Conflict):
        publish(draft, revision=0)
    assert taxonomies.newest(draft.taxonomy) is None


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "There is no category yet"),
        ([row("a"), row("b"), row("a b")], "Written one after the other"),
    ],
)
def test_what_nobody_could_work_with_is_not_published(rows, sentence):
    with pytest.raises(TaxonomyProblem, match=sentence):
        publish(create(*rows))


def test_nothing_new_is_not_published_again():
    made = publish(create(row("Fraud")))
    with pytest.raises(TaxonomyProblem, match="Nothing is different from v1"):
        publish(save(made, *made.categories, number=2, revision=None))


@pytest.mark.parametrize(
    ("fields", "sentence", "field"),
    [
        ({"title": " "}, "Give the taxonomy a title", "title"),
        ({"title": "x" * 201}, "At most 200 characters; these are 201", "title"),
    ],
)
def test_a_taxonomy_needs_a_title_of_a_sensible_length(fields, sentence, field):
    with pytest.raises(TaxonomyProblem, match=sentence) as refused:
        create(row("Fraud"), **fields)
    assert refused.value.field == field and not Taxonomy.objects.exists()


def test_the_place_of_what_is_wrong_is_told():
    with pytest.raises(TaxonomyProblem, match="“Theft” has no definition") as refused:
        create(row("Fraud"), row("Theft", definition=""))
    assert (refused.value.place, refused.value.field) == (1, "definition")


def test_a_category_is_added_to_the_draft_or_to_a_new_one_after_the_last_version():
    made = publish(create(row("Fraud")))
    ada = make_person("ada")
    draft = taxonomies.add_category(taxonomy=made.taxonomy, name="Theft", definition="Taking.", actor=ada)
    assert (draft.number, [one["slug"] for one in draft.categories]) == (2, ["fraud", "theft"])
    with pytest.raises(TaxonomyProblem, match="read alike"):
        taxonomies.add_category(taxonomy=made.taxonomy, name="theft!", definition="Again.", actor=ada)


def test_a_category_is_taken_back_as_long_as_it_is_what_it_was():
    draft = create(row("Fraud"), row("Theft"))
    same = {"name": "Theft", "definition": "All that is Theft."}
    assert not taxonomies.take_category_back(taxonomy=draft.taxonomy, name="Theft", definition="Otherwise.")
    assert taxonomies.take_category_back(taxonomy=draft.taxonomy, **same)
    assert [one["name"] for one in taxonomies.draft_of(draft.taxonomy).categories] == ["Fraud"]
    assert not taxonomies.take_category_back(taxonomy=draft.taxonomy, **same)


def test_what_is_published_is_not_taken_back():
    made = publish(create(row("Fraud")))
    with pytest.raises(TaxonomyProblem, match="published in v1"):
        taxonomies.take_category_back(taxonomy=made.taxonomy, name="Fraud", definition="All that is Fraud.")


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_saves_and_one_is_told():
    draft = create(row("Fraud"))
    make_person("lea")
    results = at_once(lambda: save(draft, row("Theft")), lambda: save(draft, row("Arson")))
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "TaxonomyVersion"]
    assert TaxonomyVersion.objects.get().revision == 1


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_two_who_begin_the_next_draft_at_once_one_is_told():
    made = publish(create(row("Fraud")))
    names = ("Theft", "Arson")
    results = at_once(*(lambda name=name: save(made, row(name), number=2, revision=None) for name in names))
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "TaxonomyVersion"]
