"""Somebody who looks at a run's page every half second, and at the database just before and just after each look."""

import json
import re
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from threading import Event, Thread
from typing import Any

import psycopg

from bench.fault_checks import Counts, Told

EVERY_SECONDS, PATIENCE_SECONDS = 0.5, 20.0
COUNTS = "SELECT state, count(*) FROM training_runitem WHERE run_id = %s GROUP BY state"
CONSERVED = re.compile(r'<p class="conserve">(.*?)</p>', re.DOTALL)
BADGE = re.compile(r'id="run-live".*?<span class="badge[^"]*">.*?</(?:span|svg)>\s*([\w ]+?)\s*</span>', re.DOTALL)
WAITING = re.compile(r"([\d\u2009\u202f]+) waiting in retry")


class Database:
    """What the database holds of one run; None while it is away."""

    def __init__(self, address: str, run: int) -> None:
        self._address, self._run = address, run
        self._connection: psycopg.Connection[Any] | None = None

    def look(self) -> Counts | None:
        """The counts of the run's items, or None."""
        try:
            if self._connection is None:
                self._connection = psycopg.connect(self._address, autocommit=True, connect_timeout=5)
            rows = dict(self._connection.execute(COUNTS, [self._run]).fetchall())
        except psycopg.Error:
            self.close()
            return None
        return Counts(*(rows.get(state, 0) for state in ("done", "failed", "queued")))

    def close(self) -> None:
        """Nothing; the connection is closed."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None


class Watcher(Thread):
    """Asks in turn for the whole page, the part of it that asks for itself, and the API; keeps what was told."""

    def __init__(self, port: int, cookie: str, run: int, database: Database, began: float) -> None:
        super().__init__(daemon=True)
        self.port, self.headers, self.run_id, self.database, self.began = port, {"Cookie": cookie}, run, database, began
        self.told: list[Told] = []
        self._stop_event = Event()

    def run(self) -> None:
        """Until `stop`, three looks in a second and a half."""
        live = {"HX-Request": "true", "HX-Target": "run-live"}
        ways = [
            ("page", f"/runs/{self.run_id}/", {}, of_page),
            ("part", f"/runs/{self.run_id}/", live, of_page),
            ("api", f"/api/v1/runs/{self.run_id}/progress/", {}, of_api),
        ]
        turn = 0
        while not self._stop_event.wait(EVERY_SECONDS):
            where, path, headers, read = ways[turn % len(ways)]
            turn += 1
            before, began = self.database.look(), self._now()
            status, text = self._get(path, headers)
            ended = self._now()
            told = Told(where, began, ended, status, before=before, after=self.database.look())
            self.told.append(told._replace(**read(text)) if status == 200 else told._replace(said=words(text)))

    def _now(self) -> float:
        return time.monotonic() - self.began

    def _get(self, path: str, headers: dict[str, str]) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", path, headers=self.headers | headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, HTTPException) as problem:
            return 0, type(problem).__name__
        finally:
            connection.close()

    def stop(self) -> None:
        """Nothing; the last look is over."""
        self._stop_event.set()
        self.join(PATIENCE_SECONDS + 10)
        self.database.close()


def words(text: str) -> str:
    """The words of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())[:400]


def of_page(text: str) -> dict[str, Any]:
    """What the run's page tells: all its counts, the word for its state, and how many calls wait."""
    if not (line := CONSERVED.search(text)):
        return {"said": words(text)}
    total, done, failed, queued = (_number(one) for one in re.findall(r"<b>(.*?)</b>", line[1]))
    waiting, badge = WAITING.search(text), BADGE.search(text)
    return {
        "total": total,
        "counts": Counts(done, failed, queued),
        "word": badge[1].strip().lower() if badge else "",
        "waiting": _number(waiting[1]) if waiting else 0,
    }


def of_api(text: str) -> dict[str, Any]:
    """The same from the API, which has the run's own state and how many calls wait."""
    told = json.loads(text)
    return {
        "total": told["total"],
        "counts": Counts(told["done"], told["failed"], told["queued"]),
        "word": told["state"],
        "waiting": told["waiting"],
    }


def _number(text: str) -> int:
    return int(re.sub(r"\D", "", text))
