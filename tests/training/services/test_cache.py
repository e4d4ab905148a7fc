"""A call that was answered once is not made again: what counts as the same call, and what becomes of it."""

import pytest

from annotations.models import LanguageModel
from tests.factories import make_benchmark, make_candidate, make_judge, make_prompt, make_run
from tests.stage import Shift, Stage, completion, helpfulness, play, served, staged, until
from training.models import Call, EvaluationRun
from training.services import runs
from training.services.cache import earlier

pytestmark = pytest.mark.django_db(transaction=True)


def again(run: EvaluationRun, **changes: object) -> EvaluationRun:
    """The same run once more, queued, with these fields changed."""
    copy = make_run(0, judges=list(run.judges.all()), candidate=run.candidate, benchmark=run.benchmark)
    EvaluationRun.objects.filter(pk=copy.pk).update(**changes)
    return copy


def counters(run: EvaluationRun) -> tuple[int, int, int]:
    return run.calls, run.reused_calls, run.spent_tokens


@pytest.mark.both_databases
def test_the_same_run_again_makes_no_call(stage: Stage) -> None:
    first = play(staged(stage, prompts=12))
    second = play(again(first))
    assert (second.state, stage.calls()) == ("finished", 24)
    assert (counters(first), counters(second)) == ((24, 0, 24 * 50), (0, 24, 0))  # a call is 10 + 40 tokens


def test_a_reused_call_is_a_row_with_the_first_ones_words_and_costs_nothing(stage: Stage) -> None:
    first = play(staged(stage, prompts=1))
    second = play(again(first))
    fields = ("text", "identity", "finish", "tokens_in", "tokens_out", "latency_ms", "key", "step", "judge")
    made, reused = (Call.objects.filter(item__run=run).order_by("pk") for run in (first, second))
    assert list(made.values_list(*fields)) == list(reused.values_list(*fields))
    assert set(reused.values_list("reused", "cost_micros", "attempts")) == {(True, 0, 1)}
    old, new = first.items.get().response, second.items.get().response
    assert (new.text, new.tokens_out, new.latency_ms) == (old.text, old.tokens_out, old.latency_ms)


def test_a_run_without_the_cache_asks_again(stage: Stage) -> None:
    first = play(staged(stage))
    second = play(again(first, use_cache=False))
    assert (stage.calls(), counters(second)) == (16, (8, 0, 8 * 50))


def test_a_model_that_moved_or_was_renamed_is_another_model(stage: Stage) -> None:
    first = play(staged(stage, judges=[make_judge()], prompts=2))
    for change in ({"model": "ok#2"}, {"base_url": f"{stage.base_url}/"}):
        LanguageModel.objects.filter(pk=first.candidate.model_id).update(**change)
        play(again(first))
    assert (stage.calls("ok"), stage.calls("ok#2")) == (2, 4)


def test_another_draw_is_another_call(stage: Stage) -> None:
    first = play(staged(stage, judges=[make_judge()], prompts=2))
    for change in ({"seed": 1}, {"temperature": 0.5}, {"max_tokens": 65}):
        other = make_candidate(first.candidate.model, **change)
        play(make_run(0, candidate=other, judges=[make_judge()], benchmark=first.benchmark))
    assert stage.calls() == 8


def test_another_row_of_the_same_model_finds_the_same_calls(stage: Stage) -> None:
    first = play(staged(stage, judges=[make_judge()], prompts=2))
    twin = make_candidate(served(stage, "ok"))
    play(make_run(0, candidate=twin, judges=[make_judge()], benchmark=first.benchmark))
    assert stage.calls() == 2


def test_of_several_answers_to_a_call_the_oldest_counts(stage: Stage) -> None:
    stage.says("ok", "First.", "Second.", "Third.")
    first = play(staged(stage, judges=[make_judge()], prompts=1))
    play(again(first, use_cache=False))
    assert play(again(first)).items.get().response.text == "First."


def test_an_empty_answer_is_asked_for_again(stage: Stage) -> None:
    first = play(staged(stage, "empty", judges=[make_judge()], prompts=1))
    play(again(first))
    assert stage.calls("empty") == 2


def test_a_failure_is_not_kept(stage: Stage) -> None:
    stage.says("ok", 400, "Yes.")
    first = play(staged(stage, judges=[make_judge()], prompts=1))
    second = play(again(first))
    assert (first.items.get().state, second.items.get().state) == ("failed", "done")


def test_a_reused_row_is_no_source_of_another(stage: Stage) -> None:
    first = play(staged(stage, judges=[make_judge()], prompts=1))
    play(again(first))
    reused = Call.objects.get(reused=True)
    Call.objects.filter(reused=False).delete()
    assert earlier([reused.key]) == {}


def test_two_runs_at_one_time_make_a_call_once(stage: Stage) -> None:
    stage.hold("ok")
    first = staged(stage, judges=[make_judge()], prompts=1)
    shifts = [Shift(first), Shift(again(first))]
    until(lambda: stage.asked("ok"))
    until(lambda: sum(lease.in_flight for run in EvaluationRun.objects.all() for lease in run.leases.all()) == 2)
    stage.release()
    ended = [shift.end() for shift in shifts]
    assert stage.calls("ok") == 1
    assert sorted(counters(run)[:2] for run in ended) == [(0, 1), (1, 0)]


def test_equal_prompts_of_one_run_are_one_call(stage: Stage) -> None:
    benchmark = make_benchmark()
    for _ in range(6):
        make_prompt("How tall is the tower?", benchmark=benchmark)
    run = play(staged(stage, judges=[helpfulness(stage)], prompts=0))
    assert (run.items.filter(state="done").count(), stage.calls(), counters(run)[:2]) == (6, 2, (2, 10))


def test_who_waited_for_a_call_that_failed_makes_it(stage: Stage) -> None:
    benchmark = make_benchmark()
    for _ in range(3):
        make_prompt("How tall is the tower?", benchmark=benchmark)
    stage.says("ok", 400, "Tall.")
    run = play(staged(stage, judges=[make_judge()], prompts=0))
    assert sorted(run.items.values_list("state", flat=True)) == ["done", "done", "failed"]


@pytest.mark.usefixtures("fast_beats")
def test_who_waits_for_anothers_call_ends_with_the_own_run(stage: Stage) -> None:
    stage.hold("ok")
    first = staged(stage, judges=[make_judge()], prompts=1)
    second = again(first)
    leads = Shift(first)
    until(lambda: stage.asked("ok"))
    waits = Shift(second)
    until(lambda: second.leases.filter(in_flight=1).exists())
    runs.cancel(run=second, actor=None)
    assert waits.end(seconds=5).state == "cancelled"
    stage.release()
    assert (leads.end().state, stage.calls("ok")) == ("finished", 1)


def test_an_item_taken_up_again_goes_on_where_it_was_and_has_each_call_once(stage: Stage) -> None:
    stage.says("ok", completion("Draft."), completion("Critique."), 400, completion("Final."))
    candidate = make_candidate(served(stage, "ok"), strategy="self_revise")
    run = play(make_run(1, candidate=candidate))
    runs.retry_failed(run=run, actor=None)
    item = play(run).items.get()
    assert (item.response.text, stage.calls("ok"), counters(run)[:2]) == ("Final.", 4, (3, 0))
    assert list(item.calls.order_by("pk").values_list("step", "text")) == [
        (0, "Draft."),
        (1, "Critique."),
        (2, "Final."),
    ]
    assert item.response.tokens_out == 120  # 3 replies of 40


def test_a_question_put_once_more_in_the_same_words_is_asked(stage: Stage) -> None:
    stage.says("guard", "no verdict", "safe")
    run = play(staged(stage, judges=[make_judge("llama_guard", served(stage, "guard"))], prompts=1))
    assert (stage.calls("guard"), run.items.get().follows_config) == (2, True)
