"""A budget is not overspent, however many calls are made at one time."""

import pytest

from annotations.models import LanguageModel
from tests.factories import make_candidate, make_run
from tests.stage import Stage, completion, helpfulness, play, served, staged
from training.models import Call, EvaluationRun
from training.services import budgets, runs
from training.services.ledger import dollars

pytestmark = pytest.mark.django_db(transaction=True)
PRICES = {"price_in": 2, "price_out": 5}
CALL = 10 * 2 + 40 * 5  # micros of a call on the stage: 10 tokens read, 40 written


def priced(stage: Stage, prompts: int = 40, answers: str = "ok", **budget: int) -> EvaluationRun:
    """A run of so many calls, 64 of them at once, at known prices."""
    model = served(stage, answers, max_concurrency=64, **PRICES)
    run = make_run(prompts, candidate=make_candidate(model))
    EvaluationRun.objects.filter(pk=run.pk).update(**budget)
    return run


@pytest.mark.both_databases
def test_sixty_four_calls_at_once_do_not_overspend_a_budget_of_money(stage: Stage) -> None:
    run = play(priced(stage, prompts=110, budget_micros=20_000))
    spent = stage.calls("ok") * CALL
    assert run.state == "paused"
    assert (run.spent_micros, run.calls) == (spent, stage.calls("ok"))
    assert 20_000 - 3_000 < spent <= 20_000  # what is left covers no further call, which may cost some 1,900
    assert run.items.filter(state="failed").count() == 0
    said = f", and {dollars(spent)} is spent. Raise it, then resume."
    assert run.reason.startswith("The budget of $0.02 does not cover the next call: it may cost $0.00")
    assert run.reason.endswith(said)


def test_nor_a_budget_of_tokens(stage: Stage) -> None:
    run = play(priced(stage, prompts=140, budget_tokens=6_000))
    assert (run.state, run.spent_tokens) == ("paused", 50 * stage.calls("ok"))
    assert 6_000 - 1_000 < run.spent_tokens <= 6_000


def test_with_a_raised_budget_the_run_goes_on_to_its_end(stage: Stage) -> None:
    run = play(priced(stage, prompts=60, budget_tokens=2_000))
    done = stage.calls("ok")
    budgets.change(run=run, actor=None, tokens=10_000, micros=None)
    runs.resume(run=run, actor=None)
    play(run)
    assert (0 < done < 60, run.state, stage.calls("ok"), run.spent_tokens) == (True, "finished", 60, 60 * 50)
    assert Call.objects.count() == 60


def test_judges_are_paid_from_the_same_budget(stage: Stage) -> None:
    run = staged(stage, judges=[helpfulness(stage, **PRICES)], prompts=40, **PRICES)
    EvaluationRun.objects.filter(pk=run.pk).update(budget_micros=20_000)
    play(run)
    assert (run.state, run.spent_micros) == ("paused", stage.calls() * CALL)
    assert run.spent_micros <= 20_000 and stage.calls("judge-rating") > 0


def test_a_budget_that_is_enough_changes_nothing(stage: Stage) -> None:
    run = play(priced(stage, prompts=20, budget_micros=1_000_000, budget_tokens=100_000))
    assert (run.state, run.spent_micros, run.spent_tokens) == ("finished", 20 * CALL, 20 * 50)
    assert not run.leases.exclude(reserved_micros=0, reserved_tokens=0).exists()


def test_calls_from_the_cache_need_no_budget(stage: Stage) -> None:
    first = play(priced(stage, prompts=10))
    second = make_run(0, candidate=first.candidate, judges=list(first.judges.all()), benchmark=first.benchmark)
    EvaluationRun.objects.filter(pk=second.pk).update(budget_tokens=1)
    play(second)
    assert (second.state, second.reused_calls, second.spent_tokens) == ("finished", 10, 0)


def test_a_call_that_failed_costs_nothing(stage: Stage) -> None:
    stage.says("ok", *[400] * 15, "Yes.")
    run = play(priced(stage, prompts=30, budget_tokens=30 * 50 + 700))
    assert (run.state, run.spent_tokens) == ("finished", 15 * 50)


def test_what_a_server_does_not_count_is_charged_at_its_most(stage: Stage) -> None:
    stage.says("ok", {key: value for key, value in completion("Yes.").items() if key != "usage"})
    run = play(priced(stage, prompts=140, budget_tokens=6_000))
    assert run.state == "paused"
    assert (run.unpriced_calls, run.calls) == (stage.calls("ok"), stage.calls("ok"))
    assert 6_000 - 1_000 < run.spent_tokens <= 6_000


def test_a_run_without_a_budget_counts_what_is_known(stage: Stage) -> None:
    run = staged(stage, judges=[helpfulness(stage, **PRICES)], prompts=3)
    play(run)
    assert (run.calls, run.unpriced_calls, run.spent_tokens, run.spent_micros) == (6, 3, 300, 3 * CALL)
    costs = Call.objects.order_by("judge").values_list("judge", "cost_micros").distinct()
    assert {(judge is None, cost) for judge, cost in costs} == {(True, None), (False, CALL)}


def test_money_is_not_spent_where_no_price_is_known(stage: Stage) -> None:
    run = staged(stage)
    EvaluationRun.objects.filter(pk=run.pk).update(budget_micros=1_000_000)
    play(run)
    assert (run.state, stage.calls()) == ("paused", 0)
    assert "No price is known of" in run.reason


def test_a_price_that_is_missing_does_not_matter_where_nobody_is_asked(stage: Stage) -> None:
    run = staged(stage, judges=[helpfulness(stage, "e400-once", **PRICES)], prompts=1)
    play(run)
    LanguageModel.objects.filter(pk=run.candidate.model_id).update(price_in=None, price_out=None)
    EvaluationRun.objects.filter(pk=run.pk).update(budget_micros=1_000_000)
    runs.retry_failed(run=run, actor=None)
    assert play(run).state == "finished"
