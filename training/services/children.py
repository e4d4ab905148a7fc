"""A program as the child process of a piece of work: started in a group of its own, watched, ended with the work.

It ends when the work is cancelled, when this worker ends (another one takes the work up again), when it is silent or
busy for too long, and when this process dies.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

from annotations.models.work import QUEUED
from annotations.services.chores import ChoreProblem, Hold, Stopped
from training import engines
from training.services.work import STOP

POLL_SECONDS, LOG_SECONDS = 0.2, 2.0
GUARD = Path(engines.__file__).parent / "_guarded.py"
SILENT = "{name} wrote nothing for {minutes:.0f} minutes and was stopped."
TOO_LONG = "{name} was not ready after {minutes:.0f} minutes and was stopped."
_OURS = ("COSA_", "DJANGO_", "OPENAI_")

Far = tuple[int, int]
Grown = Callable[[], Far]


class Program(NamedTuple):
    """What is run: `module` with its arguments by the Python `python`, in `place`; `told` joins its environment.

    `folder` holds its `log`. Of this application's own settings it is told nothing.
    """

    python: str
    module: tuple[str, ...]
    folder: Path
    place: Path
    told: Mapping[str, str]

    @property
    def log(self) -> Path:
        """The file with everything it writes."""
        return self.folder / "log"


class Bounds(NamedTuple):
    """Seconds a program may be silent, and busy in all; `name` is what people call it."""

    name: str
    silent: float
    busy: float = float("inf")


def run(hold: Hold, program: Program, bounds: Bounds, grown: Grown, far: Far = (0, 0)) -> int:
    """The program's exit code; its process group is gone afterwards, however this ends.

    `grown` is called when it has written something, at most every LOG_SECONDS, and gives back how far the work is, done
    and total; until then it is as `far` says. Raises ChoreProblem when a bound is reached, Stopped when the work was
    cancelled or this worker ends.
    """
    command = [program.python, str(GUARD), str(os.getpid()), *program.module]
    with program.log.open("wb") as log:
        child = subprocess.Popen(  # noqa: S603  our own fixed command; what a person typed stands in files
            command,
            cwd=program.place,
            env=_environment(program.told),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        return _watched(hold, program, bounds, grown, far, child)
    finally:
        _end(child)


def _watched(
    hold: Hold, program: Program, bounds: Bounds, grown: Grown, far: Far, child: "subprocess.Popen[bytes]"
) -> int:
    began = monotonic()
    shown, size, wrote = 0.0, 0, began
    while child.poll() is None:
        sleep(POLL_SECONDS)
        leave_when_told(hold)
        now, written = monotonic(), program.log.stat().st_size
        if written != size and now - shown >= LOG_SECONDS:
            size, shown, wrote = written, now, now
            far = grown()
        _within(bounds, silent=now - wrote, busy=now - began)
        hold.beat(*far)
    return child.returncode


def _within(bounds: Bounds, *, silent: float, busy: float) -> None:
    if busy > bounds.busy:
        raise ChoreProblem(TOO_LONG.format(name=bounds.name, minutes=bounds.busy / 60))
    if silent > bounds.silent:
        raise ChoreProblem(SILENT.format(name=bounds.name, minutes=bounds.silent / 60))


def leave_when_told(hold: Hold) -> None:
    """Nothing; when this worker ends, the work is free for another one. Raises Stopped then."""
    if STOP.is_set():
        hold.save(state=QUEUED, until=None)
        raise Stopped


def _environment(told: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return kept | {"PYTHONUNBUFFERED": "1"} | dict(told)


def _end(child: "subprocess.Popen[bytes]") -> None:
    if child.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
