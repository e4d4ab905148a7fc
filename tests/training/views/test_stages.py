"""The page of one step, and its buttons."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_candidate, make_model, make_person, make_recipe, make_stage, make_training_prompts
from training.models import EvaluationRun, Stage

pytestmark = pytest.mark.django_db
READY = {
    "labelling": {"judge": "prompt_words"},
    "reading": {"risks": "heuristic", "addressed": "heuristic"},
    "sources": [{"model": "echo", "draws": {"plain": 1}}],
}


def make_build_run(stage, state="running", **fields):
    values = {"benchmark": stage.recipe.benchmark, "organisation": stage.organisation, "purpose": "build"}
    return EvaluationRun.every.create(stage=stage, candidate=make_candidate(), state=state, **values | fields)


def make_step(kind="generate", **fields):
    make_model("echo")
    recipe = make_recipe(benchmark=make_training_prompts("Who won?"), settings=READY)
    return make_stage(kind, recipe, **fields)


def url(stage, what=""):
    return f"/recipes/{stage.recipe_id}/stages/{stage.pk}/{what}"


def page_of(browser, stage, **fields):
    return browser.get(url(stage), **fields).content.decode()


@pytest.mark.parametrize("kind", ["label", "synthesise", "generate", "read", "pair", "freeze"])
def test_each_kind_of_step_has_its_page_before_it_has_done_anything(as_person, kind):
    page = page_of(as_person("ada"), make_step(kind))
    assert "queued" in page and 'hx-trigger="every 2s"' in page


def test_a_step_waiting_for_its_runs_is_running(as_person):
    stage = make_step()
    make_build_run(stage)
    assert "running" in page_of(as_person("ada"), stage)


def test_a_step_whose_run_is_paused_says_why(as_person):
    stage = make_step()
    make_build_run(stage, "paused", reason="The budget of 10 tokens is used up.", budget_tokens=10)
    page = page_of(as_person("ada"), stage)
    assert "The budget of 10 tokens is used up." in page and "Set the budget and resume" in page
    assert '<span class="badge-glyph" aria-hidden="true">‖</span>paused' in page


def test_a_step_that_failed_says_why_and_can_be_resumed(as_person):
    page = page_of(as_person("ada"), make_step(state="failed", reason="There is no model <b>."))
    assert "There is no model &lt;b&gt;." in page and "Resume" in page


def test_a_finished_step_leads_on_to_the_next(as_person):
    stage = make_step("synthesise", state="finished")
    assert f"?step=generate&amp;after={stage.pk}#launch" in page_of(as_person("ada"), stage)


def test_configs_and_labels_are_told_in_figures(as_person):
    configs = {
        "in": 2, "out": 2, "configs": {"0": 8, "1": 2}, "modes": {"0": {"not_superset": 2}, "1": {"plain": 2}},
        "allowed": {"0": {"0": 5, "3": 3}, "1": {"0": 2}}, "templates": {"terse": 8, "plain": 2}, "lost": 2, "texts": 7,
    }  # fmt: skip
    page = page_of(as_person("ada"), make_step("synthesise", state="finished", figures=configs))
    assert "10 configs in 7 different texts" in page and "there is nothing to leave out" in page.lower()
    labels = [{"risks": ["violence", "weapons"], "addressed": False, "n": 4321}]
    figures = {
        "in": 4322,
        "out": 4321,
        "dropped": {"unscored": 1},
        "labels": labels,
        "unscored": {"risks": 1, "addressed": 0},
    }
    page = page_of(as_person("ada"), make_step("read", state="finished", figures=figures))
    assert "Violence, Weapons" in page and "4\u202f321" in page and "unscored" in page


def test_the_fragment_tells_that_the_step_moved(as_person):
    stage = make_step(state="failed", reason="Gone.")
    page = as_person("ada").get(url(stage, "?known=running"), headers={"HX-Request": "true"}).content.decode()
    assert "<body" not in page and 'id="stage-actions" hx-swap-oob' in page and "every 2s" not in page


def test_the_page_asks_as_many_queries_for_many_runs(as_person):
    stage, ada, found = make_step(), as_person("ada"), []
    for number in (3, 30):
        for _ in range(number):
            make_build_run(stage)
        ada.get(url(stage))
        with CaptureQueriesContext(connection) as seen:
            ada.get(url(stage))
        found.append(len(seen))
    assert found[0] == found[1]


def test_cancel_and_resume(as_person):
    stage, ada = make_step(), as_person("ada")
    run = make_build_run(stage)
    ada.post(url(stage, "cancel/"))
    assert EvaluationRun.every.get(pk=run.pk).state == Stage.objects.get(pk=stage.pk).state == "cancelled"
    ada.post(url(stage, "resume/"))
    assert EvaluationRun.every.get(pk=run.pk).state == Stage.objects.get(pk=stage.pk).state == "queued"


def test_a_second_cancel_is_told(as_person):
    stage, ada = make_step(), as_person("ada")
    ada.post(url(stage, "cancel/"))
    assert "Somebody was faster" in ada.post(url(stage, "cancel/"), follow=True).content.decode()


def test_resume_with_a_budget(as_person):
    stage = make_step()
    run = make_build_run(stage, "paused", reason="No budget.", budget_tokens=10)
    as_person("ada").post(url(stage, "resume/"), {"budget_tokens": "700", "budget_dollars": ""})
    assert EvaluationRun.every.get(pk=run.pk).budget_tokens == 700


def test_a_budget_that_is_no_number_is_told(as_person):
    stage = make_step()
    make_build_run(stage, "paused", reason="No budget.", budget_tokens=10)
    page = as_person("ada").post(url(stage, "resume/"), {"budget_tokens": "many"}, follow=True).content.decode()
    assert "Enter a whole number" in page


def test_once_more_is_another_step(as_person):
    stage = make_step("label", state="finished")
    answer = as_person("ada").post(url(stage, "again/"))
    assert answer.url == url(Stage.objects.latest("pk")) and Stage.objects.count() == 2


def test_a_reviewer_reads_and_moves_nothing(as_person):
    stage = make_step()
    make_person("bob")
    assert "Cancel" not in page_of(as_person("bob"), stage)
    assert [as_person("bob").post(url(stage, f"{what}/")).status_code for what in ("cancel", "resume", "again")] == [
        403
    ] * 3
    assert as_person("mallory").post(url(stage, "cancel/")).status_code == 404
