"""What a rater gave back is answered alike, whether its right answer is known or not."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse

from annotations.models import Enrolment, Rating
from annotations.services import ratings, slots, wellbeing
from tests.blind_world import GOLD
from tests.rating_desk import enrol, make_campaign

pytestmark = pytest.mark.django_db
ANSWER = {"points": 4, "follows_config": "yes"}


def passed_on(place: Enrolment, key: UUID) -> None:
    ratings.skip(place, key=key, reason="unclear")


def given_back(place: Enrolment, key: UUID) -> None:
    slots.release(place)


def left_out(place: Enrolment, key: UUID) -> None:
    wellbeing.change(place, declined=["drugs"], folds=False)


def told(who: str, then: Callable[..., None], **gold: Any) -> list[tuple[int, list[str], Any]]:
    """What a rater is told of an item they were handed, after they did this with it."""
    campaign = make_campaign(1, risks=["drugs"])
    if gold:
        campaign.items.update(**gold)
        campaign.assignments.all().delete()
    place = enrol(campaign, who)
    slot = slots.turn(place).assignment
    assert slot is not None
    then(place, slot.key)
    client = Client()
    client.force_login(place.rater)
    bodies = {"draft": {"comment": "x"}, "flag": {"text": "x"}, "skip": {"reason": "unclear"}}
    replies = []
    for name, body in (bodies | {"submit": ANSWER | {"token": str(uuid4())}}).items():
        address = reverse(f"annotations:rate-{name}", args=[campaign.pk, slot.key])
        reply = client.post(address, json.dumps(body), content_type="application/json")
        replies.append((reply.status_code, sorted(reply.json()), reply.json().get("error")))
    return replies


@pytest.mark.parametrize("then", [passed_on, given_back, left_out])
def test_a_gold_item_that_went_back_is_answered_like_any_other(then: Callable[..., None]) -> None:
    plain, gold = told("carol", then), told("dan", then, **GOLD)
    assert gold == plain


def test_an_item_that_was_passed_on_takes_no_answer() -> None:
    assert told("carol", passed_on, **GOLD)[-1][0] == 409
    assert not Rating.objects.exists()


@pytest.mark.parametrize("page", ["", "next/", "mine/", "beat/"])
def test_a_number_that_no_row_can_have_is_no_campaign(page: str) -> None:
    client = Client()
    client.force_login(enrol(make_campaign(1), "carol").rater)
    ask = client.get if page in ("", "mine/") else client.post
    assert ask(f"/rate/{10**30}/{page}").status_code == 404
