"""Calls that were made before are not made again: they are found by their key among the rows of calls.

    a call's key → is it being made in this process? wait for it
                 → was it ever answered? take the oldest answer (one query for all keys of a few ms)
                 → make it, and let nobody else make it until its row is saved

A failure is never kept: who waited for a call that failed makes it.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future
from typing import Any, NamedTuple

from training.engines import Reply
from training.models import Call
from training.services.purse import Stopped

Make = Callable[[], Awaitable[Reply]]

GATHER_SECONDS = 0.003
"""Keys are collected for so long, then looked up together."""

_FIELDS = ("key", "item", "judge", "text", "identity", "finish", "tokens_in", "tokens_out", "latency_ms", "structured")
_flights: dict[str, "Future[Known | None]"] = {}
_flights_lock = threading.Lock()


class Whose(NamedTuple):
    """Whose call it is: an item's (id), for its answer or for a judge's verdict (id of the judge)."""

    item_id: int
    judge_id: int | None


class Known(NamedTuple):
    """A reply, and whose call brought it first."""

    reply: Reply
    whose: Whose


class NoCache:
    """Every call is made, whatever was answered before."""

    async def reply(self, key: str, mine: Whose, make: Make) -> Known:
        """What `make()` brings."""
        return Known(await make(), mine)

    def saved(self, keys: Iterable[str]) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Cache(NoCache):
    """The calls of one shift, on its event loop; `database` runs a query on the shift's thread for them."""

    def __init__(self, database: Callable[[Callable[[], Any]], Awaitable[Any]]) -> None:
        self._database = database
        self._asked: dict[str, asyncio.Future[Known | None]] = {}
        self._gathering: asyncio.Task[None] | None = None
        self._mine: dict[str, Future[Known | None]] = {}
        self._stopped = asyncio.Event()

    async def reply(self, key: str, mine: Whose, make: Make) -> Known:
        """The first reply to this call, or what `make()` brings; `make` is called at most once in this process.

        Raises what `make` raises, Stopped when the shift ends while another makes the call.
        """
        flight, leads = _board(key)
        if leads:
            return await self._lead(key, mine, make, flight)
        return await self._landed(flight) or Known(await make(), mine)

    def saved(self, keys: Iterable[str]) -> None:
        """Nothing; these calls have rows now, where everybody finds them."""
        for key in keys:
            _leave(key, self._mine.pop(key, None))

    def stop(self) -> None:
        """Nothing; nobody waits any more for a call that another makes."""
        self._stopped.set()

    def close(self) -> None:
        """Nothing; nobody waits for a call of this shift, and what was not saved is forgotten."""
        self.saved(list(self._mine))

    async def _lead(self, key: str, mine: Whose, make: Make, flight: "Future[Known | None]") -> Known:
        self._mine[key] = flight
        try:
            found = await self._find(key)
            known = found or Known(await make(), mine)
        except BaseException:
            flight.set_result(None)
            self.saved([key])
            raise
        flight.set_result(known)
        if found:
            self.saved([key])
        return known

    async def _landed(self, flight: "Future[Known | None]") -> Known | None:
        landed: asyncio.Future[Known | None] = asyncio.wrap_future(flight)
        stopped = asyncio.create_task(self._stopped.wait())
        either: set[asyncio.Future[Any]] = {landed, stopped}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not landed.done():
                raise Stopped
            return landed.result()
        finally:
            stopped.cancel()
            landed.cancel()  # the call may land when this loop is closed

    async def _find(self, key: str) -> Known | None:
        answer: asyncio.Future[Known | None] = asyncio.get_running_loop().create_future()
        self._asked[key] = answer
        if self._gathering is None:
            self._gathering = asyncio.create_task(self._look_up())
        return await answer

    async def _look_up(self) -> None:
        await asyncio.sleep(GATHER_SECONDS)
        asked, self._asked, self._gathering = self._asked, {}, None
        try:
            found = await self._database(lambda: earlier(asked))
        except BaseException as problem:
            for answer in asked.values():
                if not answer.done():
                    answer.set_exception(problem)
            if isinstance(problem, asyncio.CancelledError):
                raise
            return
        for key, answer in asked.items():
            if not answer.done():
                answer.set_result(found.get(key))


def earlier(keys: Iterable[str]) -> dict[str, Known]:
    """The oldest answered call of each key that has one; empty answers do not count. One query."""
    made = Call.objects.filter(key__in=list(keys), reused=False).exclude(text="")
    rows = made.order_by("-pk").values_list(*_FIELDS)
    return {key: _known(*row) for key, *row in rows}


def _known(item: int, judge: int | None, text: str, *rest: Any) -> Known:
    identity, finish, tokens_in, tokens_out, latency_ms, structured = rest
    return Known(Reply(text, identity, tokens_in, tokens_out, finish, latency_ms, 1, structured), Whose(item, judge))


def _board(key: str) -> "tuple[Future[Known | None], bool]":
    """The call of that key that is being made, and whether it is now for the caller to make it."""
    with _flights_lock:
        if key in _flights:
            return _flights[key], False
        flight = _flights[key] = Future()
        flight.set_running_or_notify_cancel()  # from now on nobody who waits can cancel it
        return flight, True


def _leave(key: str, flight: "Future[Known | None] | None") -> None:
    with _flights_lock:
        if flight is not None and _flights.get(key) is flight:
            del _flights[key]
