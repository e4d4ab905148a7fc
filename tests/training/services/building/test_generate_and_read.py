"""Responses collected and read: one run for each candidate, one for each of those, no doubles, and the law of both."""

import pytest

from annotations.models import Response, SystemPrompt
from annotations.services import chores
from tests.factories import make_model, make_recipe, make_stage, make_training_prompts
from training.models import EvaluationRun, Judgement, PromptLabel, RunItem, Stage, SynthesisedConfig
from training.services import judging
from training.services.building import generate, read, stages

pytestmark = pytest.mark.django_db
READING = {"risks": "heuristic", "addressed": "heuristic"}
SOURCES = [{"model": "echo", "draws": {"plain": 1}}, {"model": "echo", "draws": {"superset": 2}, "seed": 1}]


def make_generate(**settings):
    """A queued step after two prompts were kept and their configs made: one for candidate 1, two for candidate 2."""
    make_model("echo")
    told = {"sources": SOURCES, "reading": READING} | settings
    recipe = make_recipe(benchmark=make_training_prompts("How does a siege end?", "Who won?"), settings=told)
    stage = make_stage("generate", recipe, goal="read")
    words, _ = SystemPrompt.objects.get_or_create(digest="0" * 64, defaults={"text": "You help."})
    for prompt in recipe.benchmark.prompts.all():
        PromptLabel.objects.create(stage=stage.after.after, prompt=prompt, risks=[], split="train")
        for source, mode, number in ((1, "plain", 0), (2, "superset", 0), (2, "superset", 1)):
            values = {"source": source, "mode": mode, "number": number, "template": "plain", "system_prompt": words}
            SynthesisedConfig.objects.create(stage=stage.after, prompt=prompt, **values)
    return stage


def looked_at(stage):
    chores.do(Stage, stage.pk, stages.job, "w1")
    stage.refresh_from_db()
    return stage


def answer_all(stage, failing=()):
    """Every item of the step's runs is answered, those at these positions failed, and the runs are finished."""
    for run in stages.every_run(stage):
        for item in run.items.select_related("synthesised"):
            if item.position in failing:
                ended = {"state": "failed", "error_kind": "permanent", "error": "model not found"}
            else:
                words = item.synthesised.system_prompt
                said = Response.objects.create(prompt_id=item.prompt_id, system_prompt=words, text=f"Yes {item.pk}")
                ended = {"state": "done", "response": said}
            RunItem.objects.filter(pk=item.pk).update(**ended)
        EvaluationRun.every.filter(pk=run.pk).update(state="finished", finished_at=stage.created_at)


def judge_all(stage, verdicts):
    """Every item of the step's runs is read: by position, (risks, addressed)."""
    for run in stages.every_run(stage):
        for item in run.items.all():
            risks, addressed = verdicts.get(item.position, ([], True))
            Judgement.objects.create(item=item, judge=run.judges.get(), risks=risks, addressed=addressed)
        run.items.update(state="done")
        EvaluationRun.every.filter(pk=run.pk).update(state="finished", finished_at=stage.created_at)


def test_each_candidate_has_a_run_over_its_own_configs():
    stage = looked_at(make_generate())
    first, second = stages.every_run(stage)
    assert [run.items.count() for run in (first, second)] == [2, 4]
    assert set(first.items.values_list("synthesised__source", flat=True)) == {1}
    assert (first.candidate.strategy, second.candidate.seed, first.judges.count()) == ("plain", 1, 0)
    assert (stage.state, stage.total, stage.done) == ("queued", 6, 0)


def test_looking_again_makes_no_second_run():
    stage = looked_at(looked_at(make_generate()))
    assert stages.every_run(stage).count() == 2


def test_what_a_worker_left_undone_is_done_by_the_next_one():
    stage = looked_at(make_generate())
    stages.every_run(stage).last().items.all().delete()
    stages.every_run(stage).last().delete()
    assert [run.items.count() for run in stages.every_run(looked_at(stage))] == [2, 4]


def test_a_worker_that_lost_its_hold_makes_no_run():
    stage = make_generate()
    late = chores.claim(Stage, stage.pk, "late")
    Stage.objects.filter(pk=stage.pk).update(fence=late.fence + 1)
    with pytest.raises(chores.Stopped):
        generate.job(late)
    assert not stages.every_run(stage).exists()


def test_two_candidates_that_are_the_same_have_a_run_each():
    stage = looked_at(make_generate(sources=[SOURCES[0], {"model": "echo", "draws": {"superset": 2}}]))
    first, second = stages.every_run(stage)
    assert first.candidate == second.candidate and first.items.count() + second.items.count() == 6


def test_budgets_and_the_cache_go_to_each_run():
    stage = looked_at(make_generate(budget_tokens=500, use_cache=False))
    assert set(stages.every_run(stage).values_list("budget_tokens", "use_cache")) == {(500, False)}


def test_a_model_that_is_gone_ends_the_step_in_words():
    stage = make_generate(sources=[{"model": "vanished", "draws": {"plain": 1}}])
    assert "There is no model “vanished” any more" in looked_at(stage).reason


def test_a_step_that_cannot_go_on_stops_the_runs_it_has_started_and_resume_takes_them_up():
    stage = make_generate(sources=[SOURCES[0], SOURCES[1] | {"model": "gone"}])
    looked_at(stage)
    (run,) = stages.every_run(stage)
    assert (stage.state, run.state) == ("failed", "cancelled")
    make_model("gone")
    assert stages.resume(stage=stage, actor=None) == [run.pk]
    assert [each.state for each in stages.every_run(looked_at(stage))] == ["queued", "queued"]


def test_candidates_that_came_after_the_configs_are_named():
    stage = make_generate(sources=[*SOURCES, {"model": "echo", "draws": {"safe": 1}, "seed": 2}])
    assert "No config was made for candidate 3" in looked_at(stage).reason
    assert stages.every_run(stage).count() == 2


def test_the_law_of_answers_and_then_the_step_that_reads():
    stage = looked_at(make_generate())
    answer_all(stage, failing={1})
    looked_at(stage)
    # one item of each of the two runs failed: 6 = 4 + 2
    assert stage.state == "finished" and stage.next.get().kind == "read"
    assert stage.figures == {"in": 6, "out": 4, "dropped": {}, "failed": {"permanent": 2}}


def test_nobody_answering_anything_is_an_end_in_words():
    stage = looked_at(make_generate())
    answer_all(stage, failing={1, 2, 3, 4})
    assert (
        "No candidate answered anything: 6 items failed, the first one with: model not found" in looked_at(stage).reason
    )


@pytest.fixture
def reading():
    """A step that reads what two candidates answered, its runs made: 2 responses and 4."""
    stage = looked_at(make_generate())
    answer_all(stage)
    return looked_at(looked_at(stage).next.get())


def test_each_run_of_responses_is_read_by_a_run_of_its_own(reading):
    runs = list(stages.every_run(reading))
    assert [(run.source.stage.kind, run.items.count(), run.purpose) for run in runs] == [
        ("generate", 2, "build"),
        ("generate", 4, "build"),
    ]
    assert all([judge.name for judge in run.judges.all()] == ["heuristic"] for run in runs)
    assert reading.state == "queued" and stages.every_run(looked_at(reading)).count() == 2


def test_a_response_without_a_verdict_is_unscored_and_never_taken_for_harmless(reading):
    judge_all(reading, {1: (None, True), 2: (["violence"], False), 3: ([], None)})
    looked_at(reading)
    # positions 1 and 2 are in both runs, 3 and 4 in the second: unscored are 1, 1 and 3, violence is twice
    assert {name: reading.figures[name] for name in ("in", "out", "dropped", "failed")} == {
        "in": 6, "out": 3, "dropped": {"unscored": 3}, "failed": {},
    }  # fmt: skip
    assert reading.figures["labels"] == [
        {"risks": ["violence"], "addressed": False, "n": 2},
        {"risks": [], "addressed": True, "n": 1},
    ]
    assert reading.figures["unscored"] == {"risks": 2, "addressed": 1}


def test_a_judge_whose_file_changes_while_it_reads_is_still_the_one_that_has_read(reading, monkeypatch):
    looked_at(reading)
    judge_all(reading, {1: (["violence"], True)})
    choose = judging.choose
    monkeypatch.setattr(judging, "choose", lambda **asked: choose(**asked | {"name": "gone"}))
    figures = looked_at(reading).figures
    assert (reading.state, figures["dropped"]) == ("finished", {})
    assert sum(label["n"] for label in figures["labels"]) == figures["out"] == figures["in"]


def test_a_candidate_of_whom_nothing_is_there_is_left_out():
    stage = looked_at(make_generate())
    answer_all(stage, failing={1, 2})
    first = stages.every_run(stage).first()
    reading = looked_at(looked_at(stage).next.get())
    assert [run.source_id for run in stages.every_run(reading)] == [stages.every_run(stage).last().pk]
    assert first.pk not in stages.every_run(reading).values_list("source", flat=True)


def test_both_judges_are_asked_for_what_they_give():
    stage = make_generate(reading={"risks": "risk_categories", "addressed": "addressed", "model": "echo", "samples": 2})
    answer_all(looked_at(stage))
    reading = looked_at(looked_at(stage).next.get())
    run = stages.every_run(reading).first()
    assert (sorted(judge.name for judge in run.judges.all()), run.samples) == (["addressed", "risk_categories"], 2)
    assert read.readers(reading).risks.name == "risk_categories"
