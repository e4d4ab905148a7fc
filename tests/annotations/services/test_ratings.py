"""Answers: stored once, also when they come twice, late or from two windows; changed and both kept."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from annotations.models import (
    Adjudication,
    Assignment,
    AuditEvent,
    Campaign,
    CampaignItem,
    Draft,
    Enrolment,
    Flag,
    Guideline,
    Rating,
    Skip,
)
from annotations.services import campaign_items, ratings, slots
from annotations.services.ratings import RatingProblem, Sent
from annotations.services.slots import NOTHING, ROW, Conflict
from tests.factories import make_person
from tests.rating_desk import answer, enrol, make_campaign, rate, rate_item

pytestmark = pytest.mark.django_db


def lapse(campaign: Campaign) -> None:
    campaign.assignments.filter(state="held").update(until=Now() - timedelta(seconds=1))


def key_of(enrolment: Enrolment) -> UUID:
    """The key of what is handed to this rater."""
    turn = slots.turn(enrolment)
    assert turn.assignment is not None, turn.why
    return turn.assignment.key


def send(enrolment: Enrolment, key: UUID, points: int = 4, **more: Any) -> Sent:
    return ratings.submit(enrolment, key=key, answer=answer(points), **({"token": uuid4()} | more))


def lost_by(enrolment: Enrolment, other: Enrolment) -> UUID:
    """The key of an item that the one rater let lapse and the other one took."""
    key = key_of(enrolment)
    lapse(enrolment.campaign)
    assert key_of(other) == key
    return key


# Stored once


def test_an_answer_has_its_rater_its_time_and_its_guideline_from_the_server() -> None:
    carol = enrol(make_campaign(1))
    key = key_of(carol)
    Assignment.objects.update(seen_at=Now() - timedelta(seconds=12))
    made = send(carol, key).rating
    assert made.rater_id == carol.rater_id and made.guideline.number == 1
    assert made.seconds == pytest.approx(12, abs=1) and made.created_at <= timezone.now()


def test_the_guideline_an_answer_keeps_is_the_one_that_was_read() -> None:
    carol = enrol(campaign := make_campaign(3))
    Guideline.objects.create(campaign=campaign, number=2, text="Read thrice.", created_by=make_person("lea"))
    numbers = [send(carol, key_of(carol), guideline=number).rating.guideline.number for number in (1, None, 9)]
    assert numbers == [1, 2, 2]


def test_the_same_sending_twice_gives_the_same_answer_and_stores_one() -> None:
    carol = enrol(make_campaign(1))
    key, token = key_of(carol), uuid4()
    first, again = send(carol, key, 4, token=token), send(carol, key, 1, token=token)
    assert (first.again, again.again, again.rating.pk) == (False, True, first.rating.pk)
    assert Rating.objects.get().points == 4 and again.enrolled.done == 1


def test_one_sending_cannot_name_two_items() -> None:
    carol = enrol(make_campaign(2))
    token = uuid4()
    send(carol, key_of(carol), token=token)
    with pytest.raises(Conflict, match="another item"):
        send(carol, key_of(carol), token=token)


def test_two_people_may_send_the_same_token() -> None:
    campaign = make_campaign(1, overlap=2)
    token = uuid4()
    for one in (enrol(campaign, "carol"), enrol(campaign, "dan")):
        send(one, key_of(one), token=token)
    assert Rating.objects.count() == 2


def test_an_answer_that_waited_for_a_connection_has_no_time() -> None:
    carol = enrol(make_campaign(1))
    assert send(carol, key_of(carol), measured=False).rating.seconds is None


def test_practice_does_not_count_to_the_quota() -> None:
    carol = enrol(campaign := make_campaign(1))
    key = key_of(carol)
    campaign.items.update(gold_low=1, gold_high=2, gold_follows=True, gold_why="So.", practice=True)
    assert send(carol, key).enrolled.done == 0


# Not one's own


@pytest.mark.parametrize("given", ["other", "nobody"])
def test_a_key_of_somebody_else_is_refused_in_words(given: str) -> None:
    campaign = make_campaign(2)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    key_of(carol)
    with pytest.raises(Conflict, match="Somebody else holds|not in your campaign"):
        send(carol, key_of(dan) if given == "other" else uuid4())
    assert not Rating.objects.exists()


def test_a_slot_that_is_full_is_refused_in_words() -> None:
    campaign = make_campaign(1)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    key = lost_by(carol, dan)
    send(dan, key)
    with pytest.raises(Conflict, match="needs no more answers"):
        send(carol, key)


def test_a_slot_nobody_was_handed_yet_is_refused() -> None:
    carol = enrol(campaign := make_campaign(1))
    with pytest.raises(Conflict, match="has ended"):
        send(carol, campaign.assignments.get().key)


# Late


def test_a_late_answer_is_kept_while_nobody_took_the_slot() -> None:
    carol = enrol(campaign := make_campaign(1))
    key = key_of(carol)
    lapse(campaign)
    assert send(carol, key).rating.assignment.key == key


def test_a_late_answer_is_kept_in_another_free_slot_of_the_item() -> None:
    campaign = make_campaign(1, overlap=2)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    key = lost_by(carol, dan)
    late = send(carol, key)
    assert late.rating.assignment.key != key and late.rating.seconds is None
    assert send(dan, key).rating.assignment.key == key
    assert set(campaign.assignments.values_list("state", flat=True)) == {"done"}


def test_the_same_late_sending_twice_is_stored_once() -> None:
    campaign = make_campaign(1, overlap=2)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    key, token = lost_by(carol, dan), uuid4()
    send(carol, key, token=token)
    assert send(carol, key, token=token).again


def test_the_same_late_sending_is_known_again_when_its_first_slot_is_gone() -> None:
    campaign = make_campaign(1, overlap=2)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    key, token = lost_by(carol, dan), uuid4()
    send(carol, key, token=token)
    campaign_items.set_overlap(campaign=campaign, overlap=1, share=100, actor=make_person("lea"))
    assert slots.release(dan) == 1 and not campaign.assignments.filter(key=key).exists()
    assert send(carol, key, token=token).again


def test_a_late_answer_takes_the_slot_its_rater_has_of_the_item_by_now() -> None:
    campaign = make_campaign(1, overlap=3)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    key = lost_by(carol, dan)
    now = key_of(carol)
    assert send(carol, key).rating.assignment.key == now != key
    with pytest.raises(Conflict, match="already"):
        send(carol, key)


def test_a_late_answer_is_refused_when_the_item_needs_no_more() -> None:
    campaign = make_campaign(1)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    key = lost_by(carol, dan)
    with pytest.raises(Conflict, match=r"Somebody else holds this item until \d\d:\d\d UTC"):
        send(carol, key)


def test_an_answer_to_what_was_given_back_is_kept_while_the_slot_is_free() -> None:
    carol = enrol(make_campaign(1))
    key = key_of(carol)
    slots.release(carol)
    assert send(carol, key, measured=False).rating.assignment.key == key


def test_an_answer_to_an_item_that_is_gone_is_refused() -> None:
    carol = enrol(campaign := make_campaign(1))
    key = key_of(carol)
    slots.release(carol)
    campaign_items.take_out(item=campaign.items.get(), actor=make_person("lea"))
    with pytest.raises(Conflict, match="not in your campaign any more"):
        send(carol, key)


@pytest.mark.parametrize("state", ["paused", "closed"])
def test_what_is_held_may_be_answered_in_a_paused_campaign_and_a_closed_one(state: str) -> None:
    carol = enrol(make_campaign(1))
    key = key_of(carol)
    Campaign.objects.update(state=state, closed_at=timezone.now())
    assert send(carol, key).enrolled.done == 1


def test_after_the_hold_a_closed_campaign_takes_no_answer() -> None:
    carol = enrol(campaign := make_campaign(1))
    key = key_of(carol)
    lapse(campaign)
    Campaign.objects.update(state="closed", closed_at=timezone.now())
    with pytest.raises(Conflict, match="closed before your answer came"):
        send(carol, key)


# Changed


def test_another_answer_takes_the_place_of_the_first_and_both_are_kept() -> None:
    carol = enrol(make_campaign(1))
    key = key_of(carol)
    first = send(carol, key, 4).rating
    second = send(carol, key, 1, replaces=first.token).rating
    first.refresh_from_db()
    assert (first.points, first.withdrawn_at is None) == (4, False)
    assert (second.points, second.withdrawn_at, second.seconds) == (1, None, first.seconds)
    event = AuditEvent.objects.filter(action="rerate").get()
    assert (event.before["points"], event.after["points"]) == (4, 1)
    assert Enrolment.objects.get().done == 1


def test_an_answer_that_was_changed_in_another_window_is_not_changed_again() -> None:
    carol = enrol(make_campaign(1))
    key = key_of(carol)
    first = send(carol, key).rating
    send(carol, key, replaces=first.token)
    with pytest.raises(Conflict, match="another window"):
        send(carol, key, replaces=first.token)


def test_a_second_answer_that_replaces_none_is_refused() -> None:
    carol = enrol(make_campaign(1))
    key = key_of(carol)
    send(carol, key)
    with pytest.raises(Conflict, match="already"):
        send(carol, key)


@pytest.mark.parametrize("why", ["closed", "decided"])
def test_an_answer_stays_once_its_campaign_is_closed_or_a_lead_has_decided(why: str) -> None:
    carol = enrol(campaign := make_campaign(1))
    key = key_of(carol)
    first = send(carol, key).rating
    if why == "closed":
        Campaign.objects.update(state="closed", closed_at=timezone.now())
    else:
        lea = make_person("lea")
        Adjudication.objects.create(
            item=campaign.items.get(), points=1, follows_config=True, cause="slip", created_by=lea
        )
    with pytest.raises(Conflict, match="answers stay as they are"):
        send(carol, key, replaces=first.token)


def test_risks_are_stored_where_the_campaign_asks_for_them_and_nowhere_else() -> None:
    for asks, kept in ((True, []), (False, None)):
        carol = enrol(make_campaign(1, ask_risks=asks))
        assert send(carol, key_of(carol)).rating.risks == kept


# Passed on


def test_what_a_rater_passed_on_goes_to_others_and_never_back() -> None:
    campaign = make_campaign(1)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    key = key_of(carol)
    ratings.save_draft(carol, key=key, values={"comment": "Hm"})
    assert ratings.skip(carol, key=key, reason="unclear").reason == "unclear"
    assert slots.turn(carol).why == NOTHING and key_of(dan) == key and not Draft.objects.exists()


def test_passing_on_twice_is_passing_on_once() -> None:
    carol = enrol(make_campaign(2))
    key = key_of(carol)
    assert ratings.skip(carol, key=key, reason="broken") == ratings.skip(carol, key=key, reason="broken")


def test_after_something_distressing_no_tagged_item_follows_and_nothing_is_counted() -> None:
    campaign = make_campaign(3, risks=["violence"], tagged_in_row=3, quota=1)
    carol = enrol(campaign)
    ratings.skip(carol, key=key_of(carol), reason="distressing")
    carol.refresh_from_db()
    assert slots.turn(carol).why == ROW and carol.done == 0


def test_an_unknown_reason_stores_nothing() -> None:
    carol = enrol(make_campaign(1))
    with pytest.raises(RatingProblem, match="distressing"):
        ratings.skip(carol, key=key_of(carol), reason="boring")
    assert not Skip.objects.exists()


def test_only_what_one_holds_may_be_passed_on() -> None:
    campaign = make_campaign(2)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    with pytest.raises(Conflict):
        ratings.skip(carol, key=key_of(dan), reason="unclear")


# Begun


def test_a_draft_keeps_what_was_begun_and_nothing_no_database_takes() -> None:
    carol = enrol(make_campaign(1))
    said = {"points": 3, "comment": "a\0b", "broken_rules": ["r1", 7], "risks": {"x": 1}, "user": 1}
    kept = ratings.save_draft(carol, key=key_of(carol), values=said).values
    assert kept == {"points": 3, "comment": "a\N{REPLACEMENT CHARACTER}b", "broken_rules": ["r1"], "risks": None}


def test_a_draft_is_gone_once_the_answer_is_there() -> None:
    carol = enrol(make_campaign(1))
    key = key_of(carol)
    ratings.save_draft(carol, key=key, values={"points": 1})
    send(carol, key)
    assert not Draft.objects.exists()


def test_a_draft_of_what_somebody_else_has_is_refused_and_one_too_long_as_well() -> None:
    campaign = make_campaign(2)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    with pytest.raises(Conflict):
        ratings.save_draft(carol, key=key_of(dan), values={})
    with pytest.raises(RatingProblem, match="too long"):
        ratings.save_draft(carol, key=key_of(carol), values={"comment": "a" * 20_001})


# Told to the lead


def test_an_item_one_has_or_had_may_be_flagged() -> None:
    carol = enrol(campaign := make_campaign(3))
    first = key_of(carol)
    ratings.skip(carol, key=first, reason="broken")
    second = key_of(carol)
    send(carol, second)
    for key in (first, second, key_of(carol)):
        ratings.flag(carol, key=key, text="Is this a quotation?\0")
    assert Flag.objects.filter(rater=carol.rater, item__campaign=campaign).count() == 3


def test_an_item_one_never_had_cannot_be_flagged_nor_any_without_words() -> None:
    campaign = make_campaign(2)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    with pytest.raises(Conflict):
        ratings.flag(carol, key=key_of(dan), text="What is this?")
    with pytest.raises(RatingProblem):
        ratings.flag(carol, key=key_of(carol), text="  ")


def test_nothing_of_an_item_that_was_taken_out_is_lost() -> None:
    campaign = make_campaign(1, overlap=2)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    item: CampaignItem = campaign.items.get()
    rate_item(item, dan.rater)
    key = key_of(carol)
    campaign_items.take_out(item=item, actor=make_person("lea"))
    send(carol, key)
    assert Rating.objects.filter(item=item, withdrawn_at=None).count() == 2


def test_after_a_rest_active_minutes_begin_anew() -> None:
    carol = enrol(make_campaign(2))
    rate(carol)
    Enrolment.objects.update(active_seconds=1700)
    slots.rest(carol)
    carol.refresh_from_db()
    assert carol.active_seconds == 0
