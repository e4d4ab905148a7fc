"""Training runs for tests of the supervisor: on this machine, by a trainer that trains nothing."""

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from django.conf import settings

from annotations.core.preference_pairs import Pair
from annotations.services import chores, pair_files
from tests.factories import make_model, make_node, make_preference_set, make_training
from tests.machines import ROOT
from training.models import TrainingRun
from training.services.trainer import launcher, processes, supervise

FAKE = [sys.executable, "-S", str(ROOT / "tests" / "fake_trainer.py")]


def make_pairs(dev: int = 2) -> Any:
    """A finished preference set of two pairs to train on and some of the dev split; its file is there."""
    splits = ["train", "train", *["dev"] * dev]
    rows = [
        Pair(split, "You help at a desk.", f"How do tides work, part {at}?", "The moon pulls.", "No.", *["-"] * 5, 0, 1)
        for at, split in enumerate(splits)
    ]
    part = pair_files.part("test", 0)
    written = pair_files.write(part, rows)
    pair_files.keep(part, written)
    return make_preference_set(sha256=written.sha256)


def make_run(*plans: dict[str, Any], gpus: int = 0, **fields: Any) -> TrainingRun:
    """A run of this node that is to train, with a plan for each start of its trainer."""
    base = make_model("base", weights=str(ROOT / "tests"))
    values = {"base": base, "node": make_node(settings.NODE), "phase": "train", "gpus": gpus} | fields
    values.setdefault("preference_set", make_pairs())
    run = make_training(**values)
    folder = launcher.folder_of(run)
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps(plans or [{}]))
    return run


def fake_command(run: TrainingRun, folder: Path) -> list[str]:
    """The command of the trainer that trains nothing."""
    return [*FAKE, str(folder)]


def look(run: TrainingRun, worker: str = "w") -> TrainingRun:
    """The run after one look of a worker at it."""
    chores.do(TrainingRun, run.pk, supervise.job, worker)
    run.refresh_from_db()
    return run


def starts(run: TrainingRun) -> int:
    """How many trainers of the run began."""
    return len(list(launcher.folder_of(run).glob("start-*")))


def living(run: TrainingRun) -> list[processes.Process]:
    """What lives of the run's trainer."""
    return processes.members(launcher.folder_of(run), processes.read(run.process))


def meanwhile(*actions: Callable[[], object]) -> Callable[[float], None]:
    """A sleep in which one action after the other happens, each as soon as the one before did and it is time for it.

    An action that gives back False is tried again at the next sleep.
    """
    left = list(actions)

    def sleep(seconds: float) -> None:
        import time

        time.sleep(min(seconds, 0.01))
        if left and left[0]() is not False:
            left.pop(0)

    return sleep


def reads(run: TrainingRun, *names: str) -> Iterable[Any]:
    """These fields of the run as the database has them."""
    return TrainingRun.objects.values_list(*names).get(pk=run.pk)
