"""Processes that hold keys to their limits as the gateway does, and are told what to do line by line."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.gateway_place import environment
from tests.machines import ROOT, end


class Process:
    """One of them, from outside."""

    def __init__(self, redis: str) -> None:
        command = [sys.executable, "-m", "tests.limits_program"]
        self._running = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(redis),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
        )

    def tell(self, do: str, secret: str, **how: Any) -> None:
        """Begin something; `hear` waits for its end."""
        assert self._running.stdin is not None
        self._running.stdin.write(json.dumps({"do": do, "secret": secret} | how) + "\n")

    def hear(self) -> Any:
        """What came of what was told first and not heard yet."""
        assert self._running.stdout is not None
        return json.loads(self._running.stdout.readline())

    def kill(self) -> None:
        """End it as a power cut does."""
        end(self._running)


@contextmanager
def processes(redis: str, number: int) -> Iterator[list[Process]]:
    """So many of them, ready; none runs afterwards."""
    started = [Process(redis) for _ in range(number)]
    try:
        for one in started:
            assert one.hear() == "ready"
        yield started
    finally:
        for one in started:
            one.kill()
