"""The check before a run trains: on the node itself, so that what is missing there shows before anybody waits."""

import json
from pathlib import Path
from typing import Any, cast

from django.conf import settings as site

from annotations.models import PreferenceSet
from annotations.models.work import QUEUED, WAITING
from annotations.services import preferences
from annotations.services.chores import ChoreProblem, Hold
from training.models import TrainingRun
from training.models.training import TRAIN
from training.recipes import run_dir, settings
from training.recipes.run_dir import MERGE
from training.recipes.settings import BadSettings
from training.services import children, weights
from training.services.trainer import launcher
from training.services.trainer.estimate import FITS, GB, TIGHT, verdict
from training.services.trainer.ground import Asked, estimated
from training.services.trainer.watch import held

MODULE = "training.recipes.check"
PLACE = "check"
SILENT_SECONDS, BUSY_SECONDS = 600.0, 3_600.0
CARDS = "The run wants {gpus} cards and {node} has {has}. Start another run with fewer, or on another node."
BASE_AWAY = "The weights of {base} lie on {at}, and the run is to train on {node}. Start another run on {at}."
MEMORY = (
    "{where} has {has:.0f} GB and the run needs about {need:.0f} GB (computed). Take LoRA, fewer pairs at once, a "
    "shorter longest pair, recompute activations, or more cards."
)
HOST = (
    "{node} has {has:.0f} GB of memory and about {need:.0f} GB are needed to share out the weights (computed). Take "
    "a smaller base, or a machine with more memory."
)
DISK = (
    "{node} has {has:.0f} GB free and the run may write {need:.0f} GB (computed). Keep fewer checkpoints, or make room "
    "where training runs lie."
)
FEW = "The pairs of the training split do not fill one batch. Choose a larger set, or fewer pairs at once."
FAILED = "The check itself failed (exit code {code}): {line}"
Found = dict[str, Any]


def job(hold: Hold) -> str:
    """Waiting, once what the check found lies in the run's `checked`: a person launches it then.

    Queued, and in the phase `train`, for a merge, and for a run of a loop when nothing forbids it. Raises ChoreProblem
    where the check itself fails, or a run of a loop must not be launched; Stopped.
    """
    run = cast(TrainingRun, hold.row)
    if run.kind == MERGE:
        hold.save(phase=TRAIN, done=0, total=0)
        return QUEUED
    found = _looked_at(hold, run)
    steps = found.get("estimate", {}).get("steps", 0)
    hold.save(checked=found, done=0, total=steps)
    if run.loop_id is None:
        return WAITING
    if found["problems"]:
        raise ChoreProblem(" ".join(found["problems"]))
    hold.save(phase=TRAIN)
    return QUEUED


def problems_now(run: TrainingRun) -> list[str]:
    """What forbids the run as things stand at this moment: its pairs, its node and its cards; no file is read."""
    told = [preferences.why_not_train(run.preference_set) if run.preference_set else "", run.node.problem]
    has = run.node.gpus.count()
    told += [CARDS.format(gpus=run.gpus, node=run.node, has=has)] if run.gpus > has else []
    if weights.is_bound(run.base, run.node.name):
        told.append(BASE_AWAY.format(base=run.base, at=run.base.node, node=run.node))
    return [one for one in told if one]


def _looked_at(hold: Hold, run: TrainingRun) -> Found:
    problems = problems_now(run)
    if not run.node.problem:
        try:
            found = _child(hold, run)
        except Unready as problem:
            found = {"problems": [str(problem)]}
    else:
        found = {}
    found["problems"] = [*problems, *found.get("problems", [])]
    found.setdefault("warnings", [])
    return _with_estimate(run, found)


class Unready(ValueError):
    """Why the check could not begin, in words."""


def _child(hold: Hold, run: TrainingRun) -> Found:
    """What the check of the recipes found. Raises Unready for what is not on the node, ChoreProblem, Stopped."""
    with held(hold):  # its base may have to come from the store first
        folder = _prepared(run)
    log = folder / PLACE
    log.mkdir(exist_ok=True)
    (folder / run_dir.CHECK).unlink(missing_ok=True)
    module = (MODULE, str(folder.absolute()))
    program = children.Program(
        site.TRAINING_PYTHON, module, log, site.BASE_DIR, {"PYTHONPATH": str(site.BASE_DIR), "CUDA_VISIBLE_DEVICES": ""}
    )
    bounds = children.Bounds("The check", SILENT_SECONDS, BUSY_SECONDS)
    code = children.run(hold, program, bounds, lambda: _far(program.log))
    if code:
        raise ChoreProblem(FAILED.format(code=code, line=_last_line(program.log)))
    found: Found = json.loads((folder / run_dir.CHECK).read_text(encoding="utf-8"))
    return found


def _prepared(run: TrainingRun) -> Path:
    """The run's folder with a config that is written anew: what was missing at an earlier check may be there now."""
    (launcher.folder_of(run) / run_dir.CONFIG).unlink(missing_ok=True)
    try:
        return launcher.prepare(run)
    except ChoreProblem as problem:
        raise Unready(str(problem)) from problem


def _far(log: Path) -> tuple[int, int]:
    """How far the check says it is, done and total."""
    for line in reversed(_tail(log)):
        done, _, total = line.partition(" of ")
        if done.isdecimal() and total.isdecimal():
            return int(done), int(total)
    return 0, 0


def _last_line(log: Path) -> str:
    return next((line[:300] for line in reversed(_tail(log)) if line.strip()), "it wrote nothing")


def _tail(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").replace("\0", "")[-5_000:].splitlines()


def _with_estimate(run: TrainingRun, found: Found) -> Found:
    """What was found, with the estimate that stands on it, and what the estimate forbids or warns of."""
    pairs = cast(PreferenceSet, run.preference_set)  # only a merge has none
    try:
        asked = Asked(run.kind, settings.read(run.settings), run.base, pairs, run.node, run.gpus, found)
        told = found["estimate"] = estimated(asked)
    except BadSettings as problem:
        found["problems"].append(str(problem))
        return found
    if not told["steps"] and "rows" in found and found["rows"]["train"]["out"]:
        found["problems"].append(FEW)
    if "need" in told:
        _weigh(run, told, found)
    return found


def _weigh(run: TrainingRun, told: Found, found: Found) -> None:
    where = f"{'Each card, ' if run.gpus else ''}{told['where']}".strip()
    amounts = [
        (MEMORY, told["need"], told["has"], where[:1].upper() + where[1:]),
        (HOST, told["host"], told["host_has"], ""),
        (DISK, told["disk_need"], told["disk_free"], ""),
    ]
    for sentence, need, has, place in amounts:
        said = verdict(need, has)
        if said != FITS:
            words = sentence.format(where=place, node=run.node, need=need / GB, has=has / GB)
            found["warnings" if said == TIGHT else "problems"].append(words)
