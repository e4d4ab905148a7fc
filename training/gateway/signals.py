"""The news that the process is to end, beside what its server makes of it."""

import asyncio
import signal
from collections.abc import Callable
from types import FrameType


def on_end(told: Callable[[], None]) -> None:
    """Nothing; SIGTERM and SIGINT call `told` in the running loop as well. Only the main thread can ask for that."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def heard(what: int, where: FrameType | None, before: object = before) -> None:
            loop.call_soon_threadsafe(told)
            if callable(before):
                before(what, where)

        # A loop reads its signals from a descriptor, so what a server added to the loop is called all the same.
        signal.signal(number, heard)
