"""Why a run failed, for the person who launched it: one of the causes, and a sentence about what to change."""

import errno
from typing import NamedTuple

from training.recipes import _lines
from training.recipes._base import NoModel
from training.recipes._run import Run
from training.recipes._saves import NoWeights
from training.recipes._trainer import NotFinite
from training.recipes.rows import BadRows
from training.recipes.run_dir import (
    BAD_CONFIG,
    DPO,
    NO_DATA,
    NO_DISK,
    NO_MODEL,
    NOT_FINITE,
    OTHER,
    OUT_OF_MEMORY,
    BadRunDir,
)
from training.recipes.settings import BF16, NO, BadSettings

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FULL_WORDS = ("No space left on device", "Disk quota exceeded", "os error 28", "os error 122")
_SHORT_WORDS = ("can't allocate memory", "not enough memory", "CUDA out of memory", "CUBLAS_STATUS_ALLOC_FAILED")
_DOING = {
    _lines.CONVERT: "while the base was converted",
    _lines.LOAD: "while the model was loaded",
    _lines.TOKENIZE: "while the pairs were read",
    _lines.REF_LOGPS: "while the reference was worked out",
    _lines.TRAIN: "while it trained",
    _lines.SAVE: "while the model was saved",
}


class Failure(NamedTuple):
    """One of `run_dir.CAUSES`, and what happened and what to do, in words."""

    cause: str
    message: str


def of(error: BaseException, run: Run | None) -> Failure:
    """The failure that the error is; `run` is None where there was no run yet."""
    if isinstance(error, BadRunDir | BadSettings):
        return Failure(BAD_CONFIG, f"The run's config cannot be used. {error}")
    if isinstance(error, NoModel):
        return Failure(NO_MODEL, str(error))
    if isinstance(error, BadRows):
        return Failure(NO_DATA, str(error))
    if _disk_is_full(error):
        return Failure(NO_DISK, _disk(run))
    if run and isinstance(error, NotFinite):
        return Failure(NOT_FINITE, _not_finite(run))
    if run and _out_of_memory(error):
        return Failure(OUT_OF_MEMORY, _memory(run))
    return Failure(OTHER, _other(error, run))


def _disk_is_full(error: BaseException) -> bool:
    return getattr(error, "errno", None) in _FULL or any(word in str(error) for word in _FULL_WORDS)


def _out_of_memory(error: BaseException) -> bool:
    named = type(error).__name__ == "OutOfMemoryError" or isinstance(error, MemoryError)
    return named or any(word in str(error) for word in _SHORT_WORDS)


def _when(run: Run | None) -> str:
    return _DOING.get(run.lines.name, "") if run else ""


def _disk(run: Run | None) -> str:
    said = f"The disk is full ({_when(run)})." if _when(run) else "The disk is full."
    kept = run.settings.save_total_limit if run else 2
    return (
        f"{said} Make room on it, for {kept + 1} checkpoints and the model, and resume; or keep fewer of them. What "
        "was whole before is still there."
    )


def _not_finite(run: Run) -> str:
    steps, settings = run.lines.step + 1, run.settings
    tips = ["lower the learning rate", "lengthen the warm-up"]
    tips += ["lower the gradient clip to 1"] if settings.max_grad_norm > 1 or not settings.max_grad_norm else []
    tips += ["use fp32 for a try"] if settings.precision != "fp32" else []
    return (
        f"The loss or its gradient is no number at step {steps}, so the trainer stopped before the weights were "
        f"spoiled. {_either(tips)} If it happens at the first step, look at the base: its weights may be broken."
    )


def _memory(run: Run) -> str:
    settings, tips = run.settings, []
    reference = run.lines.name == _lines.REF_LOGPS
    at_once = settings.per_device_eval_batch_size if reference else settings.per_device_train_batch_size
    if at_once > 1:
        field = "Pairs at once, dev set" if reference else "Pairs at once"
        tips.append(f"lower “{field}” (now {at_once}; a step keeps its {settings.global_batch} pairs)")
    tips += [] if settings.activation_checkpointing or reference else ["switch on “Recompute activations”"]
    if run.kind == DPO and settings.precompute_ref_log_probs == NO:
        tips.append("work the reference out first")
    tips += [] if settings.lora else ["use LoRA"]
    tips += ["keep the weights in bf16"] if settings.precision == BF16 and settings.lora else []
    tips += [f"shorten the longest pair (now {settings.max_length} tokens)", "share it among more cards"]
    return f"Memory ran out {_when(run)}.".replace(" .", ".") + f" {_either(tips)}"


def _either(tips: list[str]) -> str:
    said = ", or ".join(tips)
    return f"{said[0].upper()}{said[1:]}."


def _other(error: BaseException, run: Run | None) -> str:
    if isinstance(error, NoWeights):
        return "The model was saved without weights. Resume the run: it saves once more from its last checkpoint."
    lines = str(error).strip().splitlines()
    said = f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__
    return f"The trainer ended {_when(run) or 'at its start'}: {said.rstrip('.')}. Its log has the rest."
