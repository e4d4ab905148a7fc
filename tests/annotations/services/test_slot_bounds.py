"""What a person who rates is spared: in a row, in a session, in a day, what they left out, what was too much."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.models import Assignment, Campaign, Enrolment, Response
from annotations.services import campaign_items, ratings, slots, wellbeing
from annotations.services.free_slots import DAY, NOTHING, QUOTA, ROW, SESSION
from annotations.services.holds import SESSION_ENDS
from tests.factories import make_person
from tests.rating_desk import enrol, make_campaign, make_response, rate

pytestmark = pytest.mark.django_db
AWAY = SESSION_ENDS + timedelta(minutes=1)


def mixed(tagged: int, plain: int, **fields: object) -> Campaign:
    """A campaign of so many items about violence and so many about nothing harmful."""
    campaign = make_campaign(tagged, risks=["violence"], **fields)
    more = [make_response().pk for _ in range(plain)]
    campaign_items.add(campaign=campaign, responses=Response.objects.filter(pk__in=more), actor=make_person("lea"))
    return campaign


def tags_in_order(enrolment: Enrolment) -> list[bool]:
    """Whether each item was tagged, in the order they are handed out, until there is none."""
    found = []
    while (slot := slots.turn(enrolment).assignment) is not None:
        found.append(slot.tagged)
        rate(enrolment)
    return found


def be_away(enrolment: Enrolment) -> None:
    Enrolment.objects.filter(pk=enrolment.pk).update(seen_at=timezone.now() - AWAY)


def passed_on(enrolment: Enrolment, reason: str = "distressing") -> Assignment:
    """The item before this rater, which they pass on."""
    slot = slots.turn(enrolment).assignment
    assert slot is not None
    ratings.skip(enrolment, key=slot.key, reason=reason)
    return slot


def test_harmful_items_come_between_others_and_never_more_in_a_row_than_the_bound() -> None:
    order = tags_in_order(enrol(mixed(9, 4, tagged_in_row=2)))
    # Four others part the tagged ones into at most five rows of two; the others all come.
    rows = "".join("T" if tagged else "." for tagged in order).split(".")
    assert (len(rows), max(map(len, rows))) == (5, 2)


def test_only_harmful_items_left_and_a_row_full_is_a_break_and_the_break_ends_it() -> None:
    carol = enrol(make_campaign(3, risks=["violence"], tagged_in_row=1))
    rate(carol)
    assert slots.turn(carol).why == ROW
    slots.rest(carol)
    assert slots.turn(carol).assignment is not None


def test_a_session_holds_so_many_and_a_break_does_not_lift_it() -> None:
    carol = enrol(make_campaign(4, risks=["violence"], session_cap=2, tagged_in_row=None))
    rate(carol), rate(carol)
    slots.rest(carol)
    assert slots.turn(carol).why == SESSION
    be_away(carol)
    assert slots.turn(carol).assignment is not None


def test_a_full_session_still_hands_out_what_is_not_harmful() -> None:
    carol = enrol(mixed(5, 3, session_cap=1, tagged_in_row=None))
    assert sorted(tags_in_order(carol)) == [False, False, False, True]


def test_a_day_holds_so_many_and_a_new_session_does_not_lift_it() -> None:
    carol = enrol(make_campaign(3, risks=["violence"], day_cap=1, session_cap=None, tagged_in_row=None))
    rate(carol)
    be_away(carol)
    assert slots.turn(carol).why == DAY
    Enrolment.objects.filter(pk=carol.pk).update(day=timezone.localdate() - timedelta(days=1))
    assert slots.turn(carol).assignment is not None


def test_an_item_fetched_ahead_counts_against_the_bounds() -> None:
    carol = enrol(make_campaign(3, risks=["violence"], session_cap=1, tagged_in_row=None))
    assert slots.turn(carol).assignment is not None
    assert slots.turn(carol, ahead=True).why == SESSION


def test_without_bounds_all_items_come() -> None:
    free = {"tagged_in_row": None, "session_cap": None, "day_cap": None}
    assert len(tags_in_order(enrol(make_campaign(6, risks=["violence"], **free)))) == 6


def test_an_item_of_several_categories_is_kept_from_who_left_out_one_of_them() -> None:
    campaign = make_campaign(1, risks=["drugs", "financial_crime"], tagged_in_row=None)
    assert slots.turn(enrol(campaign, "carol", declined=["financial_crime"])).why == NOTHING
    assert slots.turn(enrol(campaign, "dan", declined=["discrimination"])).assignment is not None


def test_what_is_left_out_while_it_is_held_goes_back_to_the_others_at_once() -> None:
    campaign = mixed(2, 1, tagged_in_row=None)
    carol = enrol(campaign)
    slots.turn(carol), slots.turn(carol, ahead=True)
    wellbeing.change(carol, declined=["violence"], folds=False)
    assert tags_in_order(carol) == [False]
    assert campaign.assignments.filter(tagged=True, rater=None, state="open").count() == 2


def test_too_distressing_costs_nothing_and_the_item_does_not_come_back() -> None:
    campaign = make_campaign(2, risks=["violence"], quota=1, tagged_in_row=None)
    carol = enrol(campaign)
    gone = passed_on(carol)
    carol.refresh_from_db()
    assert carol.done == 0
    assert rate(carol).item_id != gone.item_id and slots.turn(carol).why == QUOTA


def test_after_too_distressing_nothing_harmful_comes_next() -> None:
    carol = enrol(mixed(3, 2, tagged_in_row=2))
    while not slots.turn(carol).assignment.tagged:  # type: ignore[union-attr]
        rate(carol)
    passed_on(carol)
    follows = slots.turn(carol)
    assert follows.why == ROW or not follows.assignment.tagged  # type: ignore[union-attr]


def test_a_harmful_item_fetched_ahead_goes_back_after_too_distressing() -> None:
    campaign = make_campaign(3, risks=["violence"], tagged_in_row=2)
    carol = enrol(campaign)
    slots.turn(carol), slots.turn(carol, ahead=True)
    passed_on(carol)
    assert slots.turn(carol).why == ROW
    assert campaign.assignments.filter(state="held").count() == 0


@pytest.mark.parametrize("reason", ["unclear", "broken", "not_qualified"])
def test_another_reason_does_not_hold_harmful_items_back(reason: str) -> None:
    carol = enrol(make_campaign(3, risks=["violence"], tagged_in_row=2))
    passed_on(carol, reason)
    assert slots.turn(carol).assignment is not None
