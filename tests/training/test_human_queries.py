"""What is read of a campaign for its results: which items and answers, whose verdicts, and when it is read again."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotations.models import Adjudication, CampaignItem, Rating, Response
from annotations.services import campaign_items
from tests.factories import make_candidate, make_judge, make_model, make_person
from tests.outcomes import finished_run
from tests.rating_desk import make_campaign, make_response, rate_item
from training import human_queries as queries
from training.human import TOGETHER
from training.human_queries import Wanted
from training.models import EvaluationRun, Judgement, RunItem
from training.services import derive

pytestmark = pytest.mark.django_db
NO = {"points": 0, "follows": False}


def make_world(number=3):
    """A campaign over the responses of a finished run, which a program judged helpful and safe throughout."""
    run = finished_run(number)
    campaign = make_campaign(0, overlap=2)
    answered = Response.objects.filter(run_items__run=run)
    campaign_items.add(campaign=campaign, responses=answered, actor=make_person("lea"))
    return campaign


@pytest.fixture
def campaign():
    return make_world()


def of(campaign, place):
    return campaign.items.order_by("response")[place]


def rated(item, **fields):
    return rate_item(item, make_person("carol"), **fields)


def only(campaign):
    """The people's row of the one candidate."""
    (subject,) = queries.results(campaign).subjects
    return subject.people[0]


def judge_again(campaign, **values):
    """A second judge's verdicts on all responses."""
    judge = make_judge("helpfulness", make_model("judge", plumbing=False))
    for item in RunItem.objects.filter(response__campaign_items__campaign=campaign):
        Judgement.objects.create(item=item, judge=judge, **values)
    return judge


# Carol gives 4 yes and 0 no: (0.8 - 0.0) / 2 = 0.4 over two of three items.
def test_the_score_is_of_what_people_answered(campaign):
    rated(of(campaign, 0))
    rated(of(campaign, 1), **NO)
    row = only(campaign)
    assert (row.scored.score, row.scored.n_scored, row.unrated) == (pytest.approx(0.4), 2, 1)
    assert queries.results(campaign).answers == 2


def test_a_decision_takes_the_place_of_the_answers(campaign):
    item = of(campaign, 0)
    rated(item)
    lead = make_person("lea")
    Adjudication.objects.create(item=item, points=5, follows_config=False, cause="slip", created_by=lead)
    assert only(campaign).scored.score == pytest.approx(-1.0)


def test_gold_practice_and_what_was_taken_out_do_not_count(campaign):
    gold = {"gold_low": 4, "gold_high": 5, "gold_follows": True, "gold_why": "It is."}
    for place, values in enumerate((gold, gold | {"practice": True}, {"taken_out_at": timezone.now()})):
        rated(of(campaign, place))
        CampaignItem.objects.filter(pk=of(campaign, place).pk).update(**values)
    assert (queries.items(campaign), queries.results(campaign).subjects) == ([], ())


def test_every_judge_is_read_by_itself_judges_before_programs(campaign):
    rated(of(campaign, 0))
    judge = judge_again(campaign, helpfulness=0.2, follows_config=False)
    program = make_judge()
    (item, *_) = queries.items(campaign)
    assert item.verdicts == {judge.pk: (0.2, False), program.pk: (1.0, True)}
    assert [one.judge for one in queries.results(campaign).checks] == [judge.pk, program.pk]
    assert queries.judges_of(queries.parted(campaign).judges) == [judge, program]


# One judge gives the helpfulness, the other the yes: alone neither has a score, in their run they come to one.
def test_judges_of_one_half_each_have_a_score_together(campaign):
    rated(of(campaign, 0))
    Judgement.objects.update(helpfulness=0.6, follows_config=None)
    judge_again(campaign, helpfulness=None, follows_config=True)
    (subject,) = queries.results(campaign).subjects
    scores = {row.judge: row.score.value for row in subject.beside if row.config is None}
    assert scores == {
        **dict.fromkeys(row.pk for row in queries.judges_of(queries.parted(campaign).judges)),
        TOGETHER: 0.6,
    }


def test_one_judge_alone_is_not_taken_together(campaign):
    rated(of(campaign, 0))
    assert [item.together for item in queries.items(campaign)] == [None] * 3


def make_filtered(campaign):
    """A filter over the campaign's run, which found that the first answer breaks the config."""
    source = EvaluationRun.objects.get()
    first = Judgement.objects.filter(item__response=of(campaign, 0).response)
    first.update(helpfulness=1.0, follows_config=False)
    made = derive.filtered(source=source, strategy="cascade_oracle", actor=None)
    made.items.filter(response=of(campaign, 0).response).update(withheld=True, helpfulness=0.0, follows_config=True)


def test_a_filter_over_the_run_says_nothing_of_the_answer_that_people_read(campaign):
    judge_again(campaign, helpfulness=1.0, follows_config=False)
    make_filtered(campaign)
    together = {item.pk: item.together for item in queries.items(campaign)}
    assert together[of(campaign, 0).pk] == (1.0, False)


def test_a_verdict_given_again_in_a_later_run_takes_the_place_of_the_first(campaign):
    make_filtered(campaign)
    newest = Judgement.objects.filter(item__response=of(campaign, 1).response).order_by("pk").last()
    Judgement.objects.filter(pk=newest.pk).update(helpfulness=0.2)
    Judgement.objects.exclude(pk=newest.pk).update(reasons="Written anew, so that it may come last.")
    (said,) = next(item for item in queries.items(campaign) if item.pk == of(campaign, 1).pk).verdicts.values()
    assert said == (0.2, True)


def test_an_uploaded_response_is_told_by_its_source_and_no_judge_read_it():
    campaign = make_campaign(0)
    response = make_response(candidate=None, source="Our old bot")
    campaign_items.add(campaign=campaign, responses=Response.objects.filter(pk=response.pk), actor=make_person("lea"))
    rated(campaign.items.get())
    found = queries.results(campaign)
    assert [one.subject for one in found.subjects] == ["Our old bot"] and found.checks == ()
    assert queries.names(campaign, found).subjects == {"Our old bot": "Our old bot"}


@pytest.mark.parametrize("change", ["answer", "changed", "decision", "verdict", "out", "gold"])
def test_the_figures_are_never_out_of_date(campaign, change):
    rating = rated(of(campaign, 0))
    before = queries.results(campaign), queries.word(campaign)
    items = CampaignItem.objects.filter(pk=of(campaign, 0).pk)
    if change == "answer":
        rated(of(campaign, 1), **NO)
    if change == "changed":
        Rating.objects.filter(pk=rating.pk).update(withdrawn_at=timezone.now())
    if change == "decision":
        values = {"points": 0, "follows_config": False, "cause": "slip", "created_by": make_person("lea")}
        Adjudication.objects.create(item=items[0], **values)
    if change == "verdict":
        judge_again(campaign, helpfulness=None, follows_config=None)
    if change == "out":
        items.update(taken_out_at=timezone.now())
    if change == "gold":
        items.update(gold_low=0, gold_high=5, gold_follows=True, gold_why="It is.")
    assert queries.word(campaign) != before[1] and queries.results(campaign) != before[0]


def test_taking_one_item_out_and_putting_another_back_is_a_change(campaign):
    CampaignItem.objects.filter(pk=of(campaign, 0).pk).update(taken_out_at=timezone.now())
    before = queries.word(campaign)
    CampaignItem.objects.filter(pk=of(campaign, 0).pk).update(taken_out_at=None)
    CampaignItem.objects.filter(pk=of(campaign, 1).pk).update(taken_out_at=timezone.now())
    assert queries.word(campaign) != before


def test_taking_two_items_out_in_the_place_of_two_others_is_a_change():
    campaign = make_campaign(4)
    first, second, third, fourth = campaign.items.order_by("pk").values_list("pk", flat=True)
    words = set()
    for out in ((first, fourth), (second, third)):  # ids of one sum
        campaign.items.update(taken_out_at=None)
        campaign.items.filter(pk__in=out).update(taken_out_at=timezone.now())
        words.add(queries.word(campaign))
    assert len(words) == 2


def test_a_second_look_asks_for_nothing_but_the_word(campaign):
    rated(of(campaign, 0))
    queries.results(campaign)
    with CaptureQueriesContext(connection) as asked:
        queries.results(campaign)
    assert len(asked) == 4


def test_figures_of_many_items_take_as_many_queries_as_those_of_few():
    counts = []
    for number in (1, 8):
        campaign = make_world(number)
        rated(of(campaign, 0))
        with CaptureQueriesContext(connection) as asked:
            queries.results(campaign)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 14


# The program says yes to all three. Of the first, one of three people does; of the second none, of the third all.
def test_the_list_has_what_a_judge_says_otherwise_and_the_surest_first(campaign):
    rated(of(campaign, 1), **NO)
    rated(of(campaign, 2))
    for place, person in enumerate(("carol", "dan", "eve")):
        rate_item(of(campaign, 0), make_person(person, role="annotator"), follows=place == 2)
    found = queries.differences(queries.items(campaign), Wanted())
    assert [one.pk for one in found] == [of(campaign, 1).pk, of(campaign, 0).pk]


def test_what_differs_is_kept_apart_from_what_does_not(campaign, django_assert_num_queries):
    rated(of(campaign, 0), **NO)
    rated(of(campaign, 1))
    found = queries.parted(campaign)
    assert [one.pk for one in found.items] == [of(campaign, 0).pk]
    assert found.items == queries.differences(queries.items(campaign), Wanted())
    with django_assert_num_queries(4):  # of the word
        assert queries.parted(campaign) == found
    rated(of(campaign, 2), **NO)
    assert len(queries.parted(campaign).items) == 2


def test_the_list_is_filtered_by_judge_config_kind_and_way(campaign):
    rated(of(campaign, 0), **NO)
    judge, program = judge_again(campaign, helpfulness=0.0, follows_config=False), make_judge()
    (config,) = queries.configs_of(queries.parted(campaign).configs)
    rated(of(campaign, 1))

    def places(**wanted):
        ids = [of(campaign, place).pk for place in range(3)]
        return sorted(ids.index(one.pk) for one in queries.differences(queries.items(campaign), Wanted(**wanted)))

    assert places() == [0, 1]
    assert (places(judge=program.pk), places(judge=judge.pk)) == ([0], [1])
    assert (places(direction="false_safe"), places(direction="false_unsafe")) == ([0], [1])
    assert (places(kind="safe"), places(kind="allowed"), places(kind="partial")) == ([0], [1], [])
    assert (places(config=config.pk), places(config=config.pk + 1)) == ([0, 1], [])
    assert places(judge=judge.pk, direction="false_safe") == []


def test_two_candidates_of_one_name_are_told_apart_by_how_they_sample(campaign):
    warm = make_candidate(temperature=0.9)
    extra = make_response(candidate=warm)
    campaign_items.add(campaign=campaign, responses=Response.objects.filter(pk=extra.pk), actor=make_person("lea"))
    rated(of(campaign, 0))
    names = sorted(queries.names(campaign, queries.results(campaign)).subjects.values())
    assert names == [f"Echo · plain, temperature {heat}, top_p 1, seed 0" for heat in ("0", "0.9")]


def test_only_runs_that_the_person_may_read_are_named(campaign):
    assert len(queries.runs(campaign, make_person("lea"))) == 1
    assert queries.runs(campaign, make_person("mallory")) == []
