"""A few threads that ask the database for the event loop, each with a connection of its own that is kept in order."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Lock
from typing import Any, ParamSpec, TypeVar

from django.db import Error, OperationalError, close_old_connections, connection, connections

P = ParamSpec("P")
T = TypeVar("T")

Away = (Error, TimeoutError)
"""What `ask` raises when the database cannot be asked."""
_renewing = Lock()


class Database:
    """Threads of one use of the database, so that a slow one keeps no other waiting."""

    def __init__(self, threads: int = 1):
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, "gateway-database")

    async def ask(self, function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """What the function gives back, called on one of the threads. Raises what it raises."""

        def on_a_thread() -> T:
            close_old_connections()
            pool = getattr(connection, "pool", None)
            try:
                return function(*args, **named)
            except OperationalError as problem:
                if type(problem.__cause__).__name__ in {"PoolTimeout", "PoolClosed"}:
                    _renew(pool)
                raise
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self._pool, on_a_thread)

    async def close(self) -> None:
        """Nothing; every thread has closed its connection and ended, or is left to its last query after 2 seconds."""
        together = Barrier(self._threads)

        def end() -> None:
            with suppress(BrokenBarrierError):
                together.wait(1)
            connections.close_all()

        loop = asyncio.get_running_loop()
        ends = [loop.run_in_executor(self._pool, end) for _ in range(self._threads)]
        await asyncio.wait(ends, timeout=2)
        self._pool.shutdown(wait=False, cancel_futures=True)


def _renew(pool: Any) -> None:
    # a pool looks ever less often for a server that was away, minutes apart in the end; a new one looks at once
    with _renewing:
        wrapper: Any = connection
        if pool is not None and wrapper.pool is pool:
            wrapper.close_pool()
