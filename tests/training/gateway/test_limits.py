"""Limits of keys: what is counted, what is refused and until when, and what becomes of it when Redis goes away."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from typing import Any, TypeVar

import orjson
import pytest
from redis import Redis

from tests.gateway_place import counting
from training.gateway.limit_server import BASE, SCRIPT
from training.gateway.limit_words import duration
from training.gateway.limits import Limits, Reservation
from training.gateway.refused import Refused
from training.services.deploy.grants import Limits as Allowed

T = TypeVar("T")
_keys = count(1)


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    with counting() as address:
        yield address


@pytest.fixture
def key() -> int:
    return next(_keys)


def played(redis: str, scenario: Callable[[Limits], Awaitable[T]]) -> T:
    async def play() -> T:
        limits = Limits(redis)
        await limits.open()
        try:
            return await scenario(limits)
        finally:
            await limits.close()

    return asyncio.run(play())


async def tried(limits: Limits, key: int | str, allowed: Allowed, tokens: int = 10) -> Reservation | Refused:
    try:
        return await limits.reserve(key, allowed, tokens)
    except Refused as refusal:
        return refusal


async def settled(limits: Limits, *reservations: Any, tokens: int = 0) -> None:
    """Settle them, and wait until Redis knows."""
    for one in reservations:
        limits.settle(one, tokens)
    await limits.reserve("somebody", Allowed(requests_per_minute=10_000), 1)


def older(redis: str, key: int | str, seconds: int) -> None:
    """The minute of a key as if that much time had gone by since."""
    server, name = Redis.from_url(redis, decode_responses=True), f"{BASE}:window:{key}"
    held = server.hgetall(name)
    server.delete(name)
    for field, value in held.items():
        if field in {"at", "last"}:
            server.hset(name, field, int(value) - seconds)
        elif field[0] in "rt" and field[1:].isdigit():
            server.hset(name, f"{field[0]}{int(field[1:]) - seconds}", value)
        else:
            server.hset(name, field, value)


def test_no_more_calls_begin_in_a_minute_than_the_key_may(redis: str, key: int) -> None:
    allowed = Allowed(requests_per_minute=5)

    async def scenario(limits: Limits) -> list[Any]:
        return await asyncio.gather(*(tried(limits, key, allowed) for _ in range(20)))

    answers = played(redis, scenario)
    assert sum(isinstance(one, Reservation) for one in answers) == 5
    refusal = next(one for one in answers if isinstance(one, Refused))
    assert (refusal.status, refusal.code, refusal.type) == (429, "rate_limit_exceeded", "requests")
    # all five began in this second or the one before, and count for 60 whole seconds after it: 60 to 61 s
    assert 59 <= int(refusal.headers["Retry-After"]) <= 61
    assert refusal.headers["x-ratelimit-remaining-requests"] == "0"


def test_a_refused_attempt_does_not_count(redis: str, key: int) -> None:
    async def scenario(limits: Limits) -> list[Any]:
        few = [await tried(limits, key, Allowed(tokens_per_minute=100), 60) for _ in range(5)]
        return [*few, await tried(limits, key, Allowed(2, 100), 40)]

    first, *refusals, last = played(redis, scenario)
    assert isinstance(first, Reservation) and isinstance(last, Reservation)
    assert {one.type for one in refusals} == {"tokens"}


def test_what_was_not_used_is_free_again(redis: str, key: int) -> None:
    allowed = Allowed(tokens_per_minute=100)

    async def scenario(limits: Limits) -> list[Any]:
        first = await limits.reserve(key, allowed, 90)
        full = await tried(limits, key, allowed, 90)
        await settled(limits, first, first, tokens=5)
        # 5 + 95 = 100: to the brim, and settling twice freed nothing twice
        return [full, await tried(limits, key, allowed, 96), await tried(limits, key, allowed, 95)]

    full, over, fits = played(redis, scenario)
    assert isinstance(full, Refused) and isinstance(over, Refused)
    assert fits.headers["x-ratelimit-remaining-tokens"] == "0"


def test_a_minute_later_all_of_it_is_free_and_nothing_before(redis: str, key: int) -> None:
    allowed = Allowed(2, 100)

    def again(limits: Limits) -> Awaitable[Any]:
        return tried(limits, key, allowed, 50)

    played(redis, again)
    older(redis, key, 30)
    second = played(redis, again)
    older(redis, key, 29)
    soon = played(redis, again)
    older(redis, key, 3)
    third = played(redis, again)
    assert second.headers["x-ratelimit-remaining-requests"] == "0"
    assert soon.status == 429 and int(soon.headers["Retry-After"]) <= 2
    assert third.headers["x-ratelimit-remaining-tokens"] == "0", "the second call still counts"


def test_the_headers_are_those_of_openai(redis: str, key: int) -> None:
    held = played(redis, lambda limits: limits.reserve(key, Allowed(3, 1000), 300))
    assert held.headers.pop("x-ratelimit-reset-requests")[:2] in {"1m", "60"}
    assert held.headers.pop("x-ratelimit-reset-tokens")[:2] in {"1m", "60"}
    assert held.headers == {
        "x-ratelimit-limit-requests": "3",
        "x-ratelimit-remaining-requests": "2",
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "700",
    }
    assert [duration(one) for one in (850, 12_500, 60_200)] == ["850ms", "12.5s", "1m0.2s"]


def test_a_call_that_never_fits_is_told_the_numbers_and_not_to_wait(redis: str, key: int) -> None:
    refusal = played(redis, lambda limits: tried(limits, key, Allowed(tokens_per_minute=1000), 1001))
    assert (refusal.status, refusal.code, refusal.param) == (400, "request_too_large", "max_tokens")
    assert "1001" in str(refusal) and "1000" in str(refusal) and "max_tokens" in str(refusal)


def test_a_key_without_limits_needs_no_redis(key: int) -> None:
    async def scenario(limits: Limits) -> Reservation:
        held = await limits.reserve(key, Allowed(), 10**9)
        limits.settle(held, 5)
        return held

    assert played("unix:///nowhere/at/all", scenario).headers == {}


def test_two_people_who_try_share_no_limit(redis: str) -> None:
    async def scenario(limits: Limits) -> list[Any]:
        return [await tried(limits, who, Allowed(1)) for who in ("try-1", "try-2", "try-1")]

    first, second, third = played(redis, scenario)
    assert isinstance(first, Reservation) and isinstance(second, Reservation) and isinstance(third, Refused)


def test_a_call_that_left_while_it_waited_holds_nothing(redis: str, key: int) -> None:
    allowed = Allowed(tokens_per_minute=100)

    async def scenario(limits: Limits) -> Any:
        leaving = asyncio.create_task(limits.reserve(key, allowed, 100))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        await settled(limits)
        await settled(limits)
        return await tried(limits, key, allowed, 100)

    assert isinstance(played(redis, scenario), Reservation)


def test_redis_away_refuses_what_has_limits_and_recovers_by_itself(key: int) -> None:
    allowed = Allowed(requests_per_minute=50)

    async def scenario(limits: Limits) -> tuple[Any, float]:
        began = time.monotonic()
        return await tried(limits, key, allowed), time.monotonic() - began

    refusal, seconds = played("unix:///nowhere/at/all", scenario)
    assert (refusal.status, refusal.code, refusal.headers["Retry-After"]) == (503, "limits_unavailable", "1")
    assert seconds < 1


def test_a_server_that_comes_back_empty_counts_from_there(redis: str, key: int) -> None:
    allowed = Allowed(requests_per_minute=2)
    server = Redis.from_url(redis)

    async def scenario(limits: Limits) -> list[Any]:
        answers = [await tried(limits, key, allowed) for _ in range(3)]
        server.flushall()
        server.script_flush()
        server.client_kill_filter(_type="normal", skipme=True)
        return answers + [await tried(limits, key, allowed) for _ in range(3)]

    kinds = [type(one) for one in played(redis, scenario)]
    assert kinds == [Reservation, Reservation, Refused] * 2


def test_what_is_settled_after_redis_was_emptied_takes_nothing_from_others(redis: str, key: int) -> None:
    allowed = Allowed(tokens_per_minute=100)

    async def scenario(limits: Limits) -> Any:
        before = await limits.reserve(key, allowed, 100)
        Redis.from_url(redis).flushall()
        await limits.reserve(key, allowed, 60)
        await settled(limits, before)
        return await tried(limits, key, allowed, 41)

    assert isinstance(played(redis, scenario), Refused)


def test_a_clock_that_is_set_back_keeps_nobody_out_for_longer_than_a_minute(redis: str, key: int) -> None:
    allowed = Allowed(requests_per_minute=2)

    async def scenario(limits: Limits) -> Any:
        await limits.reserve(key, allowed, 1)
        await limits.reserve(key, allowed, 1)
        older(redis, key, -3600)  # what was counted lies an hour ahead of the clock now
        return await tried(limits, key, allowed)

    refused = played(redis, scenario)
    assert isinstance(refused, Refused) and 59 <= int(refused.headers["Retry-After"]) <= 61
    older(redis, key, 61)
    assert isinstance(played(redis, lambda limits: tried(limits, key, allowed)), Reservation)


def test_what_a_key_leaves_in_redis_is_bounded_and_ends_by_itself(redis: str, key: int) -> None:
    server = Redis.from_url(redis)
    for _ in range(70):
        played_fast = server.eval(SCRIPT, 1, BASE, _batch([[str(key), 1000, 1000, 0, "", 1]]))
        older(redis, key, 1)
    assert orjson.loads(played_fast)[2][0][0] == "begun"
    played(redis, lambda limits: limits.reserve(key, Allowed(1000, 1000), 1))
    # 61 seconds count, each with two numbers, and four more
    assert server.hlen(f"{BASE}:window:{key}") <= 2 * 61 + 4
    assert 0 < server.ttl(f"{BASE}:window:{key}") <= 62


def _batch(begin: list[Any], **more: Any) -> bytes:
    batch = {"process": "tester", "serial": 0, "writing": False, "books": [], "back": [], "loads": [], "begin": begin}
    return orjson.dumps(batch | more)


def test_for_any_sixty_seconds_the_limits_hold_and_the_wait_is_exact(redis: str) -> None:
    """An hour of calls at random moments, under a clock of ours: never above 7 calls and 90 tokens in 60 s."""
    server, chance = Redis.from_url(redis), random.Random(11)  # noqa: S311
    script = SCRIPT.replace("redis.call('TIME')", "{batch.second, batch.micro}")
    begun: list[tuple[int, int]] = []
    now, exact = 1_000_000, 0

    def ask(at: int, tokens: int) -> list[Any]:
        told = _batch([["clock", 7, 90, 0, "", tokens]], second=at // 1000, micro=at % 1000 * 1000)
        answer: list[Any] = orjson.loads(server.eval(script, 1, "walk", told))[2][0]
        if answer[0] == "begun":
            begun.append((at, tokens))
        return answer

    while now < 4_600_000:
        now += chance.choice((0, 3, 40, 900, 2500, 7000))
        tokens = chance.randrange(1, 40)
        answer = ask(now, tokens)
        if answer[0] == "minute":
            assert ask(now + answer[2] - 1, tokens)[0] == "minute"
            now += answer[2]
            exact += ask(now, tokens)[0] == "begun"
    for at, _ in begun:
        inside = [tokens for moment, tokens in begun if at <= moment < at + 60_000]
        assert len(inside) <= 7 and sum(inside) <= 90
    # told to wait about once a minute, and each time no millisecond more than it takes
    assert exact > 40 and len(begun) > 200
