"""What a trainer leaves on the disk: checkpoints, each marked once it is whole, and the model at the end."""

import json
import shutil
from pathlib import Path
from typing import Any

from training.recipes import _lines, checkpoints, run_dir
from training.recipes._run import Run

ADAPTER = "adapter"
_PROGRESS = "progress.json"
_BROKEN = "broken-"
_WHOLE_STATE = "FULL_STATE_DICT"
_UNWANTED = ("training_args.bin",)


class NoWeights(RuntimeError):
    """The model was saved, and there are no weights in it."""


def last(run: Run) -> Path | None:
    """The checkpoint to go on from; None at the start.

    Later ones that were never finished are removed, and finished ones that are broken are laid aside as `broken-STEP`.
    """
    found = checkpoints.last_whole(run.folder)
    for step in checkpoints.steps(run.folder):
        place = checkpoints.at(run.folder, step)
        if place == found:
            break
        if run.first:
            _aside(place, step)
    return found


def _aside(place: Path, step: int) -> None:
    laid = place.with_name(f"{_BROKEN}{step}")
    shutil.rmtree(laid, ignore_errors=True)
    if (place / checkpoints.MARKER).exists():
        place.rename(laid)
    else:
        shutil.rmtree(place)


def remember(run: Run, checkpoint: Path | None) -> None:
    """Nothing; the run knows the tokens and seconds that led to the checkpoint."""
    if checkpoint is None:
        return
    try:
        said = json.loads((checkpoint / _PROGRESS).read_text(encoding="utf-8"))
        run.tokens, run.seconds = int(said["tokens"]), float(said["seconds"])
    except (OSError, ValueError, KeyError):
        return


def finished(run: Run, state: Any) -> None:
    """Nothing; the checkpoint of this step is whole and marked, and only then older ones are removed."""
    run.meet()
    if run.first:
        place = checkpoints.at(run.folder, state.global_step)
        told = {"tokens": run.trainer._total_train_tokens, "seconds": round(run.spent(), 1)}
        run_dir.write(place / _PROGRESS, told)
        marked = checkpoints.mark(place, state.global_step)
        run.lines.write(_lines.CHECKPOINT, {"sha256": marked.sha256, "bytes": marked.size}, place.name)
        _rotate(run, state.best_model_checkpoint)
    run.meet()


def _rotate(run: Run, best: str | None) -> None:
    kept = 0
    for step in checkpoints.steps(run.folder):
        place = checkpoints.at(run.folder, step)
        if kept < run.settings.save_total_limit:
            kept += checkpoints.read(place) is not None
        elif best is None or place.name != Path(best).name:
            shutil.rmtree(place)


def model(run: Run, base: str) -> str:
    """The digest of the model's files; `model/` holds its weights and tokenizer, and with LoRA `adapter/` the rest."""
    run.phase(_lines.SAVE)
    trainer, part = run.trainer, run.folder / f".{run_dir.MODEL}.part"
    # Weights in shards are not written by save_model, and nothing is said about it.
    if plugin := getattr(trainer.accelerator.state, "fsdp_plugin", None):
        plugin.set_state_dict_type(_WHOLE_STATE)
    if run.first:
        shutil.rmtree(part, ignore_errors=True)
    run.meet()
    trainer.save_model(str(part))
    run.meet()
    return _placed(run, part, base) if run.first else ""


def _placed(run: Run, part: Path, base: str) -> str:
    for name in _UNWANTED:
        (part / name).unlink(missing_ok=True)
    if run.settings.lora:
        adapter = _into(part, run.folder / ADAPTER)
        _merge(run, base, adapter, part)
    weights = list(part.glob("*.safetensors"))
    if not weights or not all(one.stat().st_size for one in weights):
        raise NoWeights
    marked = checkpoints.mark(part, model_step(run))
    _into(part, run.folder / run_dir.MODEL)
    return marked.sha256


def _merge(run: Run, base: str, adapter: Path, out: Path) -> None:
    """The base with the adapter in it, put together on the CPU from what was written."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    told = {name: run.trainer.args.model_init_kwargs[name] for name in ("dtype", "use_safetensors")}
    kept = AutoModelForCausalLM.from_pretrained(base, **told)
    PeftModel.from_pretrained(kept, str(adapter)).merge_and_unload().save_pretrained(out)
    run.trainer.processing_class.save_pretrained(out)


def _into(part: Path, place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    part.rename(place)
    return place


def model_step(run: Run) -> int:
    """The step the model is of: the best one where the dev set decides, else the last."""
    return best_step(run) or int(run.trainer.state.global_step)


def best_step(run: Run) -> int:
    """The step whose model was kept because the dev set liked it best; 0 where it was not asked."""
    state = run.trainer.state
    if not (run.trainer.args.load_best_model_at_end and state.best_model_checkpoint):
        return 0
    return int(Path(state.best_model_checkpoint).name.removeprefix(checkpoints.PREFIX))
