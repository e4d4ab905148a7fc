"""Runs that stop themselves, are stopped by a person or with their worker, and go on afterwards."""

import asyncio
import time
from typing import Any

import pytest
from django.db import OperationalError

from annotations.models import AuditEvent
from tests.factories import make_benchmark, make_candidate, make_judge, make_run
from tests.stage import Shift, Stage, beats, helpfulness, play, served, staged, until
from training import queries
from training.models import EvaluationRun, RunItem
from training.services import runs
from training.services.answering import Answering
from training.services.desk import Desk
from training.services.work import ALIKE_IN_A_ROW, work

pytestmark = pytest.mark.django_db(transaction=True)


def cancel(run: EvaluationRun) -> float:
    """A person cancels the run; back comes when (time.monotonic)."""
    runs.cancel(run=EvaluationRun.objects.get(pk=run.pk), actor=None)
    return time.monotonic()


def lease_says(run: EvaluationRun, **values: int) -> bool:
    return run.leases.filter(**values).exists()


def test_twenty_errors_alike_in_a_row_pause_the_run_and_say_why(stage: Stage) -> None:
    run = play(staged(stage, "not-found", prompts=60))
    assert (run.state, ALIKE_IN_A_ROW) == ("paused", 20)
    assert run.reason.startswith("The same error 20 times in a row: ")
    assert "has no model 'not-found'" in run.reason
    assert run.items.filter(state="queued").count() >= 60 - 20 - 8  # one call of each of 4 + 4 runners may be open


def test_nineteen_errors_alike_do_not_pause(stage: Stage) -> None:
    run = play(staged(stage, "not-found", prompts=19))
    assert (run.state, run.items.filter(state="failed").count()) == ("finished", 19)


def test_a_success_between_errors_keeps_the_run_going(stage: Stage) -> None:
    stage.says("mixed", *([400] * 15), "Yes.", *([400] * 15), "Yes.")
    run = play(staged(stage, "mixed", judges=[make_judge()], prompts=35, max_concurrency=1))
    assert (run.state, run.items.filter(state="failed").count()) == ("finished", 30)


def test_errors_that_differ_in_a_number_only_are_alike(stage: Stage) -> None:
    lines = [{"error": {"code": 400, "message": f"Refused; the request was 7f{number:x}3c."}} for number in range(60)]
    stage.says("numbered", *lines)
    run = play(staged(stage, "numbered", prompts=60, max_concurrency=1))
    assert run.state == "paused"


def test_a_model_that_stays_down_pauses_the_run_however_often_each_call_was_tried(stage: Stage) -> None:
    run = play(staged(stage, "e500", prompts=60, patience=1.2, max_concurrency=20))
    assert run.state == "paused"
    assert "status 500" in run.reason


def test_an_empty_account_pauses_at_once(stage: Stage) -> None:
    run = play(staged(stage, "quota", prompts=40))
    assert (run.state, "no money left" in run.reason) == ("paused", True)
    assert stage.calls("quota") <= 8  # what 4 + 4 runners had begun


def test_the_pause_is_on_record(stage: Stage) -> None:
    run = play(staged(stage, "quota"))
    event = AuditEvent.objects.get(action="pause", object_id=run.pk)
    assert (event.actor, event.after["reason"]) == (None, run.reason)


def test_a_resumed_run_goes_on_with_its_failed_items_and_finishes(stage: Stage) -> None:
    run = play(staged(stage, "quota", prompts=30))
    stage.says("quota", "There is money again.")
    runs.resume(run=run, actor=None)
    play(run)
    assert (run.state, run.reason, run.items.filter(state="done").count()) == ("finished", "", 30)
    assert not run.items.exclude(error="").exists()


def test_a_resumed_run_asks_again_only_for_what_is_missing(stage: Stage) -> None:
    stage.says("mixed", *["Yes."] * 10, 402)
    run = play(staged(stage, "mixed", prompts=30, max_concurrency=1))
    answered = run.items.exclude(response=None).count()
    stage.seen.clear()
    stage.says("mixed", "Yes.")
    runs.resume(run=run, actor=None)
    assert (play(run).state, answered) == ("finished", 10)
    assert len(stage.asked("mixed")) == 20


@pytest.mark.usefixtures("fast_beats")
def test_no_call_starts_once_a_run_is_cancelled_and_calls_in_flight_are_kept(stage: Stage) -> None:
    run = staged(stage, judges=[make_judge()], prompts=40)
    stage.hold("ok")
    shift = Shift(run)
    until(lambda: len(stage.seen) == 4)
    cancel(run)
    beats(run)
    stage.release()
    shift.end()
    assert (len(stage.seen), run.items.filter(state="done").count(), run.state) == (4, 4, "cancelled")


def test_two_seconds_after_a_cancel_no_call_starts() -> None:
    with Stage(latency=0.1) as stage:
        run = staged(stage, prompts=240)
        shift = Shift(run)
        until(lambda: len(stage.seen) > 20)
        cancelled = cancel(run)
        shift.end()
        assert max(seen.at for seen in stage.seen) - cancelled < 2
        assert run.state == "cancelled"


def test_a_cancelled_shift_keeps_every_answer_it_got() -> None:
    with Stage(latency=0.1) as stage:
        run = staged(stage, judges=[make_judge()], prompts=240)
        shift = Shift(run)
        until(lambda: len(stage.seen) > 20)
        cancel(run)
        shift.end()
        assert run.items.filter(state="done").count() == stage.calls("ok")
        assert not run.items.filter(state="failed").exists()


@pytest.mark.usefixtures("fast_beats")
def test_items_at_the_gate_are_not_called_after_a_cancel(stage: Stage) -> None:
    run = staged(stage, judges=[helpfulness(stage, max_concurrency=16)], prompts=20, max_concurrency=1)
    stage.hold("ok")
    shift = Shift(run)
    until(lambda: lease_says(run, in_flight=17))  # one call is open, sixteen runners wait for its place
    cancel(run)
    beats(run)
    stage.release()
    shift.end()
    assert (stage.calls("ok"), run.items.filter(state="queued").count()) == (1, 20)  # the one waits for its judge


@pytest.mark.usefixtures("fast_beats")
def test_items_waiting_in_retry_are_not_called_after_a_cancel(stage: Stage) -> None:
    run = staged(stage, "e503", judges=[make_judge()], prompts=4, patience=60)
    stage.says("e503", (503, 30))
    shift = Shift(run)
    until(lambda: lease_says(run, waiting=4))
    cancelled, calls = cancel(run), len(stage.seen)
    shift.end(seconds=3)
    assert (len(stage.seen), time.monotonic() - cancelled < 3) == (calls, True)
    assert run.items.filter(state="queued").count() == 4


@pytest.mark.usefixtures("fast_beats")
def test_a_worker_told_to_stop_keeps_what_is_in_flight_and_leaves_the_run_open(stage: Stage) -> None:
    run = staged(stage, judges=[make_judge()], prompts=40)
    stage.hold("ok")
    shift = Shift(run)
    until(lambda: len(stage.seen) == 4)
    shift.stop_event.set()
    beats(run)
    stage.release()
    shift.end()
    assert (len(stage.seen), run.items.filter(state="done").count(), run.state) == (4, 4, "running")
    assert runs.in_need_of_workers() == [run.pk]


@pytest.mark.usefixtures("fast_beats")
def test_another_worker_goes_on_at_once_where_one_was_stopped(stage: Stage) -> None:
    run = staged(stage, judges=[make_judge()], prompts=40)
    stage.hold("ok")
    shift = Shift(run)
    until(lambda: len(stage.seen) == 4)
    shift.stop_event.set()
    beats(run)
    stage.release()
    shift.end()
    assert (play(run).state, stage.calls("ok")) == ("finished", 40)


@pytest.mark.usefixtures("fast_beats")
def test_a_verdict_in_flight_is_kept_and_the_next_judge_not_asked(stage: Stage) -> None:
    follows = make_judge("follows_config", served(stage, "judge-yes"))
    run = staged(stage, judges=[follows, helpfulness(stage)], prompts=1)
    stage.hold("judge-yes")
    shift = Shift(run)
    until(lambda: stage.asked("judge-yes"))
    cancel(run)
    beats(run)
    stage.release()
    shift.end()
    item = run.items.get()
    assert (item.state, item.judgements.count(), stage.calls("judge-rating")) == ("queued", 1, 0)


def test_a_cancelled_run_can_be_resumed(stage: Stage) -> None:
    run = staged(stage)
    cancel(run)
    assert (play(run).state, stage.calls()) == ("cancelled", 0)
    runs.resume(run=run, actor=None)
    assert (play(run).state, stage.calls("ok")) == ("finished", 4)


def test_a_run_cancelled_with_its_last_answer_finishes_when_resumed(stage: Stage) -> None:
    run = staged(stage)
    play(run)
    EvaluationRun.objects.filter(pk=run.pk).update(state="cancelled", finished_at=None)
    runs.resume(run=run, actor=None)
    runs.in_need_of_workers()
    run.refresh_from_db()
    assert run.state == "finished"


def test_a_paused_run_shows_no_worker(stage: Stage) -> None:
    run = play(staged(stage, "quota"))
    now = queries.progress(run)
    assert (now.workers, now.in_flight, now.waiting) == (0, 0, 0)


def test_a_run_that_paused_itself_holds_no_items(stage: Stage) -> None:
    run = play(staged(stage, "quota", prompts=10))
    assert runs.claimable().filter(run=run).count() == run.items.filter(state="queued").count()


def test_two_runs_on_one_model_stay_apart(stage: Stage) -> None:
    model = served(stage, "ok")
    first = make_run(5, candidate=make_candidate(model))
    second = make_run(5, candidate=make_candidate(model), benchmark=make_benchmark("second"))
    cancel(first)
    play(second)
    assert (stage.calls("ok"), RunItem.objects.filter(run=first, state="queued").count()) == (5, 5)


@pytest.mark.usefixtures("fast_beats")
def test_a_hint_at_a_run_resumed_while_its_last_shift_ends_is_not_lost(stage: Stage) -> None:
    run = staged(stage, judges=[make_judge()], prompts=12)
    stage.hold("ok")
    shift = Shift(run)
    until(lambda: len(stage.seen) == 4)
    cancel(run)
    beats(run)
    runs.resume(run=EvaluationRun.objects.get(pk=run.pk), actor=None)
    work(run.pk, "w1")  # the hint, while this process still holds the run
    stage.release()
    assert shift.end().state == "finished"


def test_nobody_is_left_at_a_call_when_the_database_goes_away(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    claims, left = [], []

    def claim(desk: Desk, count: int, real: Any = Desk.claim) -> Any:
        claims.append(count)
        if len(claims) > 1:
            raise OperationalError("the server closed the connection")
        return real(desk, count)

    async def close(answering: Answering, real: Any = Answering.close) -> None:
        left.extend(task for task in asyncio.all_tasks() if "_runner" in repr(task.get_coro()))
        await real(answering)

    monkeypatch.setattr(Desk, "claim", claim)
    monkeypatch.setattr(Answering, "close", close)
    stage.hold("slow-one")
    run = staged(stage, "slow-one", judges=[make_judge()], prompts=8, max_concurrency=4)
    with pytest.raises(OperationalError):
        play(run)
    stage.release()
    run.refresh_from_db()
    assert (left, run.state, run.items.filter(state="queued").count()) == ([], "running", 8)
