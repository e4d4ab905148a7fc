"""Campaigns through the API, for those who lead or read them."""

import pytest

from annotations.models import Campaign, Enrolment
from tests.asked import asked
from tests.factories import make_organisation, make_person
from tests.programs import Program
from tests.rating_desk import enrol, make_campaign, rate, rate_item

pytestmark = pytest.mark.django_db


def test_a_campaign_is_told_with_its_settings_and_how_far_it_is():
    campaign = make_campaign(3, overlap=2, day_cap=None)
    carol = enrol(campaign, "carol")
    rate(carol)
    enrol(campaign, "dan")
    lea = Program("lea")
    told = lea.get(f"campaigns/{campaign.pk}/").json()
    # three items, two answers each; Carol gave one
    assert (told["items"], told["people"], told["answers"], told["asked_for"], told["several"]) == (3, 2, 1, 6, 3)
    assert told["progress"] == {"done": 1, "held": 0, "left": 5}
    assert [row["config"] for row in told["by_config"]] == ["Config game"]
    assert (told["day_cap"], told["guideline"], told["last_hour"], told["missing"]) == (None, 1, 1, [])
    row = lea.get("campaigns/", state="open").json()["results"][0]
    assert row == {name: told[name] for name in row}
    assert lea.get("campaigns/", state="closed").json()["results"] == []


def test_people_are_listed_without_what_they_decline():
    campaign = make_campaign(3)
    rate(enrol(campaign, "carol", declined=["drugs"], quota=7))
    answer = Program("bob").get(f"campaigns/{campaign.pk}/people/")
    row = answer.json()["results"][0]
    assert (row["person"]["name"], row["done"], row["holds"], row["quota"]) == ("Carol", 1, 0, 7)
    assert "declined" not in answer.content.decode() and "drugs" not in answer.content.decode()


def test_agreement_is_told_as_on_the_page_and_names_nobody():
    campaign = make_campaign(2, overlap=2)
    for name, follows in (("carol", True), ("dan", False)):
        person = enrol(campaign, name).rater
        for item in campaign.items.all():
            rate_item(item, person, follows=follows)
    answer = Program("lea").get(f"campaigns/{campaign.pk}/agreement/")
    told = answer.json()
    percent = next(one for one in told["figures"] if one["figure"] == "percent agreement" and one["group"] == "whole")
    # two raters who never say the same: agreement 0 of 2 items
    assert (percent["value"], percent["items"], percent["raters"]) == (0.0, 2, 2)
    assert [(one["number"], one["answers"]) for one in told["raters"]] == [(1, 2), (2, 2)]
    assert "carol" not in answer.content.decode().lower() and "dan" not in answer.content.decode().lower()


def test_a_lead_opens_pauses_and_closes_and_the_second_presser_is_told():
    campaign = make_campaign(1, state="draft")
    enrol(campaign, "carol", accepted_at=None)
    lea = Program("lea")
    steps = ("open", "pause", "pause", "open", "open", "close", "close")
    told = [lea.send(f"campaigns/{campaign.pk}/{step}/") for step in steps]
    assert [one.status_code for one in told] == [200, 200, 409, 200, 409, 200, 409]
    assert [one.json()["state"] for one in told if one.status_code == 200] == ["open", "paused", "open", "closed"]
    assert told[-1].json()["detail"].startswith("Somebody was faster")


def test_a_draft_that_lacks_something_stays_a_draft():
    campaign = make_campaign(0, state="draft")
    lea = Program("lea")
    refused = lea.send(f"campaigns/{campaign.pk}/open/")
    assert (refused.status_code, Campaign.objects.get().state) == (422, "draft")
    assert len(lea.get(f"campaigns/{campaign.pk}/").json()["missing"]) == 2
    assert lea.send(f"campaigns/{campaign.pk}/close/").status_code == 422


def test_only_the_organisations_leads_change_a_campaign():
    campaign = make_campaign(1)
    for who, code in (("ada", 403), ("bob", 403), ("grace", 403), ("carol", 403), ("mallory", 403)):
        assert Program(who).send(f"campaigns/{campaign.pk}/pause/").status_code == code, who
    make_person("olga", role="lead", organisation=make_organisation("elsewhere"))
    assert Program("olga").send(f"campaigns/{campaign.pk}/pause/").status_code == 404
    assert Program("olga").get(f"campaigns/{campaign.pk}/").status_code == 404


def test_who_rates_in_a_campaign_reads_nothing_of_it():
    campaign = make_campaign(1)
    olga = make_person("olga", role="lead")
    program = Program("olga")
    parts = ("", "people/", "agreement/")
    assert [program.get(f"campaigns/{campaign.pk}/{part}").status_code for part in parts] == [200] * 3
    Enrolment.objects.create(campaign=campaign, rater=olga)
    assert [program.get(f"campaigns/{campaign.pk}/{part}").status_code for part in parts] == [404] * 3
    assert program.get(f"exports/campaigns/{campaign.pk}/ratings/").status_code == 404
    assert program.get("campaigns/").json()["results"] == []


def test_a_lead_makes_a_campaign_and_changes_it():
    lea = Program("lea")
    said = {"organisation": make_organisation().pk, "title": "Sieges", "quota": 20, "day_cap": None, "overlap": 3}
    made = lea.send("campaigns/", said).json()
    assert (made["state"], made["quota"], made["day_cap"], made["overlap"], made["guideline"]) == (
        *("draft", 20, None, 3),
        1,
    )
    address = f"campaigns/{made['id']}/"
    told = lea.send(address, {"quota": 5, "seen": made["seen"]}, method="patch").json()
    assert (told["quota"], told["title"], told["session_cap"]) == (5, "Sieges", 40)
    late = lea.send(address, {"quota": 6, "seen": made["seen"]}, method="patch")
    assert (late.status_code, Campaign.objects.get().quota) == (409, 5)
    wrong = lea.send(address, {"quota": 0}, method="patch")
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["quota"])
    assert Program("bob").send("campaigns/", said).status_code == 403
    assert lea.send("campaigns/", said | {"organisation": make_organisation("far").pk}).status_code == 404


def test_a_change_keeps_what_somebody_else_changed_meanwhile(monkeypatch):
    row = make_campaign(1)
    Campaign.objects.filter(pk=row.pk).update(quota=7)
    monkeypatch.setattr("annotations.api.campaigns.campaign_for_lead", lambda *_: row)
    told = Program("lea").send(f"campaigns/{row.pk}/", {"title": "Sieges"}, method="patch").json()
    assert (told["title"], told["quota"]) == ("Sieges", 7) and row.quota != 7


def test_lists_ask_as_much_for_thirty_campaigns_and_people_as_for_three():
    few, many = [], []
    for found, number in ((few, 3), (many, 27)):
        for n in range(number):
            campaign = Campaign.objects.first() or make_campaign(1)
            enrol(campaign, f"rater{number}-{n}")
            make_campaign(0, title=f"Sieges {number}-{n}")
        first = Campaign.objects.order_by("pk")[0]
        found += asked(Program("lea"), f"campaigns/{first.pk}/people/") + asked(Program("lea"), "campaigns/")
    assert few[1::2] == many[1::2] and many[2] - few[2] == 27
