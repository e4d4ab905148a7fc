"""The Redis that counts: batches go to it as one call of `limits.lua`."""

import logging
from pathlib import Path
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Unconnected
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

SCRIPT = Path(__file__).with_name("limits.lua").read_text(encoding="utf-8")
BASE = "cosa:limits"
SECONDS = 1.0
"""How long an answer may take."""


class ServerAway(Exception):
    """Redis gave no answer, or one that is an error."""


class Server:
    """A connection that is made when it is needed, and made anew when it broke; `away` while it does not answer."""

    def __init__(self, address: str) -> None:
        self._redis = Redis.from_url(
            address,
            socket_timeout=SECONDS,
            socket_connect_timeout=SECONDS,
            retry=Retry(NoBackoff(), 0),
            single_connection_client=False,
        )
        self._script = self._redis.register_script(SCRIPT)
        self.away = False

    async def ask(self, batch: dict[str, Any]) -> tuple[int, int, list[list[Any]]]:
        """Epoch, number of writes, and an answer for each reservation. Raises ServerAway.

        A connection that had ended meanwhile is made anew at once; a batch that was counted already knows it.
        """
        told = orjson.dumps(batch)
        try:
            try:
                answer = await self._script(keys=[BASE], args=[told])
            except Unconnected:
                answer = await self._script(keys=[BASE], args=[told])
            epoch, writes, answers = orjson.loads(answer)
        except (RedisError, OSError, TimeoutError, ValueError) as problem:
            self._note(True, problem)
            raise ServerAway(str(problem)) from problem
        self._note(False)
        return epoch, writes, list(answers)

    def _note(self, away: bool, problem: Exception | None = None) -> None:
        if away != self.away:
            self.away = away
            log.warning("Redis, which counts the limits of keys, %s", f"is away: {problem}" if away else "is back")

    async def close(self) -> None:
        """Nothing; the connection is closed."""
        await self._redis.aclose()
