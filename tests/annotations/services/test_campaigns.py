"""Campaigns: what a lead may say of one, when it opens, who wins when two press, and what closing leaves in hand."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.models import AuditEvent, Campaign
from annotations.services import campaigns, ratings, slots
from annotations.services.campaigns import CampaignProblem, Settings
from tests.databases import at_once
from tests.factories import make_organisation, make_person
from tests.rating_desk import answer, enrol, make_campaign

pytestmark = pytest.mark.django_db
MOVES = (campaigns.open, campaigns.pause, campaigns.resume, campaigns.close)


def make(**fields):
    settings = Settings(**{"title": "Sieges", "seed": 7} | fields)
    return campaigns.create(organisation=make_organisation(), settings=settings, actor=make_person("lea"))


def edited(campaign, seen="", **fields):
    settings = campaigns.settings_of(campaign)._replace(**fields)
    return campaigns.edit(campaign=campaign, settings=settings, actor=make_person("lea"), seen=seen)


def refusal(move, *args, **fields):
    """The sentence and the field of a refusal; nothing for what is done."""
    try:
        move(*args, **fields)
    except CampaignProblem as problem:
        return str(problem), problem.field
    return None


def test_a_new_campaign_is_a_draft_with_the_first_version_of_its_guideline():
    made = campaigns.create(
        organisation=make_organisation(),
        settings=Settings("  Sieges \n rated ", quota=40),
        overlap=3,
        overlap_share=20,
        guideline="Read twice.\r\n",
        actor=make_person("lea"),
    )
    assert (made.title, made.state, made.quota, made.overlap, made.overlap_share) == (
        "Sieges rated",
        "draft",
        40,
        3,
        20,
    )
    assert [(one.number, one.text) for one in made.guidelines.all()] == [(1, "Read twice.")]
    assert list(AuditEvent.objects.values_list("action", "object_type")) == [
        ("create", "guideline"),
        ("create", "campaign"),
    ]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 301}, "title"),
        ({"support_contact": "x" * 1001}, "support_contact"),
        ({"quota": 0}, "quota"),
        ({"lease_minutes": 1441}, "lease_minutes"),
        ({"lease_minutes": None}, "lease_minutes"),
        ({"seed": 2**31}, "seed"),
        ({"day_cap": 0}, "day_cap"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_at_its_field(fields, field):
    assert refusal(make, **fields)[1] == field
    assert not Campaign.objects.exists()


def test_without_a_bound_there_is_none():
    made = make(quota=None, tagged_in_row=None, session_cap=None, day_cap=None)
    assert (made.quota, made.tagged_in_row, made.session_cap, made.day_cap) == (None, None, None, None)


def test_an_edit_is_in_the_record_with_what_changed_and_nothing_else():
    campaign = make()
    edited(campaign, lease_minutes=30, title="Sieges")
    event = AuditEvent.objects.get(action="edit")
    assert (event.before, event.after) == ({"lease_minutes": 15}, {"lease_minutes": 30})


def test_of_two_edits_begun_on_the_same_settings_the_second_is_told():
    campaign = make()
    seen = campaigns.digest(campaigns.settings_of(campaign))
    edited(campaign, seen=seen, quota=5)
    assert "Somebody was faster" in refusal(edited, campaign, seen=seen, quota=9)[0]
    assert Campaign.objects.get().quota == 5


def test_what_answers_rest_on_does_not_change():
    campaign = make_campaign(1, risks=["violence"])
    fields = ({"seed": 8}, {"ask_risks": True}, {"support_contact": ""})
    assert [refusal(edited, campaign, **one)[1] for one in fields] == ["seed", "ask_risks", "support_contact"]


def test_a_closed_campaign_is_not_edited():
    assert refusal(edited, make_campaign(0, state="closed"), title="New") == (campaigns.IS_CLOSED, "")


def test_opening_says_everything_that_is_missing():
    said, _ = refusal(campaigns.open, campaign=make(), actor=make_person("lea"))
    assert all(word in said for word in ("no item yet", "Nobody rates", "no guideline"))


def test_items_with_risk_categories_need_a_support_contact_before_they_are_handed_out():
    campaign = make_campaign(1, state="draft", risks=["violence"], support_contact="")
    enrol(campaign)
    assert "support contact" in refusal(campaigns.open, campaign=campaign, actor=make_person("lea"))[0]
    edited(campaign, support_contact="Talk to Lea.")
    assert campaigns.open(campaign=campaign, actor=make_person("lea")).state == "open"


def test_each_step_leads_from_its_states_alone():
    enrol(campaign := make_campaign(1))
    done = set()
    for state in ("draft", "open", "paused", "closed"):
        for move in MOVES:
            now = timezone.now()
            Campaign.objects.update(state=state, closed_at=now if state == "closed" else None)
            if refusal(move, campaign=campaign, actor=make_person("lea")) is None:
                done.add((state, move.__name__, Campaign.objects.get().state))
    assert done == {
        ("draft", "open", "open"),
        ("open", "pause", "paused"),
        ("paused", "resume", "open"),
        ("open", "close", "closed"),
        ("paused", "close", "closed"),
    }


def test_closing_counts_what_is_in_hand_and_takes_just_that():
    campaign = make_campaign(3)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    held, lapsed = slots.turn(carol).assignment, slots.turn(dan).assignment
    campaign.assignments.filter(pk=lapsed.pk).update(until=timezone.now() - timedelta(minutes=1))
    left = campaigns.close(campaign=campaign, actor=make_person("lea"))
    assert left == (1, held.until)
    key = "11111111-1111-4111-8111-111111111111"
    assert ratings.submit(carol, key=held.key, answer=answer(), token=key).rating.points == 4
    with pytest.raises(slots.Conflict, match="closed"):
        ratings.submit(dan, key=lapsed.key, answer=answer(), token=key)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("state", "move"), [("draft", campaigns.open), ("open", campaigns.close)])
def test_of_four_people_at_the_same_button_one_wins(state, move):
    enrol(campaign := make_campaign(1, state=state))
    lea = make_person("lea")
    came = at_once(*[lambda: move(campaign=campaign, actor=lea) for _ in range(4)])
    refused = [str(one) for one in came if isinstance(one, CampaignProblem)]
    assert len(refused) == 3 and all("Somebody was faster" in one for one in refused)
    assert AuditEvent.objects.filter(object_type="campaign", action=move.__name__).count() == 1
