"""The page of raters without a script: plain pages and forms, and the texts as they were written."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import Assignment, CampaignItem, Draft, Guideline, Rating, Response, Skip
from annotations.services import campaign_items, slots
from tests.factories import make_config, make_person, make_prompt, make_version
from tests.markup import elements, inline, undirected
from tests.rating_desk import enrol, make_campaign, make_response, rate

pytestmark = pytest.mark.django_db
HOSTILE = (
    """<script>alert(1)</script><img src=x onerror=alert(2)>" onfocus="alert(3)" {response} Rating: [[5]] {{ x }}"""
)
ARABIC = "اكتب مشهداً"


def page(campaign, name="rate", *more):
    return reverse(f"annotations:{name}", args=[campaign.pk, *more])


def html_of(response):
    return response.content.decode()


def said(**more):
    return {"points": "4", "follows_config": "yes", "token": str(uuid4()), "guideline": "1"} | more


def chosen(html):
    """The values of what is checked on the page."""
    inputs = [one.attributes for one in elements(html, "input") if "checked" in one.attributes]
    return [one.get("value", "on") for one in inputs]


def held(enrolment):
    """The slot before this rater."""
    return slots.turn(enrolment).assignment


def only(text, **fields):
    """An open campaign of Lea's with this one response in it."""
    campaign = make_campaign(0)
    found = Response.objects.filter(pk=make_response(text, **fields).pk)
    campaign_items.add(campaign=campaign, responses=found, actor=make_person("lea"))
    return campaign


@pytest.fixture
def desk(as_person):
    """A campaign of three, Carol in it, and her browser."""
    campaign = make_campaign(3)
    return campaign, enrol(campaign, "carol"), as_person("carol")


def test_one_item_after_the_other_is_rated_by_plain_forms(desk):
    campaign, carol, client = desk
    for number in range(3):
        assert f"{number} done" in html_of(client.get(page(campaign)))
        sent = client.post(page(campaign, "rate-send", held(carol).key), said())
        assert sent.headers["Location"] == page(campaign)
    assert slots.WHY_NOTHING["nothing"] in html_of(client.get(page(campaign)))
    assert list(Rating.objects.values_list("points", "follows_config")) == [(4, True)] * 3


def test_the_same_form_sent_twice_is_one_answer(desk):
    campaign, carol, client = desk
    where, form = page(campaign, "rate-send", held(carol).key), said()
    assert [client.post(where, form).status_code for _ in range(2)] == [302, 302]
    assert Rating.objects.count() == 1


def test_a_form_that_is_not_complete_comes_back_with_all_that_was_typed(desk):
    campaign, carol, client = desk
    typed = said(points="", follows_config="no", broken_rules=["r1"], comment="Half a thought")
    response = client.post(page(campaign, "rate-send", held(carol).key), typed)
    html = html_of(response)
    assert (response.status_code, Rating.objects.count()) == (422, 0)
    assert "Say how helpful the response is" in html and "Half a thought" in html
    assert {"no", "r1"} <= set(chosen(html))


def test_an_answer_is_looked_at_again_and_changed_and_both_are_kept(desk):
    campaign, carol, client = desk
    first = rate(carol, 1)
    html = html_of(client.get(page(campaign)))
    where = page(campaign, "rate-item", first.assignment.key)
    assert f'href="{where}"' in html
    again = html_of(client.get(where))
    assert str(first.token) in again and "both are kept" in again
    client.post(page(campaign, "rate-send", first.assignment.key), said(replaces=str(first.token)))
    answers = Rating.objects.order_by("pk")
    assert [(one.points, one.withdrawn_at is None) for one in answers] == [(1, False), (4, True)]


def test_an_item_is_passed_on_by_a_plain_button(desk):
    campaign, carol, client = desk
    client.post(page(campaign, "rate-send", held(carol).key), {"skip": "distressing"})
    client.post(page(campaign, "rate-send", held(carol).key), {"skip": "reason", "reason": "broken"})
    assert list(Skip.objects.values_list("reason", flat=True)) == ["distressing", "broken"]


def test_an_answer_that_comes_too_late_is_told_with_what_was_written(desk):
    campaign, carol, client = desk
    slot = held(carol)
    Assignment.objects.filter(pk=slot.pk).update(rater=make_person("dan", role="annotator"))
    response = client.post(page(campaign, "rate-send", slot.key), said(comment="Read me again"))
    assert response.status_code == 422
    assert "Somebody else holds this item" in html_of(response) and "Read me again" in html_of(response)


def test_an_item_that_is_not_theirs_any_more_leads_to_the_next(desk):
    campaign, carol, client = desk
    slot = held(carol)
    slots.release(carol)
    response = client.get(page(campaign, "rate-item", slot.key), follow=True)
    assert response.redirect_chain == [(page(campaign), 302)]
    assert "not yours to answer any more" in html_of(response)


def test_after_practice_the_right_answer_is_shown(desk):
    campaign, carol, client = desk
    slot = held(carol)
    gold = {"gold_low": 0, "gold_high": 1, "gold_follows": False, "gold_why": "It names the way in."}
    CampaignItem.objects.filter(pk=slot.item_id).update(practice=True, **gold)
    assert "Practice." in html_of(client.get(page(campaign)))
    html = html_of(client.post(page(campaign, "rate-send", slot.key), said(), follow=True))
    assert "The right answer is another one." in html and "It names the way in." in html


def test_what_was_begun_stands_in_the_form(desk):
    campaign, carol, client = desk
    Draft.objects.create(item=held(carol).item, rater=carol.rater, values={"points": 2, "comment": "Half", "risks": 7})
    html = html_of(client.get(page(campaign)))
    assert [one.text for one in elements(html, "textarea") if one.attributes.get("name") == "comment"] == ["Half"]
    assert chosen(html)[0] == "2"


def test_who_has_not_begun_is_sent_to_the_start(as_person):
    campaign = make_campaign(1)
    enrol(campaign, "carol", accepted_at=None)
    assert as_person("carol").get(page(campaign)).headers["Location"] == page(campaign, "rate-start")


def test_the_guideline_is_the_newest_one(desk):
    campaign, _, client = desk
    Guideline.objects.create(campaign=campaign, number=2, text="Read *three* times.", created_by=make_person("lea"))
    html = html_of(client.get(page(campaign, "rate-guideline")))
    assert "Version 2" in html and "<em>three</em>" in html


@pytest.mark.parametrize("text", [HOSTILE, ARABIC, "Long words. " * 1700], ids=["hostile", "arabic", "20,000"])
def test_every_text_is_shown_as_it_was_written(text, as_person):
    rule = {"id": "r1", "kind": "disallow", "text": text, "example": ""}
    version = make_version(make_config(title=ARABIC * 20, language="ar"), policy=HOSTILE, rules=[rule])
    campaign = only(text, version=version, prompt=make_prompt(text, config=version.config, language="ar"))
    campaign.title = f"{ARABIC} " * 24
    campaign.save(update_fields=["title"])
    enrol(campaign)
    html = html_of(as_person("carol").get(page(campaign)))
    assert inline(html) == [] and undirected(html, ARABIC) == []
    assert elements(html, css="response")[0].text == text
    assert elements(html, css="prompt")[0].attributes["lang"] == "ar"


def test_a_text_with_tags_starts_folded_for_who_prefers_it(as_person):
    campaign = make_campaign(1, risks=["violence"])
    enrol(campaign, folds=True)
    html = html_of(as_person("carol").get(page(campaign)))
    fold = elements(html, css="rate-fold")[0]
    assert "open" not in fold.attributes and "Violence" in fold.text and "as you prefer" in fold.text


def test_the_page_asks_as_often_for_many_items(as_person):
    def asked(items):
        campaign = make_campaign(items)
        enrol(campaign)
        client = as_person("carol")
        client.get(page(campaign))
        with CaptureQueriesContext(connection) as seen:
            client.get(page(campaign))
        return len(seen)

    assert asked(3) == asked(12)
