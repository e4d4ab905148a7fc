"""A door that lets a settable number of calls through at one time."""

import asyncio
from collections import deque

from training.engines import EngineError

SHUT = "The work was stopped before this call began."


class Gate:
    """`async with gate:` holds one of `limit` places; first come, first served; a limit of 0 lets nobody in.

    Raising the limit wakes those who wait; lowering it sends nobody away who is inside.
    """

    def __init__(self, limit: int) -> None:
        self._limit, self._inside, self._shut = max(0, limit), 0, False
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def limit(self) -> int:
        """The number of places."""
        return self._limit

    @limit.setter
    def limit(self, places: int) -> None:
        self._limit = max(0, places)
        self._admit()

    def shut(self) -> None:
        """Let nobody in any more: those who wait, and those who come, get a passing EngineError."""
        self._shut = True
        while self._queue:
            ticket = self._queue.popleft()
            if not ticket.done():
                ticket.set_exception(EngineError("passing", SHUT))

    async def __aenter__(self) -> None:
        if self._shut:
            raise EngineError("passing", SHUT)
        if self._inside < self._limit and not self._queue:
            self._inside += 1
            return
        ticket = asyncio.get_running_loop().create_future()
        self._queue.append(ticket)
        try:
            await ticket
        except asyncio.CancelledError:
            self._leave_queue(ticket)
            raise

    async def __aexit__(self, *unused: object) -> None:
        self._leave()

    def _leave(self) -> None:
        self._inside -= 1
        self._admit()

    def _leave_queue(self, ticket: asyncio.Future[None]) -> None:
        if ticket in self._queue:
            self._queue.remove(ticket)
        elif not ticket.cancelled() and not ticket.exception():
            self._leave()  # it was let in and cancelled at the same moment

    def _admit(self) -> None:
        while self._queue and self._inside < self._limit:
            ticket = self._queue.popleft()
            if not ticket.done():
                self._inside += 1
                ticket.set_result(None)
