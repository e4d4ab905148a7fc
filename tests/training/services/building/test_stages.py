"""The steps at work: one after another, exactly once, waiting without a worker, stopped and taken up again."""

import pytest

from annotations.models import AuditEvent
from annotations.services import chores
from annotations.services.chores import ChoreProblem
from tests.factories import make_candidate, make_person, make_prompt, make_stage
from training.models import EvaluationRun, RunItem, Stage
from training.services import runs
from training.services.building import stages

pytestmark = pytest.mark.django_db


@pytest.fixture
def does(monkeypatch):
    """What every kind of step does, said by a test: a state, or an error to raise."""

    def be(what, during=lambda hold: None):
        def job(hold):
            during(hold)
            if isinstance(what, Exception):
                raise what
            return what

        monkeypatch.setattr(stages, "_job", lambda kind: job)

    return be


def make_build_run(stage, state="running", **fields):
    values = {"benchmark": stage.recipe.benchmark, "organisation": stage.organisation, "purpose": "build"}
    run = EvaluationRun.every.create(stage=stage, candidate=make_candidate(), **values)
    EvaluationRun.every.filter(pk=run.pk).update(state=state, **fields)
    return EvaluationRun.every.get(pk=run.pk)


def looked_at(stage):
    chores.do(Stage, stage.pk, stages.job, "w1")
    stage.refresh_from_db()
    return stage


def test_a_step_that_ends_makes_the_next_one_with_all_it_was_launched_with(does):
    does("finished")
    ada = make_person("ada")
    first = make_stage(settings={"seed": 7}, goal="synthesise", created_by=ada)
    assert looked_at(first).state == "finished" and first.finished_at
    following = first.next.get()
    assert (following.kind, following.goal, following.settings) == ("synthesise", "synthesise", {"seed": 7})
    assert (following.automatic, following.created_by, following.state) == (True, ada, "queued")


def test_a_chain_ends_at_its_goal(does):
    does("finished")
    assert not looked_at(make_stage(goal="label")).next.exists()


def test_a_step_that_was_made_already_is_not_made_again():
    first = make_stage(state="finished", goal="freeze")
    assert stages.follow(first) == stages.follow(first)
    assert first.next.count() == 1


def test_a_worker_that_dies_between_leaves_neither_an_end_nor_a_next_step(does, monkeypatch):
    does("finished")
    stage = make_stage()
    monkeypatch.setattr(stages, "follow", lambda stage: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        chores.do(Stage, stage.pk, stages.job, "w1")
    stage.refresh_from_db()
    assert (stage.state, stage.next.count()) == ("running", 0)


def test_a_step_that_waits_for_its_runs_is_queued_and_can_be_taken_by_anybody(does):
    does("queued")
    stage = looked_at(make_stage())
    assert (stage.state, stage.reason, stage.until) == ("queued", "", None)
    assert stage.pk in chores.in_need(Stage)


def test_a_step_that_was_cancelled_while_it_worked_makes_no_next_one(does):
    stage = make_stage()
    does("finished", during=lambda hold: chores.cancel(row=stage, actor=None))
    assert (looked_at(stage).state, stage.next.count()) == ("cancelled", 0)


@pytest.mark.parametrize("problem", [runs.RunProblem("No price is known."), ChoreProblem("No price is known.")])
def test_what_stops_a_step_is_told_in_words(does, problem):
    does(problem)
    stage = looked_at(make_stage())
    assert (stage.state, stage.reason) == ("failed", "No price is known.")


def test_settings_that_cannot_be_read_are_told_in_words():
    stage = looked_at(make_stage(settings={"weights": {"alpha": 5}}))
    assert stage.state == "failed" and "must rise" in stage.reason


def test_an_error_of_ours_is_not_told_as_a_reason(does):
    does(KeyError("who"))
    stage = looked_at(make_stage())
    assert stage.state == "failed" and "An error of this application (KeyError)" in stage.reason


def test_only_an_open_step_whose_run_is_finished_is_looked_at_again():
    stage = make_stage("generate")
    run = make_build_run(stage)
    assert stages.waiting_for(run.pk) is None
    EvaluationRun.every.filter(pk=run.pk).update(state="finished", finished_at=stage.created_at)
    assert stages.waiting_for(run.pk) == stage.pk
    Stage.objects.filter(pk=stage.pk).update(state="cancelled")
    assert stages.waiting_for(run.pk) is None


def test_what_is_new_is_hinted_and_what_is_at_work_is_not():
    stage = make_stage("generate", goal="read", state="finished")
    new, _ = make_build_run(stage, "queued"), make_build_run(stage, "running")
    following = stages.follow(stage)
    assert stages.to_hint(stage) == ([new.pk], following)


def test_cancel_stops_its_runs_and_keeps_what_is_there():
    stage = make_stage("generate")
    at_work, paused = make_build_run(stage), make_build_run(stage, "paused", reason="No budget.")
    ended = make_build_run(stage, "finished", finished_at=stage.created_at)
    stages.cancel(stage=stage, actor=make_person("ada"))
    states = dict(EvaluationRun.every.values_list("pk", "state"))
    assert states == {at_work.pk: "cancelled", paused.pk: "cancelled", ended.pk: "finished"}
    assert Stage.objects.get(pk=stage.pk).state == "cancelled"


def test_two_people_who_cancel_at_once_are_told_who_was_faster():
    stage = make_stage("generate")
    stages.cancel(stage=stage, actor=make_person("ada"))
    with pytest.raises(ChoreProblem, match="Somebody was faster"):
        stages.cancel(stage=stage, actor=make_person("lea"))


def test_resume_takes_up_the_step_and_its_runs():
    stage = make_stage("generate")
    run = make_build_run(stage)
    stages.cancel(stage=stage, actor=None)
    stage.refresh_from_db()
    assert stages.resume(stage=stage, actor=make_person("ada")) == [run.pk]
    run.refresh_from_db()
    stage.refresh_from_db()
    assert (run.state, stage.state, stage.finished_at) == ("queued", "queued", None)
    assert AuditEvent.objects.filter(object_type="stage", action="resume").exists()


def test_a_run_that_paused_goes_on_with_the_budget_that_is_given():
    stage = make_stage("generate")
    run = make_build_run(stage, "paused", reason="The budget is used up.", budget_tokens=10, spent_tokens=10)
    stages.resume(stage=stage, actor=None, budget={"tokens": 500, "micros": None})
    run.refresh_from_db()
    assert (run.state, run.budget_tokens) == ("queued", 500)


def test_a_budget_below_what_is_spent_is_refused_and_nothing_moves():
    stage = make_stage("generate")
    run = make_build_run(stage, "paused", reason="No budget.", budget_tokens=10, spent_tokens=10)
    with pytest.raises(ChoreProblem, match="has spent more"):
        stages.resume(stage=stage, actor=None, budget={"tokens": 5, "micros": None})
    run.refresh_from_db()
    assert run.state == "paused"


def test_a_step_that_failed_asks_again_what_failed():
    stage = make_stage("generate", state="failed", reason="Nobody answered.")
    run = make_build_run(stage, "finished", finished_at=stage.created_at)
    item = RunItem.objects.create(run=run, prompt=make_prompt(), position=1, state="failed", error="timed out")
    assert stages.resume(stage=stage, actor=None) == [run.pk]
    item.refresh_from_db()
    assert (item.state, item.error) == ("queued", "")


def test_there_is_nothing_to_resume_in_a_step_that_is_at_work():
    stage = make_stage("generate")
    make_build_run(stage)
    with pytest.raises(ChoreProblem, match="Somebody was faster"):
        stages.resume(stage=stage, actor=None)


def test_nothing_of_an_archived_recipe_is_taken_up_again():
    stage = make_stage("generate", state="cancelled")
    stage.recipe.archived_at = stage.created_at
    stage.recipe.save()
    with pytest.raises(ChoreProblem, match="archived"):
        stages.resume(stage=stage, actor=None)
