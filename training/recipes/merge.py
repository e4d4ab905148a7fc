"""Merges two models of one architecture: each number is (1 − w) · base + w · other, w the same or layer by layer.

    python -m training.recipes.merge RUN_DIR

What w is says `training.recipes.merge_settings`. Weights are read, mixed and written in pieces, so that memory does not
grow with the model; tokenizer and chat template are those of the base. A merge that was stopped starts anew.
"""

import json
import os
import platform
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np

from training.recipes import _base, _lines, _start, _tensors, checkpoints, merge_settings, run_dir
from training.recipes._base import NoModel
from training.recipes._run import Run
from training.recipes._tensors import FLOATS, Array, Tensor
from training.recipes.merge_settings import BFLOAT16, FLOAT32, MergeSettings
from training.recipes.run_dir import FINISHED, MERGE, BadRunDir, Result
from training.recipes.settings import BadSettings

OTHER = "other"
KEPT = ("*.json", "*.jinja", "*.txt", "*.model")
NOT_KEPT = (_tensors.INDEX, checkpoints.MARKER, "lineage.json", "adapter_config.json")
ALIKE = (
    *("architectures", "model_type", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"),
    *("num_key_value_heads", "head_dim", "vocab_size", "tie_word_embeddings", "rope_parameters", "rms_norm_eps"),
)
_KINDS = {FLOAT32: "F32", BFLOAT16: _tensors.BF16}
_LOOK_SECONDS = 0.2


def merge(run: Run) -> Result:
    """How the run ended. What can go wrong is in `_failures`."""
    settings = merge_settings.read(run.config.settings)
    base = _parent(run, run.config.base, _base.BASE)
    other = base if run.config.other == run.config.base else _parent(run, run.config.other, OTHER)
    first, second = _tensors.index(base), _tensors.index(other)
    refuse(base, other, first, second)
    plan = planned(first, settings)
    part = run.folder / f".{run_dir.MODEL}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    run.lines.steps = len(plan)
    run.phase(_lines.SAVE, len(plan))
    _tensors.write(part, plan, _merged(run, plan, first, second, settings))
    run.lines.step = len(plan)
    run.lines.progress(len(plan), len(plan))
    _keep_files(base, part, settings)
    marked = checkpoints.mark(part, 0)
    shutil.rmtree(run.folder / run_dir.MODEL, ignore_errors=True)
    part.rename(run.folder / run_dir.MODEL)
    return _result(run, marked.sha256)


def refuse(base: Path, other: Path, first: dict[str, Tensor], second: dict[str, Tensor]) -> None:
    """Nothing when the two models fit together. Raises BadRunDir with what differs."""
    one, two = _json(base / "config.json"), _json(other / "config.json")
    for name in ALIKE:
        if one.get(name) != two.get(name):
            raise BadRunDir(f"The parents differ in {name}: {one.get(name)} and {two.get(name)}.")
    if lonely := sorted(first.keys() ^ second.keys()):
        raise BadRunDir(f"Only one of the parents has the tensor {lonely[0]}.")
    for name, tensor in first.items():
        if tensor.shape != second[name].shape:
            raise BadRunDir(f"The tensor {name} has the shape {tensor.shape} and in the other {second[name].shape}.")
    if _tokens(base) != _tokens(other):
        raise BadRunDir("The parents have different tokenizers, so that their numbers do not mean the same tokens.")


def planned(tensors: dict[str, Tensor], settings: MergeSettings) -> dict[str, Tensor]:
    """The tensors as they will be written. Raises BadSettings when layers and weights are not equally many."""
    layers = {number for name in tensors if (number := merge_settings.layer(name)) is not None}
    if settings.per_layer and len(settings.per_layer) != len(layers):
        told = f"The models have {len(layers)} layers, and there are weights for {len(settings.per_layer)}."
        raise BadSettings({"per_layer": told})
    wanted = _KINDS.get(settings.dtype)
    return {name: one._replace(kind=wanted) if wanted and one.kind in FLOATS else one for name, one in tensors.items()}


def mixed(name: str, base: Tensor, other: Tensor, kind: str, weight: float) -> Iterator[Array]:
    """The tensor in pieces as they are stored; at weight 0 or 1 and of the same kind the parent's own bytes.

    Raises NoModel for a sum that is no finite number, BadRunDir for whole numbers that differ.
    """
    for one, two in zip(_tensors.pieces(base), _tensors.pieces(other), strict=True):
        if kind not in FLOATS:
            if base.kind != other.kind or not np.array_equal(one, two):
                raise BadRunDir(f"The tensor {name} holds whole numbers that differ between the parents.")
            yield one
        elif weight in (0, 1) and kind == (base, other)[int(weight)].kind:
            yield (one, two)[int(weight)]
        else:
            found = _tensors.stored(_sum(one, two, base.kind, other.kind, weight), kind)
            if not np.isfinite(_tensors.widened(found, kind)).all():
                raise NoModel(f"The tensor {name} of one of the parents holds numbers that are not finite.")
            yield found


def _sum(one: Array, two: Array, kind: str, other_kind: str, weight: float) -> Array:
    return (1 - weight) * _tensors.widened(one, kind) + weight * _tensors.widened(two, other_kind)


def _merged(
    run: Run, plan: dict[str, Tensor], first: dict[str, Tensor], second: dict[str, Tensor], settings: MergeSettings
) -> Iterator[tuple[str, Iterator[Array]]]:
    for done, (name, planned_as) in enumerate(plan.items()):
        run.lines.step = done
        run.unless_stopped(done, len(plan))
        yield name, mixed(name, first[name], second[name], planned_as.kind, settings.of(name))


def _parent(run: Run, named: str, out: str) -> Path:
    """The folder of a parent: as it is, or made of a GGUF file once for the run, or fetched. Raises NoModel."""
    if (run.folder / named).is_file():
        return _converted(run, run.folder / named, run.folder / out)
    asked = copy(run)
    asked.config = replace(run.config, base=named)
    return Path(_base.ready(asked))


def _converted(run: Run, gguf: Path, out: Path) -> Path:
    """In a process of its own, whose memory is given back: it holds the whole model, and the merge does not."""
    run.phase(_lines.CONVERT)
    if not checkpoints.wrong(out):
        return out
    command = [sys.executable, "-m", "training.recipes.from_gguf", str(gguf), str(out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603  our own module
    try:
        while process.poll() is None:
            run.unless_stopped(0, 0)
            sleep(_LOOK_SECONDS)
    finally:
        process.kill()
        _, said = process.communicate()
    if process.returncode:
        raise NoModel((said.strip().splitlines() or ["The GGUF file could not be read."])[-1])
    checkpoints.mark(out, 0)
    return out


def _keep_files(base: Path, part: Path, settings: MergeSettings) -> None:
    for pattern in KEPT:
        for file in base.glob(pattern):
            if file.name not in NOT_KEPT and file.is_file() and not (part / file.name).exists():
                shutil.copyfile(file, part / file.name)
    if settings.dtype in _KINDS:
        run_dir.write(part / "config.json", _json(part / "config.json") | {"dtype": settings.dtype})


def _json(path: Path) -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as broken:
        raise BadRunDir(f"There is no {path.name} that can be read in {path.parent}.") from broken
    return said


def _tokens(folder: Path) -> tuple[Any, Any, Any]:
    said = _json(folder / "tokenizer.json")
    added = [(one["id"], one["content"]) for one in said.get("added_tokens", [])]
    merges = [one.split(" ") if isinstance(one, str) else one for one in said["model"].get("merges", [])]
    return said["model"].get("vocab"), merges, added


def _result(run: Run, sha256: str) -> Result:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    count = run.lines.steps
    return Result(
        FINISHED,
        step=count,
        steps=count,
        sha256=sha256,
        seconds=round(run.spent(), 1),
        metrics={"peak_memory_bytes": float(memory)},
        versions={"python": platform.python_version(), "numpy": version("numpy")},
        hardware={"machine": platform.machine(), "processors": os.cpu_count(), "processes": 1, "cards": []},
    )


if __name__ == "__main__":
    sys.exit(_start.main(MERGE, merge, sys.argv[1:]))
