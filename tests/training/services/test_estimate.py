"""What a run would take is counted before it is started, by what is known of its models."""

from decimal import Decimal

import pytest

from tests import pairs
from tests.factories import (
    make_benchmark,
    make_candidate,
    make_config,
    make_demonstration,
    make_judge,
    make_model,
    make_organisation,
    make_person,
    make_prompt,
    make_run,
)
from tests.outcomes import finished_run
from tests.stage import play
from training import judges, strategies
from training.models import Call, EvaluationRun
from training.services import paces, rehearsal
from training.services.estimate import Asked, estimate
from training.services.runs import RunProblem
from training.strategies import Question

db = pytest.mark.django_db
JUDGE = "follows_config"


def asked(strategy: str = "plain", model=None, seed: int = 0, **settings) -> Asked:
    return Asked(model or make_model(), strategy, settings, 0.0, 64, seed)


def counted(*candidates: Asked, **fields):
    values = {"benchmark": make_benchmark(), "judged_by": [("heuristic", None)]} | fields
    return estimate(candidates=candidates or (asked(),), **values)


@pytest.mark.parametrize(
    ("strategy", "readable", "calls"),
    [("plain", True, 1), ("no_config", True, 1), ("self_revise", True, 3), ("cascade", True, 2), ("cascade", False, 3)],
)
def test_a_strategy_is_played_through_without_a_model(strategy, readable, calls):
    question = Question("Be kind.", "Be kind.", "Why does it rain?")
    load = rehearsal.rehearse(strategies.load(strategy), question, written=20, readable=readable)
    assert load.calls == calls and load.read > 0


def test_every_strategy_can_be_played_through():
    shown = (strategies.Demonstration("safe", "Why?", "So."),)
    for name in strategies.names():
        question = Question("Be kind.", "Be kind.", "Why does it rain?", shown)
        assert rehearsal.rehearse(strategies.load(name), question, written=5).calls <= strategies.load(name).calls


def test_a_longer_answer_is_more_to_read_for_the_judge():
    judge = judges.load(JUDGE)
    short, long = (rehearsal.verdict(judge, "Be kind.", "Why?", rehearsal.filler(length)) for length in (10, 110))
    assert long - short == pytest.approx(100, abs=40)  # the fences are digests, of which each is counted otherwise


@db
def test_calls_are_those_of_the_strategy_and_of_each_judge_model():
    make_run(4)
    found = counted(asked("self_revise"), judged_by=[(JUDGE, make_model()), (JUDGE, make_model("two"))], samples=3)
    # 4 items × (3 calls for the answer + 2 judge models × 3 samples)
    assert (found.runs, found.items, found.calls) == (1, 4, 36)


@db
def test_each_seed_and_model_is_a_run_of_its_own():
    make_run(2)
    found = counted(asked(), asked(seed=1), asked(model=make_model("two")))
    assert (found.runs, found.calls) == (3, 6)


@db
def test_nothing_is_stored_by_it():
    make_run(1)
    before = EvaluationRun.objects.count(), make_candidate().pk
    counted(asked(seed=7))
    assert (EvaluationRun.objects.count(), make_candidate(seed=8).pk) == (before[0], before[1] + 1)


@db
def test_money_is_tokens_at_the_models_price_and_not_known_without_one():
    make_run(2)
    free, priced = make_model("free"), make_model("priced", price_in=Decimal(1), price_out=Decimal(2))
    part = counted(asked(model=priced)).parts[0]
    assert part.dollars() == pytest.approx((part.read + 2 * part.written) / 1e6)
    found = counted(asked(model=priced), judged_by=[(JUDGE, free)])
    assert (found.dollars, found.unpriced) == (None, (free,))


@db
def test_at_most_is_never_less():
    make_run(2)
    found = counted(judged_by=[(JUDGE, make_model("judge"))])
    assert found.calls_most == 2 + 2 * 2 and found.tokens_most > found.tokens


@db
def test_what_the_same_candidate_answered_before_is_likely_in_the_cache():
    run = finished_run(3)
    candidate = run.candidate
    same = Asked(candidate.model, "plain", {}, 0.0, candidate.max_tokens, 0)
    make_prompt(benchmark=run.benchmark, config=make_config())
    assert [counted(one, use_cache=cached).cached for one, cached in ((same, True), (same, False))] == [3, 0]
    assert counted(same._replace(seed=5)).cached == 0


@db
def test_without_past_answers_it_says_so():
    make_run(1)
    assert "nothing is known of Echo yet" in counted().parts[0].source


@db
def test_what_cannot_be_started_is_told_in_the_same_words():
    with pytest.raises(RunProblem, match="has no prompt to run"):
        counted()
    make_run(1)
    with pytest.raises(RunProblem, match="no demonstrations yet"):
        counted(asked("few_shot"))


@db
def test_demonstrations_are_read_too():
    make_run(1)
    make_demonstration(make_config(), response=rehearsal.filler(500))
    assert counted(asked("few_shot")).parts[0].read > counted().parts[0].read + 400


@db
def test_a_strangers_preference_set_is_told_in_the_words_of_one_that_is_not_there():
    make_run(1)
    pair = pairs.lines([pairs.make_pair(1, spec_i="-Violence-")])
    theirs = pairs.read(pairs.make_set({"train.jsonl": pair}, organisation=make_organisation("elsewhere")))
    said = []
    for source in (theirs.pk, theirs.pk + 1):
        with pytest.raises(RunProblem) as problem:
            counted(asked("few_shot", preference_set=source), actor=make_person("ada"))
        said.append(str(problem.value).replace(str(source), "…"))
    assert said[0] == said[1] and "that you may read" in said[0]
    assert counted(asked("few_shot", preference_set=theirs.pk), actor=make_person("grace")).items == 1


@db
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("strategy", ["plain", "self_revise"])
def test_the_likely_tokens_are_within_15_percent_of_what_a_run_then_takes(strategy):
    model = make_model()
    candidate, judge = make_candidate(model, strategy=strategy), make_judge(JUDGE, make_model("judge"))
    play(make_run(12, candidate=candidate, judges=[judge], use_cache=False))
    for number in range(12):
        make_prompt(f"What did people eat in a harbour town, and who cooked for them in year {number}?")
    likely = counted(asked(strategy), judged_by=[(JUDGE, judge.model)])
    run = play(make_run(0, candidate=candidate, judges=[judge], use_cache=False))
    assert run.calls == likely.calls
    assert likely.tokens == pytest.approx(run.spent_tokens, rel=0.15)


@db
def test_a_few_answers_of_another_strategy_are_better_than_none():
    run = finished_run(6)
    pace = paces.of_answers(run.candidate.model, strategies.load("cascade"))
    # six answers of 5 tokens in one call each
    assert (pace.written, pace.source) == (5, "the last answers of Echo")
    assert Call.objects.count() == 6
