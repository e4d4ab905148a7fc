"""What the database refuses about slots, ratings, skips, flags, drafts and leads' decisions."""

from uuid import uuid4

import pytest
from django.utils import timezone

from annotations.models import Adjudication, Assignment, CampaignItem, Draft, Flag, Rating, Skip
from annotations.services.guards import (
    ADJUDICATIONS_NEVER_CHANGE,
    ADJUDICATIONS_STAY,
    ANSWERED_STAY,
    RATINGS_NEVER_CHANGE,
    RATINGS_STAY,
)
from tests.factories import make_person
from tests.rating_desk import make_campaign, rate_item
from tests.refusals import refused, refused_with

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def an_item() -> CampaignItem:
    return make_campaign(1).items.get()


def a_rating(**fields) -> Rating:
    return rate_item(fields.pop("item", None) or an_item(), make_person("carol"), **fields)


def a_decision(**fields) -> Adjudication:
    values = {"points": 3, "follows_config": True, "cause": "slip", "created_by": make_person("lea")} | fields
    return Adjudication.objects.create(item=values.pop("item", None) or an_item(), **values)


def a_slot(item: CampaignItem, **fields) -> Assignment:
    return Assignment.objects.create(campaign=item.campaign, item=item, position=1, **{"n": 2} | fields)


def test_two_slots_of_one_number_are_refused():
    item = an_item()
    with refused("assignment_number_once"):
        a_slot(item, n=1)


def test_the_numbers_of_slots_begin_with_one():
    item = an_item()
    with refused("assignment_number_from_one"):
        a_slot(item, n=0)


def test_one_person_never_has_two_slots_of_an_item():
    item = a_rating().item
    with refused("assignment_once_per_rater"):
        a_slot(item, n=3, rater=make_person("carol"))


def test_a_slot_in_a_state_that_nobody_knows_is_refused():
    item = an_item()
    with refused("assignment_state_known"):
        a_slot(item, state="lost")


@pytest.mark.parametrize("missing", ["rater", "until"])
def test_a_held_slot_says_by_whom_and_until_when(missing):
    item = an_item()
    held = {"state": "held", "rater": make_person("carol"), "until": timezone.now()} | {missing: None}
    with refused("assignment_held_by_whom"):
        a_slot(item, **held)


@pytest.mark.parametrize("missing", ["rater", "done_at"])
def test_an_answered_slot_says_by_whom_and_when(missing):
    item = an_item()
    done = {"state": "done", "rater": make_person("carol"), "done_at": timezone.now()} | {missing: None}
    with refused("assignment_done_by_whom"):
        a_slot(item, **done)


@pytest.mark.parametrize("change", [{"state": "open"}, {"state": "held", "until": "2030-01-01T00:00Z"}])
def test_an_answered_slot_stays_answered(change):
    slot = a_rating().assignment
    with refused_with(ANSWERED_STAY):
        Assignment.objects.filter(pk=slot.pk).update(**change)


def test_an_answered_slot_stays_with_its_rater():
    slot, dan = a_rating().assignment, make_person("dan", role="annotator")
    with refused_with(ANSWERED_STAY):
        Assignment.objects.filter(pk=slot.pk).update(rater=dan)


def test_a_slot_has_one_answer_that_stands():
    rating = a_rating()
    with refused("rating_once_per_assignment"):
        Rating.objects.create(
            assignment=rating.assignment,
            item=rating.item,
            rater=make_person("dan", role="annotator"),
            guideline=rating.guideline,
            token=uuid4(),
            points=1,
            follows_config=True,
        )


def test_a_person_has_one_answer_on_an_item_that_stands():
    rating = a_rating()
    other = a_slot(rating.item, n=7)
    with refused("rating_once_per_rater"):
        again = {"assignment": other, "item": rating.item, "rater": rating.rater, "guideline": rating.guideline}
        Rating.objects.create(**again, token=uuid4(), points=1, follows_config=True)


def test_one_sending_is_stored_once():
    rating = a_rating()
    Rating.objects.filter(pk=rating.pk).update(withdrawn_at=timezone.now())
    again = {name: getattr(rating, name) for name in ("assignment", "item", "rater", "guideline", "token")}
    with refused("rating_sent_once"):
        Rating.objects.create(**again, points=1, follows_config=True)


def test_six_points_are_refused():
    item = an_item()
    with refused("rating_points_in_range"):
        a_rating(item=item, points=6)


def test_nobody_works_for_less_than_no_time():
    item = an_item()
    with refused("rating_seconds_not_negative"):
        a_rating(item=item, seconds=-1.0)


@pytest.mark.parametrize(
    "change", [{"points": 0}, {"follows_config": False}, {"broken_rules": ["r1"]}, {"comment": "No."}]
)
def test_a_rating_never_changes(change):
    rating = a_rating()
    with refused_with(RATINGS_NEVER_CHANGE):
        Rating.objects.filter(pk=rating.pk).update(**change)


def test_a_withdrawn_rating_does_not_come_back():
    rating = a_rating(withdrawn_at=timezone.now())
    with refused_with(RATINGS_NEVER_CHANGE):
        Rating.objects.filter(pk=rating.pk).update(withdrawn_at=None)


def test_a_rating_is_never_deleted():
    rating = a_rating()
    with refused_with(RATINGS_STAY):
        Rating.objects.filter(pk=rating.pk)._raw_delete("default")


def test_a_person_passes_on_an_item_once():
    passed = {"item": an_item(), "rater": make_person("carol"), "reason": "unclear"}
    Skip.objects.create(**passed)
    with refused("skip_once"):
        Skip.objects.create(**passed)


def test_nobody_passes_on_for_a_reason_that_nobody_knows():
    item = an_item()
    with refused("skip_reason_known"):
        Skip.objects.create(item=item, rater=make_person("carol"), reason="bored")


def test_a_flag_says_something():
    item = an_item()
    with refused("flag_not_empty"):
        Flag.objects.create(item=item, rater=make_person("carol"), text="")


def test_the_answer_to_a_flag_says_whose_it_is():
    item = an_item()
    with refused("flag_answer_is_whole"):
        Flag.objects.create(item=item, rater=make_person("carol"), text="Is it quoted?", answer="Yes.")


def test_a_person_has_one_draft_of_an_item():
    draft = {"item": an_item(), "rater": make_person("carol")}
    Draft.objects.create(**draft)
    with refused("draft_once"):
        Draft.objects.create(**draft)


def test_one_decision_on_an_item_stands():
    item = a_decision().item
    with refused("adjudication_once"):
        a_decision(item=item)


def test_a_decision_for_six_points_is_refused():
    item = an_item()
    with refused("adjudication_points_in_range"):
        a_decision(item=item, points=6)


def test_a_decision_for_a_cause_that_nobody_knows_is_refused():
    item = an_item()
    with refused("adjudication_cause_known"):
        a_decision(item=item, cause="weather")


@pytest.mark.parametrize("change", [{"points": 0}, {"cause": "other"}, {"note": "So."}])
def test_a_decision_never_changes(change):
    made = a_decision()
    with refused_with(ADJUDICATIONS_NEVER_CHANGE):
        Adjudication.objects.filter(pk=made.pk).update(**change)


def test_a_decision_is_never_deleted():
    made = a_decision()
    with refused_with(ADJUDICATIONS_STAY):
        Adjudication.objects.filter(pk=made.pk)._raw_delete("default")
