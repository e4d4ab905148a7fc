"""People who rate over HTTP, all at once, and the server processes they ask: who gets what, and what is stored.

The servers listen on 127.0.0.1, as `python -m cosa_web.demo` starts them, and end with this process. The people are
threads with one kept connection each; they speak the JSON of the rating page.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from secrets import token_hex
from threading import Barrier, Event
from typing import Any, NamedTuple

from django.conf import settings
from django.urls import reverse

from annotations.models import Campaign
from cosa_web.stress_world import Rater, this_database

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS, END_SECONDS, PATIENCE_SECONDS = 60.0, 10.0, 60.0
WAIT_SECONDS = 60.0
PR_SET_PDEATHSIG = 1
ANSWER = {"points": 4, "follows_config": "yes", "broken_rules": [], "risks": []}


class StressProblem(RuntimeError):
    """Why it could not go on, in words."""


class Reply(NamedTuple):
    """An answer over HTTP: its status, 0 when none came, the JSON in it, and the seconds it took."""

    status: int
    body: dict[str, Any]
    seconds: float


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Server:
    """Server processes on this process's database. Start it on the main thread: they end with the thread."""

    def __init__(self, folder: Path, processes: int = 1) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.log, self.processes, self._begun = folder / "web.log", processes, 0
        plain = {"COSA_HOSTS": "127.0.0.1", "COSA_HTTPS": "0", "COSA_DEBUG": "0", "COSA_VAR": str(folder)}
        known = {"COSA_SECRET_KEY": settings.SECRET_KEY, "DJANGO_SETTINGS_MODULE": "cosa_web.settings"}
        self.environment = os.environ | plain | known | this_database()
        self.running: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """The seconds until every process is up and pages answer. Raises StressProblem."""
        granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
        granian += ["--port", str(self.port), "--workers", str(self.processes), "--blocking-threads", "16"]
        began = time.monotonic()
        with self.log.open("a") as log:
            self.running = subprocess.Popen(  # noqa: S603  our own fixed command
                [*granian, "cosa_web.wsgi:application"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        self._begun += self.processes
        while not self._is_up():
            if self.running.poll() is not None or time.monotonic() - began > START_SECONDS:
                raise StressProblem(f"The server did not start:\n{self.said()[-2000:]}")
            time.sleep(0.02)
        return time.monotonic() - began

    def _is_up(self) -> bool:
        if self.said().count("Started worker-") < self._begun:
            return False
        try:
            status = Browser(self.port).get("/healthz").status
        except (HTTPException, OSError):
            return False
        if status != 200:
            raise StressProblem(f"The server is up and answers with {status}:\n{self.said()[-2000:]}")
        return True

    def said(self) -> str:
        """All it has written so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """Nothing of it runs any more, as after a power cut."""
        self._signal(signal.SIGKILL)

    def end(self) -> None:
        """Nothing of it runs any more: it is asked to end, then made to."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self.running is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.running.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self.running.wait(END_SECONDS)


@contextmanager
def serving(folder: Path, processes: int = 1) -> Iterator[Server]:
    """So many server processes that are up, and gone afterwards."""
    server = Server(folder, processes)
    try:
        server.start()
        yield server
    finally:
        server.end()


class Browser:
    """A connection that is kept, with the cookies of a session, and the header against forged forms."""

    def __init__(self, port: int, session: str = "") -> None:
        secret = token_hex(16)
        self.http = HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)
        self.headers = {"Cookie": f"sessionid={session}; csrftoken={secret}", "X-CSRFToken": secret}

    def get(self, path: str) -> Reply:
        """The page's status, and its text as `text`."""
        began = time.perf_counter()
        self.http.request("GET", path, headers=self.headers)
        answer = self.http.getresponse()
        text = answer.read().decode(errors="replace")
        return Reply(answer.status, {"text": text}, time.perf_counter() - began)

    def post(self, path: str, body: dict[str, Any]) -> Reply:
        """What came back; status 0 when the connection broke, which is made anew for the next request."""
        sent = json.dumps(body).encode()
        began = time.perf_counter()
        try:
            self.http.request("POST", path, sent, self.headers | {"Content-Type": "application/json"})
            answer = self.http.getresponse()
            text = answer.read()
        except (HTTPException, OSError):
            self.http.close()
            return Reply(0, {}, time.perf_counter() - began)
        seconds = time.perf_counter() - began
        is_json = answer.headers.get_content_type() == "application/json"
        return Reply(answer.status, json.loads(text) if is_json else {}, seconds)


class Person:
    """A rater at work, in one campaign after the other, until it is ended."""

    def __init__(self, port: int, rater: Rater, ending: Event) -> None:
        self.rater, self.browser, self.ending = rater, Browser(port, rater.session), ending

    def next(self, campaign: Campaign, **said: Any) -> Reply:
        """What comes for the question for the next item."""
        return self.browser.post(reverse("annotations:rate-next", args=[campaign.pk]), said)

    def submit(self, campaign: Campaign, key: str, token: str, **said: Any) -> Reply:
        """What comes for an answer to that item; its comment is the token, so that it is found in an export."""
        path = reverse("annotations:rate-submit", args=[campaign.pk, key])
        return self.browser.post(path, ANSWER | {"token": token, "comment": token} | said)

    def surely(self, ask: Callable[[], Reply]) -> Reply:
        """The first answer that comes; while the server is away the same question is asked again."""
        end = time.monotonic() + PATIENCE_SECONDS
        while (reply := ask()).status == 0 and time.monotonic() < end and not self.ending.wait(0.05):
            pass
        return reply


class People:
    """Raters who do things at the same moment, each on a thread."""

    def __init__(self, port: int, raters: Sequence[Rater]) -> None:
        self.ending = Event()
        self.all = [Person(port, rater, self.ending) for rater in raters]
        self.threads = ThreadPoolExecutor(len(self.all))

    def begin(self, job: Callable[[Person], Any]) -> list[Future[Any]]:
        """What each one's job will give back; no job begins before all can."""
        start = Barrier(len(self.all))

        def alone(person: Person) -> Any:
            start.wait(WAIT_SECONDS)
            return job(person)

        return [self.threads.submit(alone, person) for person in self.all]

    def at_once(self, job: Callable[[Person], Any]) -> list[Any]:
        """What each one's job gave back, in the order of `all`."""
        return [future.result() for future in self.begin(job)]

    def close(self) -> None:
        """Nothing; the threads end."""
        self.ending.set()
        self.threads.shutdown(cancel_futures=True)
