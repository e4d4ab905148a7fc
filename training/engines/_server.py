"""Model servers as children of this process: started when they are asked, watched, ended when nobody asks them.

A server is known by its command: all engines of this process that want the same one share it. It listens on loopback
alone, in a process group of its own that ends with this process, and writes to a file. One thread leads it from its
start to its end; a server that died is begun anew by the next call, a few times.
"""

import atexit
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from training.engines import NotServed, Serving
from training.engines._causes import cause, why
from training.engines._processes import announced, free_port, log_of, started
from training.engines._ready import first_answer

log = logging.getLogger(__name__)

POLL_SECONDS, END_SECONDS = 0.1, 10.0
DEATHS, DEATH_SECONDS = 3, 600.0
AGAIN_SECONDS = 5.0
"""For so long after a start that failed, calls meet the same failure and no new start."""


@dataclass(frozen=True)
class Launch:
    """How a server is started: `module` by the port it shall listen on, or by 0 where it `announces` its address.

    `label` is what people call the program, `model` what they call the model, `asked` its name in calls.
    `start_seconds` bounds the time until it has answered one.
    """

    label: str
    model: str
    asked: str
    module: Callable[[int], Sequence[str]]
    serving: Serving
    start_seconds: float
    told: Mapping[str, str] = field(default_factory=dict)
    announces: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this server from others."""
        return (self.serving.python, self.model, *self.module(0))


class Life:
    """One process of a server, from its start to its end. `ready` brings its address, or the NotServed it met.

    `fetches` is True while the weights are brought here, before it is started.
    """

    def __init__(self, server: "Server", before: "Life | None") -> None:
        self.ready: Future[str] = Future()
        self.ready.set_running_or_notify_cancel()  # who waits may give up waiting, and harms no other who waits
        self.ended: Future[None] = Future()
        self.ended.set_running_or_notify_cancel()
        self.began, self.over, self.stop = monotonic(), False, threading.Event()
        self.fetches = False
        self.process: subprocess.Popen[bytes] | None = None
        self._server, self._before = server, before
        self.thread = threading.Thread(target=self._lead, name="model server", daemon=True)
        self.thread.start()

    def _lead(self) -> None:
        cards, taken = self._server.launch.serving.cards, False
        try:
            if self._before:
                self._before.ended.result()
                self._before = None
            self._bring()
            numbers = cards.take() if cards else ()
            taken = True
            self._serve(numbers)
        except NotServed as problem:
            self._server.failed(self, problem)
        except Exception as bug:
            log.exception("a model server")
            told = f"An error of this application ({type(bug).__name__}); its log says more."
            self._server.failed(self, NotServed("permanent", told))
        finally:
            self.over = True
            self._end()
            if cards and taken:
                cards.give_back()
            self.ended.set_result(None)

    def _bring(self) -> None:
        if files := self._server.launch.serving.files:
            self.fetches = True
            try:
                files.bring(self.stop.is_set)
            finally:
                self.fetches, self.began = False, monotonic()

    def _serve(self, numbers: Sequence[int]) -> None:
        launch, path = self._server.launch, self._server.log
        port = 0 if launch.announces else free_port()
        self.process = started(launch, port, numbers, path)
        address, self.began = self._until_ready(port, path), monotonic()
        self.ready.set_result(address)
        while not self._server.may_end(self):
            with suppress(subprocess.TimeoutExpired):
                code = self.process.wait(POLL_SECONDS)
                self._server.died(self, why(launch.label, launch.serving.python, path, code))
                return
        path.unlink(missing_ok=True)

    def _until_ready(self, port: int, path: Path) -> str:
        launch, ends = self._server.launch, self.began + self._server.launch.start_seconds
        while not self.stop.is_set():
            left = ends - monotonic()
            if self.process is not None and (code := self.process.poll()) is not None:
                raise NotServed("permanent", why(launch.label, launch.serving.python, path, code))
            if left < 0:
                late = f"{launch.label} was not ready after {launch.start_seconds / 60:g} minutes."
                raise NotServed("permanent", late + cause(launch.serving.python, path))
            address = announced(path) if launch.announces else f"http://127.0.0.1:{port}"
            said = first_answer(address, launch.asked, left) if address else None
            if said:
                words = cause(launch.serving.python, path) if said.startswith("5") else ""
                raise NotServed("permanent", f"{launch.label} started, but gives no answer: {said}{words}")
            if said is not None:
                return f"{address}/v1"
            sleep(POLL_SECONDS)
        raise NotServed("passing", f"{launch.label} was ended while it started.")

    def _end(self) -> None:
        """Nothing; the server and all it started are gone."""
        if self.process is None:
            return
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            self.process.terminate()
            self.process.wait(END_SECONDS)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Server:
    """At most one process for one command; its lives follow one another, and no two of them overlap."""

    def __init__(self, launch: Launch) -> None:
        self.launch, self.log = launch, log_of(launch)
        self._lock = threading.Lock()
        self._life: Life | None = None
        self._users, self._used = 0, monotonic()
        self._deaths: list[float] = []
        self._failure: tuple[float, NotServed] | None = None

    @property
    def life(self) -> Life | None:
        """The life that goes on; None when no process runs or starts."""
        life = self._life
        return None if life is None or life.over else life

    def enter(self) -> Life:
        """The life for one call, begun if need be; `leave` after the call. Raises NotServed when it is of no use."""
        with self._lock:
            if self.life is None:
                self._life = self._begun()
            assert self._life is not None  # noqa: S101  begun above
            self._users += 1
            return self._life

    def leave(self) -> None:
        """Nothing; the call is over, and the time without calls begins when it was the last one."""
        with self._lock:
            self._users -= 1
            self._used = monotonic()

    def stop(self) -> None:
        """Nothing; the process is ended, whoever asks it, and its cards are given back."""
        life = self._life
        if life is not None:
            life.stop.set()
            life.thread.join(2 * END_SECONDS)

    def may_end(self, life: Life) -> bool:
        """True when the life is to end: told to, or nobody has asked for the time it may be idle."""
        with self._lock:
            idle = not self._users and monotonic() - max(self._used, life.began) >= self.launch.serving.idle
            life.over = life.over or idle or life.stop.is_set()
            return life.over

    def failed(self, life: Life, problem: NotServed) -> None:
        """Nothing; the life never came to be, and who waits for it hears why."""
        with self._lock:
            life.over = True
            if problem.permanent:
                self._failure = monotonic(), problem
        if not life.ready.done():
            life.ready.set_exception(problem)

    def died(self, life: Life, words: str) -> None:
        """Nothing; the process ended by itself after it had answered. After a few times it is not begun again."""
        log.warning("%s ended by itself", self.launch.label)
        with self._lock:
            life.over, now = True, monotonic()
            self._deaths = [at for at in self._deaths if now - at < DEATH_SECONDS] + [now]
            if len(self._deaths) >= DEATHS:
                self._deaths = []
                often = f"{self.launch.label} ended by itself {DEATHS} times in {DEATH_SECONDS / 60:g} minutes."
                self._failure = now, NotServed("permanent", f"{often} {words}")

    def _begun(self) -> Life:
        if self._failure and monotonic() - self._failure[0] < AGAIN_SECONDS:
            raise type(self._failure[1])("permanent", self._failure[1].message)
        self._failure = None
        return Life(self, self._life)


_servers: dict[tuple[str, ...], Server] = {}
_servers_lock = threading.Lock()


def server(launch: Launch) -> Server:
    """The server of this process for that command, not yet started when it is new."""
    with _servers_lock:
        if launch.key not in _servers:
            _servers[launch.key] = Server(launch)
        return _servers[launch.key]


def stop_all() -> None:
    """Nothing; every server of this process is ended, and its cards are given back."""
    with _servers_lock:
        mine = list(_servers.values())
    for life in filter(None, (one.life for one in mine)):
        life.stop.set()
    for one in mine:
        one.stop()


def _forget() -> None:
    """In a forked child: the servers belong to the process that started them."""
    global _servers_lock
    _servers_lock = threading.Lock()
    _servers.clear()


atexit.register(stop_all)
os.register_at_fork(after_in_child=_forget)
