"""Real trainers on a tiny model: made once for all tests of a session, run in folders of their own."""

import fcntl
import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from annotations.core.preference_pairs import DEV, TRAIN
from training.engines._child import model_file
from training.recipes import run_dir
from training.recipes.run_dir import Config

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ROOT / ".venv-training/bin/python"
LONGEST_SECONDS = 300
CALM = {
    "OMP_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "TOKENIZERS_PARALLELISM": "false",
    # The memory of a step is kept for the next one; asking the system for it each time takes a quarter of the time.
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "8589934592",
}
TINY: dict[str, Any] = {
    "max_steps": 10,
    "num_train_epochs": 1000.0,
    "global_batch": 2,
    "per_device_train_batch_size": 2,
    "per_device_eval_batch_size": 2,
    "max_length": 96,
    "max_prompt_length": 64,
    "learning_rate": 1e-3,
    "warmup_steps": 2,
    "precision": "fp32",
    "activation_checkpointing": False,
    "save_steps": 3,
    "eval_steps": 5,
    "eval_rows": 2,
}
"""Settings of a run of ten steps that a processor does in seconds."""


def base(place: Path) -> Path:
    """A model of two layers with the packaged model's own tokenizer, made by the first test that asks for it.

    `place` is shared by everybody who may ask, such as `tmp_path_factory.getbasetemp().parent`.
    """
    folder = place / "tiny-base"
    with (place / "tiny-base.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "config.json").is_file():
            python("-m", "tests.tiny_base", str(model_file()), str(folder)).check_returncode()
    return folder


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What the trainer's Python says and exits with."""
    command = [str(PYTHON), *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=LONGEST_SECONDS)


def environment() -> dict[str, str]:
    """One thread, no card, no network."""
    return os.environ | CALM


def pair(number: int, split: str = TRAIN, **changes: str) -> dict[str, str]:
    """A pair whose chosen response answers and whose rejected one does not."""
    return {
        "split": split,
        "system_prompt": f"You may talk about plants of kind {number}.",
        "prompt": f"Which plants grow in garden {number}?",
        "chosen_response": f"Roses and lilies grow in garden {number}.",
        "rejected_response": f"I would rather say nothing of garden {number}.",
    } | changes


def write_pairs(path: Path, rows: Iterable[Mapping[str, Any]] = ()) -> Path:
    """The file of these pairs; without any, two to learn from and two of the dev set."""
    found = list(rows) or [pair(number, split) for split in (TRAIN, DEV) for number in (1, 2)]
    pq.write_table(pa.Table.from_pylist(found), path)
    return path


def make_folder(folder: Path, kind: str, model: Path | str, pairs: Path, **more: Any) -> Path:
    """The folder of a run with its config; what is no field of a config is a setting, the others are TINY."""
    known = {name: more.pop(name) for name in ("prompts", "alone_seconds", "name") if name in more}
    folder.mkdir(parents=True)
    config = Config(kind=kind, base=str(model), settings=TINY | more, pairs=str(pairs), **known)
    run_dir.write(folder / run_dir.CONFIG, config)
    return folder


def start(folder: Path) -> subprocess.Popen[bytes]:
    """The folder's recipe as a process of its own, its words in the folder's log."""
    command = [str(PYTHON), "-m", f"training.recipes.{run_dir.read_config(folder).kind}", str(folder)]
    with (folder / run_dir.LOG).open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=log, stderr=log, start_new_session=True)


def run_recipe(folder: Path) -> int:
    """What the folder's recipe exits with."""
    return start(folder).wait(LONGEST_SECONDS)


def run_all(wishes: Iterable[Path | str]) -> subprocess.CompletedProcess[str]:
    """Folders whose recipes run one after the other in one process, which saves reading torch for each.

    What else may be wished for is said in `tests.recipes_in_turn`.
    """
    return python("-m", "tests.recipes_in_turn", *map(str, wishes))


def lines(folder: Path, kind: str = "", name: str = "") -> list[dict[str, Any]]:
    """The whole lines the trainer has written, those of a kind and name."""
    path = folder / run_dir.METRICS
    texts = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    found = [json.loads(text) for text in texts if text.endswith("\n")]
    return [one for one in found if one["kind"].startswith(kind) and one["name"].startswith(name)]
