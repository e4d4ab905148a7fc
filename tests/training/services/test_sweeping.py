"""Hints and the sweeper: a lost hint is sent again, a doubled one harmless, and the broker may be away."""

import logging
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models.functions import Now

from cosa_web.celery import app
from tests.factories import make_benchmark, make_run
from training import tasks
from training.models import EvaluationRun, Lease
from training.services import presence, runs
from training.services.desk import Desk

pytestmark = pytest.mark.django_db
AWAY = "redis+socket:///nowhere/at-all"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[int, ...], dict[str, Any]]]:
    """What would have left this machine: the hints with their options."""
    hints: list[tuple[tuple[int, ...], dict[str, Any]]] = []
    monkeypatch.setattr(tasks.look_at_run, "apply_async", lambda args, **options: hints.append((args, options)))
    return hints


def run_out(desk: Desk) -> None:
    Lease.objects.filter(pk=desk.lease_id).update(until=Now() - timedelta(seconds=1))


def test_a_queued_run_needs_a_worker() -> None:
    run = make_run(2)
    assert runs.in_need_of_workers() == [run.pk]


def test_a_run_all_of_whose_items_are_held_needs_none() -> None:
    run = make_run(2)
    Desk(run.pk, "w1", 30).claim(2)
    assert runs.in_need_of_workers() == []


def test_a_run_with_items_to_spare_can_use_another_worker() -> None:
    run = make_run(3)
    Desk(run.pk, "w1", 30).claim(2)
    assert runs.in_need_of_workers() == [run.pk]


def test_a_run_whose_lease_ran_out_needs_a_worker() -> None:
    run = make_run(2)
    desk = Desk(run.pk, "w1", 30)
    desk.claim(2)
    run_out(desk)
    assert runs.in_need_of_workers() == [run.pk]


@pytest.mark.parametrize("state", ["paused", "cancelled"])
def test_a_run_that_is_not_open_needs_none(state: str) -> None:
    run = make_run(2)
    EvaluationRun.objects.filter(pk=run.pk).update(state=state)
    assert runs.in_need_of_workers() == []


@pytest.mark.parametrize("state", ["queued", "running"])
def test_an_open_run_with_nothing_left_is_finished_on_the_way(state: str) -> None:
    run = make_run(2)
    run.items.update(state="failed", error="No.")
    EvaluationRun.objects.filter(pk=run.pk).update(state=state)
    assert runs.in_need_of_workers() == []
    run.refresh_from_db()
    assert (run.state, run.finished_at is not None) == ("finished", True)


def test_a_run_whose_last_items_are_held_is_not_finished() -> None:
    run = make_run(1)
    Desk(run.pk, "w1", 30).claim(1)
    runs.in_need_of_workers()
    run.refresh_from_db()
    assert run.state == "running"


def test_a_sweep_hints_once_at_each_run_in_need(sent: list[Any], settings: Any) -> None:
    first, second = make_run(1), make_run(1, benchmark=make_benchmark("second"))
    tasks.sweep()
    assert [args for args, _ in sent] == [(first.pk,), (second.pk,)]


def test_a_swept_hint_is_gone_before_the_next_sweep(sent: list[Any], settings: Any) -> None:
    make_run(1)
    tasks.sweep()
    assert sent[0][1] == {"queue": "llm", "expires": settings.SWEEP_SECONDS}


@pytest.mark.parametrize("name", ["runs", "work"])
def test_sweeps_do_not_pile_up_while_every_worker_is_busy(settings: Any, name: str) -> None:
    beat = settings.CELERY_BEAT_SCHEDULE[name]
    assert (beat["schedule"], beat["options"]["expires"]) == (settings.SWEEP_SECONDS, settings.SWEEP_SECONDS)


def test_nothing_is_hinted_at_when_nothing_waits(sent: list[Any]) -> None:
    tasks.sweep()
    assert sent == []


@pytest.mark.django_db(transaction=True)
def test_a_hint_leaves_only_with_the_commit(sent: list[Any]) -> None:
    with transaction.atomic():
        run = make_run(1)
        tasks.hint(run.pk)
        before = list(sent)
    assert (before, [args for args, _ in sent]) == ([], [(run.pk, 0)])


@pytest.mark.django_db(transaction=True)
def test_a_run_that_was_rolled_back_is_not_hinted_at(sent: list[Any]) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        tasks.hint(make_run(1).pk)
        raise RuntimeError
    assert sent == []


@pytest.fixture
def broker_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker nobody can reach."""
    monkeypatch.setattr(app.conf, "broker_url", AWAY)
    monkeypatch.setattr(app.conf, "broker_write_url", AWAY)
    monkeypatch.setattr(app, "_pool", None)
    monkeypatch.setattr(app.amqp, "_producer_pool", None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("broker_away")
def test_a_hint_without_a_broker_harms_nothing_and_the_run_stays_queued(caplog: pytest.LogCaptureFixture) -> None:
    run = make_run(1)
    tasks.hint(run.pk)  # the first one imports what sends hints
    began = time.monotonic()
    with caplog.at_level(logging.ERROR):
        tasks.hint(run.pk)
    assert time.monotonic() - began < 2  # a page waits for this
    run.refresh_from_db()
    assert (run.state, runs.in_need_of_workers()) == ("queued", [run.pk])
    assert "OperationalError" in caplog.text


def test_a_hint_carries_an_id_only_and_is_gone_before_the_next_sweep(
    sent: list[Any], django_capture_on_commit_callbacks: Any, settings: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        tasks.hint(7)
    assert sent == [((7, 0), {"queue": "llm", "expires": settings.SWEEP_SECONDS, "retry": False})]


def test_results_are_not_kept_and_messages_are_acknowledged_early() -> None:
    assert (tasks.look_at_run.ignore_result, tasks.look_at_run.acks_late) == (True, False)


@pytest.mark.parametrize(("passed_on", "again"), [(0, [1]), (tasks.PASSES - 1, [tasks.PASSES]), (tasks.PASSES, [])])
def test_a_worker_already_at_a_run_passes_the_hint_on_a_few_times(
    sent: list[Any], monkeypatch: pytest.MonkeyPatch, passed_on: int, again: list[int]
) -> None:
    monkeypatch.setattr(presence, "_here", {17})
    tasks.look_at_run(17, passed_on)
    assert [args for args, _ in sent] == [(17, times) for times in again]


def test_a_worker_that_took_a_hint_up_does_not_pass_it_on(sent: list[Any]) -> None:
    tasks.look_at_run(17)
    assert sent == []
