"""Label Studio under the same load: started, filled and asked over HTTP, as its own pages do.

It listens on 127.0.0.1 with an empty folder and an SQLite database of its own, counts nothing to anybody, and ends with
the bench. People sign up by its form.
"""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPConnection, HTTPException
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from bench.processes import Cycle, CycleProblem, Figures

START_SECONDS, WAIT_SECONDS = 300, 600
QUIET = ("COLLECT_ANALYTICS", "collect_analytics", "LATEST_VERSION_CHECK")
POINTS = "".join(f'<Choice value="{points}"/>' for points in range(6))
QUESTIONS = f"""<View>
<Text name="config" value="$config"/><Text name="prompt" value="$prompt"/><Text name="response" value="$response"/>
<Choices name="helpful" toName="response" choice="single" required="true">{POINTS}</Choices>
<Choices name="follows" toName="response" choice="single" required="true">
<Choice value="yes"/><Choice value="no"/></Choices></View>"""
SAID = [
    {"from_name": name, "to_name": "response", "type": "choices", "value": {"choices": [choice]}}
    for name, choice in (("helpful", "4"), ("follows", "yes"))
]


class Started(NamedTuple):
    """A server that answers: its port, its process, and the seconds until it did."""

    port: int
    process: int
    seconds: float


class Person:
    """Somebody who has signed up: a kept connection with cookies."""

    def __init__(self, port: int, name: str) -> None:
        self.http = HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)
        self.cookies: dict[str, str] = {}
        form = self.ask("GET", "/user/signup/")[1].decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert token, "The form to sign up was not found."
        said = {"csrfmiddlewaretoken": token[1], "email": f"{name}@example.org", "password": "a-long-pass-word"}
        kind = "application/x-www-form-urlencoded"
        status, text, _ = self.ask("POST", "/user/signup/", urlencode(said).encode(), kind)
        assert status in (302, 303), f"{name} could not sign up: {status} {text[:500]!r}"

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> tuple[int, bytes, float]:
        """Status, text and seconds of an answer."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookies, "X-CSRFToken": self.cookies.get("csrftoken", "")}
        began = time.perf_counter()
        self.http.request(method, path, body, headers | ({"Content-Type": kind} if kind else {}))
        answer = self.http.getresponse()
        text = answer.read()
        seconds = time.perf_counter() - began
        for line in answer.headers.get_all("Set-Cookie") or []:
            self.cookies |= {name: found.value for name, found in SimpleCookie(line).items()}
        return answer.status, text, seconds

    def post(self, path: str, said: Any) -> tuple[int, Any, float]:
        """Status, JSON and seconds of an answer to JSON."""
        status, text, seconds = self.ask("POST", path, json.dumps(said).encode(), "application/json")
        return status, json.loads(text or b"null"), seconds


class LabelStudio:
    """A server with one project, and people who answer its tasks."""

    name = "Label Studio"

    def __init__(self, port: int, process: int, rows: Sequence[dict[str, str]], people: int) -> None:
        self.port, self.process = port, process
        self.owner = Person(port, "owner")
        self.people = [Person(port, f"person{number}") for number in range(people)]
        asked = {"title": "Bench", "label_config": QUESTIONS, "maximum_annotations": 1}
        status, made, _ = self.owner.post("/api/projects/", asked | {"sampling": "Sequential sampling"})
        assert status == 201, made
        self.project = int(made["id"])
        path = f"/api/projects/{self.project}/import?return_task_ids=false"
        status, said, _ = self.owner.post(path, [{"data": row} for row in rows])
        assert status == 201, said
        self.done: list[tuple[int, int]] = []

    def clients(self, count: int) -> list[Cycle]:
        """The cycles of so many people: the next task, an answer to it."""
        return [partial(self._cycle, person) for person in self.people[:count]]

    def _cycle(self, person: Person) -> Figures:
        status, text, asked = person.ask("GET", f"/api/projects/{self.project}/next/")
        if status != 200:
            raise CycleProblem(f"next {status}")
        task = json.loads(text)["id"]
        status, _, sent = person.post(f"/api/tasks/{task}/annotations/", {"lead_time": 3.0, "result": SAID})
        if status != 201:
            raise CycleProblem(f"submit {status}")
        self.done.append((task, id(person)))
        return {"next": asked, "submit": sent}

    def over(self) -> int:
        """Tasks with more answers than the one they need."""
        return sum(count > 1 for count in Counter(task for task, _ in self.done).values())

    def export(self, kind: str = "CSV") -> Figures:
        """Seconds to the first byte of all tasks and to the last, and megabytes."""
        path = f"/api/projects/{self.project}/export?exportType={kind}&download_all_tasks=true"
        cookies = "; ".join(f"{name}={value}" for name, value in self.owner.cookies.items())
        return download(self.port, path, {"Cookie": cookies})


def download(port: int, path: str, headers: dict[str, str]) -> Figures:
    """Seconds to the first byte of a file and to the last, and its megabytes."""
    http = HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)
    began = time.perf_counter()
    http.request("GET", path, headers=headers)
    answer = http.getresponse()
    size, first = len(answer.read(1)), time.perf_counter() - began
    assert answer.status == 200, f"{path}: {answer.status}"
    while piece := answer.read(1 << 16):
        size += len(piece)
    http.close()
    return {"first_s": first, "total_s": time.perf_counter() - began, "file_mb": size / 1e6}


@contextmanager
def started(program: Path, folder: Path) -> Iterator[Started]:
    """An empty Label Studio; it ends afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    own = {"LABEL_STUDIO_BASE_DATA_DIR": str(folder), "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": "", "LOG_LEVEL": "ERROR"}
    ours = ("COSA_", "DJANGO_")
    around = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment = around | dict.fromkeys(QUIET, "false") | own
    command = [str(program), "start", "--no-browser", "--internal-host", "127.0.0.1"]
    command += ["--host", f"http://127.0.0.1:{port}", "-p", str(port)]
    began = time.monotonic()
    with (folder / "log").open("w") as log:
        running = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        while not _answers(port):
            if running.poll() is not None or time.monotonic() - began > START_SECONDS:
                raise SystemExit(f"Label Studio did not start:\n{(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.2)
        yield Started(port, running.pid, time.monotonic() - began)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait(30)


def _answers(port: int) -> bool:
    http = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        http.request("GET", "/user/login/")
        return http.getresponse().status == 200
    except (HTTPException, OSError):
        return False
    finally:
        http.close()
