"""What the rating page asks while somebody rates: JSON in, JSON out, refusals in words."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from annotations.models import Assignment, Campaign, Draft, Enrolment, Flag, Rating, Response, Skip
from annotations.services import campaign_items, slots
from tests.factories import make_person, make_version
from tests.rating_desk import enrol, make_campaign, make_response, rate

pytestmark = pytest.mark.django_db
SAID = {"points": 4, "follows_config": "yes", "broken_rules": [], "risks": [], "comment": ""}


class Desk:
    """A rater's browser in one campaign."""

    def __init__(self, browser: Client, enrolment: Enrolment):
        self.browser, self.enrolment = browser, enrolment

    def post(self, name: str, body: Any = None, *more: Any) -> HttpResponse:
        url = reverse(f"annotations:rate-{name}", args=[self.enrolment.campaign_id, *more])
        text = body if isinstance(body, str | bytes) else json.dumps(body or {})
        return self.browser.post(url, text, content_type="application/json")

    def ask(self, name: str, body: Any = None, *more: Any) -> dict[str, Any]:
        response = self.post(name, body, *more)
        assert response.status_code == 200, response.content
        return response.json()

    def item(self, **body: Any) -> dict[str, Any]:
        return self.ask("next", body)["item"]

    def send(self, key: str, **said: Any) -> HttpResponse:
        return self.post("submit", SAID | {"token": str(uuid4())} | said, key)


def campaign_of(*responses: Response) -> Campaign:
    """A campaign over these responses."""
    campaign = make_campaign(0)
    chosen = Response.objects.filter(pk__in=[one.pk for one in responses])
    campaign_items.add(campaign=campaign, responses=chosen, actor=make_person("lea"))
    return campaign


@pytest.fixture
def sit(as_person: Callable[[str], Client]) -> Callable[..., Desk]:
    """A rater at the desk of a campaign."""

    def sat(campaign: Campaign, name: str = "carol", **fields: Any) -> Desk:
        enrolment = enrol(campaign, name, **fields)
        return Desk(as_person(name), enrolment)

    return sat


# Next


def test_an_item_comes_with_its_key_its_time_and_what_is_to_be_shown(sit: Callable[..., Desk]) -> None:
    item = sit(make_campaign(1, quota=5)).item()
    slot = Assignment.objects.get()
    assert item["key"] == str(slot.key) and item["guideline"] == 1
    assert abs(parse_datetime(item["until"]) - slot.until) < timedelta(milliseconds=1)
    assert (item["draft"], item["practice"], item["progress"]) == (None, False, {"done": 0, "of": 5})
    assert slot.item.response.text in item["html"] and slot.item.response.prompt.text in item["html"]


def test_the_item_after_it_is_another_one(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(2))
    assert desk.item()["key"] != desk.item(ahead=True)["key"]


def test_without_an_item_it_says_why(sit: Callable[..., Desk]) -> None:
    told = sit(make_campaign(1, state="paused")).ask("next")
    assert told == {"item": None, "why": "not_open", "words": slots.WHY_NOTHING["not_open"]}


def test_a_text_of_a_person_is_escaped_and_a_masked_name_is_not_there(sit: Callable[..., Desk]) -> None:
    campaign = campaign_of(make_response("<script>alert(1)</script> I am Gerda, a model."))
    campaign.items.update(names_model="Gerda", masked=True)
    html = sit(campaign).item()["html"]
    assert "&lt;script&gt;" in html and "<script>" not in html and "Gerda" not in html and "[model]" in html


def test_a_config_is_read_and_rendered_once_for_all_its_items(sit: Callable[..., Desk]) -> None:
    version = make_version(policy=f"Sieges may be told, *{uuid4()}*.")
    desk = sit(campaign_of(*[make_response(version=version) for _ in range(2)]))
    questions = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as seen:
            assert "<em>" in desk.item()["html"]
        questions.append(len(seen))
        slots.release(desk.enrolment)
    assert questions[0] > questions[1]


def test_an_item_costs_few_questions(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(2))
    rate(desk.enrolment)
    with CaptureQueriesContext(connection) as seen:
        key = desk.item()["key"]
    with CaptureQueriesContext(connection) as sent:
        assert desk.send(key).status_code == 200
    # who asks 3, their place 3, what they hold 1, the search 2 to 4, written 2, shown 3, savepoints 2
    assert max(len(seen), len(sent)) <= 18


# Submit


def test_an_answer_is_saved_and_says_how_far_one_is(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(2, quota=2))
    told = desk.send(desk.item()["key"], token=(token := str(uuid4()))).json()
    made = Rating.objects.get()
    assert (told["token"], told["again"], told["progress"]) == (token, False, {"done": 1, "of": 2})
    assert (told["practice"], told["break"], "next" in told) == (None, False, False)
    assert (made.points, made.follows_config, made.rater.username) == (4, True, "carol")
    assert parse_datetime(told["saved"]) <= timezone.now()


def test_the_next_item_comes_along_when_it_is_asked_for(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(3))
    first, ahead = desk.item()["key"], desk.item(ahead=True)["key"]
    told = desk.send(first, next=True).json()
    assert told["next"]["item"]["key"] not in (first, ahead) and desk.item()["key"] == ahead


def test_one_sending_twice_is_answered_alike(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(1))
    key, token = desk.item()["key"], str(uuid4())
    first, again = (desk.send(key, token=token).json() for _ in range(2))
    assert again == first | {"again": True} and Rating.objects.count() == 1


UNKNOWN = {
    "points": (9, -1, 4.0, True, None, "4 ", [4]),
    "follows_config": ("maybe", None, 1, ["yes"]),
    "broken_rules": (["r9"], "r1", [1], ["r1"]),  # r1 is a rule, but who follows the config breaks none
    "risks": (["drugs"], ["nonsense"]),
    "comment": (3, "a" * 5_001),
    "token": (None, "", "x"),
    "replaces": ("x", 1),
    "guideline": ("1", 0, 2**40, True),
}


def test_a_value_that_is_unknown_is_refused_by_its_name(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(1))
    key = desk.item()["key"]
    told = {name: [desk.send(key, **{name: value}) for value in values] for name, values in UNKNOWN.items()}
    named = {name: {(one.status_code, one.json()["field"]) for one in refused} for name, refused in told.items()}
    assert named == {name: {(400, name)} for name in UNKNOWN}
    assert all(one.json()["error"] for refused in told.values() for one in refused) and not Rating.objects.exists()


def test_rules_and_risks_are_stored_as_they_were_named(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(1, ask_risks=True))
    assert desk.send(desk.item()["key"], follows_config=False, broken_rules=["r1"], risks=["drugs"]).status_code == 200
    assert Rating.objects.values_list("broken_rules", "risks").get() == (["r1"], ["drugs"])


def test_who_answered_and_when_is_never_taken_from_what_was_sent(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(1))
    desk.send(desk.item()["key"], rater=1, user=1, seconds=900, created_at="2001-01-01", practice=True)
    made = Rating.objects.get()
    assert made.rater.username == "carol" and made.created_at.year > 2001 and (made.seconds or 0) < 60


def test_what_somebody_else_holds_is_409_in_words(sit: Callable[..., Desk]) -> None:
    campaign = make_campaign(2)
    theirs = slots.turn(enrol(campaign, "dan")).assignment
    refused = sit(campaign).send(str(theirs and theirs.key))
    assert refused.status_code == 409 and "Somebody else holds" in refused.json()["error"]


def test_what_is_no_json_object_is_refused(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(1))
    bodies = ("", "[]", "{", "nul", "[" * 100_000, b"\xff", '"x"')
    assert {desk.post("submit", body, desk.item()["key"]).status_code for body in bodies} == {400}


@pytest.mark.parametrize(("points", "right"), [(2, True), (4, False)])
def test_after_practice_the_right_answer_is_told(sit: Callable[..., Desk], points: int, right: bool) -> None:
    desk = sit(campaign := make_campaign(1))
    key = desk.item()["key"]
    campaign.items.update(gold_low=1, gold_high=2, gold_follows=True, gold_why="So.", practice=True)
    told = desk.send(key, points=points).json()
    assert told["practice"] == {"right": right, "low": 1, "high": 2, "follows": True, "why": "So."}
    assert told["progress"]["done"] == 0


def test_the_answer_to_a_gold_item_that_is_no_practice_tells_nothing(sit: Callable[..., Desk]) -> None:
    desk = sit(campaign := make_campaign(1))
    key = desk.item()["key"]
    campaign.items.update(gold_low=1, gold_high=2, gold_follows=True, gold_why="So.")
    told = desk.send(key)
    assert told.json()["practice"] is None and b"gold" not in told.content


def test_after_so_many_active_minutes_a_break_is_due(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(1, break_minutes=10))
    key = desk.item()["key"]
    Enrolment.objects.update(active_seconds=600)
    assert desk.send(key).json()["break"] is True


# Draft, heartbeat, skip, flag


def test_a_draft_comes_back_with_its_item(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(1))
    key = desk.item()["key"]
    saved = desk.ask("draft", {"points": 2, "comment": "Half a"}, key)["saved"]
    assert desk.item()["draft"] == {"points": 2, "comment": "Half a", "saved": saved}


def test_a_heartbeat_says_until_when_items_are_held(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(1))
    key = desk.item()["key"]
    Assignment.objects.update(until=Now() + timedelta(minutes=1))
    held = desk.ask("beat", {"keys": [key, str(uuid4())]})["held"]
    assert list(held) == [key] and parse_datetime(held[key]) > timezone.now() + timedelta(minutes=10)


def test_a_heartbeat_takes_a_few_keys_and_nothing_else(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(1))
    refused = [desk.post("beat", {"keys": keys}) for keys in ("x", ["x"], [str(uuid4())] * 9)]
    assert {(one.status_code, one.json()["field"]) for one in refused} == {(400, "keys")}


def test_an_item_is_passed_on_with_a_reason(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(2))
    key = desk.item()["key"]
    assert desk.ask("skip", {"reason": "distressing", "note": "No."}, key) == {"skipped": True}
    assert Skip.objects.get().note == "No." and desk.item()["key"] != key
    assert desk.post("skip", {"reason": ["x"]}, key).status_code == 400


def test_a_flag_reaches_the_lead(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(1))
    key = desk.item()["key"]
    assert desk.ask("flag", {"text": "Is this cut off?"}, key) == {"flagged": True}
    assert Flag.objects.get().text == "Is this cut off?" and desk.post("flag", {"text": " "}, key).status_code == 400


# Back


def test_back_leads_from_answer_to_answer_and_the_answer_can_be_changed(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(3))
    first, second = rate(desk.enrolment, 1), rate(desk.enrolment, 5)
    assert desk.ask("back")["item"]["answer"]["points"] == 5
    item = desk.ask("back", {"before": str(second.assignment.key)})["item"]
    assert (item["key"], item["replaces"], item["until"]) == (str(first.assignment.key), str(first.token), None)
    assert desk.ask("back", {"before": item["key"]}) == {"item": None}
    assert desk.send(item["key"], points=3, replaces=item["replaces"]).status_code == 200
    assert desk.ask("back", {"before": str(second.assignment.key)})["item"]["answer"]["points"] == 3


def test_before_what_is_not_answered_yet_stands_the_last_answer(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(2))
    last = rate(desk.enrolment)
    assert desk.ask("back", {"before": desk.item()["key"]})["item"]["key"] == str(last.assignment.key)


def test_nobody_goes_back_to_the_answer_of_somebody_else(sit: Callable[..., Desk]) -> None:
    campaign = make_campaign(2)
    rate(enrol(campaign, "dan"))
    assert sit(campaign).ask("back") == {"item": None}


# Who may


def test_who_was_removed_finds_nothing(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(1))
    Enrolment.objects.update(removed_at=timezone.now())
    assert desk.post("next").status_code == 404


def test_a_campaign_that_never_began_is_not_there(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(1))
    Campaign.objects.update(state="draft", opened_at=None)
    assert desk.post("next").status_code == 404


def test_nothing_is_stored_of_what_is_refused(sit: Callable[..., Desk]) -> None:
    desk = sit(make_campaign(1))
    assert desk.post("draft", {"comment": "a" * 20_001}, desk.item()["key"]).status_code == 400
    assert not Draft.objects.exists()
