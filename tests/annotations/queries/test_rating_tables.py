"""Answers on their way out: every one of them once, with what is known of it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotations.models import Adjudication, CampaignItem, Rating
from annotations.queries import item_values, rating_tables
from tests.factories import make_candidate, make_config, make_model, make_person, make_prompt, make_version
from tests.rating_desk import make_campaign, make_response, rate_item

pytestmark = pytest.mark.django_db


def rows(campaign, shape="answers", **options):
    table = rating_tables.table(campaign, shape, **options)
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def raters(*names):
    return [make_person(name, role="annotator") for name in names]


def changed(rating, **fields):
    """Another answer in the place of this one, which is withdrawn and kept."""
    Rating.objects.filter(pk=rating.pk).update(withdrawn_at=timezone.now())
    values = {"points": 0, "follows_config": False, "token": "9" * 32, "guideline": rating.guideline} | fields
    kept = {"assignment": rating.assignment, "item": rating.item, "rater": rating.rater}
    return Rating.objects.create(**kept, **values)


def decide(item, **fields):
    values = {"points": 3, "follows_config": True, "cause": "slip", "note": "A slip.", "created_by": make_person("lea")}
    return Adjudication.objects.create(item=item, **values | fields)


@pytest.fixture
def campaign():
    """Five items that three people rated: a plain one, one changed, gold, practice, and one that was taken out."""
    campaign, people = make_campaign(6, overlap=3), raters("carol", "dan", "eve")
    items = list(campaign.items.order_by("pk"))
    for item in items[:5]:
        for points, person in enumerate(people, start=1):
            rate_item(item, person, points=points)
    changed(items[1].ratings.first())
    gold = {"gold_low": 4, "gold_high": 5, "gold_follows": True, "gold_why": "It is."}
    CampaignItem.objects.filter(pk=items[2].pk).update(**gold)
    CampaignItem.objects.filter(pk=items[3].pk).update(**gold, practice=True)
    CampaignItem.objects.filter(pk=items[4].pk).update(taken_out_at=timezone.now())
    return campaign


def test_every_stored_answer_is_there_exactly_once(campaign, monkeypatch):
    monkeypatch.setattr(rating_tables, "CHUNK", 2)
    stored = Rating.objects.count()
    found = rows(campaign)
    assert len(found) == len({row["answer"] for row in found}) == rating_tables.number_of(campaign, "answers") == stored
    assert stored == 16
    assert sorted(row["points"] for row in found) == sorted(Rating.objects.values_list("points", flat=True))


def test_an_answer_of_another_campaign_is_not_there(campaign):
    other = make_campaign(1)
    rate_item(other.items.get(), make_person("carol"))
    assert len(rows(other)) == 1 and len(rows(campaign)) == 16


def test_what_does_not_count_is_there_and_marked(campaign):
    marked = {(row["gold"], row["practice"], row["taken_out"], row["standing"]) for row in rows(campaign)}
    plain = (False, False, False)
    assert marked == {
        (*plain, "stands"),
        (*plain, "changed"),
        (True, False, False, "stands"),
        (True, True, False, "stands"),
        (False, False, True, "stands"),
    }
    assert [row["standing"] for row in rows(campaign)].count("changed") == 1


def test_a_row_says_all_that_was_asked_and_answered():
    config = make_config("film", title="Film")
    version = make_version(config)
    prompt = make_prompt("Why?", config=config, kind="partial", risks=["drugs"])
    campaign = make_campaign(0, overlap=1)
    response = make_response("Because.", prompt=prompt, version=version, candidate=None, source="By hand")
    item = CampaignItem.objects.create(campaign=campaign, response=response, position=1, needed=1, tags=",drugs,")
    rate_item(
        item,
        make_person("carol"),
        points=2,
        follows=False,
        broken_rules=["r1"],
        risks=["drugs"],
        comment="Hm.",
        seconds=8.5,
    )
    (row,) = rows(campaign)
    told = {name: row[name] for name in ("points", "helpfulness", "follows_config", "broken_rules", "risks", "comment")}
    assert told == {
        "points": 2,
        "helpfulness": 0.4,
        "follows_config": False,
        "broken_rules": ["r1"],
        "risks": ["drugs"],
        "comment": "Hm.",
    }
    asked = ("config", "config_title", "config_version", "kind", "prompt", "response", "candidate", "sampling")
    assert [row[name] for name in asked] == ["film", "Film", 1, "partial", "Why?", "Because.", "By hand", ""]
    assert (row["prompt_id"], row["guideline"], row["seconds"], row["prompt_risks"]) == (
        str(prompt.uid),
        1,
        8.5,
        ["drugs"],
    )
    assert row["created_at"].endswith("+00:00") and row["changed_at"] is None


def test_a_candidate_is_named_with_how_it_samples():
    campaign = make_campaign(1)
    candidate = make_candidate(make_model("owl"), temperature=0.5, seed=3)
    campaign.items.get().response.__class__.objects.update(candidate=candidate)
    rate_item(campaign.items.get(), make_person("carol"))
    (row,) = rows(campaign)
    assert row["candidate"] == "Owl · plain"
    assert row["sampling"] == "temperature 0.5, top_p 1, at most 64 tokens, seed 3"


def test_a_rater_has_one_name_in_a_campaign_another_in_the_next_and_never_the_own(campaign):
    found = {row["rater"] for row in rows(campaign)}
    carol = make_person("carol")
    assert len(found) == 3 and rating_tables.rater_name(campaign.pk, carol.pk) in found
    assert rating_tables.rater_name(campaign.pk + 1, carol.pk) not in found
    assert not any(name in str(rows(campaign)) for name in ("carol", "dan", "eve"))


def test_the_names_depend_on_the_secret(campaign, settings):
    before = rating_tables.rater_name(campaign.pk, 1)
    settings.SECRET_KEY = "another"
    assert rating_tables.rater_name(campaign.pk, 1) != before


def test_user_names_are_there_when_asked_for(campaign):
    assert {row["rater"] for row in rows(campaign, user_names=True)} == {"carol", "dan", "eve"}


# Item 1: points 1, 2, 3: mean 0.4; all yes: agreement 1; apart (1 + 2 + 1) / 3. Item 2: 0 no instead of 1 yes: points
# 0, 2, 3: mean 1/3; two yes; pairs equal: 1 of 3; apart (2 + 3 + 1) / 3 = 2.
def test_an_item_is_a_row_with_what_its_answers_come_to(campaign):
    one, two, *_, unrated = rows(campaign, "items")
    assert (one["answers"], one["changed"], two["answers"], two["changed"]) == (3, 0, 3, 1)
    assert (one["helpfulness"], one["agreement"], one["points_apart"]) == (0.4, 1.0, pytest.approx(4 / 3))
    assert (two["helpfulness"], two["agreement"], two["points_apart"]) == (
        pytest.approx(1 / 3),
        pytest.approx(1 / 3),
        2.0,
    )
    assert (two["yes"], two["majority"], two["follows_config"]) == (2, True, True)
    values = [
        unrated[name] for name in ("helpfulness", "follows_config", "agreement", "points_apart", "decided_points")
    ]
    assert (unrated["answers"], values) == (0, [None] * 5)


def test_a_decision_is_the_value_and_the_answers_stay_beside_it(campaign):
    first, last = campaign.items.order_by("pk")[0], campaign.items.order_by("pk")[5]
    decide(first, points=0, follows_config=False, broken_rules=["r1"])
    decide(last, withdrawn_at=timezone.now())
    one, *_, six = rows(campaign, "items")
    assert (one["helpfulness"], one["follows_config"], one["mean_helpfulness"], one["majority"]) == (
        0.0,
        False,
        0.4,
        True,
    )
    decided = ("decided", "decided_points", "decided_follows_config", "decided_broken_rules", "cause", "note")
    assert [one[name] for name in decided] == [True, 0, False, ["r1"], "slip", "A slip."]
    assert [six[name] for name in decided] == [False, None, None, None, None, None]


def test_a_tie_has_no_majority():
    campaign = make_campaign(1, overlap=2)
    for follows, person in zip((True, False), raters("carol", "dan"), strict=True):
        rate_item(campaign.items.get(), person, follows=follows)
    (row,) = rows(campaign, "items")
    assert (row["majority"], row["follows_config"], row["helpfulness"]) == (None, None, 0.8)


def test_the_values_are_those_of_the_results(campaign):
    decide(campaign.items.order_by("pk")[1])
    said = {row["item"]: (row["helpfulness"], row["follows_config"]) for row in rows(campaign, "items")}
    for value in item_values.values(campaign):
        assert said[value.item] == (pytest.approx(value.helpfulness), value.follows_config)


@pytest.mark.parametrize("shape", ["answers", "items"])
def test_as_many_queries_for_many_rows_as_for_one(shape):
    counts = []
    for number in (1, 12):
        campaign = make_campaign(number)
        for item in campaign.items.all():
            rate_item(item, make_person("carol"))
        with CaptureQueriesContext(connection) as asked:
            assert len(rows(campaign, shape)) == number
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 6


def test_the_categories_of_the_notice_are_counted_by_item():
    campaign = make_campaign(2, risks=["drugs", "violence"])
    assert rating_tables.tag_counts(campaign) == {"drugs": 2, "violence": 2}
