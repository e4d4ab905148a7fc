"""The terms of a run: samples, cache and budgets are kept with it, or refused in words."""

from decimal import Decimal

import pytest

from tests.factories import make_candidate, make_config, make_demonstration, make_judge, make_model, make_run
from training.models import EvaluationRun
from training.services import run_terms, runs
from training.services.runs import RunProblem

pytestmark = pytest.mark.django_db


def priced(slug: str = "priced"):
    return make_model(slug, price_in=Decimal("0.5"), price_out=Decimal(2))


def test_the_terms_stand_on_the_run():
    run = make_run(1, samples=3, use_cache=False, budget_tokens=900)
    assert (run.samples, run.use_cache, run.budget_tokens, run.budget_micros) == (3, False, 900, None)
    assert run.strategy_digest


@pytest.mark.parametrize(
    "terms", [{"samples": 0}, {"samples": 16}, {"budget_tokens": 0}, {"budget_micros": -1}], ids=str
)
def test_terms_out_of_range_are_refused_and_nothing_is_made(terms):
    with pytest.raises(RunProblem):
        make_run(1, **terms)
    assert not EvaluationRun.objects.exists()


def test_a_budget_in_money_names_the_models_without_a_price():
    judge = make_judge("helpfulness", make_model("judge"))
    with pytest.raises(RunProblem, match="No price is known of Echo, Judge, so"):
        make_run(1, judges=[judge], budget_micros=10)
    with pytest.raises(RunProblem, match="No price is known of Judge, so"):
        make_run(1, candidate=make_candidate(priced()), judges=[judge], budget_micros=10)


def test_a_program_needs_no_price():
    assert make_run(1, candidate=make_candidate(priced()), budget_micros=10).budget_micros == 10


def test_dollars_are_a_million_micros():
    assert (run_terms.micros(Decimal("1.25")), run_terms.micros(None)) == (1_250_000, None)


def test_several_candidates_are_started_together_or_not_at_all():
    make_run(1)
    first, second = make_candidate(seed=1), make_candidate(make_model("far", engine="elsewhere"))
    told = {"benchmark": EvaluationRun.objects.get().benchmark, "judges": [make_judge()], "actor": None}
    assert len(runs.start_each(candidates=[first, make_candidate(seed=2)], **told)) == 2
    with pytest.raises(RunProblem, match="answers elsewhere"):
        runs.start_each(candidates=[first, second], **told)
    assert EvaluationRun.objects.count() == 3


def test_a_strategy_that_shows_keeps_what_it_shows_or_names_the_config_without():
    shown = make_candidate(strategy="few_shot", settings={"shots": 2})
    with pytest.raises(RunProblem, match="“Config game” has no demonstrations yet"):
        make_run(1, candidate=shown)
    for _ in range(3):
        make_demonstration(make_config())
    assert len(make_run(0, candidate=shown).demonstrations.get().rows) == 2
