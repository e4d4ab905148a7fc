"""What a key may ask for, counted for all processes together in Redis: any 60 seconds, and a calendar month in UTC.

A call reserves the most it can cost before it begins, and settles what it did cost. All that arrived since the last
word of Redis goes there in one batch of `limits.lua`. A key without limits waits for nobody.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from logging import getLogger
from typing import Any

from django.conf import settings

from training.gateway import limit_words
from training.gateway.database import Away, Database
from training.gateway.ledger import KEEP_SECONDS, Ledger, ends, month_of
from training.gateway.limit_server import Server, ServerAway
from training.services.deploy import traffic
from training.services.deploy.grants import Limits as Allowed

log = getLogger(__name__)

BEAT_SECONDS = 0.5
SETTLE_SECONDS = 0.005
"""How long a settlement may wait for others to go with it."""
LARGEST_BATCH = 512
PATIENCE_SECONDS = 5.0
READ_SECONDS = 3.0
UNLIMITED = Allowed()


@dataclass(slots=True)
class Reservation:
    """A call that may begin: what it holds until it is settled, and the x-ratelimit-* headers of its answer."""

    key: str
    month: str
    """The month it counts in; empty where none is counted."""
    tokens: int
    headers: Mapping[str, str] = field(default_factory=dict)
    second: int = 0
    """The second of Redis' clock that holds the tokens for a minute; 0 where none does."""
    epoch: int = 0
    held: int = 0
    """The tokens that its month holds; 0 without a quota."""
    settled: bool = False


@dataclass(slots=True)
class _Wish:
    key: str
    month: str
    allowed: Allowed
    tokens: int
    answer: "asyncio.Future[Reservation | list[Any]]" = field(default_factory=asyncio.Future)

    def told(self) -> list[Any]:
        allowed = self.allowed
        limits = (allowed.requests_per_minute, allowed.tokens_per_minute, allowed.tokens_per_month)
        return [self.key, *(limit or 0 for limit in limits), self.month, self.tokens]


class Limits:
    """The limits of all keys, as this process holds to them; `open` before the first call, `close` after the last."""

    def __init__(self, address: str = "") -> None:
        self._server = Server(address or settings.GATEWAY_REDIS)
        self._database = Database()
        self._ledger = Ledger()
        self._name = secrets.token_hex(8)
        self._wishes: deque[_Wish] = deque()
        self._loads: list[list[Any]] = []
        self._reading: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._tellers: list[asyncio.Future[None]] = []
        self._writing = False
        self._everything = True
        self._epoch = self._writes = 0
        self._wake = asyncio.Event()
        self._later: asyncio.TimerHandle | None = None
        self._open = False
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Nothing; from now on batches go to Redis, whether it is there already or not."""
        self._open = True
        self._tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._beat())]

    async def close(self) -> None:
        """Nothing; what was settled has been told to Redis, if it could be reached."""
        # a batch on its way is waited for: cancelled, nobody would know whether it was counted
        self._open, self._everything = False, True
        self._wake.set()
        for number, task in enumerate(self._tasks):
            if number:
                task.cancel()
            await asyncio.wait([task])
        await self._server.close()
        await self._database.close()

    async def reserve(
        self, key: int | str, allowed: Allowed, tokens: int, began: datetime | None = None
    ) -> Reservation:
        """A place for a call that can cost up to `tokens`, in the month it `began` in: now, where that is None.

        `key` is a key's row id, or a string for whatever else is counted; such a one has no month.
        Raises Refused: 400 when it can never fit, 429 when it does not fit now, 503 when nobody can count.
        """
        limit_words.refuse_what_never_fits(allowed, tokens)
        month = month_of(began or datetime.now(UTC)) if isinstance(key, int) else ""
        if allowed == UNLIMITED:
            return Reservation(str(key), month, tokens)
        end, tries = time.monotonic() + PATIENCE_SECONDS, 0
        while True:
            answer = await self._ask(_Wish(str(key), month, allowed, tokens))
            if isinstance(answer, Reservation):
                return answer
            if answer[0] not in {"settling", "unread"} or time.monotonic() > end:
                raise limit_words.refused(answer, allowed, tokens, ends(month) - time.time() if month else 0)
            tries += 1
            await self._make_ready(answer, str(key), month, tries)

    def counts(self) -> bool:
        """True when Redis answered the last batch; one goes there every half second at the least."""
        return not self._server.away

    def settle(self, reservation: Reservation, tokens: int) -> None:
        """Nothing, at once: the call has ended and did cost `tokens`, as the meter is told too. Again it does nothing.

        Tokens that were reserved and not used are free again within milliseconds.
        """
        if reservation.settled:
            return
        reservation.settled = True
        if reservation.month:
            self._ledger.ended(reservation.key, reservation.month, reservation.held, tokens)
        if reservation.second:
            too_much = reservation.tokens - tokens
            self._ledger.give_back(reservation.key, reservation.second, too_much, reservation.epoch)
            self._soon()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """A context in which settled tokens are written to the database: meanwhile no process reads a month from it."""
        self._writing = True
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tellers.append(told)
        self._wake.set()
        try:
            await told
            yield
        finally:
            self._writing = False
            self._wake.set()

    def written(self, key: int, at: datetime, tokens: int) -> None:
        """Nothing; that many tokens of calls which began `at` are in the database. Called inside `writing`."""
        self._ledger.written(str(key), month_of(at), tokens)

    async def _ask(self, wish: _Wish) -> Reservation | list[Any]:
        self._wishes.append(wish)
        self._wake.set()
        try:
            return await wish.answer
        except asyncio.CancelledError:
            if wish.answer.done() and not wish.answer.cancelled() and wish.answer.exception() is None:
                self._release(wish.answer.result())
            raise

    def _release(self, answer: Reservation | list[Any]) -> None:
        if isinstance(answer, Reservation):
            self.settle(answer, 0)

    async def _make_ready(self, answer: list[Any], key: str, month: str, tries: int) -> None:
        if answer[0] == "settling":
            await asyncio.sleep(answer[1] / 1000)
            return
        if tries > 1:
            await asyncio.sleep(0.01 * tries)
        if (key, month) not in self._reading:
            reading = self._reading[key, month] = asyncio.create_task(self._read(key, month))
            reading.add_done_callback(lambda _: self._reading.pop((key, month), None))
        try:
            await asyncio.shield(self._reading[key, month])
        except Away as problem:
            raise limit_words.away(2) from problem

    async def _read(self, key: str, month: str) -> None:
        seen = [self._epoch, self._writes]
        asked = self._database.ask(traffic.tokens_in_month, int(key), month)
        total = await asyncio.wait_for(asked, READ_SECONDS)
        self._loads.append([key, month, ends(month) + KEEP_SECONDS, total, *seen])

    def _soon(self) -> None:
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._wake.set)

    async def _beat(self) -> None:
        while True:
            self._ledger.forget_old(time.time())
            self._everything = True
            self._wake.set()
            await asyncio.sleep(BEAT_SECONDS)

    async def _send(self) -> None:
        while self._open or self._everything:
            await self._wake.wait()
            try:
                await self._one_batch()
            except Exception:
                log.exception("A batch of limits failed; its calls were refused.")

    async def _one_batch(self) -> None:
        wishes, tellers, batch = self._take()
        try:
            self._epoch, self._writes, answers = await self._server.ask(batch)
            self._ledger.arrived()
            for wish, answer in zip(wishes, answers, strict=True):
                self._hand_over(wish, answer)
        except ServerAway:
            self._ledger.lost()
        finally:
            for wish in wishes:
                if not wish.answer.done():
                    wish.answer.set_exception(limit_words.away())
            for told in tellers:
                if not told.done():
                    told.set_result(None)

    def _take(self) -> tuple[list[_Wish], list[asyncio.Future[None]], dict[str, Any]]:
        self._wake.clear()
        if self._later is not None:
            self._later.cancel()
            self._later = None
        waiting = [self._wishes.popleft() for _ in range(min(len(self._wishes), LARGEST_BATCH))]
        wishes = [wish for wish in waiting if not wish.answer.done()]
        if self._wishes:
            self._wake.set()
        tellers, self._tellers = self._tellers, []
        loads, self._loads = self._loads, []
        batch = self._ledger.take(self._everything)
        self._everything = False
        batch |= {"process": self._name, "writing": self._writing, "loads": loads}
        return wishes, tellers, batch | {"begin": [wish.told() for wish in wishes]}

    def _hand_over(self, wish: _Wish, answer: list[Any]) -> None:
        told: Reservation | list[Any] = answer
        if answer[0] == "begun":
            told = self._begun(wish, *answer[1:])
        if wish.answer.done():
            self._release(told)
        else:
            wish.answer.set_result(told)

    def _begun(self, wish: _Wish, second: int, requests: int, tokens: int, reset: int) -> Reservation:
        headers = limit_words.headers(wish.allowed, requests, tokens, reset)
        held = wish.tokens if wish.allowed.tokens_per_month is not None else 0
        if held:
            self._ledger.begun(wish.key, wish.month, held)
        return Reservation(wish.key, wish.month, wish.tokens, headers, second, self._epoch, held)
