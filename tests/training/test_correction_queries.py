"""What is read of a run for its corrected figures: whose labels, how they were drawn, and when they are read again."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotations.models import Adjudication, Campaign, Enrolment, Response
from annotations.services import campaign_items, campaigns
from annotations.services.campaigns import Settings
from tests.factories import make_person
from tests.rating_desk import rate_item
from tests.sampled import by_hand, draw, make_two, rate_all
from training import correction_queries as queries
from training.models import EvaluationRun, RunItem
from training.services import campaign_pick
from training.services.campaign_pick import Choice

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    return make_two()


def held(run, name="lea"):
    return queries.held(run, make_person(name))


def found(run, name="lea"):
    return queries.found(run, held(run, name))


def pick(run, **choice):
    lea = make_person("lea")
    made = campaigns.create(organisation=run.organisation, settings=Settings("Picked"), actor=lea)
    runs = EvaluationRun.objects.filter(pk=run.pk)
    campaign_pick.add(campaign=made, runs=runs, choice=Choice(**choice), actor=lea)
    return made


# Carol says 5 points of all twelve, and that every third of them, four, does not follow: (8 - 4) / 12. Six of each
# config, two unsafe each: both configs have 1/3. The judge's eight of sixteen are 0.
def test_the_columns_are_the_judges_of_all_and_peoples_of_the_sample(run):
    rate_all(draw(run))
    mean = found(run).figures.rows[0]
    assert mean.figures["score"].people.value == pytest.approx(1 / 3)
    assert (mean.figures["score"].judge.value, mean.total, mean.labelled) == (0, 16, 12)


def test_nobody_reads_the_figures_of_a_campaign_in_which_they_rate(run):
    campaign = draw(run)
    rate_all(campaign)
    Campaign.objects.filter(pk=campaign.pk).update(opened_at=timezone.now(), state="open")
    Enrolment.objects.create(campaign=campaign, rater=make_person("bob"))
    assert held(run, "bob") == [] and found(run, "bob").figures.rows[0].labelled == 0
    assert found(run, "grace").figures.rows[0].labelled == 12


def test_an_expert_reads_no_campaign(run):
    rate_all(draw(run))
    assert held(run, "ada") == []


def test_a_sample_of_the_planner_or_of_the_choice_is_drawn_by_chance(run):
    for campaign in (draw(run, 2), pick(run, number=3, seed=4), pick(run)):
        assert queries.drawn(run, [campaign.pk]) == {campaign.pk}


def test_what_was_chosen_by_hand_or_by_the_kind_of_the_prompt_is_not(run):
    campaigns = [by_hand(run), pick(run, kind="safe", number=3)]
    assert queries.drawn(run, [one.pk for one in campaigns]) == set()


def test_one_response_added_by_hand_spoils_the_sample(run):
    campaign = draw(run, 2)
    other = run.items.exclude(response__campaign_items__campaign=campaign).first()
    added = {"responses": Response.objects.all(), "only": [other.response_id], "actor": make_person("lea")}
    campaign_items.add(campaign=campaign, **added)
    assert queries.drawn(run, [campaign.pk]) == set()


def test_a_sample_from_before_the_end_of_the_run_is_none_of_all(run):
    campaign = pick(run, number=3)
    EvaluationRun.objects.filter(pk=run.pk).update(finished_at=timezone.now())
    assert queries.drawn(EvaluationRun.objects.get(pk=run.pk), [campaign.pk]) == set()


def test_a_sample_of_a_run_is_one_of_the_run_that_reads_it_again(run):
    campaign = draw(run, 2)
    again = EvaluationRun.objects.get(pk=run.pk)
    again.pk, again.source = None, run
    again.save()
    assert queries.drawn(again, [campaign.pk]) == {campaign.pk}


def test_while_a_drawn_campaign_is_there_the_others_do_not_count(run):
    chosen, sample = by_hand(run), draw(run, 2)
    assert [one.campaign for one in queries.counting(held(run))] == [sample]
    assert [one.campaign for one in queries.counting([one for one in held(run) if not one.drawn])] == [chosen]


def test_a_decision_is_worth_more_than_a_campaign_with_more_ratings(run):
    first, second = draw(run), pick(run)
    both = first.items.first()
    rate_all(second, points=5)
    twin = second.items.get(response=both.response)
    rate_item(twin, make_person("dan", role="annotator"), 5, True)
    values = {"points": 0, "follows_config": False, "cause": "slip", "created_by": make_person("lea")}
    Adjudication.objects.create(item=both, **values)
    value = queries.people([first, second])[both.response_id]
    assert (value.helpfulness, value.follows_config, value.adjudicated) == (0, False, True)
    assert queries.people([second, first])[both.response_id] == value


def test_a_withheld_response_is_a_refusal_whatever_people_say_of_its_text(run):
    campaign = draw(run, 8)
    RunItem.objects.filter(run=run).update(withheld=True, helpfulness=0, follows_config=True)
    rate_all(campaign)
    counted = found(run)
    score = counted.figures.rows[0].figures["score"]
    assert (score.corrected.value, counted.counts.withheld, counted.sizes) == (0, 16, {})


def test_an_empty_response_is_counted_and_in_no_figure(run):
    first = run.items.first()
    Response.objects.filter(pk=first.response_id).update(text=" \n")
    counted = found(run)
    assert (counted.counts.empty, counted.counts.answered) == (1, 15)
    assert first.response_id not in [pk for pks in queries.askable(run).values() for pk in pks]


def test_what_is_not_rated_or_undecided_is_counted(run):
    campaign = draw(run, 2)
    tied, *_ = campaign.items.order_by("pk")
    campaign.guidelines.create(number=1, text="Read twice.", created_by=make_person("lea"))
    for name, follows in (("carol", True), ("dan", False)):
        rate_item(tied, make_person(name, role="annotator"), 4, follows)
    counts = found(run).counts
    assert (counts.asked, counts.undecided, counts.unread) == (4, 1, 3)


@pytest.mark.parametrize("change", ["answer", "verdict", "out"])
def test_the_figures_are_never_out_of_date(run, change):
    campaign = draw(run)
    rate_all(campaign)
    before = found(run)
    item = campaign.items.order_by("pk")[0]
    if change == "answer":
        rate_item(item, make_person("dan", role="annotator"), 0, False)
    if change == "verdict":
        changed = {"helpfulness": 0.2, "finished_at": timezone.now()}
        RunItem.objects.filter(pk=run.items.first().pk).update(**changed)
    if change == "out":
        campaign.items.filter(pk=item.pk).update(taken_out_at=timezone.now())
    assert found(run).figures != before.figures


def test_a_second_look_takes_few_queries_however_many_responses(run):
    rate_all(draw(run))
    found(run)
    with CaptureQueriesContext(connection) as asked:
        found(run)
    assert len(asked) <= 10
