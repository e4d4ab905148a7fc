"""A rater's own pages: their campaigns, what one holds before they begin, and what is theirs in it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotations.models import Campaign, CampaignItem, Enrolment, Flag, Skip
from annotations.services import slots
from tests.factories import make_person
from tests.markup import elements, inline, undirected
from tests.rating_desk import enrol, make_campaign, rate, rate_item

pytestmark = pytest.mark.django_db
HOSTILE = """<script>alert(1)</script><img src=x onerror=alert(2)>" onfocus="alert(3)" {{ x }}"""
LIST = reverse("annotations:rate-list")


def url(name, campaign=None):
    return reverse(f"annotations:rate{name}", args=[(campaign or Campaign.objects.first()).pk])


@pytest.fixture
def carol(as_person):
    return as_person("carol")


def invited(campaign=None, **fields):
    values = {"campaign": campaign or make_campaign(2), "rater": make_person("carol")} | fields
    return Enrolment.objects.create(**values)


def cells(html):
    return {one.attributes["data-label"]: one.text for one in elements(html, "td") if "data-label" in one.attributes}


def asked(client, address):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def flag(campaign, **fields):
    values = {"item": campaign.items.first(), "rater": make_person("carol"), "text": "Is this a quotation?"} | fields
    return Flag.objects.create(**values)


def answered_flag(campaign):
    return flag(campaign, answer="It is one.", answered_by=make_person("lea"), answered_at=timezone.now())


def test_the_list_says_what_waits_what_was_sent_and_how_much_is_harmful(carol):
    campaign = make_campaign(4, risks=["violence"], quota=3)
    CampaignItem.objects.filter(pk=campaign.items.first().pk).update(tags="")
    rate(enrol(campaign))
    html = carol.get(LIST).content.decode()
    # Three items are free; of three answers one is sent, so two more are asked. Three of four are tagged.
    assert cells(html) == {"Sent by you": "1 of 3", "Wait for you": "2", "Harmful subjects": "75.0\u202f%"}
    assert "Go on" in html and url("", campaign) in html


def test_who_has_not_begun_is_led_to_what_the_campaign_holds(carol):
    invited()
    html = carol.get(LIST).content.decode()
    assert url("-start") in html and f'"{url("")}"' not in html and url("-mine") not in html


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": "paused"}, "not open now"),
        ({"state": "closed", "closed_at": timezone.now()}, "closed"),
        ({"quota": 1}, "quota reached"),
    ],
)
def test_a_campaign_in_which_nothing_can_be_done_says_why(carol, fields, words):
    campaign = make_campaign(3)
    rate(enrol(campaign))
    Campaign.objects.update(**fields)
    html = carol.get(LIST).content.decode()
    assert words in html and cells(html)["Wait for you"] == "0" and f'"{url("")}"' not in html


def test_who_is_paused_reads_it_and_is_not_called(carol):
    enrol(make_campaign(1), paused_at=timezone.now())
    assert "paused for you" in carol.get(LIST).content.decode()
    assert "responses of" not in carol.get("/").content.decode()


def test_a_campaign_that_is_no_more_theirs_is_not_listed(carol):
    enrol(make_campaign(1), removed_at=timezone.now())
    assert "No campaign asks for you" in carol.get(LIST).content.decode()


def test_what_is_left_out_or_passed_on_or_answered_does_not_wait(carol):
    campaign = make_campaign(5, overlap=2)
    one, items = enrol(campaign, declined=["drugs"]), list(campaign.items.all())
    rate_item(items[0], one.rater)
    Skip.objects.create(item=items[1], rater=one.rater, reason="unclear")
    campaign.assignments.filter(item=items[2]).update(tags=",drugs,", tagged=True)
    slots.turn(one)
    # Of five items the one in hand and another one are left, and each is two slots.
    assert cells(carol.get(LIST).content.decode())["Wait for you"] == "2"


def test_the_home_page_says_how_many_wait(carol):
    enrol(make_campaign(3))
    html = carol.get("/").content.decode()
    assert "Rate 3 responses of" in html and url("") in html


def test_the_home_page_leads_who_has_not_begun_to_the_start(carol):
    invited()
    assert url("-start") in carol.get("/").content.decode()


def test_lists_ask_as_often_for_many_campaigns(carol):
    def with_campaigns(number, page):
        for _ in range(number):
            enrol(make_campaign(1, risks=["drugs"]), declined=["violence"])
        return asked(carol, page)

    few = [with_campaigns(1, page) for page in (LIST, "/")]
    assert [with_campaigns(5, page) for page in (LIST, "/")] == few


def test_the_start_names_the_categories_that_are_there_and_their_shares(carol):
    campaign = make_campaign(4, risks=["violence"])
    CampaignItem.objects.filter(pk=campaign.items.first().pk).update(tags="")
    invited(campaign)
    html = carol.get(url("-start")).content.decode()
    assert cells(html) == {"Responses": "3", "Share": "75.0\u202f%"}
    assert "Deliberate bodily harm" in html and "Arms and other means" not in html
    assert "Talk to Lea." in html and "Read twice." in html and "costs you nothing" in html


def test_the_start_claims_no_protection_from_folding(carol):
    invited()
    html = carol.get(url("-start")).content.decode()
    assert "A preference, not a protection" in html


def test_accepting_keeps_the_choices_and_leads_to_the_first_item(carol):
    one = invited(make_campaign(1, risks=["violence"]))
    response = carol.post(url("-start"), {"declined": ["drugs", "sexual"], "folds": "on"})
    one.refresh_from_db()
    assert (response.status_code, response.url) == (302, url(""))
    assert (one.accepted_at is not None, one.declined, one.folds) == (True, ["drugs", "sexual"], True)


def test_choices_are_shown_and_changed_later(carol):
    one = enrol(make_campaign(2, risks=["violence"]), declined=["drugs"])
    chosen = [
        box for box in elements(carol.get(url("-start")).content.decode(), "input") if "checked" in box.attributes
    ]
    assert "drugs" in {box.attributes.get("value") for box in chosen}
    response = carol.post(url("-start"), {"declined": ["violence"]}, follow=True)
    one.refresh_from_db()
    assert one.declined == ["violence"] and "0 of 2 responses can come to you" in response.content.decode()


def test_an_unknown_category_is_refused_and_nothing_chosen_is_lost(carol):
    one = invited()
    response = carol.post(url("-start"), {"declined": ["drugs", "spells"], "folds": "on"})
    boxes = [box.attributes for box in elements(response.content.decode(), "input") if "checked" in box.attributes]
    one.refresh_from_db()
    assert response.status_code == 422 and one.accepted_at is None
    assert {"drugs", "on"} <= {box.get("value") for box in boxes}


def test_a_closed_campaign_has_no_button_and_takes_nothing(carol):
    enrol(make_campaign(0, state="closed"))
    html = carol.get(url("-start")).content.decode()
    assert "This campaign is closed" in html and "Save my choices" not in html
    assert carol.post(url("-start"), {}).status_code == 422


def test_a_stranger_a_lead_and_another_expert_find_nothing(as_person):
    enrol(make_campaign(1))
    got = {
        as_person(who).get(url(name)).status_code for who in ("mallory", "lea", "ada") for name in ("-start", "-mine")
    }
    assert got == {404}


def test_a_break_begins_the_row_anew(carol):
    one = enrol(make_campaign(1), tagged_row=3, active_seconds=99)
    assert carol.post(url("-rest")).url == url("")
    one.refresh_from_db()
    assert (one.tagged_row, one.active_seconds) == (0, 0)
    told = carol.post(url("-rest"), "{}", content_type="application/json").json()
    assert told["rested"] and "break" in told["words"]


def test_who_leaves_gives_back_what_they_hold(carol):
    campaign = make_campaign(2)
    slots.turn(enrol(campaign))
    assert carol.post(url("-leave")).url == LIST
    assert not campaign.assignments.filter(state="held").exists()
    assert carol.post(url("-leave"), headers={"Accept": "application/json"}).json() == {"released": 0}


def test_the_own_page_shows_work_bounds_and_what_was_read(carol):
    one = enrol(make_campaign(3, risks=["violence"], day_cap=2, session_cap=None, quota=9))
    rate(one), rate(one)
    html = carol.get(url("-mine")).content.decode()
    facts = dict(zip([e.text for e in elements(html, "dt")], [e.text for e in elements(html, "dd")], strict=True))
    assert facts["Answers"] == "2 of 9 asked of you"
    assert facts["Today"] == "2 of at most 2 reached" and "no bound" in facts["In this session"]
    assert "Violence" in html and timezone.localdate().strftime("%Y") in html


def test_an_answer_of_a_lead_is_new_until_it_is_read(carol):
    campaign = make_campaign(1)
    enrol(campaign), answered_flag(campaign)
    assert "1 new answer of a lead" in carol.get(LIST).content.decode()
    assert "A lead answered 1 flag of yours" in carol.get("/").content.decode()
    html = carol.get(url("-mine")).content.decode()
    name = next(one.attributes["value"] for one in elements(html, "button") if one.attributes.get("name") == "flag")
    assert "It is one." in html and "I have read it" in html
    assert "I have read it" not in carol.post(url("-read"), {"flag": name}, follow=True).content.decode()
    assert "answer of a lead" not in carol.get(LIST).content.decode()
    assert "of yours" not in carol.get("/").content.decode()


def test_what_was_passed_on_is_offered_again(carol):
    campaign = make_campaign(1)
    one = enrol(campaign)
    Skip.objects.create(item=campaign.items.get(), rater=one.rater, reason="unclear", note="Which siege?")
    html = carol.get(url("-mine")).content.decode()
    name = next(each.attributes["value"] for each in elements(html, "button") if each.attributes.get("name") == "skip")
    assert "Which siege?" in html
    told = carol.post(url("-again"), {"skip": name}, follow=True).content.decode()
    assert "It comes to you again" in told and slots.turn(one).assignment is not None
    assert "not among those" in carol.post(url("-again"), {"skip": name}, follow=True).content.decode()


def test_accuracy_and_explanations_come_when_the_campaign_is_closed(carol):
    campaign = make_campaign(1)
    campaign.items.update(gold_low=4, gold_high=5, gold_follows=True, gold_why="BECAUSE-R1")
    rate(enrol(campaign))
    assert "BECAUSE-R1" not in carol.get(url("-mine")).content.decode()
    Campaign.objects.update(state="closed", closed_at=timezone.now())
    html = carol.get(url("-mine")).content.decode()
    # One of one: 100 %, Wilson interval from 1 / (1 + 1.96²) = 20.7 % to 100 %.
    assert "BECAUSE-R1" in html and "1 of 1 right, 100.0\u202f%" in html and "20.7\u202f% to 100.0\u202f%" in html
    assert "Offer it to me again" not in html


def test_the_own_page_asks_as_often_for_many_rows(carol):
    campaign = make_campaign(30, risks=["violence"])
    one = enrol(campaign)

    def with_rows(items):
        for number, item in enumerate(items):
            flag(campaign, item=item)
            at = timezone.now() - timedelta(days=number)
            Skip.objects.create(item=item, rater=one.rater, reason="unclear", created_at=at)
        return asked(carol, url("-mine"))

    items = list(campaign.items.all())
    assert with_rows(items[:3]) == with_rows(items[3:])


def hostile(words):
    campaign = make_campaign(1, title=words, about=words, support_contact=words)
    one = enrol(campaign)
    flag(campaign, text=words, answer=words, answered_by=make_person("lea"), answered_at=timezone.now())
    Skip.objects.create(item=campaign.items.get(), rater=one.rater, reason="unclear", note=words)


def test_hostile_texts_stay_text(carol):
    hostile(HOSTILE)
    for page in (LIST, url("-start"), url("-mine"), "/"):
        html = carol.get(page).content.decode()
        assert inline(html) == [] and "<img src=x" not in html


def test_arabic_texts_run_their_own_way(carol):
    hostile("اكتب مشهداً")
    assert [undirected(carol.get(page).content.decode(), "اكتب") for page in (LIST, url("-start"), url("-mine"))] == [
        []
    ] * 3
