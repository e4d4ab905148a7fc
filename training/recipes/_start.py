"""Starts a recipe in a run's folder, sees that it is the only one there, and writes how it ended."""

import fcntl
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from training.recipes import _lines, _result, checkpoints, run_dir
from training.recipes._asked import Stopped
from training.recipes._run import Run, rank

ENDED, FAILED, WRONG_CALL, BUSY = 0, 1, 2, 75
"""What the program exits with: the run finished or was stopped; it failed, and result.json says why; there was no
folder; or another trainer holds the folder, and nothing in it was touched."""
_CALM = {
    "TQDM_DISABLE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
Recipe = Callable[[Run], run_dir.Result]


def main(kind: str, recipe: Recipe, given: list[str]) -> int:
    """What the program exits with, once the recipe has run in the folder that was given."""
    if len(given) != 1 or not Path(given[0]).is_dir():
        return _say(
            f"python -m training.recipes.{kind} RUN_DIR, where RUN_DIR is a folder with config.json.", WRONG_CALL
        )
    folder = Path(given[0]).absolute()
    lock = os.open(folder / run_dir.LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    if rank() == 0 and not _locked(lock):
        return _say(f"Another trainer is at work in {folder}. This one ends, and touches nothing.", BUSY)
    try:
        return _alone(kind, recipe, folder)
    finally:
        os.close(lock)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _alone(kind: str, recipe: Recipe, folder: Path) -> int:
    """The same, where no other trainer is in the folder."""
    if _has_finished(folder):
        return _say(
            f"The run in {folder} has finished: its model is in {run_dir.MODEL}/. Nothing is left to do.", ENDED
        )
    os.environ.update({name: value for name, value in _CALM.items() if name not in os.environ})
    if rank() == 0:
        (folder / run_dir.RESULT).unlink(missing_ok=True)
    run = None
    try:
        run = Run(folder, kind, run_dir.read_config(folder))
        run.wishes.listen()
        run.phase(_lines.LOAD)
        result = recipe(run)
    except Stopped:
        result = _result.stopped(run) if run else run_dir.Result(run_dir.STOPPED)
    except Exception as error:
        traceback.print_exc()
        result = _result.failed(error, run)
    return _ended(folder, run, result)


def _has_finished(folder: Path) -> bool:
    try:
        result = run_dir.read_result(folder)
    except run_dir.BadRunDir:
        return False
    finished = result is not None and result.state == run_dir.FINISHED
    return finished and not checkpoints.wrong(folder / run_dir.MODEL, digests=False)


def _ended(folder: Path, run: Run | None, result: run_dir.Result) -> int:
    failed = result.state == run_dir.FAILED
    if rank() == 0 or failed:
        _result.write(folder, result)
    if run:
        run.lines.over()
        run.lines.write(_lines.END, {"cause": result.cause, "message": result.message}, result.state)
        run.wishes.obeyed()
    if failed:
        return _say(result.message, FAILED)
    # The launcher ends the other processes only when this one says that something was wrong.
    return FAILED if run and run.processes > 1 and result.state == run_dir.STOPPED and not result.step else ENDED


def _say(said: str, code: int) -> int:
    sys.stderr.write(f"{said}\n")
    return code
