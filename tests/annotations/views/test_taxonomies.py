"""The pages of taxonomies: begun, edited by two people, published, compared, taken away."""

import json
import tomllib

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.core import taxonomy_rows
from annotations.core.taxonomies import built_in
from annotations.models import Taxonomy, TaxonomyVersion
from annotations.services import taxonomies
from tests.factories import make_organisation, make_person

pytestmark = pytest.mark.django_db
LIST, NEW = reverse("annotations:taxonomy-list"), reverse("annotations:taxonomy-new")
HOSTILE = '<script>alert(1)</script> "x" عنف'


def url(name, *args):
    return reverse(f"annotations:taxonomy-{name}", args=args)


def row(name, definition="What it is."):
    return {"slug": "", "name": name, "definition": definition, "trained": True}


def made(*names, title="Harms of a game"):
    about = {"title": title, "about": ""}
    rows = [row(name) for name in names]
    return taxonomies.create(organisation=make_organisation(), about=about, rows=rows, actor=make_person("lea"))


def published(*names):
    return taxonomies.publish(draft=made(*names), revision=0, note="", actor=make_person("lea"))


def typed(draft, *names, **fields):
    """The editor's form as a browser sends it: all categories drawn from in training."""
    columns = {f"row-{field}": [row(name)[field] for name in names] for field in ("slug", "name", "definition")}
    columns |= {"row-full_name": [""] * len(names), "row-trained": [str(at) for at in range(len(names))]}
    return {"title": "Harms of a game", "number": draft.number, "revision": draft.revision} | columns | fields


def test_the_list_shows_what_is_built_in_and_how_each_taxonomy_stands(as_person):
    assert "There is no taxonomy of your own yet" in as_person("ada").get(LIST).text
    published("Fraud", "Theft")
    page = as_person("bob").get(LIST).text
    assert "Harms of a game" in page and "v1 published" in page and "Illegal Drug-Related" in page


@pytest.mark.parametrize(("start", "categories"), [("built_in", 7), ("empty", 0)])
def test_a_taxonomy_begins_with_the_built_in_ones_or_with_nothing(as_person, start, categories):
    said = {"title": "Ours", "organisation": make_organisation().pk, "start": start}
    answer = as_person("ada").post(NEW, said)
    draft = TaxonomyVersion.objects.get()
    assert answer.url == url("edit", draft.taxonomy_id) and len(draft.categories) == categories


def test_a_taxonomy_begins_with_another_one(as_person):
    source = published("Fraud")
    said = {"title": "Ours", "organisation": make_organisation().pk, "start": "another"}
    ada = as_person("ada")
    assert ada.post(NEW, said).status_code == 422
    ada.post(NEW, said | {"source": source.taxonomy_id})
    assert TaxonomyVersion.objects.get(state="draft").categories == source.categories


def test_a_taxonomy_of_others_is_no_beginning(as_person):
    theirs = published("Fraud").taxonomy
    said = {"title": "Mine", "organisation": make_organisation("elsewhere").pk, "start": "another", "source": theirs.pk}
    assert as_person("mallory").post(NEW, said).status_code == 422


def test_the_draft_is_saved_as_it_was_typed(as_person):
    draft = made("Fraud")
    said = typed(draft, "Fraud", "Lies, half-truths/rumours", **{"row-trained": ["1"], "about": "For players."})
    assert as_person("ada").post(url("edit", draft.taxonomy_id), said).status_code == 302
    draft.refresh_from_db()
    assert [(one["slug"], one["trained"]) for one in draft.categories] == [
        ("fraud", False),
        ("lies_half_truths_rumours", True),
    ]
    assert Taxonomy.objects.get().about == "For players."


def test_buttons_add_move_and_remove_without_saving(as_person):
    draft, ada = made("Fraud", "Theft"), as_person("ada")

    def names(do):
        page = ada.post(url("edit", draft.taxonomy_id), typed(draft, "Fraud", "Theft", do=do))
        return page.status_code, [line.row["name"] for line in page.context["form"].lines]

    assert names("add") == (200, ["Fraud", "Theft", ""])
    assert names("up 1") == names("down 0") == (200, ["Theft", "Fraud"])
    assert names("remove 0") == (200, ["Theft"])
    assert names("up 0") == names("remove 99") == names("remove x") == (200, ["Fraud", "Theft"])
    assert TaxonomyVersion.objects.get().revision == 0


def test_what_is_wrong_is_told_beside_its_category_and_nothing_typed_is_lost(as_person):
    draft = made("Fraud")
    said = typed(draft, "Fraud", HOSTILE, **{"row-definition": ["What it is.", ""]})
    answer = as_person("ada").post(url("edit", draft.taxonomy_id), said)
    assert answer.status_code == 422 and "has no definition" in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text and "<script>alert" not in answer.text


@pytest.mark.parametrize("broken", [{"number": "x"}, {"row-slug": []}, {"revision": "9" * 30}])
def test_a_form_that_did_not_arrive_whole_is_refused(as_person, broken):
    draft = made("Fraud")
    answer = as_person("ada").post(url("edit", draft.taxonomy_id), typed(draft, "Fraud", **broken))
    assert answer.status_code == 422 and "did not arrive whole" in answer.text


def test_the_later_of_two_is_told_and_may_save_over_it(as_person):
    draft, lea = made("Fraud"), as_person("lea")
    as_person("ada").post(url("edit", draft.taxonomy_id), typed(draft, "Theft"))
    answer = lea.post(url("edit", draft.taxonomy_id), typed(draft, "Arson"))
    assert answer.status_code == 409 and "Somebody was faster" in answer.text and 'value="Arson"' in answer.text
    assert answer.context["revision"] == 1
    lea.post(url("edit", draft.taxonomy_id), typed(draft, "Arson", revision=answer.context["revision"]))
    assert [one["name"] for one in TaxonomyVersion.objects.get().categories] == ["Arson"]


def test_publishing_freezes_it_and_the_next_draft_begins_from_there(as_person):
    draft, lea = made("Fraud", "Theft"), as_person("lea")
    answer = lea.post(url("publish", draft.taxonomy_id), {"revision": 0, "note": "The first."}, follow=True)
    assert "v1 is published and never changes" in answer.text
    page = lea.get(url("edit", draft.taxonomy_id))
    assert (page.context["number"], page.context["revision"], len(page.context["form"].rows)) == (2, "", 2)
    lea.post(url("edit", draft.taxonomy_id), typed(draft, "Fraud", "Arson", number=2, revision=""))
    assert TaxonomyVersion.objects.get(number=2).state == "draft"
    shown = lea.get(url("version", draft.taxonomy_id, 2))
    assert "1 added, 1 removed" in shown.text and "Arson" in shown.text


@pytest.mark.parametrize("revision", ["", "7", "x"])
def test_a_draft_that_nobody_saw_is_not_published(as_person, revision):
    draft = made("Fraud")
    answer = as_person("lea").post(url("publish", draft.taxonomy_id), {"revision": revision, "note": "Kept?"})
    assert answer.status_code == 422 and "Somebody was faster" in answer.text and "Kept?" in answer.text


def test_what_could_not_be_told_apart_is_not_published(as_person):
    draft = made("a", "b", "a b")
    answer = as_person("lea").post(url("publish", draft.taxonomy_id), {"revision": 0})
    assert answer.status_code == 422 and "Written one after the other" in answer.text


def test_without_a_draft_there_is_nothing_to_publish(as_person):
    version = published("Fraud")
    answer = as_person("lea").post(url("publish", version.taxonomy_id), {"revision": 0})
    assert answer.status_code == 422 and "There is no draft" in answer.text


def test_a_version_is_taken_away_whole(as_person):
    version, ada = published("Fraud", "Drugs/alcohol, “soft” \x7f\\"), as_person("ada")
    where = url("export", version.taxonomy_id)
    toml = tomllib.loads(ada.get(where, {"format": "toml", "version": 1}).content.decode())
    assert [{**one, "can_be_allowed": None} for one in toml["categories"]] == [
        {**one, "can_be_allowed": None} for one in version.categories
    ]
    lines = b"".join(ada.get(where, {"format": "jsonl"}).streaming_content).decode().splitlines()
    assert [json.loads(line)["name"] for line in lines] == [one["name"] for one in version.categories]
    assert ada.get(where).headers["Content-Disposition"].endswith('-v1.csv"')
    wrong = ({"format": "odt"}, {"version": "2"}, {"version": "x"}, {"version": "9" * 40})
    assert {ada.get(where, one).status_code for one in wrong} == {404}


def test_texts_of_people_stay_text(as_person):
    version = published(HOSTILE)
    for name, args in (("detail", []), ("version", [1]), ("edit", [])):
        page = as_person("ada").get(url(name, version.taxonomy_id, *args)).text
        assert "<script>alert" not in page and "&lt;script&gt;" in page


def test_an_archived_taxonomy_leaves_the_lists(as_person):
    version, ada = published("Fraud"), as_person("ada")
    assert ada.post(url("archive", version.taxonomy_id)).url == url("detail", version.taxonomy_id)
    assert ada.post(url("archive", version.taxonomy_id), {"sure": "yes"}).url == LIST
    assert "Harms of a game" not in ada.get(LIST, follow=True).text.replace("“Harms of a game” is archived", "")
    assert ada.get(url("detail", version.taxonomy_id)).status_code == 404


@pytest.mark.parametrize("name", ["edit", "publish", "archive"])
def test_readers_change_nothing_and_strangers_find_nothing(as_person, name):
    pk = made("Fraud").taxonomy_id
    said = {"revision": 0}
    codes = {who: as_person(who).post(url(name, pk), said).status_code for who in ("bob", "carol", "mallory")}
    assert codes == {"bob": 403, "carol": 403, "mallory": 404}


def test_a_list_of_many_costs_as_many_queries_as_one_of_few(as_person):
    ada = as_person("ada")

    def queries(count):
        for number in range(count):
            made("Fraud", title=f"Taxonomy {count} {number}")
        ada.get(LIST)
        with CaptureQueriesContext(connection) as seen:
            ada.get(LIST)
        return len(seen)

    assert queries(2) == queries(20)


def test_the_built_in_categories_are_the_products_own(as_person):
    page = as_person("ada").get(NEW).text
    assert "Seven harms" in page and len(taxonomy_rows.of_taxonomy(built_in())) == 7
