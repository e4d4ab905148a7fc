"""Figures of runs, workers and queues: each from the rows, and as few queries however many there are."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_model, make_node, make_preference_set, make_run, make_training
from tests.outcomes import finished_run
from training import metrics_queries as read
from training.models import EvaluationRun, Gpu, Lease, RunItem, Worker
from training.services import broker, figures, losses

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def values(figures: list[read.Figure], name: str) -> dict[tuple[str, ...], float]:
    """The values of the figure of that name."""
    return next(one.values for one in figures if one.name == name)


def one(figures: list[read.Figure], name: str) -> float:
    return values(figures, name)[()]


def lease(run: EvaluationRun, seconds: float = 30, **fields: object) -> Lease:
    return Lease.objects.create(run=run, worker="desk:1", until=timezone.now() + timedelta(seconds=seconds), **fields)


def test_runs_and_what_they_spent_are_sums_of_their_counters():
    for spent in (1_500_000, 250_000):
        run = make_run(1)
        EvaluationRun.every.filter(pk=run.pk).update(
            calls=3, reused_calls=2, spent_tokens=40, spent_micros=spent, state="paused"
        )
    make_run(1)
    found = read.runs()
    names = ("cosa_run_calls_total", "cosa_run_reused_calls_total", "cosa_run_tokens_total", "cosa_run_spent_usd_total")
    assert [one(found, name) for name in names] == [6, 4, 80, 1.75]
    told = values(found, "cosa_runs")
    assert (told["paused",], told["queued",], told["finished",]) == (2, 1, 0)


def test_items_are_those_of_open_runs():
    run = make_run(4)
    first, second = run.items.order_by("position")[:2]
    RunItem.objects.filter(pk=first.pk).update(state="failed", error="x", finished_at=timezone.now())
    long_ago = timezone.now() - timedelta(minutes=2)
    RunItem.objects.filter(pk=second.pk).update(state="failed", error="x", finished_at=long_ago)
    paused = make_run(4)
    EvaluationRun.every.filter(pk=paused.pk).update(state="paused")
    found = read.items()
    assert (one(found, "cosa_items_open"), one(found, "cosa_items_ended_last_minute")) == (2, 1)


def test_no_more_items_are_counted_than_the_bound(monkeypatch):
    monkeypatch.setattr(read, "BOUND", 3)
    make_run(4)
    assert one(read.items(), "cosa_items_open") == 3


def test_an_item_is_quarantined_when_workers_ended_with_it():
    run = make_run(2)
    lease(run, -1, lost_at=timezone.now())
    first, second = run.items.order_by("position")[:2]
    RunItem.objects.filter(pk=first.pk).update(state="failed", error="x", error_kind=losses.KIND)
    RunItem.objects.filter(pk=second.pk).update(state="failed", error="x", error_kind="other")
    assert one(read.items(), "cosa_items_quarantined") == 1


def test_the_unscored_share_is_that_of_kept_figures():
    assert read.judges() == []
    run = finished_run(4)
    assert read.judges() == []
    assert figures.keep(run)
    kept = EvaluationRun.objects.get(pk=run.pk)
    kept.figures["overall"][1:3] = [3, 4]
    kept.save()
    assert one(read.judges(), "cosa_judge_unscored_ratio") == 0.25


def test_leases_are_alive_or_were_lost_lately():
    run = make_run(1)
    lease(run)
    lease(run, -5, lost_at=timezone.now())
    lease(run, -9000, lost_at=timezone.now() - timedelta(hours=2))
    found = read.leases()
    assert [one(found, name) for name in ("cosa_leases_alive", "cosa_leases_lost_last_hour")] == [1, 1]


def worker(name: str, *queues: str, silent: float = 0, **fields: object) -> None:
    now = timezone.now()
    Worker.objects.create(
        name=name, node="desk", queues=list(queues), seen_at=now - timedelta(seconds=silent), **fields
    )


def test_only_workers_that_take_work_count_for_their_queues(monkeypatch):
    monkeypatch.setattr(broker, "depths", lambda queues: {queue: len(queue) for queue in queues})
    now = timezone.now()
    worker("a:1", "llm", "gpu-forge", swept_at=now - timedelta(seconds=90))
    worker("a:2", "llm", stopping_at=now)
    worker("a:3", "cpu", silent=600)
    found = read.listening()
    counted = {queue: count for (queue,), count in values(found, "cosa_workers").items()}
    assert counted == {"short": 0, "cpu": 0, "llm": 1, "gpu-forge": 1}
    assert values(found, "cosa_queue_hints")["gpu-forge",] == 9
    assert 90 <= one(found, "cosa_sweep_age_seconds") < 150


def test_a_broker_that_is_away_and_a_sweep_that_never_was_have_no_figure(monkeypatch):
    monkeypatch.setattr(broker, "depths", lambda _: None)
    names = {figure.name for figure in read.listening()}
    assert names == {"cosa_workers", "cosa_broker_up"}


def waits(queue: str) -> int:
    return round(values(read.waiting(), "cosa_oldest_waiting_seconds")[queue,] / 10) * 10


def test_a_run_waits_while_nobody_is_at_work_on_it():
    run = make_run(1)
    EvaluationRun.every.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(seconds=500))
    assert waits("llm") == 500
    held = lease(run, -200)
    assert waits("llm") == 200
    Lease.objects.filter(pk=held.pk).update(until=timezone.now() + timedelta(seconds=30))
    assert waits("llm") == 0


def test_work_waits_from_when_it_was_let_go():
    row = make_preference_set(state="queued", created_at=timezone.now() - timedelta(seconds=700))
    assert waits("cpu") == 700
    row.state, row.until = "running", timezone.now() - timedelta(seconds=300)
    row.save()
    assert waits("cpu") == 300
    row.until = timezone.now() + timedelta(seconds=30)
    row.save()
    assert waits("cpu") == 0


def test_work_of_a_node_waits_in_its_queue():
    make_training(node=make_node("forge"), created_at=timezone.now() - timedelta(seconds=400))
    assert waits("gpu-forge") == 400


def test_cards_are_held_or_free():
    node = make_node("forge", gpus=3)
    Gpu.objects.filter(node=node, number=0).update(model=make_model("echo"), held_at=timezone.now())
    make_node("old", gpus=1, archived_at=timezone.now())
    assert values(read.cards(), "cosa_gpus") == {("forge", "held"): 1, ("forge", "free"): 2}


def test_as_many_queries_however_many_rows():
    def asked(rows: range) -> int:
        for number in rows:
            make_run(1)
            make_training(node=make_node("forge"), title=f"training {number}")
            worker(f"a:{number}", "llm")
        with CaptureQueriesContext(connection) as queries:
            [reader() for reader in read.READERS]
        return len(queries)

    assert asked(range(1)) == asked(range(1, 5))


def test_a_node_tells_of_its_disk_until_it_is_archived():
    make_node("lamp", free_bytes=7_000)
    make_node("gone", free_bytes=5, archived_at=timezone.now())
    assert values(read.disks(), "cosa_node_free_bytes") == {("lamp",): 7000}
