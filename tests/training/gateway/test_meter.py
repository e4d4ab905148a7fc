"""Calls as they are counted: in memory first, then in the database, and nothing lost on the way."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError

from tests.databases import aside
from tests.factories import make_deployment, make_key
from training import latency
from training.gateway import meter as module
from training.gateway.meter import Meter
from training.models import ApiKey, Traffic
from training.services.deploy import grants, traffic
from training.services.deploy.grants import Grant, Served

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def call() -> tuple[Grant, Served]:
    grant = next(iter(grants.read([make_key(make_deployment())[0].digest]).values()))
    return grant, grant.served["game"]


def played(scenario: Callable[[Meter], Awaitable[Any]]) -> Any:
    async def play() -> Any:
        meter = Meter()
        await meter.open()
        try:
            return await scenario(meter)
        finally:
            await meter.close()

    return asyncio.run(play())


def test_a_call_is_counted_where_it_began_with_all_it_was(call: Any) -> None:
    async def scenario(meter: Meter) -> None:
        told = {"streamed": True, "milliseconds": 400_000.0, "first_milliseconds": 80.0, "estimated": True}
        meter.note(*call, outcome="answered", tokens_in=30, tokens_out=12, **told)
        meter.note(*call, outcome="rate_limited", milliseconds=0.4)

    before = datetime.now(UTC)
    played(scenario)
    row = Traffic.objects.get(outcome="answered")
    assert (row.requests, row.tokens_in, row.tokens_out, row.estimated, row.streamed) == (1, 30, 12, 1, True)
    assert (row.latency, row.first) == (latency.bucket(400_000), latency.bucket(80))
    # 400 s before it ended
    assert row.at in {traffic.five_minutes(before - timedelta(seconds=less)) for less in (400, 395)}
    assert (row.version_id, row.candidate_id) == (call[1].version_id, call[1].candidate_id)
    assert Traffic.objects.get(outcome="rate_limited").first == 0
    assert ApiKey.objects.get().last_used_at >= before


def test_alike_calls_are_one_row_and_written_within_seconds(call: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "FLUSH_SECONDS", 0.05)

    async def scenario(meter: Meter) -> int:
        for _ in range(1000):
            meter.note(*call, outcome="answered", milliseconds=50.0, tokens_in=1)
        await asyncio.sleep(0.4)
        return await aside(lambda: sum(Traffic.objects.values_list("requests", flat=True)))

    assert played(scenario) == 1000
    assert Traffic.objects.count() <= 2


def test_a_try_is_never_counted(call: Any) -> None:
    grant, served = call
    meter = Meter()
    meter.note(Grant(0, 1, grant.limits, None, grant.served), served, outcome="answered")
    assert not meter._counted


def test_an_outcome_nobody_knows_is_refused_where_it_is_told(call: Any) -> None:
    with pytest.raises(ValueError, match="no outcome"):
        Meter().note(*call, outcome="splendid")


def test_what_a_database_that_is_away_missed_is_written_later_and_once(call: Any, monkeypatch: Any) -> None:
    add, away = traffic.add, SimpleNamespace(times=0)

    def sometimes(*args: Any) -> None:
        away.times += 1
        if away.times < 4:
            raise OperationalError("away")
        add(*args)

    monkeypatch.setattr(traffic, "add", sometimes)
    monkeypatch.setattr(module, "FLUSH_SECONDS", 0.03)

    async def scenario(meter: Meter) -> None:
        for _ in range(10):
            meter.note(*call, outcome="answered", tokens_in=1)
            await asyncio.sleep(0.03)

    played(scenario)
    assert away.times >= 4
    assert sum(Traffic.objects.values_list("requests", flat=True)) == 10
    assert sum(Traffic.objects.values_list("tokens_in", flat=True)) == 10


def test_a_write_that_goes_on_when_the_end_comes_is_done_once(call: Any, monkeypatch: Any) -> None:
    add = traffic.add
    monkeypatch.setattr(traffic, "add", lambda *args: (time.sleep(0.3), add(*args)))
    monkeypatch.setattr(module, "FLUSH_SECONDS", 0.01)

    async def scenario(meter: Meter) -> None:
        meter.note(*call, outcome="answered")
        await asyncio.sleep(0.1)
        meter.note(*call, outcome="answered")

    played(scenario)
    assert sum(Traffic.objects.values_list("requests", flat=True)) == 2


def test_memory_is_bounded_by_telling_rows_apart_less_finely(call: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 40)
    meter = Meter()
    for number in range(2000):
        took = {"milliseconds": 1.3 ** (number % 50), "first_milliseconds": 1.2 ** (number % 37)}
        meter.note(*call, outcome=("answered", "refused")[number % 2], tokens_out=2, **took)
        assert len(meter._counted) <= 40
    assert sum(counts[0] for counts in meter._counted.values()) == 2000
    assert sum(counts[2] for counts in meter._counted.values()) == 4000
    assert {row.outcome for row in meter._counted} == {"answered", "refused"}


def test_days_without_a_database_keep_the_days_apart(call: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 8)
    meter = Meter()
    for hours in range(48):
        meter.note(*call, outcome="answered", milliseconds=hours * 3_600_000.0)
    assert len(meter._counted) <= 8
    assert len({row.at.date() for row in meter._counted}) in {2, 3}
