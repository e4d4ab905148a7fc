"""Slots: what is handed to whom, once, in an own order, within everybody's bounds."""

from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotations.models import Assignment, Campaign, CampaignItem, Enrolment, Rating
from annotations.services import campaign_items, ratings, slots
from annotations.services.campaign_slots import fill, reserve
from annotations.services.slots import NOTHING, ROW, Conflict
from tests.factories import make_person
from tests.rating_desk import answer, enrol, make_campaign, rate

pytestmark = pytest.mark.django_db


def lapse(campaign: Campaign) -> None:
    campaign.assignments.filter(state="held").update(until=Now() - timedelta(seconds=1))


def slot_of(enrolment: Enrolment, **options: bool) -> Assignment:
    """The slot that is handed to this rater."""
    turn = slots.turn(enrolment, **options)
    assert turn.assignment is not None, turn.why
    return turn.assignment


def hold_until(campaign: Campaign) -> list[int]:
    """The minutes from now until which slots are held, each rounded up."""
    held = campaign.assignments.filter(state="held").values_list("until", flat=True)
    return [round((until - timezone.now()).total_seconds() / 60 + 0.49) for until in held]


def practice_of(campaign: Campaign, *, tags: str = "") -> CampaignItem:
    """The campaign's first item, made practice."""
    item = campaign.items.order_by("pk")[0]
    item.gold_low, item.gold_high, item.gold_follows, item.gold_why = 3, 5, True, "It stays with the siege."
    item.practice, item.tags = True, tags
    item.save()
    fill(campaign)
    return item


# What one rater is handed


def test_a_reload_gives_the_same_item_back() -> None:
    carol = enrol(make_campaign(3))
    assert slot_of(carol).pk == slot_of(carol).pk


def test_a_reload_holds_the_item_anew() -> None:
    carol = enrol(campaign := make_campaign(1, lease_minutes=20))
    slot_of(carol)
    campaign.assignments.update(until=Now() + timedelta(minutes=3))
    slot_of(carol)
    assert hold_until(campaign) == [20]


def test_one_item_is_fetched_ahead_and_no_more() -> None:
    carol = enrol(make_campaign(5))
    keys = {slot_of(carol).key} | {slot_of(carol, ahead=True).key for _ in range(3)}
    assert len(keys) == 2


def test_what_was_fetched_ahead_comes_next_once_the_first_is_answered() -> None:
    carol = enrol(make_campaign(5))
    first, ahead = slot_of(carol), slot_of(carol, ahead=True)
    ratings.submit(carol, key=first.key, answer=answer(), token=uuid4())
    ahead.refresh_from_db()
    assert ahead.shown_at is not None and slot_of(carol).pk == ahead.pk


def test_two_raters_have_different_orders() -> None:
    campaign = make_campaign(12, overlap=2)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    orders = [[rate(one).item_id for _ in range(5)] for one in (carol, dan)]
    assert orders[0] != orders[1]


def test_practice_comes_first_and_only_once() -> None:
    campaign = make_campaign(4)
    practice = practice_of(campaign)
    carol = enrol(campaign)
    assert [rate(carol).item_id == practice.pk for _ in range(4)] == [True, False, False, False]


def test_practice_that_a_bound_holds_back_is_not_left_out() -> None:
    campaign = make_campaign(3, tagged_in_row=1)
    practice = practice_of(campaign, tags=",violence,")
    carol = enrol(campaign, tagged_row=1)
    assert slots.turn(carol).why == ROW
    slots.rest(carol)
    assert slot_of(carol).item_id == practice.pk


# What stands against it


def test_after_so_many_tagged_items_in_a_row_there_is_a_break() -> None:
    campaign = make_campaign(5, risks=["violence"], tagged_in_row=2)
    carol = enrol(campaign)
    rate(carol), rate(carol)
    assert slots.turn(carol).why == ROW
    slots.rest(carol)
    assert slot_of(carol).tagged


@pytest.mark.parametrize(("bound", "why"), [("session_cap", "session"), ("day_cap", "day")])
def test_a_session_and_a_day_hold_so_many_tagged_items(bound: str, why: str) -> None:
    carol = enrol(make_campaign(3, risks=["violence"], **{bound: 1}))
    rate(carol)
    assert slots.turn(carol).why == why


def test_a_rater_who_was_away_begins_a_new_session() -> None:
    carol = enrol(make_campaign(3, risks=["violence"], session_cap=1))
    rate(carol)
    Enrolment.objects.update(seen_at=Now() - timedelta(minutes=31))
    assert slot_of(carol).tagged


def test_a_new_day_has_its_own_count() -> None:
    carol = enrol(make_campaign(3, risks=["violence"], day_cap=1))
    rate(carol)
    Enrolment.objects.update(day=timezone.localdate() - timedelta(days=1))
    assert slot_of(carol).tagged


def test_a_rater_at_their_bound_still_gets_what_has_no_tags() -> None:
    campaign = make_campaign(6, tagged_in_row=1)
    tagged = campaign.items.order_by("pk")[:3]
    CampaignItem.objects.filter(pk__in=[item.pk for item in tagged]).update(tags=",violence,")
    Assignment.objects.filter(item__in=[item.pk for item in tagged]).update(tags=",violence,", tagged=True)
    carol = enrol(campaign)
    marks = [rate(carol).item.tags != "" for _ in range(6)]
    assert sum(marks) == 3 and not any(one and other for one, other in zip(marks, marks[1:], strict=False))


def test_what_a_rater_declined_is_never_handed_to_them() -> None:
    carol = enrol(make_campaign(3, risks=["drugs", "violence"]), declined=["violence"])
    assert slots.turn(carol).why == NOTHING


def test_at_the_quota_there_is_nothing_more() -> None:
    carol = enrol(make_campaign(4, quota=2))
    slot_of(carol)
    slot_of(carol, ahead=True)
    rate(carol), rate(carol)
    assert slots.turn(carol).why == "quota" and "Quota reached" in slots.WHY_NOTHING["quota"]


def test_an_own_quota_counts_instead_of_the_campaigns() -> None:
    carol = enrol(make_campaign(4, quota=1), quota=2)
    rate(carol), rate(carol)
    assert slots.turn(carol).why == "quota"


@pytest.mark.parametrize(
    ("fields", "why"),
    [({"paused_at": timezone.now()}, "paused"), ({"accepted_at": None}, "not_accepted")],
)
def test_who_is_paused_or_has_not_begun_is_told_so(fields: dict[str, object], why: str) -> None:
    assert slots.turn(enrol(make_campaign(1), **fields)).why == why


@pytest.mark.parametrize(("state", "why"), [("paused", "not_open"), ("closed", "closed")])
def test_a_campaign_that_is_not_open_hands_out_nothing(state: str, why: str) -> None:
    campaign = make_campaign(1)
    carol = enrol(campaign)
    Campaign.objects.update(state=state, closed_at=timezone.now())
    assert slots.turn(carol).why == why


def test_who_was_removed_is_told_so_in_words() -> None:
    carol = enrol(make_campaign(1))
    Enrolment.objects.update(removed_at=timezone.now())
    with pytest.raises(Conflict, match="any more"):
        slots.turn(carol)


# Holds that run out


def test_an_item_that_lapsed_goes_to_the_next_rater_first() -> None:
    campaign = make_campaign(9)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    first = slot_of(carol)
    lapse(campaign)
    taken = slot_of(dan)
    assert taken.pk == first.pk and taken.rater_id == dan.rater_id


def test_a_hold_that_ran_out_stays_with_its_rater_until_somebody_takes_it() -> None:
    carol = enrol(campaign := make_campaign(2))
    first = slot_of(carol)
    lapse(campaign)
    assert slot_of(carol).pk == first.pk and hold_until(campaign) == [15]


def test_a_heartbeat_holds_an_item_anew_and_leaves_out_one_that_is_lost() -> None:
    campaign = make_campaign(1)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    mine = slot_of(carol)
    campaign.assignments.update(until=Now() + timedelta(minutes=1))
    assert list(slots.beat(carol, [mine.key, uuid4()])) == [mine.key] and hold_until(campaign) == [15]
    lapse(campaign)
    slot_of(dan)
    assert slots.beat(carol, [mine.key]) == {}


def test_a_heartbeat_counts_the_time_since_the_last_one_but_no_idle_minutes() -> None:
    carol = enrol(make_campaign(1))
    mine = slot_of(carol)
    Assignment.objects.update(seen_at=Now() - timedelta(seconds=20))
    slots.beat(carol, [mine.key])
    Assignment.objects.update(seen_at=Now() - timedelta(minutes=9))  # of which 60 s count
    slots.beat(carol, [mine.key])
    mine.refresh_from_db()
    carol.refresh_from_db()
    assert mine.active_seconds == pytest.approx(80, abs=2) and carol.active_seconds == mine.active_seconds


def test_what_is_held_in_a_closed_campaign_is_not_held_for_longer() -> None:
    carol = enrol(campaign := make_campaign(1))
    mine = slot_of(carol)
    campaign.assignments.update(until=Now() + timedelta(minutes=3))
    Campaign.objects.update(state="closed", closed_at=timezone.now())
    assert slot_of(carol).pk == mine.pk and list(slots.beat(carol, [mine.key])) == [mine.key]
    assert hold_until(campaign) == [3]
    lapse(campaign)
    assert slots.turn(carol).why == "closed" and slots.beat(carol, [mine.key]) == {}


def test_the_gold_of_one_rater_is_never_handed_to_another() -> None:
    campaign = make_campaign(1)
    practice_of(campaign)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    slot_of(carol)
    lapse(campaign)
    campaign.assignments.filter(rater=dan.rater).delete()  # as before his own was kept for him
    assert slots.turn(dan).why == NOTHING


# What a lead changes meanwhile


def test_an_item_that_was_taken_out_goes_to_nobody_when_its_hold_runs_out() -> None:
    campaign = make_campaign(1)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    slot_of(carol)
    campaign_items.take_out(item=campaign.items.get(), actor=make_person("lea"))
    lapse(campaign)
    assert slots.turn(dan).why == NOTHING and not campaign.assignments.exists()


@pytest.mark.parametrize("leaves", [slots.release, lambda enrolled: lapse(enrolled.campaign)])
def test_a_slot_that_its_item_needs_no_more_is_not_handed_out_again(leaves: object) -> None:
    campaign = make_campaign(1, overlap=2)
    carol, dan, erin = (enrol(campaign, name) for name in ("carol", "dan", "erin"))
    slot_of(carol)
    rate(dan)
    campaign_items.set_overlap(campaign=campaign, overlap=1, share=100, actor=make_person("lea"))
    leaves(carol)  # type: ignore[operator]
    assert slots.turn(erin).why == NOTHING and campaign.assignments.count() == 1


def test_more_overlap_reopens_what_was_done_and_nobody_gets_an_item_twice() -> None:
    campaign = make_campaign(2)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    rate(carol), rate(carol)
    assert slots.turn(dan).why == NOTHING
    campaign_items.set_overlap(campaign=campaign, overlap=2, share=100, actor=make_person("lea"))
    assert slots.turn(carol).why == NOTHING
    rate(dan), rate(dan)
    assert set(Counter(Rating.objects.values_list("item", flat=True)).values()) == {2}


def test_a_slot_that_is_kept_for_a_rater_goes_to_nobody_else() -> None:
    campaign = make_campaign(1)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    campaign.assignments.update(rater=dan.rater)
    assert slots.turn(carol).why == NOTHING and slot_of(dan).rater_id == dan.rater_id


# Giving back


def test_what_is_given_back_is_open_again_and_gold_stays_its_raters() -> None:
    campaign = make_campaign(2)
    gold = practice_of(campaign)
    carol = enrol(campaign)
    slot_of(carol), slot_of(carol, ahead=True)
    assert slots.release(carol) == 2
    left = campaign.assignments.values_list("item", "state", "rater")
    assert {(item == gold.pk, state, rater) for item, state, rater in left} == {
        (True, "open", carol.rater_id),
        (False, "open", None),
    }


def test_every_slot_is_open_held_or_done_and_has_what_belongs_to_it() -> None:
    campaign = make_campaign(4)
    carol = enrol(campaign)
    rate(carol)
    slot_of(carol)
    assert Counter(Assignment.objects.values_list("state", flat=True)) == {"done": 1, "held": 1, "open": 2}


def test_an_item_costs_as_few_questions_in_a_large_campaign() -> None:
    def asked(items: int) -> int:
        carol = enrol(make_campaign(items))
        slot_of(carol)
        slots.release(carol)
        with CaptureQueriesContext(connection) as seen:
            slot_of(carol)
        return len(seen)

    assert max(asked(3), asked(12)) <= 10


def test_gold_that_comes_later_is_kept_for_raters_who_have_begun() -> None:
    campaign = make_campaign(2)
    carol = enrol(campaign)
    practice_of(campaign)
    reserve(campaign, [carol])
    assert campaign.assignments.filter(rater=carol.rater, state="open").count() == 1
