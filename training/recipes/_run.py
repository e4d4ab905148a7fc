"""One start of a trainer: its folder, its settings, what it tells and what it is asked."""

import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from training.recipes import run_dir, settings
from training.recipes._arguments import PATIENCE_SECONDS, arguments
from training.recipes._asked import GO_ON, STOP, Asked, Stopped
from training.recipes._lines import Lines

Made = TypeVar("Made")


class Run:
    """What every part of a recipe needs to know. `rows` is the law of the pairs; `trainer` is TRL's, once it is made.

    `asked` is what the trainer was asked at its last step; `seconds` and `tokens` are those of earlier starts.
    """

    def __init__(self, folder: Path, kind: str, config: run_dir.Config):
        if config.kind != kind:
            raise run_dir.BadRunDir(f"The run is of the kind {config.kind or '-'}, and this is the recipe {kind}.")
        self.folder, self.kind, self.config = folder, kind, config
        self.settings = settings.read({} if kind == run_dir.MERGE else config.settings)  # a merge reads its own
        self.rank, self.processes = rank(), int(os.environ.get("WORLD_SIZE", "1"))
        self.lines = Lines(folder, writes=self.first)
        self.wishes = Asked(folder, config.alone_seconds, first=self.first, processes=self.processes)
        self.rows: dict[str, Any] = {}
        self.trainer: Any = None
        self.asked = GO_ON
        self.seconds, self.tokens = 0.0, 0
        self.grad_norm: Any = 0.0
        self.looked_at = -1
        self._started = time.monotonic()

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    @property
    def name(self) -> str:
        """What people call the base."""
        return Path(self.config.base).name or self.config.base

    def arguments(self, *, dev: bool) -> dict[str, Any]:
        """What TRL's config is made with here; without a card the processor does the work."""
        import torch

        found = arguments(self.settings, self.kind, self.processes, self.folder, dev=dev)
        return found | {"use_cpu": not torch.cuda.is_available()}

    def spent(self) -> float:
        """Seconds of this and of earlier starts, as far as their checkpoints know."""
        return self.seconds + time.monotonic() - self._started

    def first_alone(self, make: Callable[[], Made]) -> Made:
        """What `make` gives, in every process; the first one makes it before the others."""
        if self.first:
            made = make()
            self.meet()
            return made
        self.meet()
        return make()

    def meet(self) -> None:
        """Nothing; every process of the trainer has come here."""
        if self.processes > 1:
            self._together().wait_for_everyone()

    def unless_stopped(self, done: int, total: int) -> None:
        """Nothing; so much of the phase is done. Raises Stopped when the trainer is asked to.

        A wish to finish waits for the first step, so that there is something to finish.
        """
        self.lines.progress(done, total)
        if self.wishes.here() == STOP:
            raise Stopped

    def phase(self, name: str, total: int = 0) -> None:
        """Nothing; the phase begins."""
        self.lines.phase(name, total)

    def _together(self) -> Any:
        import torch
        from accelerate import PartialState

        # The first one to ask for it sets how long processes wait for each other.
        return PartialState(cpu=not torch.cuda.is_available(), timeout=timedelta(seconds=PATIENCE_SECONDS))


def rank() -> int:
    """The number of this process among those of the trainer, 0 for the first and for one alone."""
    return int(os.environ.get("RANK", "0"))
