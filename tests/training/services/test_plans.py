"""What a worker must know before it starts, and why it cannot start."""

import pytest

from annotations.models import LanguageModel
from tests.factories import make_candidate, make_judge, make_model, make_run
from training.models import EvaluationRun, Judge
from training.services import runs
from training.services.plans import load_plan
from training.services.work import work

pytestmark = pytest.mark.django_db


def reason(run: EvaluationRun) -> str:
    """Why the run was paused by reading its plan."""
    assert load_plan(run.pk) is None
    run.refresh_from_db()
    assert run.state == "paused"
    return run.reason


def test_a_plan_holds_what_the_calls_need() -> None:
    model = make_model(max_concurrency=6)
    run = make_run(2, candidate=make_candidate(model, temperature=0.5, max_tokens=99, seed=7))
    plan = load_plan(run.pk)
    assert plan is not None
    assert plan.sampling == (0.5, 99, 1.0, 7)
    assert (plan.width, list(plan.engines)) == (6, [model.pk])


def test_a_plan_has_a_ground_for_each_version_used() -> None:
    run = make_run(2)
    version = run.items.first().version
    plan = load_plan(run.pk)
    assert plan is not None
    assert plan.grounds[version.pk].text == version.text
    assert version.text in plan.grounds[version.pk].system
    assert plan.grounds[version.pk].allowed == {"violence"}


def test_a_model_that_answers_and_judges_is_one_engine() -> None:
    model = make_model()
    run = make_run(1, candidate=make_candidate(model), judges=[make_judge("helpfulness", model)])
    plan = load_plan(run.pk)
    assert plan is not None
    assert list(plan.engines) == [model.pk]


@pytest.mark.parametrize("state", ["paused", "cancelled"])
def test_a_run_that_is_not_open_has_no_plan(state: str) -> None:
    run = make_run(1)
    EvaluationRun.objects.filter(pk=run.pk).update(state=state, reason="Because.")
    assert load_plan(run.pk) is None
    run.refresh_from_db()
    assert run.reason == "Because."


def test_a_run_that_is_not_there_has_no_plan() -> None:
    assert load_plan(404) is None


def test_a_key_variable_that_is_not_set_pauses_the_run_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COSA_KEY_NOWHERE", raising=False)
    run = make_run(1, candidate=make_candidate(make_model(key_variable="COSA_KEY_NOWHERE")))
    assert reason(run).startswith("COSA_KEY_NOWHERE is not set. Set it for the web server and the workers")


def test_a_judge_models_key_is_looked_for_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COSA_KEY_JUDGE", raising=False)
    judge = make_judge("helpfulness", make_model("judge", key_variable="COSA_KEY_JUDGE"))
    assert "COSA_KEY_JUDGE is not set" in reason(make_run(1, judges=[judge]))


def test_a_run_goes_on_once_its_key_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(1, candidate=make_candidate(make_model(key_variable="COSA_KEY_LATER")))
    reason(run)
    monkeypatch.setenv("COSA_KEY_LATER", "k")
    runs.resume(run=run, actor=None)
    assert load_plan(run.pk) is not None


def test_a_programmatic_judge_whose_file_changed_pauses_the_run() -> None:
    judge = make_judge()
    run = make_run(1, judges=[judge])
    Judge.objects.filter(pk=judge.pk).update(digest="0" * 64)
    assert reason(run) == f"The judge “{judge.label}” has changed since this run was made. Start a new run."


def test_a_judge_for_a_model_is_used_in_the_wording_it_was_chosen_in() -> None:
    judge = make_judge("helpfulness", make_model("judge"))
    Judge.objects.filter(pk=judge.pk).update(source=judge.source.replace("Accurate and complete", "Splendid"))
    plan = load_plan(make_run(1, judges=[judge]).pk)
    assert plan is not None
    assert "Splendid" in plan.judges[0].judge.system


def test_an_engine_that_is_no_more_pauses_the_run() -> None:
    run = make_run(1)
    LanguageModel.objects.update(engine="telegraph")
    assert "telegraph" in reason(run)


def test_an_address_no_call_can_use_pauses_the_run() -> None:
    run = make_run(1)
    LanguageModel.objects.update(engine="openai_http", base_url="not an address")
    assert reason(run) == "The model's address is not usable. Enter one like http://host:8000/v1."


def test_a_strategy_that_is_no_more_pauses_the_run() -> None:
    run = make_run(1)
    type(run.candidate).objects.update(strategy="telepathy")
    assert "telepathy" in reason(run)


@pytest.mark.django_db(transaction=True)
def test_a_worker_leaves_a_run_it_cannot_plan_without_taking_a_seat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COSA_KEY_NOWHERE", raising=False)
    run = make_run(2, candidate=make_candidate(make_model(key_variable="COSA_KEY_NOWHERE")))
    work(run.pk, "w1")
    run.refresh_from_db()
    assert (run.state, run.leases.count(), run.items.filter(state="queued").count()) == ("paused", 0, 2)
