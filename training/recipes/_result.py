"""How a run ended, with all that the result depends on: steps, figures, rows, versions and hardware."""

import math
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from training.recipes import _failures, _saves, run_dir
from training.recipes._run import Run
from training.recipes.run_dir import FAILED, FINISHED, STOPPED, Result

_PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers", "safetensors")


def finished(run: Run, sha256: str) -> Result:
    """The result of a run that wrote its model."""
    return Result(FINISHED, sha256=sha256, best_step=_saves.best_step(run), **_common(run))


def stopped(run: Run) -> Result:
    """The result of a run that was asked to end, and can be resumed."""
    return Result(STOPPED, message="It was asked to stop, and goes on from its last checkpoint.", **_common(run))


def failed(error: BaseException, run: Run | None) -> Result:
    """The result of a run that could not go on."""
    failure = _failures.of(error, run)
    return Result(FAILED, cause=failure.cause, message=failure.message, **(_common(run) if run else {}))


def figures(history: list[dict[str, Any]]) -> dict[str, float]:
    """The last figures of the training and of the dev set; those that are numbers."""
    last: dict[str, Any] = {}
    for one in history:
        last |= {name: value for name, value in one.items() if name != "step"}
    return {name: float(value) for name, value in last.items() if _is_number(value)}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _common(run: Run) -> dict[str, Any]:
    history = run.trainer.state.log_history if run.trainer is not None else []
    return {
        "step": run.lines.step,
        "steps": run.lines.steps,
        "metrics": figures(history),
        "rows": run.rows,
        "tokens": run.tokens,
        "seconds": round(run.spent(), 1),
        "versions": versions(),
        "hardware": hardware(run),
    }


def versions() -> dict[str, str]:
    """The versions of everything that computes."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def hardware(run: Run) -> dict[str, Any]:
    """What the run was computed on: processor, processes, and cards with their memory."""
    cards, cuda = _cards()
    return {
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "processes": run.processes,
        "cards": cards,
        "cuda": cuda,
    }


def _cards() -> tuple[list[dict[str, Any]], str]:
    """The cards and the version of CUDA, as far as the run came to know them before it ended."""
    torch = sys.modules.get("torch")
    if torch is None:
        return [], ""
    found = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
    return [{"name": one.name, "memory_bytes": one.total_memory} for one in found], torch.version.cuda or ""


def write(run_folder: Any, result: Result) -> None:
    """Nothing; the result is there, unless another process of the trainer said how it ended before."""
    if not (run_folder / run_dir.RESULT).exists():
        run_dir.write(run_folder / run_dir.RESULT, result)
