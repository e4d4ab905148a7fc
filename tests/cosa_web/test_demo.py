"""The demo as a person starts it: on this machine only, ended by Ctrl-C with all it started, twice the same."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from cosa_web import demo as demo_module
from tests.machines import ROOT, alive, children, end
from tests.stage import Stage, until
from training.services.trainer import machine

pytestmark = pytest.mark.slow
COUNTED = ("user", "organisation", "safetyconfig", "configversion", "benchmark", "prompt", "languagemodel", "response")


class Demo:
    """One start of `python -m cosa_web.demo`, in a session of its own."""

    def __init__(self, var: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        own = {"COSA_VAR": str(var), "COSA_PORT": str(self.port), "COSA_LEASE_SECONDS": "2", "COSA_SWEEP_SECONDS": "1"}
        own["COSA_DATABASE"] = ""
        self.var, self.environment, self.seen = var, os.environ | own, set[int]()
        self._said = var / "said"
        with self._said.open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cosa_web.demo"],
                cwd=ROOT,
                env=self.environment,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def look(self) -> set[int]:
        """Every process it has started up to now, ended or not."""
        self.seen |= children(self.process.pid)
        return self.seen

    def up(self) -> "Demo":
        """Itself, once it says that it is up."""
        until(lambda: self.look() and "is up" in self._said.read_text() or self.process.poll() is not None, seconds=60)
        assert self.process.poll() is None, self._said.read_text()
        return self

    @property
    def gateway(self) -> str:
        """Where it says that programs are answered, without /v1."""
        return self._said.read_text().partition("programs at")[2].split()[0].removesuffix("/v1")

    def start_run(self, base_url: str, items: int) -> None:
        """A run on a model of the test is queued."""
        command = [sys.executable, "-m", "tests.real_run", base_url, str(items)]
        environment = self.environment | {"DJANGO_SETTINGS_MODULE": "cosa_web.settings"}
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)

    def interrupt(self) -> float:
        """Ctrl-C; back comes after how many seconds nothing of it ran any more."""
        self.look()
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)
        until(lambda: not alive(self.seen), seconds=5)
        return time.monotonic() - began

    def counts(self) -> dict[str, int]:
        """Rows by table."""
        with sqlite3.connect(self.var / "cosa.sqlite3", timeout=20) as rows:
            return {
                name: rows.execute(f"SELECT count(*) FROM annotations_{name}").fetchone()[0]  # noqa: S608
                for name in COUNTED
            }

    def close(self) -> None:
        """Nothing of it runs any more, whatever happened."""
        pids = self.look()
        end(self.process)
        for pid in alive(pids):
            with suppress(ProcessLookupError):  # it ended by itself just now
                os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is empty for the first start; tables and demo data made there are those of every later one."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="module")
def running(var: Path) -> Iterator[Callable[[], Demo]]:
    """Gives a demo that is up: the one that the test before left, or else a new one, which takes ten seconds."""
    demos: list[Demo] = []

    def find() -> Demo:
        if not demos or demos[-1].process.poll() is not None:
            demos.append(Demo(var))
        return demos[-1].up()

    yield find
    for demo in demos:
        demo.close()


def listening(pids: set[int]) -> set[str]:
    """Hexadecimal addresses at which these processes accept TCP connections."""
    links = [link for pid in pids for link in Path(f"/proc/{pid}/fd").glob("*")]
    theirs = {os.readlink(link).removeprefix("socket:[").rstrip("]") for link in links if link.is_symlink()}
    lines = [line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()]
    return {line[1].split(":")[0] for line in lines if line[3] == "0A" and line[9] in theirs}


def test_the_demo_answers_on_this_machine_only_and_starts_a_dead_worker_again(running: Callable[[], Demo]) -> None:
    demo = running()
    with urlopen(f"http://127.0.0.1:{demo.port}/healthz", timeout=5) as answer:
        assert (answer.status, answer.read()) == (200, b"ok")
    with urlopen(f"{demo.gateway}/healthz", timeout=5) as answer:  # noqa: S310  an address of this machine
        assert (answer.status, answer.read()) == (200, b"ok")
    assert listening(demo.look()) == {"0100007F"}  # 127.0.0.1, bytes in this machine's order
    before = demo.look().copy()
    os.kill(worker(demo), signal.SIGKILL)
    until(lambda: worker(demo) not in {0} | before)
    assert demo.process.poll() is None


def worker(demo: Demo) -> int:
    """The process of the Celery worker, 0 while there is none."""
    below = Path(f"/proc/{demo.process.pid}/task/{demo.process.pid}/children").read_text().split()
    return next((int(pid) for pid in below if b"celery" in command_line(pid)), 0)


def command_line(pid: str) -> bytes:
    """How the process was started; empty when it has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def test_control_c_ends_every_process_and_a_second_start_goes_on_where_it_was(running: Callable[[], Demo]) -> None:
    with Stage() as stage:
        first = running()
        stage.hold("ok")
        first.start_run(stage.base_url, items=12)
        before = first.counts()
        answered = before | {"response": before["response"] + 12}
        until(lambda: stage.seen, seconds=20)
        assert first.interrupt() < 15
        stage.release()
        second = running()
        assert second is not first
        until(lambda: second.counts() == answered, seconds=20)


def test_control_c_during_the_first_start_ends_every_process(tmp_path: Path) -> None:
    with closing(Demo(tmp_path)) as demo:
        until(lambda: len(demo.look()) >= 2)
        assert demo.interrupt() < 15


@pytest.mark.parametrize(("cards", "threads"), [([], 4), ([machine.Card(0, "A", 1), machine.Card(1, "A", 1)], 6)])
def test_runs_on_all_cards_leave_threads_for_the_pages(monkeypatch: Any, cards: list[Any], threads: int) -> None:
    monkeypatch.setattr(machine, "cards", lambda: cards)
    assert demo_module._threads() == threads


def test_control_c_is_kept_when_it_falls_into_a_finalizer(tmp_path: Path) -> None:
    demo = demo_module.Demo(tmp_path, 8000)
    with demo_module._signals_end(demo), suppress(KeyboardInterrupt):  # what Python does in a weak reference's callback
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        demo.watch()


def test_control_c_pressed_twice_ends_every_process(running: Callable[[], Demo]) -> None:
    demo = running()
    everything = alive(demo.look())
    demo.process.send_signal(signal.SIGINT)
    until(lambda: alive(everything) < everything)
    assert demo.interrupt() < 15


def test_nothing_outlives_a_demo_that_was_killed(running: Callable[[], Demo]) -> None:
    demo = running()
    pids = demo.look()
    demo.process.kill()
    until(lambda: not alive(pids), seconds=15)
