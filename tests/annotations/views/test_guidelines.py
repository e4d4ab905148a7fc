"""The guideline of a campaign: its versions, their differences, how many answers each was given, and the next one."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import Adjudication
from annotations.services import guidelines
from tests.factories import make_person
from tests.markup import elements, undirected
from tests.rating_desk import enrol, make_campaign, rate_item

pytestmark = pytest.mark.django_db
ARABIC = "اقرأ مرتين"


def url(name, campaign, *more):
    return reverse(f"annotations:guideline-{name}", args=[campaign.pk, *more])


def add(campaign, text="Read three times.", note="Once more."):
    return guidelines.add(campaign=campaign, text=text, note=note, actor=make_person("lea"))


def words(response):
    return " ".join(response.content.decode().split())


def test_each_version_says_how_many_answers_were_given_by_it(as_person):
    campaign = make_campaign(2)
    carol = enrol(campaign).rater
    old = rate_item(campaign.items.first(), carol)
    rate_item(campaign.items.last(), carol, guideline=add(campaign))
    bob = as_person("bob")
    assert words(bob.get(url("list", campaign))).count("1 answer<") == 2
    assert "1 answer given by it" in words(bob.get(url("detail", campaign, old.guideline.number)))


def test_a_version_shows_what_it_changed_and_can_be_laid_beside_any_other(as_person):
    campaign = make_campaign(0)
    add(campaign), add(campaign, text="Read it aloud.")
    bob = as_person("bob")
    html = bob.get(url("detail", campaign, 2)).content.decode()
    assert [one.text for one in elements(html, "del")] == ["twice"]
    assert [one.text for one in elements(html, "ins")] == ["three times"]
    assert "What differs from v1" in words(bob.get(url("detail", campaign, 3), {"against": "1"}))
    assert bob.get(url("detail", campaign, 9)).status_code == 404
    assert bob.get(url("detail", campaign, 1), {"against": "99999999999999999999"}).status_code == 200


def test_the_next_version_begins_with_the_newest_text_beside_why_raters_differed(as_person):
    campaign, lea = make_campaign(3, overlap=2), make_person("lea")
    for item, cause in zip(campaign.items.all(), ("slip", "guideline_gap", "guideline_gap"), strict=True):
        Adjudication.objects.create(item=item, points=3, follows_config=True, cause=cause, created_by=lea)
    html = as_person("lea").get(url("new", campaign)).content.decode()
    assert [one.text.strip() for one in elements(html, "textarea")] == ["Read twice.", ""]
    assert html.index("guideline gap") < html.index("slip")


def test_a_new_version_holds_from_now_on(as_person):
    campaign, sent = make_campaign(0), {"text": "Read three times.", "note": "Once more.", "above": "1"}
    response = as_person("lea").post(url("new", campaign), sent)
    assert response.url == url("list", campaign) and campaign.guidelines.first().text == "Read three times."


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"note": ""}, "Say in a line what changed"),
        ({"text": "Read twice."}, "word for word version 1"),
        ({"above": "0"}, "Somebody was faster"),
        ({"above": "x"}, "without the version it was written over"),
        ({"text": ""}, "This field is required"),
    ],
)
def test_what_cannot_be_a_version_is_422_with_what_was_typed(as_person, fields, said):
    campaign = make_campaign(0)
    sent = {"text": "Read three times.", "note": "My own note.", "above": "1"} | fields
    response = as_person("lea").post(url("new", campaign), sent)
    assert response.status_code == 422 and said in words(response) and campaign.guidelines.count() == 1
    assert (sent["note"] or sent["text"]) in words(response)


def test_arabic_guidelines_run_from_the_right(as_person):
    campaign, lea = make_campaign(0), as_person("lea")
    add(campaign, text=ARABIC, note=ARABIC), add(campaign, text=f"{ARABIC} {ARABIC}", note=ARABIC)
    pages = [url("list", campaign), url("detail", campaign, 3), url("new", campaign)]
    assert [undirected(lea.get(page).content.decode(), ARABIC) for page in pages] == [[]] * 3


def test_many_versions_cost_no_more_queries_than_one(as_person):
    campaign, bob = make_campaign(0), as_person("bob")
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            bob.get(url("list", campaign)), bob.get(url("detail", campaign, 1))
        counts.append(len(asked))
        for number in range(6):
            add(campaign, text=f"Read {campaign.pk} {number} times.")
    assert counts[0] == counts[1]
