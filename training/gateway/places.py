"""Where the models of this process are reached: how many calls at one time each takes, and servers that it starts."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from annotations.core import folder
from training import engines
from training.engines import Endpoint, EngineError, NoWeights
from training.engines._gate import Gate
from training.engines._reach import Reach
from training.engines._server import Life, Server, server, stop_all
from training.gateway.failures import BUSY, NO_WEIGHTS, STARTING, UNREACHABLE, UPSTREAM, Broken
from training.services.deploy.grants import Served

log = logging.getLogger(__name__)

WAIT_SECONDS, MOST_WAITING = 30.0, 1000
START_SECONDS, START_AGAIN = 20.0, 10.0


class Address(NamedTuple):
    """Where a model is asked, without its last slash, and by what name; `reach` are the rules for a typed address."""

    base_url: str
    model: str
    reach: Reach | None = None


class Places:
    """A door before each model: at most its `max_concurrency` calls at one time, first come, first served."""

    def __init__(self) -> None:
        self._doors: dict[tuple[str, str, str], Gate] = {}
        self._waiting = 0

    @asynccontextmanager
    async def place(self, served: Served) -> AsyncIterator[Address]:
        """The model's address while the call has its place. Raises Broken when there is none in time."""
        endpoint = served.endpoint
        if endpoint is None:
            raise Broken(UPSTREAM, served.trouble or "the model cannot be asked from here")
        door = self._door(endpoint)
        await self._enter(door)
        try:
            if endpoint.base_url.startswith(("http://", "https://")):
                yield Address(endpoint.base_url.strip().rstrip("/"), endpoint.model, endpoint.reach)
            else:
                async with _started(served.engine, endpoint) as address:
                    yield address
        finally:
            await door.__aexit__()

    def _door(self, endpoint: Endpoint) -> Gate:
        name = (endpoint.base_url, endpoint.weights, endpoint.model)
        door = self._doors.get(name)
        if door is None:
            door = self._doors[name] = Gate(endpoint.max_concurrency)
        elif door.limit != endpoint.max_concurrency:
            door.limit = endpoint.max_concurrency
        return door

    async def _enter(self, door: Gate) -> None:
        if self._waiting >= MOST_WAITING:
            raise Broken(BUSY, "too many calls wait for a place")
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await door.__aenter__()
        except TimeoutError:
            raise Broken(BUSY, f"no place within {WAIT_SECONDS:g} s") from None
        finally:
            self._waiting -= 1


@asynccontextmanager
async def _started(engine: str, endpoint: Endpoint) -> AsyncIterator[Address]:
    """The address of a server of this process, which is started when it does not run."""
    here, name = _server(engine, endpoint)
    try:
        life = here.enter()
    except EngineError as problem:
        raise _broken(problem) from None
    try:
        yield Address(await _ready(life), name)
    finally:
        here.leave()


async def _ready(life: Life) -> str:
    try:
        async with asyncio.timeout(START_SECONDS):
            return await asyncio.wrap_future(life.ready)
    except TimeoutError:
        raise Broken(STARTING, "its server is being started", START_AGAIN) from None
    except EngineError as problem:
        raise _broken(problem) from None


def _broken(problem: EngineError) -> Broken:
    if isinstance(problem, NoWeights):
        return Broken(NO_WEIGHTS, problem.message, START_AGAIN)
    return Broken(UNREACHABLE, problem.message)


def _server(engine: str, endpoint: Endpoint) -> tuple[Server, str]:
    try:
        launched: Any = folder.module(engines.__name__, engine) if engines.starts(engine) else None
        if launched is None:
            raise Broken(UPSTREAM, f"an endpoint asks servers over HTTP, and there is none for the engine {engine!r}")
        launch = launched.launch(endpoint)
        return server(launch), launch.asked
    except (EngineError, LookupError) as problem:
        raise Broken(UPSTREAM, str(problem)) from None


async def end_servers() -> None:
    """Nothing; servers that this process started are ended."""
    await asyncio.to_thread(stop_all)
