"""Raters and leads at the same moment: nothing twice, nothing lost, nobody waits in a ring."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import Count
from django.db.models.functions import Now

from annotations.models import Assignment, Campaign, CampaignItem, Enrolment, Rating
from annotations.services import campaign_items, ratings, slots
from annotations.services.campaign_items import ItemProblem
from annotations.services.slots import Conflict
from tests.databases import at_once
from tests.factories import make_person
from tests.rating_desk import answer, enrol, make_campaign

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


def key_of(enrolment: Enrolment) -> UUID:
    turn = slots.turn(enrolment)
    assert turn.assignment is not None, turn.why
    return turn.assignment.key


def send(enrolment: Enrolment, key: UUID, **more: Any) -> Rating:
    return ratings.submit(enrolment, key=key, answer=answer(), **({"token": uuid4()} | more)).rating


def lapse(campaign: Campaign) -> None:
    campaign.assignments.filter(state="held").update(until=Now() - timedelta(seconds=1))


def people(campaign: Campaign, number: int) -> list[Enrolment]:
    return [enrol(campaign, f"rater{one}") for one in range(number)]


def whole(campaign: Campaign) -> bool:
    """Every slot that is done has its one answer in force, no other has any, and nobody rated an item twice."""
    standing = Rating.objects.filter(withdrawn_at=None, item__campaign=campaign)
    done = campaign.assignments.filter(state="done").values_list("pk", flat=True)
    twice = standing.values("item", "rater").annotate(n=Count("pk")).filter(n__gt=1)
    return sorted(standing.values_list("assignment", flat=True)) == sorted(done) and not twice.exists()


def test_eight_raters_who_ask_and_answer_at_once_never_meet_in_a_slot() -> None:
    campaign = make_campaign(12, overlap=2)
    everybody = people(campaign, 8)
    for _ in range(2):  # in a third round what is left for somebody may be items that they have rated
        keys = at_once(*[lambda one=one: key_of(one) for one in everybody])
        assert len(set(keys)) == 8 and all(isinstance(key, UUID) for key in keys)
        at_once(*[lambda one=one, key=key: send(one, key) for one, key in zip(everybody, keys, strict=True)])
    assert Rating.objects.count() == 16 and whole(campaign)
    assert max(Counter(Rating.objects.values_list("item", flat=True)).values()) == 2


def test_one_button_pressed_four_times_at_once_does_one_thing() -> None:
    carol = enrol(make_campaign(3))
    assert len(set(at_once(*[lambda: key_of(carol) for _ in range(4)]))) == 1
    key, token = key_of(carol), uuid4()
    sent = at_once(*[lambda: ratings.submit(carol, key=key, answer=answer(), token=token) for _ in range(4)])
    assert Counter(one.again for one in sent) == {False: 1, True: 3} and Rating.objects.count() == 1


def test_a_late_answer_and_the_next_rater_do_not_get_the_same_slot() -> None:
    for _ in range(3):
        campaign = make_campaign(1)
        carol, dan = people(campaign, 2)
        key = key_of(carol)
        lapse(campaign)
        sent, turn = at_once(lambda c=carol, k=key: send(c, k), lambda d=dan: slots.turn(d))
        assert isinstance(sent, Conflict) == (turn.assignment is not None) and whole(campaign)


def test_a_reload_and_the_next_rater_do_not_get_the_same_slot() -> None:
    for _ in range(3):
        campaign = make_campaign(1)
        carol, dan = people(campaign, 2)
        key_of(carol)
        lapse(campaign)
        turns = at_once(lambda c=carol: slots.turn(c), lambda d=dan: slots.turn(d))
        assert sum(turn.assignment is not None for turn in turns) == 1


def test_of_two_late_answers_to_the_last_free_slot_one_is_stored() -> None:
    campaign = make_campaign(1, overlap=3)
    carol, dan, erin, finn = people(campaign, 4)
    keys = [key_of(carol), key_of(dan)]
    lapse(campaign)
    key_of(erin), key_of(finn)
    sent = at_once(lambda: send(carol, keys[0]), lambda: send(dan, keys[1]))
    assert Counter(type(one) for one in sent) == {Rating: 1, Conflict: 1} and whole(campaign)


def test_of_two_changes_of_one_answer_in_two_windows_one_is_stored() -> None:
    carol = enrol(campaign := make_campaign(1))
    key = key_of(carol)
    first = send(carol, key)
    sent = at_once(*[lambda: send(carol, key, replaces=first.token) for _ in range(2)])
    assert Counter(type(one) for one in sent) == {Rating: 1, Conflict: 1} and whole(campaign)


def test_answers_that_come_while_the_overlap_is_lowered_are_all_stored() -> None:
    campaign = make_campaign(2, overlap=3)
    carol, dan, erin = people(campaign, 3)
    keys = [key_of(one) for one in (carol, dan)]
    results = at_once(
        lambda: send(carol, keys[0]),
        lambda: send(dan, keys[1]),
        lambda: campaign_items.set_overlap(campaign=campaign, overlap=1, share=100, actor=make_person("lea")),
        lambda: slots.turn(erin),
    )
    assert not [one for one in results if isinstance(one, Exception)] and whole(campaign)


def test_an_item_that_is_taken_out_leaves_no_slot_that_somebody_could_get() -> None:
    campaign = make_campaign(3)
    everybody = people(campaign, 3)
    out: list[CampaignItem] = list(campaign.items.all())
    results = at_once(
        *[lambda one=one: slots.turn(one) for one in everybody],
        *[lambda item=item: campaign_items.take_out(item=item, actor=make_person("lea")) for item in out],
    )
    assert not [one for one in results if isinstance(one, Exception)]
    held = sum(turn.assignment is not None for turn in results[:3])
    assert Counter(campaign.assignments.values_list("state", flat=True)) == ({"held": held} if held else {})


def test_raters_and_leads_who_do_everything_at_once_never_wait_in_a_ring() -> None:
    campaign = make_campaign(6, overlap=2)
    lea = make_person("lea")

    def rates(one: Enrolment, last: Callable[[UUID], object]) -> None:
        for _ in range(4):
            turn = slots.turn(one)
            if turn.assignment:
                slots.beat(one, [turn.assignment.key])
                last(turn.assignment.key)

    def leads() -> None:
        for overlap in (3, 1, 2):
            campaign_items.set_overlap(campaign=campaign, overlap=overlap, share=100, actor=lea)
        campaign_items.take_out(item=campaign.items.order_by("pk")[0], actor=lea)
        campaign.assignments.filter(state="held").update(until=Now() - timedelta(seconds=1))

    first, second, third, fourth = people(campaign, 4)
    done = at_once(
        lambda: rates(first, lambda key: send(first, key)),
        lambda: rates(second, lambda key: ratings.skip(second, key=key, reason="unclear")),
        lambda: rates(third, lambda _: slots.release(third)),
        lambda: rates(fourth, lambda key: send(fourth, key)),
        leads,
    )
    assert not [one for one in done if isinstance(one, Exception) and not isinstance(one, Conflict | ItemProblem)]
    assert whole(campaign) and not Assignment.objects.filter(state="open", item__taken_out_at__isnull=False).exists()
