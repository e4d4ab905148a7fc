"""Loops: each step once and in order, on the same terms for both models, stopped and taken up again as a whole."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from annotations import tasks as work_tasks
from annotations.models import AuditEvent, Candidate
from annotations.services import chores, preferences
from annotations.services.chores import ChoreProblem, Stopped
from tests.factories import (
    make_benchmark,
    make_checkpoint,
    make_judge,
    make_model,
    make_node,
    make_organisation,
    make_person,
    make_preference_set,
    make_training,
)
from tests.looped import answered, at_end, at_evaluations, looked_at, loop_at_start, make_prompts, served_by_us, trained
from training import tasks
from training.models import EvaluationRun, TrainingLoop, TrainingRun
from training.recipes.settings import PRESETS, plain
from training.services import runs
from training.services.trainer import loop_steps, loops
from training.services.trainer.loops import Evaluated, LoopProblem, Trained

pytestmark = pytest.mark.django_db
TINY = PRESETS["tiny_cpu"]


@pytest.fixture
def asked(monkeypatch):
    """What a loop is started with; the pairs lie on no disk here."""
    monkeypatch.setattr(preferences, "path", lambda row: Path(__file__))
    make_prompts()
    return {
        "base": make_model("base", weights="/models/base"),
        "preference_set": make_preference_set(),
        "trained": Trained(TINY.sft, TINY.dpo, "tiny_cpu", make_node(), 0),
        "evaluated": Evaluated(make_benchmark(), None, [make_judge()], 64, budget_tokens=5000),
        "actor": make_person("grace"),
    }


def test_a_loop_keeps_all_it_was_launched_with(asked):
    loop = loops.start(**asked)
    assert (loop.state, loop.organisation, loop.title) == (
        "queued",
        make_organisation(),
        "Base on Pairs of the lantern",
    )
    assert loop.settings["sft"] == plain(TINY.sft) and loop.settings["dpo"] == plain(TINY.dpo)
    assert loop.settings["evaluation"]["budget_tokens"] == 5000 and list(loop.judges.all()) == [make_judge()]
    assert AuditEvent.objects.get(object_type="trainingloop").actor == asked["actor"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"trained": lambda told: told._replace(sft=None, dpo=None)}, "Choose SFT, DPO or both"),
        ({"trained": lambda told: told._replace(gpus=2)}, "wants 2 cards"),
        ({"preference_set": lambda told: make_preference_set(leaks={})}, "not compared with the benchmarks"),
        ({"base": lambda told: make_model("far", weights="/m", node="other")}, "lie on other"),
        ({"evaluated": lambda told: told._replace(judges=[])}, "at least one judge"),
        ({"evaluated": lambda told: told._replace(samples=99)}, "asked 1 to 15 times"),
    ],
)
def test_what_could_only_fail_hours_later_is_refused_at_the_launch(asked, changed, said):
    for name, change in changed.items():
        asked[name] = change(asked[name])
    with pytest.raises(LoopProblem, match=said):
        loops.start(**asked)


def test_a_benchmark_nobody_compared_the_pairs_with_is_refused(asked):
    other = make_benchmark("other", make_organisation("elsewhere"))
    with pytest.raises(LoopProblem, match="nobody has looked"):
        loops.start(**asked | {"evaluated": asked["evaluated"]._replace(benchmark=other)})


def test_the_rehearsal_of_the_evaluation_leaves_nothing(asked):
    loops.start(**asked)
    assert not EvaluationRun.objects.exists() and not Candidate.objects.exists()


def test_a_loop_goes_from_sft_over_dpo_to_both_evaluations():
    loop = looked_at(loop_at_start(created_by=make_person("grace")))
    sft = loop.runs.get()
    assert (sft.kind, sft.base, sft.node, sft.phase, sft.state) == ("sft", loop.base, loop.node, "check", "queued")
    assert sft.settings == loop.settings["sft"] and (loop.state, loop.done, loop.total) == ("queued", 0, 4)
    middle = trained(sft)
    dpo = looked_at(loop).runs.get(kind="dpo")
    assert (dpo.base, dpo.settings, dpo.preference_set) == (middle, loop.settings["dpo"], loop.preference_set)
    end = trained(dpo)
    merge = looked_at(loop).runs.get(kind="merge")
    assert (merge.base, merge.other, merge.settings["weight"], merge.gpus) == (loop.base, loop.base, 0.0, 0)
    before = trained(merge)
    looked_at(loop)
    assert [run.candidate.model for run in (loop.base_run, loop.trained_run)] == [before, end]
    assert (loop.state, loop.done) == ("queued", 2)
    answered(loop.base_run)
    assert (looked_at(loop).state, loop.done) == ("queued", 3)
    answered(loop.trained_run)
    assert (looked_at(loop).state, loop.done, bool(loop.finished_at)) == ("finished", 4, True)


def test_both_evaluations_are_alike_in_everything_but_the_model():
    loop = at_evaluations(loop_at_start())
    base, end = loop.base_run, loop.trained_run
    same = ("organisation_id", "benchmark_id", "release_id", "floor_id", "samples", "use_cache", "budget_tokens")
    assert [getattr(base, name) for name in same] == [getattr(end, name) for name in same]
    asked = ("strategy", "settings", "temperature", "top_p", "max_tokens", "seed")
    assert [getattr(base.candidate, name) for name in asked] == [getattr(end.candidate, name) for name in asked]
    assert set(base.judges.all()) == set(end.judges.all()) == {make_judge()}
    items = [list(run.items.values_list("prompt", "version")) for run in (base, end)]
    assert items[0] == items[1] and len(items[0]) == 4


def test_looking_again_makes_nothing_twice():
    loop = loop_at_start()
    for _ in range(3):
        looked_at(loop)
    assert TrainingRun.objects.count() == 1
    loop = at_evaluations(loop)
    assert looked_at(looked_at(loop)).state == "queued"
    assert (TrainingRun.objects.count(), EvaluationRun.objects.count()) == (3, 2)


def test_a_stage_that_was_left_out_is_left_out():
    loop = loop_at_start()
    TrainingLoop.objects.filter(pk=loop.pk).update(settings=loop.settings | {"sft": None})
    assert looked_at(loop).runs.get().kind == "dpo"


@pytest.mark.parametrize(
    ("base", "end", "alike"),
    [
        ({"engine": "embedded"}, {"engine": "embedded"}, False),
        ({"engine": "openai_http"}, {"engine": "embedded"}, False),
        ({"engine": "transformers"}, {"engine": "transformers"}, True),
        ({"engine": "transformers", "serving": {"gpus": 1}}, {"engine": "transformers"}, False),
        ({"engine": "vllm"}, {"engine": "vllm", "serving": {"gpus": 1}}, False),
        (
            {"engine": "vllm", "serving": {"dtype": "bfloat16"}},
            {"engine": "vllm", "serving": {"dtype": "bfloat16"}},
            True,
        ),
    ],
)
def test_models_are_alike_only_where_both_are_served_in_the_same_numbers(base, end, alike):
    assert loop_steps.same_form(make_model("a", **base), make_model("b", **end)) is alike


def test_a_base_that_came_of_our_own_training_needs_no_other_form():
    base = make_checkpoint(make_training(title="before", state="finished"), model=served_by_us()).model
    loop = loop_at_start(base=base)
    for kind in ("sft", "dpo"):
        trained(looked_at(loop).runs.get(kind=kind))
    looked_at(loop)
    assert (loop.base_run.candidate.model, loop.runs.filter(kind="merge").count()) == (base, 0)


def test_the_base_is_kept_in_the_numbers_of_the_training():
    loop = loop_at_start()
    assert loop_steps._unchanged(loop).dtype == "float32"
    loop.settings["dpo"]["precision"] = "bf16_weights"
    assert loop_steps._unchanged(loop).dtype == "bfloat16"


def test_a_training_that_failed_stops_the_loop_and_resume_goes_on_there():
    loop, grace = looked_at(loop_at_start()), make_person("grace")
    stopped = {"state": "failed", "reason": "The card has too little memory.", "phase": "train"}
    TrainingRun.objects.update(**stopped)
    looked_at(loop)
    assert (loop.state, loop.reason) == ("failed", "SFT failed: The card has too little memory.")
    loops.resume(loop=loop, actor=grace)
    sft = loop.runs.get()
    loop.refresh_from_db()
    assert (sft.state, sft.phase, sft.reason, loop.state, loop.reason) == ("queued", "train", "", "queued", "")
    trained(sft)
    assert looked_at(loop).runs.filter(kind="dpo").exists()


def test_a_training_that_was_cancelled_by_itself_stops_the_loop():
    loop = looked_at(loop_at_start())
    chores.cancel(row=loop.runs.get(), actor=None)
    assert looked_at(loop).state == "failed" and "SFT was cancelled" in loop.reason


def test_cancelling_a_loop_cancels_what_is_at_work():
    loop = looked_at(loop_at_start())
    loops.cancel(loop=loop, actor=make_person("grace"))
    assert (loop.runs.get().state, TrainingLoop.objects.get().state) == ("cancelled", "cancelled")
    assert looked_at(loop).runs.count() == 1


def test_cancelling_at_the_evaluations_cancels_both_and_resume_takes_both_up_again():
    loop, grace = at_evaluations(loop_at_start()), make_person("grace")
    loops.cancel(loop=loop, actor=grace)
    assert {run.state for run in EvaluationRun.objects.all()} == {"cancelled"}
    loop.refresh_from_db()
    loops.resume(loop=loop, actor=grace)
    assert {run.state for run in EvaluationRun.objects.all()} == {"queued"}
    assert TrainingLoop.objects.get().state == "queued"


def test_an_evaluation_that_paused_leaves_the_loop_open_and_goes_on_with_another_budget():
    loop, grace = at_evaluations(loop_at_start()), make_person("grace")
    runs.pause(run=loop.trained_run, reason="The budget is used up.")
    assert looked_at(loop).state == "queued"
    loops.resume(loop=loop, actor=grace, budget={"tokens": 9000, "micros": None})
    paused = EvaluationRun.objects.get(pk=loop.trained_run_id)
    assert (paused.state, paused.budget_tokens) == ("queued", 9000)


def test_a_loop_at_work_has_nothing_to_resume():
    loop = looked_at(loop_at_start())
    with pytest.raises(ChoreProblem, match="already queued"):
        loops.resume(loop=loop, actor=make_person("grace"))


def test_of_two_workers_at_once_one_makes_the_step():
    loop = loop_at_start()
    first = chores.claim(TrainingLoop, loop.pk, "w1")
    TrainingLoop.objects.update(until=timezone.now() - timedelta(seconds=1))
    second = chores.claim(TrainingLoop, loop.pk, "w2")
    with pytest.raises(Stopped):
        loops.job(first)
    assert not TrainingRun.objects.exists()
    assert loops.job(second) == "queued" and TrainingRun.objects.count() == 1


@pytest.mark.parametrize("at", ["_checkpoint", "_evaluations"])
def test_a_loop_that_is_cancelled_during_a_look_makes_nothing_more(monkeypatch, at):
    loop, made = loop_at_start(), 0
    if at == "_evaluations":
        for kind in ("sft", "dpo", "merge"):
            trained(looked_at(loop).runs.get(kind=kind))
        made = 3
    real = getattr(loop_steps, at)

    def meanwhile(*told):
        TrainingLoop.objects.filter(pk=loop.pk).update(state="cancelled")
        return real(*told)

    monkeypatch.setattr(loop_steps, at, meanwhile)
    assert looked_at(loop).state == "cancelled" and loop.runs.count() == made
    assert not EvaluationRun.objects.exists()


def test_an_evaluation_that_cannot_start_says_why():
    loop = loop_at_start()
    for kind in ("sft", "dpo", "merge"):
        trained(looked_at(loop).runs.get(kind=kind))
    loop.benchmark.prompts.update(archived_at=timezone.now())
    assert looked_at(loop).state == "failed" and "has no prompt to run" in loop.reason
    assert not EvaluationRun.objects.exists()


def test_a_loop_is_archived_once_and_not_while_it_is_at_work():
    loop, grace = loop_at_start(), make_person("grace")
    with pytest.raises(ChoreProblem, match="at work"):
        loops.archive(loop=loop, actor=grace)
    loop = at_end(loop)
    loops.archive(loop=loop, actor=grace)
    with pytest.raises(ChoreProblem, match="archived already"):
        loops.archive(loop=loop, actor=grace)


def test_what_ends_tells_its_loop(monkeypatch, django_capture_on_commit_callbacks):
    told = []
    monkeypatch.setattr(tasks.look_at_loop, "apply_async", lambda args, **more: told.append(args))
    monkeypatch.setattr(
        work_tasks.look_at_work, "apply_async", lambda args, **more: told.append((*args, more["queue"]))
    )
    loop = loop_at_start()
    with django_capture_on_commit_callbacks(execute=True):
        tasks.look_at_loop(loop.pk)
    sft = loop.runs.get()
    assert told == [("trainingrun", sft.pk, "gpu-forge")]
    work_tasks.FOLLOWED["trainingrun"](sft.pk)
    assert len(told) == 1  # it is not over yet
    trained(sft)
    work_tasks.FOLLOWED["trainingrun"](sft.pk)
    loop = at_evaluations(loop)
    tasks.tell_loop(loops.waiting_for_evaluation(loop.base_run_id))
    answered(loop.base_run)
    tasks.tell_loop(loops.waiting_for_evaluation(loop.base_run_id))
    assert told[1:] == [(loop.pk, 0), (loop.pk, 0)]
