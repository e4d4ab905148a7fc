"""The files of one run's folder, as the trainer and whoever watches it see them; the standard library alone."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

CONFIG, METRICS, LOG, RESULT, STOP = "config.json", "metrics.jsonl", "log", "result.json", "STOP"
SUPERVISED, LOCK, CHECK = "supervised", "lock", "check.json"
CHECKPOINTS, MODEL = "checkpoints", "model"
FINISH = "finish"
SFT, DPO, MERGE = KINDS = ("sft", "dpo", "merge")
FINISHED, STOPPED, FAILED = ENDS = ("finished", "stopped", "failed")
OUT_OF_MEMORY, NOT_FINITE, NO_MODEL, NO_DATA, NO_DISK, BUSY, BAD_CONFIG, OTHER = CAUSES = (
    "out_of_memory",
    "not_finite",
    "no_model",
    "no_data",
    "no_disk",
    "busy",
    "bad_config",
    "other",
)
Read = TypeVar("Read", "Config", "Result")


class BadRunDir(ValueError):
    """Why a run's folder cannot be used, in words."""


@dataclass(frozen=True)
class Config:
    """What a run is to do. Paths are absolute, or relative to the run's folder.

    `base` is a folder of safetensors, a GGUF file, or a hub id; `other` is the second parent of a merge. `pairs` is a
    Parquet file of preference pairs with the columns of `annotations.core.preference_pairs` and at least `split`,
    `system_prompt`, `prompt`, `chosen_response`, `rejected_response`. `settings` is what `training.recipes.settings`
    reads, or `merge.py` for a merge. `prompts` are answered every so many steps: {"system": …, "user": …}.
    """

    kind: str
    base: str
    settings: dict[str, Any] = field(default_factory=dict)
    pairs: str = ""
    other: str = ""
    prompts: list[dict[str, str]] = field(default_factory=list)
    alone_seconds: float = 0
    name: str = ""


@dataclass(frozen=True)
class Result:
    """How a run ended: `state` is one of ENDS; `cause` one of CAUSES and `message` a sentence where it failed.

    `rows` holds the law of the pairs for each split: {"in": n, "out": n, "dropped": {reason: n}, "cut": n}. `sha256`
    is the digest of the model's files (see `checkpoints.Finished`).
    """

    state: str
    cause: str = ""
    message: str = ""
    step: int = 0
    steps: int = 0
    best_step: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)
    sha256: str = ""
    tokens: int = 0
    seconds: float = 0
    versions: dict[str, str] = field(default_factory=dict)
    hardware: dict[str, Any] = field(default_factory=dict)


def read_config(folder: Path) -> Config:
    """The folder's config. Raises BadRunDir."""
    return _read(folder / CONFIG, Config)


def read_result(folder: Path) -> Result | None:
    """How the run ended; None while it has not. Raises BadRunDir."""
    return _read(folder / RESULT, Result) if (folder / RESULT).exists() else None


def as_json(content: Mapping[str, Any]) -> str:
    """The text that a file of the folder has."""
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)


def write(path: Path, content: Config | Result | Mapping[str, Any]) -> None:
    """Nothing; the file is there, whole and on the disk, or as it was before."""
    plain = content if isinstance(content, Mapping) else asdict(content)
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8") as out:
        out.write(as_json(plain))
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)


def _read(path: Path, kind: type[Read]) -> Read:
    try:
        said = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as gone:
        raise BadRunDir(f"There is no {path.name} in {path.parent}.") from gone
    except ValueError as broken:
        raise BadRunDir(f"{path.name} is no JSON: {broken}.") from broken
    if not isinstance(said, dict):
        raise BadRunDir(f"{path.name} holds no object.")
    known = {one.name for one in fields(kind)}
    if unknown := sorted(said.keys() - known):
        raise BadRunDir(f"{path.name} has fields that nothing reads: {', '.join(unknown)}.")
    try:
        return kind(**said)
    except TypeError as missing:
        raise BadRunDir(f"{path.name} lacks a field: {missing}.") from missing
