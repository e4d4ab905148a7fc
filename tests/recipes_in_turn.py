"""`python -m tests.recipes_in_turn WISH…` fulfils these wishes one after the other in one process, the trainer's.

`FOLDER` runs the recipe of a folder and prints what it exits with; with `FOLDER@STEP` it is asked to stop once it has
done that step. `MODEL=REFERENCE=PAIRS=SPLIT` prints the loss of DPO as `tests.dpo_equation` states it, at a beta of 0.1
and over the first two pairs of the split.
"""

import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import Thread
from time import sleep

from tests import dpo_equation
from training.recipes import _start, run_dir


def _said(wish: str) -> str:
    if "=" in wish:
        model, reference, pairs, split = wish.split("=")
        return f"loss {dpo_equation.loss(model, reference, Path(pairs), split, 0.1, 2)}"
    folder, _, step = wish.partition("@")
    kind = run_dir.read_config(Path(folder)).kind
    if step:
        Thread(target=_stop, args=(Path(folder), f'"kind": "log", "name": "", "step": {step},'), daemon=True).start()
    return f"exit {_start.main(kind, import_module(f'training.recipes.{kind}').train, [folder])}"


def _stop(folder: Path, line: str) -> None:
    while True:
        with suppress(FileNotFoundError):
            if line in (folder / run_dir.METRICS).read_text(encoding="utf-8"):
                break
        sleep(0.01)
    (folder / run_dir.STOP).touch()


if __name__ == "__main__":
    for one in sys.argv[1:]:
        sys.stdout.write(f"{_said(one)}\n")
