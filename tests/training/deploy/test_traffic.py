"""Traffic: rows that grow, whoever adds to them, and what a key has used."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.databases import at_once
from tests.factories import make_deployment, make_key
from training.models import ApiKey, Traffic
from training.services.deploy import traffic
from training.services.deploy.traffic import Row

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
Make = Callable[..., Row]


@pytest.fixture
def key() -> ApiKey:
    return make_key(make_deployment())[0]


def row(key: ApiKey, **more: Any) -> Row:
    one = key.deployment
    assert one is not None
    known = {"deployment": one.pk, "key": key.pk, "version": one.version_id, "candidate": one.candidate_id}
    same = {"at": NOON, "outcome": "answered", "streamed": False, "latency": 9, "first": 0}
    return Row(**(known | same | {"requests": 1, "tokens_in": 10, "tokens_out": 5, "estimated": 0} | more))


def test_alike_calls_are_one_row_that_grows(key: ApiKey) -> None:
    traffic.add([row(key), row(key, outcome="refused")])
    traffic.add([row(key, requests=2, tokens_in=7, estimated=1)])
    grown = Traffic.objects.get(outcome="answered")
    assert (grown.requests, grown.tokens_in, grown.tokens_out, grown.estimated) == (3, 17, 10, 1)
    assert (grown.at, Traffic.objects.count()) == (NOON, 2)


def test_a_group_takes_as_many_queries_as_one(key: ApiKey) -> None:
    taken = []
    for number in (1, 40):
        with CaptureQueriesContext(connection) as queries:
            traffic.add([row(key, latency=step) for step in range(number)], {key.pk: NOON + timedelta(hours=number)})
        taken.append(len(queries))
    assert taken[0] == taken[1]


def test_a_key_was_used_last_when_it_was_used_last(key: ApiKey) -> None:
    later, earlier = timezone.now(), timezone.now() - timedelta(minutes=1)
    traffic.add([row(key)], {key.pk: later})
    traffic.add([row(key)], {key.pk: earlier})
    key.refresh_from_db()
    assert key.last_used_at == later


def test_a_month_ends_at_midnight_in_utc(key: ApiKey) -> None:
    last, first = datetime(2026, 11, 30, 23, 55, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    traffic.add([row(key, at=last), row(key, at=first, tokens_in=100)])
    assert traffic.tokens_in_month(key.pk, "2026-11") == 15
    assert traffic.used_in_month(key.pk, "2026-12") == (1, 105)
    assert traffic.used_in_month(key.pk, "2027-01") == (0, 0)
    assert traffic.used_by_keys([key.pk], first) == {key.pk: (1, 105)}


def test_what_a_key_used_this_month_is_told(key: ApiKey) -> None:
    assert traffic.used_by_keys([key.pk]) == {}
    traffic.add([row(key, at=traffic.five_minutes(timezone.now()), requests=3)])
    assert traffic.used_by_keys([key.pk]) == {key.pk: (3, 15)}


@pytest.mark.django_db(transaction=True)
def test_processes_that_add_at_once_lose_nothing() -> None:
    key = make_key(make_deployment())[0]
    rows = [row(key, latency=step) for step in range(20)]
    told = {key.pk: NOON}

    def add() -> None:
        for turn in range(5):
            traffic.add(rows[turn:] + rows[:turn], told)

    assert at_once(*[add] * 4) == [None] * 4
    # 4 writers, 5 turns
    assert set(Traffic.objects.values_list("requests", flat=True)) == {20}


@pytest.mark.django_db(transaction=True)
def test_rows_of_what_is_gone_keep_no_others_from_being_written() -> None:
    key = make_key(make_deployment())[0]
    traffic.add([row(key), row(key, version=10**9), row(key, latency=3), row(key)._replace(key=10**9)], {key.pk: NOON})
    assert Traffic.objects.count() == 2
    assert ApiKey.objects.get().last_used_at == NOON
