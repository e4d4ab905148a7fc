"""How a trainer is started: its folder, its command, its environment, and what is kept of all that."""

import hashlib
import os
import subprocess
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.conf import settings
from django.utils.translation import gettext

from annotations.core.preference_pairs import DEV
from annotations.services import preferences
from annotations.services.chores import ChoreProblem
from training.models import TrainingRun
from training.recipes import checkpoints, run_dir
from training.recipes.run_dir import MERGE, Config
from training.recipes.settings import BF16
from training.services import weights
from training.services.trainer import machine, processes

RECIPES = Path(run_dir.__file__).parent
CARDS = {1: "gpu_1.yaml"}
MORE_CARDS = "fsdp2_4.yaml"
SAMPLES, READ_AT_ONCE = 4, 2_000
RECORDER = {"TORCH_FR_BUFFER_SIZE": "2000", "TORCH_NCCL_DUMP_ON_TIMEOUT": "1"}
"""What torch notes of the last messages between cards, for the day one of them hangs."""
NO_PYTHON = "{node} has no environment that trains. Run “make training” there, or set COSA_TRAINING_PYTHON; resume."
NO_WEIGHTS = "The weights of {model} are not at hand on {node}. See its page for where they should lie, then resume."
NO_PAIRS = "The pairs of “{title}” are not at hand on {node}. {why}"


def folder_of(run: TrainingRun) -> Path:
    """Where everything about the run lies, whether or not it is there."""
    return Path(settings.TRAINING_DIR) / str(run.pk)


def prepare(run: TrainingRun) -> Path:
    """The folder of the run with its config.json, written once, and anew when what it names has moved.

    Raises ChoreProblem for what is not there.
    """
    if not settings.TRAINING_PYTHON or not os.access(settings.TRAINING_PYTHON, os.X_OK):
        raise ChoreProblem(NO_PYTHON.format(node=run.node.name))
    folder = folder_of(run)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (folder / run_dir.CONFIG).exists() or _has_moved(folder):
        run_dir.write(folder / run_dir.CONFIG, config(run))
    try:
        run_dir.read_config(folder)
    except run_dir.BadRunDir as broken:
        raise ChoreProblem(gettext("The folder of this run is damaged. %(broken)s") % {"broken": broken}) from broken
    return folder


def _has_moved(folder: Path) -> bool:
    """True when what the config names lies there no more: somebody may have said since where it lies now."""
    try:
        told = run_dir.read_config(folder)
    except run_dir.BadRunDir:
        return False
    return any(Path(one).is_absolute() and not Path(one).exists() for one in (told.base, told.other, told.pairs))


def config(run: TrainingRun) -> Config:
    """What the run is to do, as its trainer reads it. Raises ChoreProblem for what is not there."""
    return Config(
        kind=run.kind,
        base=_weights(run, run.base),
        other=_weights(run, run.other) if run.other else "",
        settings=run.settings,
        pairs=str(pairs) if (pairs := _pairs(run)) else "",
        prompts=samples(pairs) if pairs and run.settings.get("sample_steps") else [],
        alone_seconds=settings.ALONE_SECONDS,
        name=f"run{run.pk}",
    )


def samples(pairs: Path, many: int = SAMPLES) -> list[dict[str, str]]:
    """The first different prompts of the dev split, with their system prompts: the same ones at each sample."""
    found: dict[tuple[str, str], None] = {}
    with pq.ParquetFile(pairs) as opened:
        for batch in opened.iter_batches(READ_AT_ONCE, columns=["split", "system_prompt", "prompt"]):
            rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
            found |= {(system or "", prompt): None for split, system, prompt in rows if split == DEV and prompt}
            if len(found) >= many:
                break
    return [{"system": system, "user": prompt} for system, prompt in list(found)[:many]]


def command(run: TrainingRun, folder: Path) -> list[str]:
    """The command of the trainer: by accelerate where there are cards, the recipe alone where there are none."""
    recipe = ["-m", f"training.recipes.{run.kind}", str(folder.absolute())]
    if run.kind == MERGE or not run.gpus:
        return [settings.TRAINING_PYTHON, *recipe]
    file = RECIPES / "accelerate" / CARDS.get(run.gpus, MORE_CARDS)
    told = ["--config_file", str(file), "--num_processes", str(run.gpus)]
    # The file says bf16, and transformers would leave it at that for a run that wants none.
    told += ["--mixed_precision", "bf16" if run.settings.get("precision") == BF16 else "no"]
    told += ["--main_process_port", "0"] if run.gpus > 1 else []
    return [settings.TRAINING_PYTHON, "-m", "accelerate.commands.launch", *told, *recipe]


def environment(run: TrainingRun, folder: Path, cards: list[int]) -> dict[str, str]:
    """What the trainer is told: this process's environment without our own settings, its cards, and its folder."""
    threads = max(1, machine.cores() // max(1, run.gpus))
    inherited = machine.quiet(os.environ)
    return {
        "OMP_NUM_THREADS": str(threads),
        # Threads that spin while they wait make a step ten times as long as soon as anything else wants a core.
        "OMP_WAIT_POLICY": "passive",
        **RECORDER,
        **inherited,
        # Cards by the numbers nvidia-smi gives them, and no card for a run that wants none.
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": ",".join(map(str, cards)),
        "PYTHONPATH": str(settings.BASE_DIR),
        "PYTHONUNBUFFERED": "1",
        processes.MARK: str(folder.absolute()),
    }


def clean(folder: Path) -> None:
    """Nothing; what an earlier start left behind does not stop or end the next one."""
    for name in (run_dir.STOP, run_dir.RESULT):
        (folder / name).unlink(missing_ok=True)


def start(run: TrainingRun, folder: Path, cards: list[int]) -> "subprocess.Popen[bytes]":
    """The trainer, in a session of its own; it writes to the end of the run's log. Raises OSError."""
    (folder / run_dir.SUPERVISED).touch()
    with (folder / run_dir.LOG).open("ab") as log:
        return subprocess.Popen(  # noqa: S603  our own fixed command; what a person typed stands in config.json
            command(run, folder),
            cwd=settings.BASE_DIR,
            env=environment(run, folder, cards),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def record(run: TrainingRun, folder: Path, cards: list[int]) -> dict[str, Any]:
    """All that the result depends on, as far as it is known at the start."""
    return {
        "command": command(run, folder),
        "settings": run.settings,
        "code": code_version(),
        "node": run.node.name,
        "cards": _named(run, cards),
        "base": {"slug": run.base.slug, "weights": run_dir.read_config(folder).base},
        "digests": _digests(run, folder),
    }


def step_of_last(folder: Path) -> int:
    """The step of the last checkpoint that looks whole, from which the next start goes on; 0 without one."""
    steps = checkpoints.steps(folder)
    return next((one for one in steps if not checkpoints.wrong(checkpoints.at(folder, one), digests=False)), 0)


@cache
def code_version() -> str:
    """The version of this code: the commit it is at where it lies in a repository, else that of the package."""
    ask = ["git", "-C", str(settings.BASE_DIR)]
    try:
        commit = _output([*ask, "rev-parse", "HEAD"])
        changed = _output([*ask, "status", "--porcelain", "--untracked-files=no"])
    except (OSError, subprocess.SubprocessError):
        return _package_version()
    return f"{commit}, with changes" if changed else commit


def _package_version() -> str:
    try:
        said = tomllib.loads((Path(settings.BASE_DIR) / "pyproject.toml").read_text(encoding="utf-8"))
        return f"version {said['project']['version']}"
    except (OSError, ValueError, KeyError):
        return "unknown"


def _output(asked: list[str]) -> str:
    done = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603  our own command
    return done.stdout.strip()


def _weights(run: TrainingRun, model: Any) -> str:
    found = weights.fetched(model)
    if not found:
        raise ChoreProblem(NO_WEIGHTS.format(model=model.name, node=run.node.name))
    return found


def _pairs(run: TrainingRun) -> Path | None:
    if run.preference_set is None:
        return None
    pairs = preferences.path(run.preference_set).absolute()
    if not pairs.is_file():
        why = preferences.why_not_read(run.preference_set)
        raise ChoreProblem(NO_PAIRS.format(title=run.preference_set.title, node=run.node.name, why=why))
    return pairs


def _named(run: TrainingRun, cards: list[int]) -> list[Mapping[str, Any]]:
    return list(run.node.gpus.filter(number__in=cards).values("number", "name", "memory_bytes"))


def _digests(run: TrainingRun, folder: Path) -> dict[str, str]:
    told = {run_dir.CONFIG: hashlib.sha256((folder / run_dir.CONFIG).read_bytes()).hexdigest()}
    if run.preference_set:
        told["pairs"] = run.preference_set.sha256
    for name, model in (("base", run.base), ("other", run.other)):
        if checkpoint := getattr(model, "checkpoint", None):
            told[name] = checkpoint.sha256
    return told
