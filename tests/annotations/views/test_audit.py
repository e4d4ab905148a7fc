"""The audit page: who sees it, its filters, and its rows to take away."""

import csv
import io
import json
import tracemalloc

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import AuditEvent, User
from annotations.services import audit
from tests.factories import make_config, make_organisation, make_person, make_version
from tests.markup import elements, inline, next_page, text, undirected

pytestmark = pytest.mark.django_db
LIST, EXPORT = reverse("annotations:audit-list"), reverse("annotations:audit-export")
HTMX = {"HX-Request": "true"}
HOSTILE = '<img src=x onerror=alert(1)>" onfocus="alert(2)'
ARABIC = "اكتب مشهداً"


def event(action="edit", person="ada", obj=None, before=None, after=None):
    return audit.record(
        actor=make_person(person), action=action, obj=obj or make_config(), before=before, after=after or {"a": 1}
    )


def page(client, **wanted):
    return client.get(LIST, wanted).content.decode()


def done(html):
    """The column of what was done."""
    return [one.text for one in elements(html, "td", "strong")]


def taken(client, **wanted):
    return b"".join(client.get(EXPORT, wanted).streaming_content).decode()


def test_an_event_shows_who_did_what_to_what_and_what_it_changed(as_person):
    event("submit", obj=make_config(title="Game studio"), before={"state": "draft"}, after={"state": "submitted"})
    html = page(as_person("bob"))
    row = " ".join(elements(html, "tbody")[0].parents[-1].text.split())
    assert "Ada submitted config Game studio" in row and "state draft→ submitted" in row.replace("draft →", "draft→")


def test_the_object_leads_to_its_page(as_person):
    version = make_version()
    event(obj=version)
    html = page(as_person("bob"))
    assert f"/configs/{version.config_id}/v1/" in [one.attributes.get("href") for one in elements(html, "a", "plain")]


def test_a_long_text_is_folded_and_a_short_one_is_not(as_person):
    event(before={"policy": "w" * 141}, after={"policy": "short"})
    folds = elements(page(as_person("bob")), "details", "fold")
    assert len(folds) == 1 and "w" * 141 in folds[0].text


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"action": "submit"}, ["submitted"]),
        ({"kind": "organisation"}, ["changed"]),
        ({"words": "siege"}, ["submitted"]),
        ({"since": "2000-01-01", "until": "2000-01-02"}, []),
        ({}, ["changed", "submitted"]),
    ],
    ids=str,
)
def test_each_filter_leaves_what_matches_on_the_page_and_in_the_file(as_person, wanted, found):
    event("submit", after={"note": "About a siege."})
    event("edit", "grace", make_organisation())
    bob = as_person("bob")
    assert done(page(bob, **wanted)) == found
    assert len(taken(bob, format="jsonl", **wanted).splitlines()) == len(found)


def test_events_are_found_by_the_person(as_person):
    event("submit")
    event("edit", "grace")
    assert done(page(as_person("bob"), person=make_person("grace").pk)) == ["changed"]


@pytest.mark.parametrize(
    "wanted", [{"since": "yesterday"}, {"person": "999"}, {"action": "fly"}, {"number": "x"}, {"kind": "x"}], ids=str
)
def test_a_filter_that_cannot_be_is_422_and_hides_nothing_silently(as_person, wanted):
    event()
    bob = as_person("bob")
    assert [bob.get(url, wanted).status_code for url in (LIST, EXPORT)] == [422, 422]
    assert elements(page(bob, **wanted), css="error") and not done(page(bob, **wanted))


def test_the_history_of_an_object_to_which_nothing_happened_is_empty(as_person):
    event()
    answer = as_person("grace").get(LIST, {"kind": "user", "number": 1})
    assert answer.status_code == 200 and not done(answer.content.decode())


def test_htmx_gets_the_rows_alone(as_person):
    event()
    html = as_person("bob").get(LIST, headers=HTMX).content.decode()
    assert "<body" not in html and elements(html)[0].attributes["id"] == "audit-rows"


def test_fifty_stand_on_a_page(as_person):
    for _ in range(51):
        event()
    bob = as_person("bob")
    first = page(bob)
    assert [len(done(html)) for html in (first, bob.get(LIST + next_page(first)).content.decode())] == [50, 1]


def test_the_file_keeps_the_filters_and_leaves_the_page_out(as_person):
    for _ in range(51):
        event()
    bob = as_person("bob")
    html = bob.get(LIST + next_page(page(bob, action="edit"))).content.decode()
    links = [one.attributes["href"] for one in elements(html, "a") if EXPORT in one.attributes.get("href", "")]
    assert sorted(links) == [f"{EXPORT}?action=edit&format={name}" for name in ("csv", "jsonl")]


def test_many_events_ask_as_often_as_one(as_person):
    bob, counts = as_person("bob"), []
    for number in (1, 20):
        for each in range(number):
            version = make_version(make_config(f"c{number}-{each}"))
            event(obj=version)
            event(obj=version.config, person="lea")
        with CaptureQueriesContext(connection) as asked:
            page(bob)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 15


@pytest.mark.parametrize("person", ["ada", "carol", "lea", "mallory"])
def test_only_admins_and_reviewers_get_in(as_person, person):
    assert [as_person(person).get(url).status_code for url in (LIST, EXPORT)] == [403, 403]


@pytest.mark.parametrize(("person", "tabs"), [("bob", ["Audit"]), ("grace", ["People", "Organisations", "Audit"])])
def test_a_reviewer_is_offered_no_page_of_the_admins(as_person, person, tabs):
    event(obj=make_person("ada"))
    html = page(as_person(person))
    offered = [one.text for one in elements(html, "a") if any("tabs" in up.classes for up in one.parents)]
    assert offered[: len(tabs)] == tabs
    assert any("/people/" in one.attributes.get("href", "") for one in elements(html, "a")) is (person == "grace")


def test_an_empty_record_says_so_and_a_filter_that_leaves_nothing_too(as_person):
    bob = as_person("bob")
    assert "Nothing was decided yet" in text(page(bob), "empty")
    event()
    assert "No event matches" in text(page(bob, words="nowhere"), "empty")


@pytest.mark.parametrize("options", [{}, {"headers": HTMX}], ids=["page", "fragment"])
def test_hostile_texts_stay_text(as_person, options):
    User.objects.filter(pk=make_person("ada").pk).update(first_name=HOSTILE)
    event(HOSTILE[:50], obj=make_config(title=HOSTILE), before={HOSTILE: HOSTILE}, after={HOSTILE: HOSTILE * 9})
    html = as_person("bob").get(LIST, {"words": "img"}, **options).content.decode()
    assert done(html) and inline(html) == [] and "<img src=x" not in html


def test_arabic_texts_run_their_own_way(as_person):
    User.objects.filter(pk=make_person("ada").pk).update(first_name=ARABIC)
    event(obj=make_config(title=ARABIC), before={"title": ARABIC}, after={"title": ARABIC * 20})
    assert undirected(page(as_person("bob")), ARABIC) == []


def test_the_csv_has_a_heading_and_a_line_for_each_event(as_person):
    event("submit", before={"state": "draft"}, after={"state": "submitted", "note": "ü, “q”"})
    (row,) = csv.DictReader(io.StringIO(taken(as_person("bob"))))
    assert (row["user_name"], row["action"], row["kind"]) == ("ada", "submit", "safetyconfig")
    assert json.loads(row["after"]) == {"state": "submitted", "note": "ü, “q”"}


def test_a_name_that_is_a_formula_is_only_text(as_person):
    User.objects.filter(pk=make_person("ada").pk).update(first_name="=HYPERLINK(1)")
    event()
    (row,) = csv.DictReader(io.StringIO(taken(as_person("bob"))))
    assert row["name"] == "'=HYPERLINK(1)"


def test_the_json_lines_keep_the_values(as_person):
    event(before={"n": 1}, after={"n": [2, None]})
    row = json.loads(taken(as_person("bob"), format="jsonl"))
    assert (row["before"], row["after"]) == ({"n": 1}, {"n": [2, None]})


def test_a_file_is_named_and_typed(as_person):
    headers = as_person("bob").get(EXPORT, {"format": "csv"}).headers
    assert headers["Content-Type"].startswith("text/csv")
    assert headers["Content-Disposition"].startswith('attachment; filename="audit-20')


def test_a_format_that_is_not_there_is_404(as_person):
    assert as_person("bob").get(EXPORT, {"format": "../csv"}).status_code == 404


def test_a_long_record_is_taken_with_one_query_and_little_memory(as_person):
    ada, config = make_person("ada"), make_config()
    rows = [
        AuditEvent(actor=ada, action="edit", object_type="safetyconfig", object_id=config.pk, after={"text": "w" * 500})
        for _ in range(20_000)
    ]
    AuditEvent.objects.bulk_create(rows, batch_size=2000)
    response = as_person("bob").get(EXPORT)
    with CaptureQueriesContext(connection) as asked:
        tracemalloc.start()
        size = sum(len(part) for part in response.streaming_content)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    # Twenty thousand lines of more than 500 letters; a tenth of them, with everything round them, is held at a time.
    assert len(asked) == 1 and size > 10_000_000 and most < 8_000_000
