"""After calls that ended in every way there is, nothing of them is left: no task, no connection, no place, no token."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
import redis as redis_client

from tests.gateway_place import CHAT, Caller, ask, counting, hello, served, traffic
from tests.stub_server import StubServer

pytestmark = pytest.mark.django_db(transaction=True)
CALLS, WIDE, SEED = 160, 40, 9
# What the server behind does: it answers, breaks off, sends rubbish, fails, and never answers.
MOODS = (
    *("ok", "ok", "ok", "empty", "none", "stream-cut", "stream-garbage", "stream-filtered", "stream-stalls"),
    *("garbage", "html", "nothing", "no-choices", "e400", "e429-hour", "e500", "mute-400", "redirect", "black-hole"),
)
PLACES = 16
LIMITS = {"requests_per_minute": 100_000, "tokens_per_minute": 100_000_000, "tokens_per_month": 1_000_000_000}


class Left(NamedTuple):
    """What is left in a process of calls that are over."""

    tasks: int
    requests: int
    inside: int
    waiting: int
    connections: int
    reserved: int


def left(app: Any) -> Left:
    """What of its calls a gateway in this process holds now."""
    chat = app._chat
    doors, sessions = chat.upstream.places._doors.values(), chat.upstream._sessions.values()
    return Left(
        tasks=len(asyncio.all_tasks()),
        requests=len(app._open),
        inside=sum(door._inside for door in doors),
        waiting=sum(len(door._queue) for door in doors) + chat.upstream.places._waiting,
        connections=sum(len(session.connector._acquired) for session in sessions),
        reserved=sum(book.flight for book in chat.limits._ledger._books.values()),
    )


async def one_call(call: Caller, secret: str, chance: random.Random) -> str:
    """How a call ended: half of the clients go away, after some time or with the first piece."""
    body = hello(text=f"mode:{chance.choice(MOODS)}", stream=chance.random() < 0.7)
    exchange, leaves = call.open("POST", CHAT, body, secret), chance.random() < 0.5
    if leaves and chance.random() < 0.5:
        await asyncio.sleep(chance.random() * 0.1)
    elif leaves:
        with suppress(TimeoutError):
            await exchange.until(lambda answer: answer.pieces, seconds=0.2)
    if leaves:
        exchange.leave()
    answer = await exchange.end()
    return "left" if leaves else str(answer.status)


async def drilled(call: Caller, secret: str, calls: int) -> tuple[Left, Left, Counter[str]]:
    """What was held before and after so many calls, and how these ended."""
    chance, ends, numbers = random.Random(SEED), Counter[str](), iter(range(calls))  # noqa: S311
    await call.post(CHAT, hello(text="mode:ok"), secret)
    before = left(call.app)

    async def client() -> None:
        for _ in numbers:
            ends[await one_call(call, secret, chance)] += 1

    await asyncio.gather(*(client() for _ in range(WIDE)))
    async with asyncio.timeout(2):
        while left(call.app) != before:
            await asyncio.sleep(0.01)
    return before, left(call.app), ends


@pytest.fixture
def redis() -> Iterator[str]:
    with counting() as address:
        yield address


def test_nothing_is_left_of_calls_that_ended_in_every_way(redis: str) -> None:
    with StubServer() as stub:
        reached = {"timeout": 0.4, "patience": 0.6, "max_concurrency": PLACES}
        _, secret = served(stub.base_url, "by-prompt", key=LIMITS, reached=reached)
        before, after, ends = ask(redis, lambda call: drilled(call, secret, CALLS))
        assert stub.in_flight() == 0
    assert before == after and before[1:] == (0, 0, 0, 0, 0)
    assert ends.total() == CALLS and {"left", "200", "502", "503", "504"} <= set(ends)
    counted = sum(row[2] + row[3] for row in traffic())
    held = {name: rows for name, rows in in_redis(redis).items() if b":window:" in name or b":month:" in name}
    assert {int(rows.get(b"tokens", rows.get(b"used", 0))) for rows in held.values()} == {counted}
    assert not [field for rows in held.values() for field in rows if field.startswith(b"f:")]


def in_redis(address: str) -> dict[bytes, dict[bytes, bytes]]:
    """Every hash of the server."""
    with redis_client.Redis(unix_socket_path=address.removeprefix("unix://")) as server:
        return {name: server.hgetall(name) for name in server.scan_iter()}


def hasty(app: Any) -> Any:
    """The application before clients that hang up with the last byte, while it still waits for its server."""

    async def called(scope: Any, receive: Any, send: Any) -> None:
        gone = asyncio.Event()

        async def receives() -> Any:
            hears = asyncio.ensure_future(gone.wait())
            comes = asyncio.ensure_future(receive())
            await asyncio.wait([hears, comes], return_when=asyncio.FIRST_COMPLETED)
            for waits in (hears, comes):
                waits.cancel()
            return {"type": "http.disconnect"} if gone.is_set() else await comes

        async def sends(message: Any) -> None:
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                gone.set()
                await asyncio.sleep(0.05)

        await app(scope, receives, sends)

    return called


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_hangs_up_with_the_last_byte_was_answered(redis: str, stream: bool) -> None:
    async def scenario(call: Caller) -> str:
        answer = await Caller(hasty(call.app)).post(CHAT, hello(stream=stream), secret)
        return answer.text

    with StubServer() as stub:
        _, secret = served(stub.base_url)
        assert ask(redis, scenario) == "hello " * 40
    assert [row[:2] for row in traffic()] == [("answered", 1)]
