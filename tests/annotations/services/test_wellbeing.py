"""Beginning a campaign, choosing what one does not see, and a lead's answer to a flag."""

import json
from collections import Counter

import pytest

from annotations.models import Assignment, AuditEvent, Enrolment, Flag, Skip
from annotations.services import ratings, slots, wellbeing
from annotations.services.wellbeing import CLOSED, FASTER, GONE, CareProblem
from tests.databases import at_once
from tests.factories import make_person
from tests.rating_desk import enrol, make_campaign

pytestmark = pytest.mark.django_db
NOTHING = {"declined": [], "folds": False}


def invited(items: int = 2, **fields: object) -> Enrolment:
    """Carol, who has not begun a campaign whose first item is gold."""
    campaign = make_campaign(items, risks=["violence"])
    first = campaign.items.first()
    campaign.items.filter(pk=first.pk).update(gold_low=4, gold_high=5, gold_follows=True, gold_why="It stays in r1.")
    first.assignments.all().delete()
    return Enrolment.objects.create(campaign=campaign, rater=make_person("carol"), **fields)


def flagged() -> Flag:
    carol = enrol(make_campaign(1))
    slot = slots.turn(carol).assignment
    return ratings.flag(carol, key=slot.key, text="Is this a quotation?")  # type: ignore[union-attr]


def test_who_accepts_begins_and_gold_items_are_kept_for_them() -> None:
    carol = invited()
    begun = wellbeing.accept(carol, declined=["drugs"], folds=True)
    assert (begun.accepted_at is not None, begun.declined, begun.folds) == (True, ["drugs"], True)
    assert Assignment.objects.filter(rater=carol.rater, item__gold_follows=True, state="open").count() == 1


def test_accepting_twice_keeps_the_first_time_and_one_gold_slot() -> None:
    carol = invited()
    first = wellbeing.accept(carol, **NOTHING).accepted_at
    again = wellbeing.accept(carol, declined=["drugs"], folds=False)
    assert (again.accepted_at, again.declined) == (first, ["drugs"])
    assert (
        Assignment.objects.filter(rater=carol.rater).count() == AuditEvent.objects.filter(action="begin").count() == 1
    )


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_accepting_twice_at_once_keeps_one_gold_slot_for_each() -> None:
    carol = invited()
    told = at_once(*[lambda: wellbeing.accept(carol, **NOTHING)] * 4)
    assert all(isinstance(one, Enrolment) for one in told)
    assert Assignment.objects.filter(rater=carol.rater).count() == 1


def test_the_record_says_that_somebody_began_and_not_what_they_chose(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="annotations")
    carol = invited()
    wellbeing.accept(carol, declined=["drugs"], folds=True)
    wellbeing.change(carol, declined=["sexual"], folds=False)
    rows = AuditEvent.objects.filter(object_type="enrolment").values_list("action", "before", "after")
    assert [action for action, *_ in rows] == ["begin"]
    assert not {"drugs", "sexual", "declined", "folds"} & set(json.dumps(list(rows)).replace('"', " ").split())
    assert caplog.text == ""


def test_choices_are_kept_once_and_in_the_order_of_the_categories() -> None:
    changed = wellbeing.change(enrol(make_campaign(1)), declined=["weapons", "drugs", "weapons"], folds=False)
    assert changed.declined == ["drugs", "weapons"]


def test_an_unknown_category_is_refused() -> None:
    with pytest.raises(CareProblem, match="list"):
        wellbeing.change(enrol(make_campaign(1)), declined=["spells"], folds=False)


@pytest.mark.parametrize("choose", [wellbeing.accept, wellbeing.change])
def test_a_closed_campaign_takes_no_choices(choose: object) -> None:
    carol = enrol(make_campaign(0, state="closed"))
    with pytest.raises(CareProblem, match=CLOSED[:20]):
        choose(carol, **NOTHING)  # type: ignore[operator]


def test_what_is_left_out_goes_back_and_the_rest_stays_in_hand() -> None:
    carol = enrol(make_campaign(2, risks=["violence"]))
    slots.turn(carol), slots.turn(carol, ahead=True)
    wellbeing.change(carol, declined=["drugs"], folds=False)
    assert Assignment.objects.filter(state="held").count() == 2
    wellbeing.change(carol, declined=["violence"], folds=False)
    assert Assignment.objects.filter(state="held").count() == 0


def test_a_gold_item_that_is_left_out_stays_kept_for_its_rater() -> None:
    carol = invited(1)
    wellbeing.accept(carol, **NOTHING)
    slots.turn(carol)
    wellbeing.change(carol, declined=["violence"], folds=False)
    assert Assignment.objects.values_list("state", "rater__username").get() == ("open", "carol")


def test_what_was_passed_on_comes_back_when_its_rater_wants_it() -> None:
    carol = enrol(make_campaign(1))
    slot = slots.turn(carol).assignment
    skip = ratings.skip(carol, key=slot.key, reason="unclear")  # type: ignore[union-attr]
    assert slots.turn(carol).assignment is None
    wellbeing.offer_again(carol, skip=skip)
    assert slots.turn(carol).assignment == slot
    with pytest.raises(CareProblem, match=GONE[:20]):
        wellbeing.offer_again(carol, skip=skip)


def test_nobody_brings_back_what_another_passed_on() -> None:
    campaign = make_campaign(1)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    skip = Skip.objects.create(item=campaign.items.get(), rater=carol.rater, reason="unclear")
    with pytest.raises(CareProblem, match=GONE[:20]):
        wellbeing.offer_again(dan, skip=skip)


def test_a_lead_answers_a_flag_and_its_rater_reads_it() -> None:
    flag, lea = flagged(), make_person("lea")
    wellbeing.answer_flag(flag=flag, actor=lea, text=" It is one. ")
    carol = Enrolment.objects.get(rater=flag.rater)
    wellbeing.mark_read(carol, flag=flag)
    flag.refresh_from_db()
    assert (flag.answer, flag.answered_by, flag.read_at is not None) == ("It is one.", lea, True)
    event = AuditEvent.objects.get(action="answer")
    assert (event.actor, event.object_type, event.after["answer"]) == (lea, "flag", "It is one.")


def test_a_flag_without_an_answer_is_not_read() -> None:
    flag = flagged()
    wellbeing.mark_read(Enrolment.objects.get(rater=flag.rater), flag=flag)
    assert Flag.objects.get().read_at is None


@pytest.mark.parametrize(("text", "words"), [("  ", "Write what"), ("a" * 5_001, "5,001")])
def test_an_answer_says_something_and_not_too_much(text: str, words: str) -> None:
    with pytest.raises(CareProblem, match=words):
        wellbeing.answer_flag(flag=flagged(), actor=make_person("lea"), text=text)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_leads_who_answer_a_flag_at_once_one_is_first() -> None:
    flag, lea = flagged(), make_person("lea")
    told = at_once(*[lambda text=text: wellbeing.answer_flag(flag=flag, actor=lea, text=text) for text in "abcd"])
    assert Counter(str(one) if isinstance(one, CareProblem) else "stored" for one in told) == {"stored": 1, FASTER: 3}
    assert AuditEvent.objects.filter(action="answer").count() == 1
