"""An engine whose server this process starts when it is first asked; spoken to over the OpenAI protocol."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from time import monotonic
from typing import Any, NamedTuple, TypeVar

from training.engines import Ending, Endpoint, EngineError, Messages, Reply, Sampling, openai_http
from training.engines._server import Launch, Life, server

T = TypeVar("T")
ROUNDS = 5
"""How often a call is begun at most, each time at a new server."""
GIVEN_UP = "The call was given up while {label} was being started."
ENDED = "{label} ended under the call, again and again."


class _Ended(Exception):
    """The server ended under a call."""


class _Line(NamedTuple):
    """One life of the server as the event loop of an engine sees it."""

    life: Life
    engine: openai_http.OpenAIEngine
    gone: asyncio.Event


class ServedEngine:
    """Starts the server when it does not run, then speaks to it; see Engine for what its methods give back.

    A server that ends under a call is started again and asked again. Where it takes no `schemas`, none is sent; what it
    calls itself is put right where it goes by another name than the model's.
    """

    def __init__(self, endpoint: Endpoint, launch: Launch, *, schemas: bool = True) -> None:
        self._endpoint, self._limit, self._schemas = endpoint, endpoint.max_concurrency, schemas
        self._launch, self._server = launch, server(launch)
        self._line: _Line | None = None
        self._starting = 0
        self._stopped = asyncio.Event()

    @property
    def limit(self) -> int:
        """Calls open at one time at most."""
        return self._limit

    @limit.setter
    def limit(self, places: int) -> None:
        self._limit = places
        if self._line:
            self._line.engine.limit = places

    @property
    def waiting(self) -> int:
        """Calls that now wait for their next try, or for the server to be started."""
        return self._starting + (self._line.engine.waiting if self._line else 0)

    @property
    def next_try(self) -> float:
        """Seconds until the nearest next try; 0 when no call waits."""
        return self._line.engine.next_try if self._line else 0.0

    @property
    def trouble(self) -> str:
        """Why calls wait, in words; empty when none waits."""
        life = self._server.life
        if self._starting and life:
            label, name = self._launch.label, self._endpoint.model
            if life.fetches:
                return f"The weights of {name} are fetched here, {monotonic() - life.began:.0f} s so far."
            return f"{label} is being started with {name}, {monotonic() - life.began:.0f} s so far."
        return self._line.engine.trouble if self._line else ""

    def give_up(self) -> None:
        """End every call that waits for the server or its next try, and every later one, with a passing error."""
        self._stopped.set()
        if self._line:
            self._line.engine.give_up()

    async def chat(self, messages: Messages, sampling: Sampling, schema: dict[str, Any] | None = None) -> Reply:
        """The whole answer. Raises EngineError, NotServed when the server cannot be had."""
        sent = schema if self._schemas else None
        for _ in range(ROUNDS):
            async with self._asking() as line:
                with suppress(_Ended):
                    reply = await _unless(line.gone, line.engine.chat(messages, sampling, sent))
                    return self._named(reply._replace(structured=False) if schema and not sent else reply)
        raise EngineError("passing", ENDED.format(label=self._launch.label))

    async def stream(self, messages: Messages, sampling: Sampling, ending: Ending | None = None) -> AsyncIterator[str]:
        """The answer in pieces. Raises EngineError, NotServed when the server cannot be had."""
        told = ending or Ending()
        async with self._asking() as line:
            async for piece in line.engine.stream(messages, sampling, told):
                yield piece
        if self._renamed:
            told.identity = self._endpoint.model

    async def close(self) -> None:
        """End the connections; the server stays for other engines of this process, until nobody asks it any more."""
        if self._line:
            await self._line.engine.close()

    @property
    def _renamed(self) -> bool:
        return self._launch.asked != self._endpoint.model

    def _named(self, reply: Reply) -> Reply:
        return reply._replace(identity=self._endpoint.model) if self._renamed else reply

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[_Line]:
        life = self._server.enter()
        try:
            yield await self._reached(life)
        finally:
            self._server.leave()

    async def _reached(self, life: Life) -> _Line:
        address = life.ready.result() if life.ready.done() else await self._ready(life)
        if self._line is None or self._line.life is not life:
            before, self._line = self._line, self._new_line(life, address)
            if before:
                await before.engine.close()
        return self._line

    def _new_line(self, life: Life, address: str) -> _Line:
        name = self._launch.asked
        here = self._endpoint._replace(base_url=address, model=name, max_concurrency=self._limit)
        line = _Line(life, openai_http.engine(here), asyncio.Event())
        life.ended.add_done_callback(partial(_tell, asyncio.get_running_loop(), line.gone.set))
        if self._stopped.is_set():
            line.engine.give_up()
        return line

    async def _ready(self, life: Life) -> str:
        self._starting += 1
        try:
            return await _unless(self._stopped, asyncio.wrap_future(life.ready))
        except _Ended:
            raise EngineError("passing", GIVEN_UP.format(label=self._launch.label)) from None
        finally:
            self._starting -= 1


async def _unless(event: asyncio.Event, job: "Coroutine[Any, Any, T] | asyncio.Future[T]") -> T:
    """What the job gives back. Raises _Ended when the event comes first; the job is cancelled then."""
    doing: asyncio.Future[T] = asyncio.ensure_future(job)
    heard = asyncio.ensure_future(event.wait())
    both: set[asyncio.Future[Any]] = {doing, heard}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        raise _Ended
    finally:
        heard.cancel()
        await _cancelled(doing)


async def _cancelled(job: Awaitable[Any]) -> None:
    """Nothing; the job is over, whatever came of it."""
    doing = asyncio.ensure_future(job)
    if not doing.done():
        doing.cancel()
        with suppress(asyncio.CancelledError, EngineError):
            await doing


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[[], None], _: object) -> None:
    with suppress(RuntimeError):  # a loop that is closed needs to hear nothing
        loop.call_soon_threadsafe(what)
