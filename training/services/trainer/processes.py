"""Trainers as the system knows them: found, told apart from others that got their number, and ended with all they made.

A trainer and every process it starts carry the folder of their run in their environment. That is how they are known
even when nobody kept their number, when their first process is dead, and when they left its session: torch gives each
of its ranks a session of its own.
"""

import os
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

from training.recipes import run_dir

MARK = "TRAINING_RUN_DIR"
STOP_SECONDS, TERM_SECONDS, KILL_SECONDS = 5.0, 4.0, 4.0
LOOK_SECONDS = 0.05
_PROC, _BOOT = Path("/proc"), Path("/proc/sys/kernel/random/boot_id")
_TICKS, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


class Process(NamedTuple):
    """A process, by its number, when it was started (clock ticks after the boot) and the boot; no two share all."""

    pid: int
    started: int
    boot: str


class _Stat(NamedTuple):
    process: Process
    parent: int
    session: int
    ticks: int
    rss: int


def of(pid: int) -> Process | None:
    """The process that has that number now; None when there is none, or only what is left of a dead one."""
    found = _stat(pid)
    return found.process if found else None


def read(kept: Mapping[str, Any]) -> Process | None:
    """The process that a row names; None where it names none."""
    try:
        return Process(int(kept["pid"]), int(kept["started"]), str(kept["boot"]))
    except (KeyError, TypeError, ValueError):
        return None


def is_alive(process: Process) -> bool:
    """True while this very process runs, and not another one that got its number."""
    return of(process.pid) == process


def members(folder: Path, first: Process | None = None) -> list[Process]:
    """Every living process of the folder's trainer, the oldest first; `first` is the one that was started, if known."""
    return [one.process for one in _members(folder, first)]


def found(folder: Path) -> Process | None:
    """The living process of the folder's trainer that was started first, whether or not anybody kept its number."""
    return next(iter(members(folder)), None)


def below(place: Path) -> list[Path]:
    """The folders in `place` that a living trainer works in."""
    inside = f"{place.absolute()}/"
    folders = (_folder(stat.process.pid) for stat in _all())
    return sorted({Path(one) for one in folders if one.startswith(inside)})


def end(folder: Path, first: Process | None = None) -> bool:
    """True when nothing of the folder's trainer lives any more: asked by the file STOP, by SIGTERM, then killed."""
    if not members(folder, first):
        return True
    with suppress(OSError):
        ask(folder)
    for number, seconds in ((0, STOP_SECONDS), (signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
        if _gone(folder, first, number, seconds):
            return True
    return False


def ask(folder: Path, word: str = "") -> None:
    """Nothing; the file STOP is there, with its word from the first moment on: a trainer may be reading it."""
    part = folder / f".{run_dir.STOP}.part"
    part.write_text(word, encoding="utf-8")
    part.replace(folder / run_dir.STOP)


def usage(folder: Path, first: Process | None = None) -> tuple[float, int]:
    """Seconds of processor time the folder's trainer has used up to now, and the bytes of memory it has."""
    everybody = _members(folder, first)
    return sum(one.ticks for one in everybody) / _TICKS, sum(one.rss for one in everybody) * _PAGE


def catches(process: Process, number: int) -> bool:
    """True when the process does something of its own on that signal; others would end it."""
    for line in _text(process.pid, "status").splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


def started_at(process: Process) -> float:
    """When the process was started, in seconds since 1970; right to a second or two."""
    lines = (_PROC / "stat").read_text(encoding="ascii").splitlines()
    boot = next(int(line.split()[1]) for line in lines if line.startswith("btime "))
    return boot + process.started / _TICKS


def _gone(folder: Path, first: Process | None, number: int, seconds: float) -> bool:
    until, told = monotonic() + seconds, set[Process]()
    while everybody := members(folder, first):
        for process in everybody if number else ():
            if process not in told or number == signal.SIGKILL:
                told.add(process)
                _send(process, number)
        if monotonic() > until:
            return False
        sleep(LOOK_SECONDS)
    return True


def _send(process: Process, number: int) -> None:
    if is_alive(process):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process.pid, number)


def _members(folder: Path, first: Process | None) -> list[_Stat]:
    there, mark = list(_all()), str(folder.absolute())
    alive = {one.process for one in there}
    reused = first is not None and any(one.pid == first.pid for one in alive - {first})
    session = first.pid if first and first.boot == _boot() and not reused else None
    ours = {one.process.pid for one in there if session == one.session or _folder(one.process.pid) == mark}
    ours = _with_children(ours, there) - {os.getpid()}
    return sorted((one for one in there if one.process.pid in ours), key=lambda one: one.process[1::-1])


def _with_children(pids: set[int], there: Iterable[_Stat]) -> set[int]:
    """These and everything below them: a process may write over its own environment."""
    more = {one.process.pid for one in there if one.parent in pids} - pids
    return _with_children(pids | more, there) if more else pids


def _all() -> Iterator[_Stat]:
    for entry in os.listdir(_PROC):
        if entry.isdecimal() and (stat := _stat(int(entry))):
            yield stat


def _stat(pid: int) -> _Stat | None:
    # The name of a program may hold blanks and brackets, so that the fields are counted from the last bracket.
    fields = _text(pid, "stat").rpartition(")")[2].split()
    if len(fields) < 22 or fields[0] in "ZX":
        return None
    numbers = {at: int(fields[at]) for at in (1, 3, 11, 12, 19, 21)}
    return _Stat(Process(pid, numbers[19], _boot()), numbers[1], numbers[3], numbers[11] + numbers[12], numbers[21])


def _folder(pid: int) -> str:
    """The folder the process carries; "" without one, and for processes of others."""
    start = f"{MARK}="
    return next((one[len(start) :] for one in _text(pid, "environ").split("\0") if one.startswith(start)), "")


def _text(pid: int, name: str) -> str:
    try:
        return (_PROC / str(pid) / name).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


@cache
def _boot() -> str:
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""
