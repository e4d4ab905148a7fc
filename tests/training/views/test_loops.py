"""The pages of loops: the form, the pipeline, both figures at the end, stop and go."""

from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotations.models import LanguageModel
from annotations.services import preferences
from tests.factories import (
    make_benchmark,
    make_judge,
    make_loop,
    make_model,
    make_node,
    make_preference_set,
    make_release,
)
from tests.looped import answered, at_end, at_evaluations, looked_at, loop_at_start, make_prompts, trained
from training.models import EvaluationRun, RunItem, TrainingLoop, TrainingRun
from training.services import runs

pytestmark = pytest.mark.django_db


@pytest.fixture
def typed(monkeypatch):
    """What a browser sends for a loop that can be launched; the pairs lie on no disk here."""
    monkeypatch.setattr(preferences, "path", lambda row: Path(__file__))
    make_prompts()
    return {
        "base": make_model("base", weights="/models/base-135M").pk,
        "preference_set": make_preference_set().pk,
        "preset": "tiny_cpu",
        "sft": "on",
        "dpo": "on",
        "node": make_node().pk,
        "gpus": "",
        "benchmark": make_benchmark().pk,
        "release": "",
        "judges": ["heuristic"],
        "samples": "1",
        "max_tokens": "32",
    }


def page(browser, loop):
    return browser.get(f"/loops/{loop.pk}/").content.decode()


def test_the_form_begins_with_what_is_there(as_person, typed):
    shown = as_person("grace").get("/loops/new/")
    first = shown.context["form"].initial
    assert (first["preset"], first["judges"], first["sft"], first["dpo"]) == ("tiny_cpu", ["heuristic"], True, True)
    assert "Start a loop" in shown.content.decode()


def test_a_complete_form_launches_a_loop_with_what_was_changed(as_person, typed):
    changed = {
        "num_train_epochs": "0.5",
        "sft_learning_rate": "1e-5",
        "beta": "0.2",
        "seed": "7",
        "title": "A <b>try</b>",
    }
    answer = as_person("grace").post("/loops/new/", typed | changed)
    loop = TrainingLoop.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/loops/{loop.pk}/")
    sft, dpo = loop.settings["sft"], loop.settings["dpo"]
    assert (sft["learning_rate"], dpo["learning_rate"], dpo["beta"]) == (1e-5, 1e-6, 0.2)
    assert {sft["num_train_epochs"], dpo["num_train_epochs"]} == {0.5} and (sft["seed"], dpo["data_seed"]) == (7, 7)
    assert (loop.gpus, loop.settings["evaluation"]["max_tokens"], loop.title) == (0, 32, "A <b>try</b>")
    assert "A &lt;b&gt;try&lt;/b&gt;" in page(as_person("ada"), loop)


def test_a_stage_that_is_not_ticked_is_left_out(as_person, typed):
    typed.pop("sft")
    as_person("grace").post("/loops/new/", typed)
    assert TrainingLoop.objects.get().settings["sft"] is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"base": ""}, "This field is required"),
        ({"node": "", "gpus": ""}, "This field is required"),
        ({"sft": "", "dpo": ""}, "Choose SFT, DPO or both"),
        ({"gpus": "2"}, "forge has no cards"),
        ({"global_batch": "5", "per_device_train_batch_size": "2"}, "A multiple of 2"),
        ({"max_length": "20"}, "max_prompt_length: Shorter than the longest pair"),
        ({"judges": []}, "This field is required"),
        ({"num_train_epochs": "-1"}, "greater than or equal to"),
    ],
)
def test_a_wrong_form_comes_back_with_all_that_was_typed(as_person, typed, wrong, said):
    answer = as_person("grace").post("/loops/new/", typed | {"title": "My try"} | wrong)
    text = answer.content.decode()
    assert answer.status_code == 422 and text.count(said) == 1 and "My try" in text
    assert not TrainingLoop.objects.exists()


def test_what_forbids_the_training_stands_on_the_form(as_person, typed):
    leaking = make_preference_set(title="Leaking", leaks={}).pk
    answer = as_person("grace").post("/loops/new/", typed | {"preference_set": leaking})
    assert answer.status_code == 422 and "not compared with the benchmarks yet" in answer.content.decode()


def test_a_release_of_another_benchmark_is_refused(as_person, typed):
    other = make_release(make_benchmark("other", title="Other"))
    answer = as_person("grace").post("/loops/new/", typed | {"release": other.pk})
    assert answer.status_code == 422 and "is a release of" in answer.content.decode()


def test_the_estimate_counts_and_launches_nothing(as_person, typed):
    answer = as_person("grace").post("/loops/new/", typed | {"estimate": "yes"})
    text = answer.content.decode()
    # 3 pairs to train on, 4 in a step, an epoch: one step of each stage, as computed
    assert answer.status_code == 200 and "2 × 4 items" in text and "computed" in text
    assert not TrainingLoop.objects.exists() and not EvaluationRun.objects.exists()


def test_once_more_begins_with_what_the_loop_was_launched_with(as_person, typed):
    grace = as_person("grace")
    grace.post("/loops/new/", typed | {"beta": "0.3", "max_steps": "9"})
    first = grace.get(f"/loops/new/?from={TrainingLoop.objects.get().pk}").context["form"].initial
    assert (first["beta"], first["max_steps"], first["preset"]) == (0.3, 9, "tiny_cpu")
    assert (first["max_tokens"], "num_train_epochs" in first) == (32, False)


def test_a_loop_shows_its_steps_in_order_with_a_link_to_each(as_person):
    ada, loop = as_person("ada"), looked_at(loop_at_start())
    text = page(ada, loop)
    places = [text.index(words) for words in (">SFT<", ">DPO<", "Evaluate the base", "Evaluate the trained model")]
    assert places == sorted(places) and "follows by itself" in text and "The base in the same form" not in text
    assert f"/trainings/{loop.runs.get().pk}/" in text and "hx-get" in text


def test_the_fragment_has_no_body_and_brings_the_buttons_when_something_moved(as_person):
    ada, loop = as_person("ada"), loop_at_start()
    told = ada.get(f"/loops/{loop.pk}/").context["line"].known
    still = ada.get(f"/loops/{loop.pk}/?known={told}", headers={"HX-Request": "true"}).content.decode()
    assert "<body" not in still and "loop-actions" not in still
    looked_at(loop)
    moved = ada.get(f"/loops/{loop.pk}/?known={told}", headers={"HX-Request": "true"}).content.decode()
    assert "loop-actions" in moved and "SFT: queued" in moved


def test_the_end_shows_both_figures_and_the_difference_of_their_pairs(as_person):
    loop = at_end(loop_at_start(), before=0.5, after=1.0)
    answer = as_person("ada").get(f"/loops/{loop.pk}/")
    text, result = answer.content.decode(), answer.context["result"]
    # 4 prompts at 0.5 and at 1.0, all safe: 1.0 − 0.5 over 4 pairs
    assert (result.before.score, result.now.score, result.section.whole.found.score.delta) == (0.5, 1.0, 0.5)
    assert (result.now.n_scored, result.now.n_total, result.section.whole.found.pairs, result.note) == (4, 4, 4, "")
    assert f"/runs/compare/?run={loop.base_run_id}&amp;run={loop.trained_run_id}" in text
    assert "+0.50" in text and "Not the training alone" not in text and "hx-get" not in text.split("loop-live")[1]


def test_a_difference_that_holds_more_than_the_training_is_marked(as_person):
    loop = loop_at_start()
    for kind, engine in (("sft", "embedded"), ("dpo", "embedded"), ("merge", "transformers")):
        trained(looked_at(loop).runs.get(kind=kind), engine)
    looked_at(loop)
    answered(loop.base_run)
    answered(loop.trained_run)
    assert "Not the training alone." in page(as_person("ada"), looked_at(loop))


def test_plumbing_and_programs_that_judged_are_marked(as_person):
    loop, ada = at_end(loop_at_start()), as_person("ada")
    LanguageModel.objects.update(plumbing=False)
    clean = page(ada, loop)
    assert "plumbing, not evidence" not in clean and "heuristic, not evidence" not in clean
    LanguageModel.objects.filter(pk=loop.base_run.candidate.model_id).update(plumbing=True)
    RunItem.objects.filter(run=loop.trained_run).update(heuristic=True)
    cache.clear()
    marked = page(ada, loop)
    assert "plumbing, not evidence" in marked and "heuristic, not evidence" in marked


def test_a_failed_loop_says_why_and_admins_alone_resume_it(as_person):
    loop = looked_at(loop_at_start())
    TrainingRun.objects.update(state="failed", reason="Too little memory.", phase="train")
    looked_at(loop)
    seen = page(as_person("ada"), loop)
    assert "SFT failed: Too little memory." in seen and "Resume</button>" not in seen
    grace = as_person("grace")
    assert "Resume</button>" in page(grace, loop)
    assert grace.post(f"/loops/{loop.pk}/resume/").status_code == 302
    assert (TrainingLoop.objects.get().state, TrainingRun.objects.get().state) == ("queued", "queued")


def test_a_paused_evaluation_asks_for_another_budget(as_person):
    loop, grace = at_evaluations(loop_at_start()), as_person("grace")
    EvaluationRun.objects.update(budget_tokens=100)
    EvaluationRun.objects.filter(pk=loop.base_run_id).update(state="finished", finished_at=loop.created_at)
    runs.pause(run=loop.trained_run, reason="The budget of tokens is used up.")
    text = page(grace, loop)
    assert "The budget of tokens is used up." in text and "Set the budget and resume" in text
    grace.post(f"/loops/{loop.pk}/resume/", {"budget_tokens": "900"})
    paused = EvaluationRun.objects.get(pk=loop.trained_run_id)
    assert (paused.state, paused.budget_tokens) == ("queued", 900)
    refused = grace.post(f"/loops/{loop.pk}/resume/", {"budget_tokens": "-1"}, follow=True).content.decode()
    assert "At most tokens" in refused


def test_an_admin_cancels_and_archives(as_person):
    loop, grace = looked_at(loop_at_start()), as_person("grace")
    grace.post(f"/loops/{loop.pk}/cancel/")
    assert (TrainingLoop.objects.get().state, TrainingRun.objects.get().state) == ("cancelled", "cancelled")
    again = grace.post(f"/loops/{loop.pk}/cancel/", follow=True).content.decode()
    assert "Somebody was faster" in again
    assert grace.post(f"/loops/{loop.pk}/archive/").url == "/trainings/"
    assert grace.get(f"/loops/{loop.pk}/").status_code == 404


def test_strangers_find_no_loop_and_readers_may_not_stop_it(as_person):
    loop = make_loop()
    assert as_person("mallory").get(f"/loops/{loop.pk}/").status_code == 404
    assert as_person("ada").post(f"/loops/{loop.pk}/cancel/").status_code == 403
    assert as_person("grace").get(f"/loops/{loop.pk}/cancel/").status_code == 405


def test_the_page_asks_as_many_queries_for_many_prompts(as_person):
    def asked(prompts):
        loop = at_end(loop_at_start(title=f"Of {prompts}"))
        ada.get(f"/loops/{loop.pk}/")
        with CaptureQueriesContext(connection) as seen:
            ada.get(f"/loops/{loop.pk}/")
        return len(seen)

    ada = as_person("ada")
    few = asked(4)
    for _ in range(3):
        make_prompts()
    assert asked(16) == few and make_judge()
