"""A living trainer, watched: what it writes goes into the database, and its silence does not go unnoticed."""

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from annotations.services.chores import ChoreProblem, Hold, Stopped
from training.models import TrainingRun
from training.models.training import MACHINE
from training.recipes import run_dir
from training.services.trainer import failures, follow, machine, processes
from training.services.trainer.follow import Line, Lines, Progress
from training.services.trainer.processes import Process

log = logging.getLogger(__name__)
SHOW_SECONDS, ASK_SECONDS, MACHINE_SECONDS, LIFE_SECONDS = 0.5, 1.0, 10.0, 5.0
SILENT_SECONDS, SILENT_STEPS = 600.0, 20
STACKS_SECONDS = 1.0


class Watch:
    """What one supervisor knows of a run whose trainer lives: how far it is, and when it last gave a sign of life."""

    def __init__(self, hold: Hold, run: TrainingRun, folder: Path, cards: list[int]):
        self.hold, self.run, self.folder, self.cards = hold, run, folder, cards
        self.process: Process | None = None
        self.progress = Progress(run.done, run.total, run.figures)
        self._lines, self._waiting, self._log = Lines(folder), list[Line](), run.log
        self._due = dict.fromkeys(("show", "ask", "machine", "life"), 0.0)
        self._told_to_finish = False
        self._size, self._alive_at = -1, monotonic()
        self._used: tuple[float, float] | None = None

    def begin(self, process: Process) -> None:
        """Nothing; from now on the run's trainer is this process."""
        self.process, self._told_to_finish, self._used = process, False, None
        self._size, self._alive_at = -1, monotonic()

    def look(self) -> None:
        """Nothing; what is due is done. Raises Stopped, and ChoreProblem for a trainer that has been silent too long.

        A database that is away for a while stops nobody: what the trainer wrote meanwhile is stored afterwards.
        """
        with suppress(OSError):
            (self.folder / run_dir.SUPERVISED).touch()
        self._waiting += self._take()
        if self._is_due("machine", MACHINE_SECONDS):
            self._waiting += self._machine()
        if self._is_due("ask", ASK_SECONDS):
            self._finish_when_asked()
        if self._is_due("show", SHOW_SECONDS):
            self.show()
        if self._is_due("life", LIFE_SECONDS):
            self._look_for_life()

    def show(self) -> None:
        """Nothing; everything that was written is stored, and the hold lives on. Raises Stopped."""
        self._show()
        while self._lines.more:
            self._show()

    def _show(self) -> None:
        self._waiting += self._take()
        written = follow.tail(self.folder) or self._log  # a folder that was taken away takes no log from the row
        changed: dict[str, Any] = {} if written == self._log else {"log": written}
        if self._waiting:
            changed |= {"figures": self.progress.figures, "done": self.progress.done, "total": self.progress.total}
        self.hold.save(until=Now() + timedelta(seconds=settings.LEASE_SECONDS), **changed)
        self._log = written
        follow.store(self.run.pk, self._waiting)
        self._waiting = []

    def _is_due(self, what: str, seconds: float) -> bool:
        now = monotonic()
        if now < self._due[what]:
            return False
        self._due[what] = now + seconds
        return True

    def _take(self) -> list[Line]:
        new = self._lines.read()
        self.progress.take(new)
        return new

    def _finish_when_asked(self) -> None:
        asked = self.hold.mine().exclude(finish_asked_at=None)
        if not self._told_to_finish and asked.exists():
            processes.ask(self.folder, run_dir.FINISH)
            self._told_to_finish = True

    def _machine(self) -> list[Line]:
        """A line of our own: how busy processor, memory and cards are, from the second look on."""
        before, now = self._used, monotonic()
        seconds, rss = processes.usage(self.folder, self.process)
        self._used = (now, seconds)
        if before is None:
            return []
        cpu = max(0.0, 100 * (seconds - before[1]) / (now - before[0]))
        cards = [card._asdict() for card in machine.use(self.cards)]
        values = {"cpu_percent": round(cpu, 1), "rss_bytes": rss, "gpus": cards}
        return [Line(time(), MACHINE, "", self.progress.done, self.progress.total, values)]

    def _look_for_life(self) -> None:
        size, now = follow.size(self.folder), monotonic()
        if size != self._size:
            self._size, self._alive_at = size, now
        longest = max(SILENT_SECONDS, SILENT_STEPS * (self.progress.step_seconds or 0.0))
        if now - self._alive_at > longest:
            self._write_where_it_stands(now - self._alive_at)
            raise ChoreProblem(failures.SILENT.format(minutes=longest / 60))

    def _write_where_it_stands(self, seconds: float) -> None:
        """Nothing; what can be known of a trainer that hangs stands at the end of its log."""
        with suppress(OSError), (self.folder / run_dir.LOG).open("a", encoding="utf-8") as out:
            out.write(f"\n-- nothing was written for {seconds:.0f} seconds --\n{machine.told_by_driver()}\n")
        for process in processes.members(self.folder, self.process):
            if processes.catches(process, signal.SIGUSR1):  # where faulthandler writes its stacks; others would die
                with suppress(OSError):
                    os.kill(process.pid, signal.SIGUSR1)
        sleep(STACKS_SECONDS)


@contextmanager
def held(hold: Hold) -> Iterator[None]:
    """Inside, the hold lives on by itself: for work that takes long and says nothing meanwhile."""
    over = threading.Event()
    thread = threading.Thread(target=_hold_on, args=(hold, over), name="hold", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _hold_on(hold: Hold, over: threading.Event) -> None:
    while not over.wait(settings.LEASE_SECONDS / 3):
        try:
            hold.save(until=Now() + timedelta(seconds=settings.LEASE_SECONDS))
        except Stopped:
            return
        except Exception:
            log.exception("the hold on training run %s", hold.row.pk)
        finally:
            connection.close()
