"""Pairs out of people's answers: which two of them, with which words around, and who may still change his mind."""

import json
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotations.core.config_text import digest
from annotations.core.rated_pairs import TIE, UNSCORED
from annotations.core.recipe import Weights
from annotations.models import Adjudication, AuditEvent, Campaign, CampaignItem, PreferenceSet, SystemPrompt
from annotations.queries import rated_responses
from annotations.services import chores, human_pairs, preferences
from annotations.services.human_pairs import HumanPairsProblem
from tests.exports.reading import rows_of
from tests.factories import make_organisation, make_person, make_prompt, make_version
from tests.rating_desk import make_campaign, make_response, rate_item

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _places_of_their_own(settings, tmp_path):
    settings.UPLOADS_DIR, settings.PREFERENCES_DIR = tmp_path / "uploads", tmp_path / "preferences"


def closed(*responses, **fields):
    """A closed campaign with these responses."""
    campaign = make_campaign(0, state="closed", **fields)
    for position, response in enumerate(responses, start=1):
        CampaignItem.objects.create(campaign=campaign, response=response, position=position, needed=1)
    return campaign


def say(campaign, response, *said):
    """Answers on the response, (points, follows) each, by person 0, 1, …"""
    item = CampaignItem.objects.get(campaign=campaign, response=response)
    for number, (points, follows) in enumerate(said):
        rate_item(item, make_person(f"person-{number}", role="annotator"), points, follows)


def decide(campaign, response, points, follows):
    item = CampaignItem.objects.get(campaign=campaign, response=response)
    lea = make_person("lea")
    return Adjudication.objects.create(item=item, points=points, follows_config=follows, cause="slip", created_by=lea)


@pytest.fixture
def two():
    """Two responses to one prompt with risks, the first one the better, in a closed campaign."""
    prompt = make_prompt("What is a siege?", risks=["weapons", "violence"])
    better = make_response("Walls, and hunger.", prompt=prompt)
    worse = make_response("I cannot say.", prompt=prompt, version=better.version)
    campaign = closed(better, worse)
    say(campaign, better, (4, True))
    say(campaign, worse, (0, True))
    return campaign, better, worse


def pairs(*campaigns):
    return list(human_pairs.rows([campaign.pk for campaign in campaigns]))


def test_two_rated_responses_are_a_pair_with_all_that_is_known_of_it(two):
    campaign, better, worse = two
    (pair,) = pairs(campaign)
    assert (pair.prompt, pair.chosen_response, pair.rejected_response) == (
        "What is a siege?",
        "Walls, and hunger.",
        "I cannot say.",
    )
    assert (pair.spec_i, pair.mode, pair.split, pair.origin) == ("-Violence-", "rated", "train", "rating")
    assert pair.spec_j == "-Violence-Weapons, Explosives, Arson, and Illegal Firearm Transactions-"
    assert (pair.chosen_category_error_score, pair.rejected_category_error_score) == (0.2, 1.0)  # 1 - 4/5; a refusal
    assert (pair.prompt_id, pair.chosen_id, pair.rejected_id) == (better.prompt_id, better.pk, worse.pk)
    assert (pair.chosen_cat, pair.rejected_cat, pair.template) == ("", "", None)


def test_the_weights_of_a_recipe_are_those_of_the_errors(two):
    (pair,) = human_pairs.rows([two[0].pk], Weights(alpha=0.1, beta=9, gamma=2))
    assert (pair.chosen_category_error_score, pair.rejected_category_error_score) == (0.4, 2.0)


def told(response, text):
    row, _ = SystemPrompt.objects.get_or_create(digest=digest(text), defaults={"text": text})
    response.system_prompt = row
    response.save(update_fields=["system_prompt"])


def test_the_system_prompt_is_what_was_sent_or_else_the_versions(two):
    campaign, better, worse = two
    own = better.version.system_prompt(None)
    assert [pair.system_prompt for pair in pairs(campaign)] == [own]
    told(better, "Sent {response}.")
    assert [pair.system_prompt for pair in pairs(campaign)] == [own]  # of the other one nobody knows
    told(worse, "Sent {response}.")
    assert [pair.system_prompt for pair in pairs(campaign)] == ["Sent {response}."]
    told(worse, "Sent in other words.")
    assert [pair.system_prompt for pair in pairs(campaign)] == [own]


def test_a_decision_counts_before_answers_and_is_said(two):
    campaign, better, worse = two
    decide(campaign, better, 5, False)
    (pair,) = pairs(campaign)
    assert (pair.chosen_id, pair.rejected_id, pair.origin) == (worse.pk, better.pk, "adjudication")
    assert pair.rejected_category_error_score == 3.0


def test_a_decision_that_was_taken_back_and_an_answer_that_was_withdrawn_do_not_count(two):
    campaign, better, _ = two
    made = decide(campaign, better, 0, False)
    Adjudication.objects.filter(pk=made.pk).update(withdrawn_at=timezone.now())
    assert pairs(campaign)[0].chosen_id == better.pk
    campaign.items.get(response=better).ratings.update(withdrawn_at=timezone.now())
    assert pairs(campaign) == [] and human_pairs.census([campaign.pk]).skipped == {UNSCORED: 1}


def test_answers_of_several_campaigns_on_one_response_count_together(two):
    campaign, better, worse = two
    other = closed(better)
    say(other, better, (1, True), (2, True))
    (pair,) = pairs(campaign, other)
    assert pair.chosen_category_error_score == 0.6  # 1 - median(4, 1, 2)/5
    assert pairs(other) == [] and len(pairs(campaign)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"taken_out_at": timezone.now()},
        {"gold_low": 4, "gold_high": 5, "gold_follows": True, "gold_why": "It is right.", "practice": True},
        {"gold_low": 4, "gold_high": 5, "gold_follows": True, "gold_why": "It is right."},
    ],
)
def test_what_does_not_count_in_its_campaign_makes_no_pair(two, fields):
    campaign, better, _ = two
    CampaignItem.objects.filter(campaign=campaign, response=better).update(**fields)
    assert pairs(campaign) == [] and human_pairs.census([campaign.pk])[:4] == (1, 1, 0, 0)


def test_another_prompt_or_another_version_is_nothing_to_compare_with(two):
    campaign, better, _ = two
    elsewhere = make_response(prompt=better.prompt, version=make_version(better.version.config))
    alone = make_response()
    other = closed(elsewhere, alone)
    say(other, elsewhere, (1, True))
    say(other, alone, (1, True))
    assert len(pairs(campaign, other)) == 1
    assert human_pairs.census([campaign.pk, other.pk]).alone == 2


def test_every_two_are_counted_under_one_reason(two):
    campaign, better, worse = two
    third = make_response("Nobody read me.", prompt=better.prompt, version=better.version)
    fourth = make_response("Stones.", prompt=better.prompt, version=better.version)
    other = closed(third, fourth)
    say(other, fourth, (4, True))
    # of six: the third with each (3), the fourth as good as the first; first and fourth each beat the second
    found = human_pairs.census([campaign.pk, other.pk])
    assert (found.prompts, found.comparisons, found.pairs, found.skipped) == (1, 6, 2, {UNSCORED: 3, TIE: 1})
    assert found.law == {"in": 6, "out": 2, "dropped": {UNSCORED: 3, TIE: 1}, "failed": {}}
    assert len(pairs(campaign, other)) == 2


@pytest.mark.parametrize("state", ["open", "paused"])
def test_a_campaign_that_is_not_closed_gives_nothing_away(two, state):
    campaign = two[0]
    Campaign.objects.filter(pk=campaign.pk).update(state=state)
    with pytest.raises(HumanPairsProblem, match="“Sieges, rated” is not closed yet"):
        human_pairs.rows([campaign.pk])
    with pytest.raises(HumanPairsProblem):
        human_pairs.start(campaigns=[campaign], title="Set", actor=make_person("lea"))
    assert not PreferenceSet.objects.exists()


def test_the_same_answers_give_the_same_pairs_with_as_many_queries_for_many(two):
    campaign, better, _ = two
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            found = pairs(campaign)
        counts.append(len(asked))
        assert found == pairs(campaign)
        for number in range(3):
            prompt = make_prompt(f"Another, {number}?")
            for points in (1, 5):
                response = make_response(prompt=prompt, version=better.version)
                CampaignItem.objects.create(campaign=campaign, response=response, position=9, needed=1)
                say(campaign, response, (points, True))
    assert counts[0] == counts[1] <= 6 and len(pairs(campaign)) == 7


def test_what_each_campaign_brings(two):
    campaign, better, _ = two
    other = closed(better, make_response())
    found = rated_responses.parts([other.pk, campaign.pk])
    assert found == [(campaign.pk, 2, 2), (other.pk, 2, 1)]  # the better one was rated in the first campaign
    assert rated_responses.benchmarks([other.pk]) == ["Benchmark bench"]


def make(campaigns, **fields):
    row = human_pairs.start(campaigns=campaigns, actor=make_person("lea"), **{"title": " People's pairs "} | fields)
    chores.do(PreferenceSet, row.pk, preferences.job, "test")
    row.refresh_from_db()
    return row


def test_a_set_is_made_and_says_what_it_is_made_of(two):
    campaign, better, _ = two
    row = make([campaign], about="For the desk.", licence="CC-BY-4.0")
    assert (row.state, row.origin, row.rows, row.title) == ("finished", "people", 1, "People's pairs"), row.reason
    assert row.settings["campaigns"] == [campaign.pk] and row.source == "Answers of people: Sieges, rated"
    assert row.manifest["settings"]["comparisons"] == {"in": 1, "out": 1, "dropped": {}, "failed": {}}
    assert json.loads(json.dumps(row.manifest)) == row.manifest
    (stored,) = rows_of("parquet", preferences.path(row).read_bytes())
    assert (stored["origin"], stored["chosen_id"], stored["chosen_cat"]) == ("rating", better.pk, "")
    event = AuditEvent.objects.get(object_type="preferenceset", object_id=row.pk)
    assert (event.action, event.after["campaigns"]) == ("create", [campaign.pk])


def test_the_prompts_of_people_stand_in_a_benchmark_and_that_is_found(two):
    assert make([two[0]]).leaks["exact"] == 1


def test_the_same_campaigns_make_the_same_file(two):
    assert make([two[0]]).sha256 == make([two[0]]).sha256


def test_no_pair_and_two_organisations_are_refused_in_words(two):
    with pytest.raises(HumanPairsProblem, match="make no pair"):
        human_pairs.start(campaigns=[closed(make_response())], title="Set", actor=make_person("lea"))
    other = closed(organisation=make_organisation("elsewhere"))
    with pytest.raises(HumanPairsProblem, match="one organisation"):
        human_pairs.start(campaigns=[two[0], other], title="Set", actor=make_person("grace"))


def test_a_set_whose_campaign_gives_no_pair_any_more_fails_in_words(two, settings):
    campaign, better, _ = two
    row = human_pairs.start(campaigns=[campaign], title="Set", actor=make_person("lea"))
    CampaignItem.objects.filter(response=better).update(taken_out_at=timezone.now())
    chores.do(PreferenceSet, row.pk, preferences.job, "test")
    row.refresh_from_db()
    assert row.state == "failed" and "no pair" in row.reason
    assert not list(Path(settings.PREFERENCES_DIR).iterdir())
