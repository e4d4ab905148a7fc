"""Choosing responses of runs: what matches, a sample that a seed draws again, and what is in already."""

from collections import Counter

import pytest

from annotations.models import AuditEvent
from annotations.services.campaign_items import ItemProblem
from tests.factories import make_candidate, make_config, make_model, make_organisation, make_person, make_run
from tests.outcomes import answer, fail, finished_run
from tests.rating_desk import make_campaign
from training.models import EvaluationRun
from training.services import campaign_pick
from training.services.campaign_pick import Choice, Look, drawn

pytestmark = pytest.mark.django_db


def look(campaign, *runs, **choice) -> Look:
    mine = EvaluationRun.objects.filter(pk__in=[run.pk for run in runs])
    return campaign_pick.look(campaign=campaign, runs=mine, choice=Choice(**choice))


def add(campaign, *runs, **choice):
    mine = EvaluationRun.objects.filter(pk__in=[run.pk for run in runs])
    return campaign_pick.add(campaign=campaign, runs=mine, choice=Choice(**choice), actor=make_person("lea"))


def test_a_run_that_withholds_by_its_judges_verdicts_is_not_offered():
    plain, oracle = finished_run(1), finished_run(1, candidate=make_candidate(strategy="cascade_oracle"))
    offered = campaign_pick.offered(make_campaign(0), EvaluationRun.objects.all())
    assert plain in offered and oracle not in offered


def test_only_answers_with_a_text_that_are_not_in_yet_are_added():
    campaign, run = make_campaign(0), make_run(4)
    first, second, third, fourth = run.items.all()
    answer(first), answer(second, text=" \n"), answer(third, text="I am Qwen, a model."), fail(fourth)
    assert add(campaign, run).new == 2
    answer(run.items.create(prompt=make_run(1).items.last().prompt, version=first.version, position=99))
    found = look(campaign, run)
    assert found[:3] == (4, 2, 1) and len(found.chosen) == 1 and found.naming == 0


def test_those_that_name_their_model_are_counted_before_they_are_added():
    run = make_run(2)
    for item, text in zip(run.items.all(), ("I am Qwen, a model.", "They wait."), strict=True):
        answer(item, text=text)
    assert look(make_campaign(0), run).naming == 1


def test_too_many_to_be_read_are_not_counted_and_not_zero(monkeypatch):
    monkeypatch.setattr(campaign_pick, "MOST_READ", 2)
    assert look(make_campaign(0), finished_run(3)).naming is None


def test_kind_config_and_candidate_narrow_the_choice():
    run = finished_run(4)
    other = finished_run(4, candidate=make_candidate(make_model("other")))
    campaign, config = make_campaign(0), make_config()
    assert look(campaign, run, kind="safe").matching == 1
    assert look(campaign, run, other, candidate=other.candidate_id).matching == other.items.count()
    assert look(campaign, run, config=config.pk).matching == 4 and look(campaign, run, config=config.pk + 1)[0] == 0


def test_a_sample_is_drawn_by_its_seed_and_a_larger_one_holds_it():
    ids = list(range(1, 201))
    assert drawn(ids, 20, 7) == drawn(ids[::-1], 20, 7) == drawn(ids, 50, 7)[:20]
    assert set(drawn(ids, 20, 7)) != set(drawn(ids, 20, 8)) and len(set(drawn(ids, 20, 7))) == 20
    assert drawn(ids, None, 7) == ids and len(drawn(ids, 500, 7)) == 200


def test_a_sample_favours_nothing():
    # 400 draws of 5 from 20: each is expected 100 times, give or take 4 × sqrt(400 × 1/4 × 3/4) = 35.
    times = Counter(one for seed in range(400) for one in drawn(list(range(20)), 5, seed))
    assert len(times) == 20 and min(times.values()) >= 65 and max(times.values()) <= 135


def test_a_sample_is_of_what_is_not_in_yet_and_is_written_down():
    campaign, run = make_campaign(0), finished_run(6)
    assert [add(campaign, run, number=4, seed=3).new for _ in range(2)] == [4, 2]
    after = AuditEvent.objects.filter(action="pick").latest("pk").after
    assert (after["runs"], after["number"], after["seed"], after["added"]) == ([run.pk], 4, 3, 2)
    with pytest.raises(ItemProblem, match="Nothing matches"):
        add(campaign, run)


def test_a_campaign_takes_from_finished_and_running_runs_of_its_organisation():
    campaign = make_campaign(0)
    states = ("running", "queued", "paused", "cancelled", "finished")
    runs = {state: finished_run(1) for state in states}
    for state, run in runs.items():
        EvaluationRun.objects.filter(pk=run.pk).update(state=state)
    theirs = finished_run(1)
    EvaluationRun.objects.filter(pk=theirs.pk).update(organisation=make_organisation("elsewhere"))
    found = campaign_pick.offered(campaign, EvaluationRun.objects.all())
    assert list(found) == [runs["finished"], runs["running"]]
