"""Whether the gateway can do its work: asked by probes, read anew at most once a second."""

import asyncio
import time
from collections.abc import Callable

import orjson
from django.db import connection

from training.gateway.database import Database
from training.services import fetching

PATIENCE_SECONDS, FRESH_SECONDS = 1.0, 1.0
FINE = {"state": "ok"}
UNFETCHED = "of {count} model{s}, by this process"
AWAY = {"state": "failed", "cause": "no answer"}


def _look() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


class Readiness:
    """Without its database no key can be read; without Redis keys that have limits are refused, others are answered.

    Weights of models that this process could not fetch lately are told as well.
    """

    def __init__(self, database: Database, counts: Callable[[], bool]) -> None:
        self._database, self._counts = database, counts
        self._asked: asyncio.Task[bool] | None = None
        self._at = 0.0

    async def found(self) -> tuple[int, bytes]:
        """Status and body of the answer: 503 where no call could be answered."""
        if self._asked is None or (self._asked.done() and time.monotonic() - self._at > FRESH_SECONDS):
            self._at, self._asked = time.monotonic(), asyncio.create_task(self._answers())
        database, redis = await asyncio.shield(self._asked), self._counts()
        status = ("ok" if redis else "degraded") if database else "down"
        checks = {"database": FINE if database else AWAY, "redis": FINE if redis else AWAY}
        if troubles := fetching.troubles():
            status = "degraded" if database else "down"
            checks["weights"] = {"state": "failed", "cause": UNFETCHED.format(count=troubles, s="s" * (troubles > 1))}
        return 200 if database else 503, orjson.dumps({"status": status, "checks": checks})

    async def _answers(self) -> bool:
        try:
            await asyncio.wait_for(self._database.ask(_look), PATIENCE_SECONDS)
        except Exception:  # whatever it is: no key can be read
            return False
        return True
