"""Taking a campaign's answers away: the page that shows what one gets, and the file."""

import io
import re
import zipfile

import pytest
from django.urls import reverse
from django.utils import timezone

from annotations import exports
from annotations.models import AuditEvent, Campaign, Rating
from annotations.queries import rating_shapes, rating_tables
from tests.exports.reading import rows_of
from tests.factories import make_person
from tests.markup import elements, inline
from tests.rating_desk import make_campaign, rate_item

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
HOSTILE = '<script>alert(1)</script>" onfocus="alert(2)'


@pytest.fixture
def campaign():
    """Two items, the first of which Carol and Dan rated."""
    made = make_campaign(2, overlap=2, risks=["drugs"])
    for person in (make_person("carol"), make_person("dan", role="annotator")):
        rate_item(made.items.order_by("pk")[0], person, comment="=cmd|' /C calc'!A0")
    return made


def page(client, campaign, **wanted):
    return client.get(reverse("annotations:campaign-export", args=[campaign.pk]), wanted)


def taken(client, campaign, **wanted):
    return client.get(reverse("annotations:rating-export", args=[campaign.pk]), wanted)


def content(response):
    return b"".join(response.streaming_content)


def rows(client, campaign, format="jsonl", **wanted):
    return list(rows_of(format, content(taken(client, campaign, format=format, **wanted))))


def shown(response):
    return " ".join(" ".join(one.text for one in elements(response.content.decode(), "main")).split())


def test_the_page_shows_the_first_rows_and_how_many_there_are(as_person, campaign):
    response = page(as_person("lea"), campaign)
    assert "2 rows in 28 columns as CSV." in shown(response)
    assert rating_tables.rater_name(campaign.pk, make_person("carol").pk) in shown(response)


def test_the_page_says_what_each_column_holds(as_person, campaign):
    told = shown(page(as_person("bob"), campaign, shape="items"))
    assert all(column.about in told for column in rating_shapes.WHOLE)


def test_the_page_tells_what_is_in_the_file(as_person, campaign):
    assert "Drugs (2 of 2, 100.0 %)" in shown(page(as_person("lea"), campaign))


def test_htmx_gets_what_changes_alone(as_person, campaign):
    client = as_person("lea")
    html = client.get(reverse("annotations:campaign-export", args=[campaign.pk]), headers=HTMX).content.decode()
    assert "<body" not in html and elements(html)[0].attributes["id"] == "export"


@pytest.mark.parametrize("name", exports.names())
@pytest.mark.parametrize("shape", rating_shapes.SHAPES)
def test_every_format_holds_every_row(as_person, campaign, name, shape):
    response = taken(as_person("bob"), campaign, format=name, shape=shape)
    assert len(list(rows_of(name, content(response)))) == 2
    suffix = re.escape(exports.load(name).SUFFIX)
    name = rf'attachment; filename="sieges-rated-{campaign.pk}-{shape}-\d{{4}}-\d\d-\d\d{suffix}"'
    assert re.fullmatch(name, response["Content-Disposition"])


def test_an_answer_that_was_changed_is_in_the_file(as_person, campaign):
    Rating.objects.filter(pk=Rating.objects.first().pk).update(withdrawn_at=timezone.now())
    assert sorted(row["standing"] for row in rows(as_person("lea"), campaign)) == ["changed", "stands"]


def test_a_formula_in_a_comment_does_not_run_in_a_spreadsheet(as_person, campaign):
    assert {row["comment"] for row in rows(as_person("lea"), campaign, "csv")} == {"'=cmd|' /C calc'!A0"}


def test_a_hostile_text_stays_text(as_person, campaign):
    Campaign.objects.update(title=HOSTILE)
    rate_item(campaign.items.order_by("pk")[0], make_person("ada"), comment=HOSTILE, broken_rules=[HOSTILE])
    html = page(as_person("lea"), campaign).content.decode()
    assert inline(html) == [] and "<script>alert" not in html and "&lt;script&gt;alert" in html
    assert HOSTILE in {row["comment"] for row in rows(as_person("lea"), campaign)}


def test_the_card_of_a_folder_says_what_it_is(as_person, campaign):
    data = content(taken(as_person("lea"), campaign, format="hf_folder"))
    card = zipfile.ZipFile(io.BytesIO(data)).read("README.md").decode()
    assert "Sieges, rated: one row for each answer" in card and "| `rater` | text |" in card
    assert "Drugs (2 of 2, 100.0 %)" in card and "benchmark" not in card


def test_without_an_answer_there_is_no_file(as_person):
    empty = make_campaign(1)
    response = taken(as_person("lea"), empty)
    assert response.status_code == 422 and "Nobody has sent an answer yet" in shown(response)
    assert len(rows(as_person("lea"), empty, shape="items")) == 1


@pytest.mark.parametrize("wanted", [{"shape": "wide"}, {"format": "xlsx"}])
def test_an_unknown_wish_is_refused(as_person, campaign, wanted):
    assert page(as_person("lea"), campaign, **wanted).status_code == 422
    assert taken(as_person("lea"), campaign, **wanted).status_code == 422


def test_a_lead_gets_user_names_and_that_is_recorded(as_person, campaign):
    assert {row["rater"] for row in rows(as_person("lea"), campaign, names="on")} == {"carol", "dan"}
    event = AuditEvent.objects.get(action="export_names")
    assert (event.actor.username, event.object_type, event.object_id) == ("lea", "campaign", campaign.pk)


def test_a_file_without_user_names_is_not_recorded(as_person, campaign):
    lea = as_person("lea")
    rows(lea, campaign)
    rows(lea, campaign, shape="items", names="on")
    lea.head(reverse("annotations:rating-export", args=[campaign.pk]), {"names": "on"})
    assert not AuditEvent.objects.filter(action="export_names").exists()


@pytest.mark.parametrize("person", ["bob", "grace"])
def test_nobody_else_gets_user_names(as_person, campaign, person):
    client = as_person(person)
    assert taken(client, campaign, names="on").status_code == 403
    html = page(client, campaign).content.decode()
    assert not [one for one in elements(html, "input") if one.attributes.get("name") == "names"]


def test_the_page_never_shows_a_user_name(as_person, campaign):
    response = page(as_person("lea"), campaign, names="on")
    assert "carol" not in shown(response) and "by user name" in shown(response)


def test_the_first_bytes_leave_before_the_rest_is_read(as_person, campaign, monkeypatch):
    monkeypatch.setattr(rating_tables, "CHUNK", 1)
    rate_item(campaign.items.order_by("pk")[1], make_person("carol"))
    read = []
    given = rating_tables._given
    monkeypatch.setattr(rating_tables, "_given", lambda items: read.append(1) or given(items))
    stream = iter(taken(as_person("lea"), campaign, format="parquet").streaming_content)
    next(stream)
    assert len(read) == 1
    assert b"".join(stream) and len(read) == 2
