"""Slots: what is handed to whom, once, in an own order, within everybody's bounds."""

from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from annotations.models import Assignment, Campaign, Rating
from annotations.services import ratings, slots
from annotations.services.slots import NOTHING, ROW
from tests.databases import at_once
from tests.rating_desk import answer, enrol, make_campaign, rate

pytestmark = pytest.mark.django_db


def lapse(campaign: Campaign) -> None:
    campaign.assignments.filter(state="held").update(until=Now() - timedelta(seconds=1))


def test_a_reload_gives_the_same_item_back() -> None:
    carol = enrol(make_campaign(3))
    first = slots.turn(carol).assignment
    again = slots.turn(carol).assignment
    assert first is not None and again is not None and first.pk == again.pk


def test_one_item_is_fetched_ahead_and_no_more() -> None:
    carol = enrol(make_campaign(5))
    keys = {slots.turn(carol).assignment.key}  # type: ignore[union-attr]
    keys |= {slots.turn(carol, ahead=True).assignment.key for _ in range(3)}  # type: ignore[union-attr]
    assert len(keys) == 2


def test_two_raters_have_different_orders_and_each_its_own_again() -> None:
    campaign = make_campaign(30, overlap=2)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    orders = [[rate(one).item_id for _ in range(10)] for one in (carol, dan)]
    assert orders[0] != orders[1]


def test_an_item_that_lapsed_goes_to_the_next_rater_first() -> None:
    campaign = make_campaign(9)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    first = slots.turn(carol).assignment
    lapse(campaign)
    taken = slots.turn(dan).assignment
    assert first is not None and taken is not None and taken.pk == first.pk and taken.rater == dan.rater


def test_after_so_many_tagged_items_in_a_row_there_is_a_break() -> None:
    campaign = make_campaign(5, risks=["violence"], tagged_in_row=2)
    carol = enrol(campaign)
    rate(carol), rate(carol)
    assert slots.turn(carol).why == ROW
    slots.rest(carol)
    assert slots.turn(carol).assignment is not None


def test_what_a_rater_declined_is_never_handed_to_them() -> None:
    carol = enrol(make_campaign(3, risks=["drugs", "violence"]), declined=["violence"])
    assert slots.turn(carol).why == NOTHING


def test_with_an_overlap_of_two_nobody_rates_an_item_twice() -> None:
    campaign = make_campaign(2, overlap=2)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    for one in (carol, dan):
        rate(one), rate(one)
    assert slots.turn(carol).why == slots.turn(dan).why == NOTHING
    assert set(Counter(Rating.objects.values_list("item", flat=True)).values()) == {2}


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_eight_raters_who_ask_at_once_get_eight_items() -> None:
    campaign = make_campaign(8)
    people = [enrol(campaign, f"rater{number}") for number in range(8)]
    turns = at_once(*[lambda one=one: slots.turn(one) for one in people])
    assert len({turn.assignment.pk for turn in turns}) == 8


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_one_sending_that_comes_twice_at_once_is_stored_once() -> None:
    carol = enrol(make_campaign(1))
    key, token = slots.turn(carol).assignment.key, uuid4()  # type: ignore[union-attr]
    sent = at_once(*[lambda: ratings.submit(carol, key=key, answer=answer(), token=token) for _ in range(4)])
    assert Counter(one.again for one in sent) == {False: 1, True: 3} and Rating.objects.count() == 1


def test_every_slot_is_open_held_or_done_and_has_what_belongs_to_it() -> None:
    campaign = make_campaign(4)
    carol = enrol(campaign)
    rate(carol)
    slots.turn(carol)
    assert Counter(Assignment.objects.values_list("state", flat=True)) == {"done": 1, "held": 1, "open": 2}
