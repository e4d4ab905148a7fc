"""Whether a trainer is asked to end: by the file STOP, by a signal, or because nobody watches it any more."""

import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

from training.recipes import run_dir

GO_ON, FINISH, STOP = 0, 1, 2


class Stopped(Exception):
    """The trainer was asked to end before it trained."""


class Asked:
    """What this start of the trainer is asked; every process of it comes to the same answer at the same step."""

    def __init__(self, folder: Path, alone_seconds: float, *, first: bool, processes: int):
        self._folder, self._alone, self._first, self._processes = folder, alone_seconds, first, processes
        self._signalled = False
        self._started = time.time()

    def listen(self) -> None:
        """Nothing; from now on SIGTERM and SIGINT are a wish to stop, and no longer the end."""
        signal.signal(signal.SIGTERM, self._hear)
        signal.signal(signal.SIGINT, self._hear)

    def here(self) -> int:
        """What this process is asked: GO_ON, FINISH (end, and write the model) or STOP (end)."""
        if self._signalled:
            return STOP
        return max(self._file(), self._unwatched()) if self._first else GO_ON

    def together(self) -> int:
        """What any process of the trainer is asked; all of them must come here."""
        asked = self.here()
        if self._processes == 1:
            return asked
        import torch
        from torch import distributed

        cards = distributed.get_backend() == "nccl"
        found = torch.tensor([asked], device="cuda" if cards else "cpu")
        distributed.all_reduce(found, op=distributed.ReduceOp.MAX)
        return int(found.item())

    def obeyed(self) -> None:
        """Nothing; the wish is fulfilled, so that the next start is not asked again."""
        (self._folder / run_dir.STOP).unlink(missing_ok=True)

    def _file(self) -> int:
        try:
            said = (self._folder / run_dir.STOP).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return GO_ON
        return FINISH if run_dir.FINISH in said.split() else STOP

    def _unwatched(self) -> int:
        if self._alone <= 0:
            return GO_ON
        try:
            seen = (self._folder / run_dir.SUPERVISED).stat().st_mtime
        except OSError:
            seen = self._started
        return STOP if time.time() - max(seen, self._started) > self._alone else GO_ON

    def _hear(self, number: int, frame: FrameType | None) -> Any:
        self._signalled = True
