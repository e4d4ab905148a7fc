"""Rating through the API: what its rater does, what protects them, and that they learn nothing they must not."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.core.signing import b64_decode
from django.urls import reverse
from django.utils import timezone

from annotations.models import Assignment, Campaign, Rating, Skip
from annotations.services import slots, wellbeing
from tests.addresses import names
from tests.asked import asked
from tests.blind_world import GOLD, leaks, make_blind, secrets_of, sent
from tests.factories import make_person
from tests.programs import Program
from tests.rating_desk import enrol, make_campaign, rate, rate_item

pytestmark = pytest.mark.django_db


def at(campaign, *parts):
    return "/".join(["ratings", str(campaign.pk), *map(str, parts), ""])


def good(**said):
    return {"token": str(uuid4()), "points": 4, "follows_config": True, "comment": "Well said."} | said


def desk(items=3, *, raters=("carol",), **fields):
    campaign = make_campaign(items, **fields)
    return campaign, enrol(campaign, *raters), Program("carol")


def hand(program, campaign):
    return program.send(at(campaign, "next")).json()["item"]["key"]


def test_a_rater_begins_a_campaign_once_they_know_what_it_holds():
    campaign, _, carol = desk(2, risks=["drugs"])
    campaign.enrolments.update(accepted_at=None)
    start = carol.get(at(campaign, "start")).json()
    assert (start["begun"], start["items"], start["tagged"], start["guideline_text"]) == (False, 2, 2, "Read twice.")
    told = carol.send(at(campaign, "next")).json()
    assert (told["item"], told["why"]) == (None, "not_accepted")
    begun = carol.send(at(campaign, "begin"), {"declined": ["drugs"]}).json()
    assert (begun["begun"], begun["declined"], begun["left"]) == (True, ["drugs"], 0)
    assert carol.send(at(campaign, "next")).json()["why"] == "nothing"
    assert carol.send(at(campaign, "begin"), {"declined": ["spells"]}).status_code == 422
    assert carol.send(at(campaign, "begin"), {"declined": [], "folds": True}).json()["folds"] is True


def test_an_answer_is_stored_once_however_often_it_is_sent():
    campaign, _, carol = desk()
    item = carol.send(at(campaign, "next")).json()["item"]
    assert item["config"]["rules"][0]["id"] == "r1" and item["response"].startswith("The siege lasts")
    said = good()
    first, second = (carol.send(at(campaign, "items", item["key"], "answer"), said).json() for _ in range(2))
    assert (first["again"], second["again"], first["token"]) == (False, True, said["token"])
    assert (first["progress"], first["practice"], Rating.objects.count()) == ({"done": 1, "of": None}, None, 1)


def test_an_answer_is_changed_by_naming_the_one_it_replaces():
    campaign, _, carol = desk()
    address, said = at(campaign, "items", hand(carol, campaign), "answer"), good(comment="First.")
    carol.send(address, said)
    blind = carol.send(address, good(points=1))
    again = carol.send(address, good(points=1, follows_config=False, broken_rules=["r1"], replaces=said["token"]))
    late = carol.send(address, good(points=2, replaces=said["token"]))
    assert [one.status_code for one in (blind, again, late)] == [409, 200, 409]
    own = carol.get(at(campaign, "answers")).json()["results"]
    assert [(row["points"], row["broken_rules"], row["risks"]) for row in own] == [(1, ["r1"], None)]
    item = carol.get(at(campaign, "items", own[0]["key"])).json()
    assert (item["answer"]["points"], item["replaces"]) == (1, own[0]["token"])


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("points", 6), ("points", None), ("follows_config", "maybe"), ("token", "no"), ("broken_rules", ["r9"]),
     ("broken_rules", "r1"), ("risks", ["drugs"]), ("comment", "x" * 5001), ("replaces", 7), ("guideline", 2**40)],
)  # fmt: skip
def test_what_no_answer_is_comes_back_with_its_field(field, wrong):
    campaign, _, carol = desk()
    said = good(follows_config=False) | {field: wrong}
    told = carol.send(at(campaign, "items", hand(carol, campaign), "answer"), said)
    assert (told.status_code, Rating.objects.count()) == (422, 0)
    assert next(iter(told.json()["errors"])).split(".")[0] == field


def test_an_item_that_somebody_else_has_is_a_conflict_and_is_not_shown():
    campaign, _, carol = desk(1, raters=("dan", "carol"))
    dan = campaign.enrolments.get(rater__username="dan")
    rate(dan)
    slot = campaign.assignments.get()
    address = at(campaign, "items", slot.key)
    assert carol.get(address).status_code == 404
    assert carol.send(f"{address}answer/", good()).status_code == 409
    assert carol.send(f"{address}skip/", {"reason": "unclear"}).status_code == 409
    assert carol.send(f"{address}flag/", {"text": "Look."}).status_code == 409


def test_an_item_in_somebody_elses_hand_is_not_shown():
    campaign, _, carol = desk(1, raters=("dan", "carol"))
    slot = slots.turn(campaign.enrolments.get(rater__username="dan")).assignment
    assert carol.get(at(campaign, "items", slot.key)).status_code == 404
    assert carol.send(at(campaign, "items", slot.key, "answer"), good()).status_code == 409


def test_an_item_is_passed_on_offered_again_and_flagged():
    campaign, row, carol = desk(1)
    address = at(campaign, "items", hand(carol, campaign))
    assert carol.send(f"{address}skip/", {"reason": "bored"}).status_code == 422
    assert carol.send(f"{address}skip/", {"reason": "unclear", "note": "Which siege?"}).status_code == 204
    told = carol.send(f"{address}flag/", {"text": "Two prompts in one."}, key="one")
    again = carol.send(f"{address}flag/", {"text": "Two prompts in one."}, key="one")
    assert (told.status_code, again.status_code, again.json()) == (201, 201, told.json())
    assert carol.get(at(campaign, "mine")).json()["flags"] == [told.json()]
    wellbeing.answer_flag(flag=row.rater.flags.get(), actor=make_person("lea"), text="Rate the first.")
    mine = carol.get(at(campaign, "mine")).json()
    assert (mine["skips"][0]["note"], mine["flags"][0]["answer"]) == ("Which siege?", "Rate the first.")
    assert carol.send(at(campaign, "read"), {"name": mine["flags"][0]["name"]}).status_code == 204
    assert [carol.send(at(campaign, "again"), {"name": mine["skips"][0]["name"]}).status_code for _ in range(2)] == [
        *(204, 422)
    ]
    assert row.rater.flags.get().read_at and not Skip.objects.filter(withdrawn_at=None).exists()
    assert hand(carol, campaign)


def test_bounds_and_breaks_hold_here_too():
    campaign, _, carol = desk(5, risks=["drugs"], tagged_in_row=2, break_minutes=1)
    for _ in range(2):
        carol.send(at(campaign, "items", hand(carol, campaign), "answer"), good())
    told = carol.send(at(campaign, "next")).json()
    assert (told["item"], told["why"]) == (None, "row")
    assert [one["reached"] for one in carol.get(at(campaign, "start")).json()["bounds"]] == [False, False, True]
    assert carol.send(at(campaign, "rest")).status_code == 204
    key = hand(carol, campaign)
    Assignment.objects.filter(key=key).update(seen_at=timezone.now() - timedelta(minutes=5))
    sent_one = carol.send(at(campaign, "items", key, "answer"), good()).json()
    assert sent_one["break_due"] is True and carol.get(at(campaign, "mine")).json()["read"][0]["tagged"] == 3


def test_what_one_holds_is_kept_while_one_says_so_and_given_back_on_leaving():
    campaign, _, carol = desk(1)
    key = hand(carol, campaign)
    assert list(carol.send(at(campaign, "hold"), {"keys": [key, str(uuid4())]}).json()["held"]) == [key]
    assert carol.send(at(campaign, "hold"), {"keys": [key] * 9}).status_code == 422
    assert carol.send(at(campaign, "leave")).status_code == 204
    assert campaign.assignments.get().state == "open"
    assert carol.send(at(campaign, "hold"), {"keys": [key]}).json()["held"] == {}


def test_a_closed_campaign_takes_nothing_and_tells_the_right_answers():
    campaign, row, carol = desk(2)
    item = campaign.items.first()
    rate_item(item, row.rater, points=1)
    key = hand(carol, campaign)
    campaign.items.filter(pk=item.pk).update(**GOLD)
    assert carol.get(at(campaign, "mine")).json()["known"] == []
    Campaign.objects.update(state="closed", closed_at=timezone.now())
    Assignment.objects.filter(key=key).update(until=timezone.now() - timedelta(minutes=1))
    assert carol.send(at(campaign, "items", key, "answer"), good()).status_code == 409
    assert carol.send(at(campaign, "next")).json()["why"] == "closed"
    assert carol.send(at(campaign, "begin"), {"declined": []}).status_code == 422
    known = carol.get(at(campaign, "mine")).json()["known"]
    assert [(one["right"], one["low"], one["why"]) for one in known] == [(False, 4, "OCELOT-WHY")]


def test_a_campaign_one_has_no_place_in_is_not_there():
    campaign, _, _ = desk()
    for who, code in (("ada", 404), ("lea", 404), ("mallory", 404), ("bob", 403), ("grace", 403)):
        assert Program(who).get(at(campaign, "start")).status_code == code, who
        assert Program(who).send(at(campaign, "next")).status_code == code, who
    assert Program("ada").get("ratings/").json()["results"] == []
    assert Program("ada").get(f"ratings/{10**30}/start/").status_code == 404


def test_lists_ask_as_much_for_thirty_as_for_three():
    few, many, first = [], [], make_campaign(30)
    row, items = enrol(first, "carol"), list(first.items.all())
    for found, some in ((few, items[:3]), (many, items[3:])):
        for item in some:
            rate_item(item, row.rater)
            enrol(make_campaign(0, title=f"Sieges {item.pk}"), "carol")
        found += asked(Program("carol"), at(first, "answers")) + asked(Program("carol"), "ratings/")
    assert (few[::2], many[::2]) == ([3, 4], [30, 31]) and few[1::2] == many[1::2]


# blind


OF_SLOT = ("item", "answer", "skip", "flag")
SAID = ({}, {"text": "own flag"}, {"declined": ["drugs"]})


def addresses(blind):
    """Every address of a rater, of each of the slots they could ask for."""
    for name in (one for one in names() if one.startswith("api:ratings-")):
        slots = [[slot.key] for slot in blind[2:]] if name.rpartition("-")[2] in OF_SLOT else [[]]
        for slot in slots:
            place = [] if name == "api:ratings-list" else [blind.campaign.pk]
            yield reverse(name, args=[*place, *slot]).removeprefix("/api/v1/")


def talk(blind, program):
    """What comes back, to right questions and to wrong ones, to the last item."""
    keys = {"keys": [str(slot.key) for slot in blind[2:]]}
    for address in addresses(blind):
        yield program.get(address)
        yield from (program.send(address, said) for said in (*SAID, keys))
    yield from (program.send(address, good(points=1)) for address in addresses(blind))
    for _ in range(20):
        yield (told := program.send(at(blind.campaign, "next")))
        if (item := told.json()["item"]) is None:
            return
        yield program.send(at(blind.campaign, "items", item["key"], "answer"), good())


def test_nothing_a_rater_asks_for_tells_what_they_must_not_know():
    blind = make_blind()
    carol = Program("carol")
    told = [*talk(blind, carol), *(carol.get(address) for address in addresses(blind))]
    secrets = secrets_of(blind)
    found = {one.request["PATH_INFO"]: leaks(sent(one), secrets) for one in told}
    assert {asked_for: leaked for asked_for, leaked in found.items() if leaked} == {}
    assert {one.status_code for one in told} <= {200, 201, 204, 400, 404, 405, 409, 422}
    assert Rating.objects.filter(rater=blind.carol.rater).exclude(item__gold_follows=None).exists()


def test_a_cursor_holds_no_number_of_a_row():
    blind = make_blind()
    carol = Program("carol")
    enrol(make_campaign(0), "carol")
    carol.send(at(blind.campaign, "items", blind.held.key, "answer"), good())
    for address in (at(blind.campaign, "answers"), "ratings/"):
        told = carol.get(address, page_size=1).json()
        cursor = parse_qs(urlsplit(told["next"]).query)["cursor"][0]
        held = b64_decode(cursor.partition(":")[0].encode()).decode()
        assert leaks(held, secrets_of(blind)) == [], held


def test_an_annotator_reaches_nothing_that_tells_of_models_and_labels():
    blind, carol = make_blind(), Program("carol")
    shut = (
        "campaigns/",
        f"campaigns/{blind.campaign.pk}/",
        "benchmarks/",
        "preferences/",
        "exports/",
        "runs/",
        "models/",
    )
    shut += (f"exports/campaigns/{blind.campaign.pk}/ratings/", "taxonomies/", "training-prompts/")
    assert {address: carol.get(address).status_code for address in shut} == dict.fromkeys(shut, 403)
