"""What came of a training run enters the registry: a model one can call, and the checkpoint that says what it is."""

import logging
import os
import subprocess
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction

from annotations.models import LanguageModel
from annotations.models.work import CANCELLED
from annotations.services import audit, file_digests
from annotations.services.artifacts import ArtifactProblem
from annotations.services.chores import ChoreProblem, Stopped
from training.models import Checkpoint, TrainingRun
from training.recipes import checkpoints, model_facts, run_dir
from training.recipes.checkpoints import Finished
from training.recipes.run_dir import MERGE, Result
from training.services.trainer import card, kept, machine, origins

log = logging.getLogger(__name__)
CARD, LINEAGE, GGUF, KIND = "README.md", "lineage.json", "model.gguf", "q8_0"
EMBEDDED, VLLM, TRANSFORMERS = "embedded", "vllm", "transformers"
MOST_BYTES = 8 << 30
"""Larger weights are not made into a file for a processor, which would answer too slowly to be of use."""
CONVERT_SECONDS = 900
LIMITS: dict[str, dict[str, Any]] = {
    EMBEDDED: {"max_concurrency": 4, "timeout": 120, "patience": 180},
    VLLM: {"max_concurrency": 32, "timeout": 120, "patience": 300},
    TRANSFORMERS: {"max_concurrency": 1, "timeout": 600, "patience": 600},
}
"""How hard a checkpoint may be asked that is served otherwise than its base."""
NOT_WHOLE = "The trainer has ended, but its model is not whole: {why} Resume to write it again."
OTHER_DIGEST = "The trainer has ended, but its model is not the one it told of. Resume to write it again."
TOO_LARGE = "too large to be served by a processor"
NO_PYTHON = "there is no environment that trains"


class Served(NamedTuple):
    """How a checkpoint is called: its engine, where its weights lie, and why it is not llama.cpp, if it is not."""

    engine: str
    weights: str
    gguf: str = ""
    note: str = ""


def register(run: TrainingRun, folder: Path, result: Result) -> Checkpoint:
    """The checkpoint of what the run came to, and its model in the registry: one, however often it is asked for.

    The model's card and lineage lie beside it afterwards. It takes as long as reading the model twice. Raises
    ChoreProblem when the model is not whole to the last byte.
    """
    model = folder / run_dir.MODEL
    finished = _finished(model, result)
    if found := _there(run, finished):
        return found
    served = _served(run, folder, finished)
    lineage = origins.of(run, result, finished) | {"model": _shape(model)}
    lineage["gguf"] = _gguf_facts(folder) if served.gguf else None
    slug = _slug(run, finished)
    for name, text in {CARD: card.markdown(slug, lineage), LINEAGE: origins.as_json(lineage)}.items():
        if name not in finished.files:
            _write(model / name, text)
    try:
        made = _created(run, _model(run, slug, served, lineage["model"]), finished, lineage, served)
        _share(made)
        return made
    except IntegrityError:  # another supervisor was faster
        if found := _there(run, finished):
            return found
        raise


def _share(checkpoint: Checkpoint) -> None:
    """Nothing; the store has the files too. Where it does not take them, the node has them as before."""
    try:
        kept.share(checkpoint)
    except ArtifactProblem as problem:
        log.warning("checkpoint %s is not in the store of artifacts: %s", checkpoint.pk, problem)


def _there(run: TrainingRun, finished: Finished) -> Checkpoint | None:
    return Checkpoint.objects.filter(run=run, step=finished.step).select_related("model").first()


def _finished(model: Path, result: Result) -> Finished:
    if why := checkpoints.wrong(model):
        raise ChoreProblem(NOT_WHOLE.format(why=why))
    finished = checkpoints.read(model)
    if finished is None or (result.sha256 and result.sha256 != finished.sha256):
        raise ChoreProblem(OTHER_DIGEST)
    return finished


def _served(run: TrainingRun, folder: Path, finished: Finished) -> Served:
    gguf, why = (folder / GGUF, "") if _is_converted(folder) else _converted(folder, finished)
    if gguf:
        return Served(EMBEDDED, str(gguf), f"{run.pk}/{GGUF}")
    engine = VLLM if run.node.serving.get("vllm") and run.node.gpus.exists() else TRANSFORMERS
    return Served(engine, str(folder / run_dir.MODEL), note=f"No file for llama.cpp: {why}.")


def _is_converted(folder: Path) -> bool:
    """True when the GGUF file was made of this model, and not of one that was written again since."""
    try:
        return (folder / GGUF).stat().st_mtime_ns >= (folder / run_dir.MODEL / checkpoints.MARKER).stat().st_mtime_ns
    except OSError:
        return False


def _converted(folder: Path, finished: Finished) -> tuple[Path | None, str]:
    """The GGUF file made of the model; None and why not."""
    if finished.size > MOST_BYTES:
        return None, TOO_LARGE
    if not settings.TRAINING_PYTHON:
        return None, NO_PYTHON
    out = folder / GGUF
    command = [settings.TRAINING_PYTHON, "-m", "training.recipes.to_gguf", str(folder / run_dir.MODEL), str(out), KIND]
    calm: dict[str, Any] = {"cwd": settings.BASE_DIR, "stdin": subprocess.DEVNULL, "capture_output": True}
    try:
        done = subprocess.run(  # noqa: S603  our own module on a folder of ours
            command, env=machine.quiet(os.environ), text=True, timeout=CONVERT_SECONDS, **calm
        )
    except (OSError, subprocess.TimeoutExpired) as failed:
        log.warning("run folder %s: no GGUF file, %s", folder.name, type(failed).__name__)
        return None, f"the conversion did not end ({type(failed).__name__})"
    if done.returncode == 0 and out.exists():
        return out, ""
    last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
    log.warning("run folder %s: no GGUF file, exit code %s", folder.name, done.returncode)
    return None, last[:500].rstrip(".")


def _gguf_facts(folder: Path) -> dict[str, Any]:
    held = file_digests.of(folder / GGUF)
    return {"name": GGUF, "kind": KIND, "bytes": held.size, "sha256": held.sha256}


def _shape(model: Path) -> dict[str, Any]:
    try:
        return model_facts.of(model)._asdict()
    except model_facts.Unreadable as problem:
        raise ChoreProblem(NOT_WHOLE.format(why=str(problem))) from problem


def _slug(run: TrainingRun, finished: Finished) -> str:
    what = "merge" if run.kind == MERGE else f"step{finished.step}"
    return f"run{run.pk}-{what}-{finished.sha256[:8]}"


def _model(run: TrainingRun, slug: str, served: Served, shape: dict[str, Any]) -> LanguageModel:
    """The model, not stored yet; plumbing as soon as one of its parents is."""
    parents = [one for one in (run.base, run.other) if one]
    return LanguageModel(
        slug=slug,
        name=slug,
        model=slug,
        engine=served.engine,
        weights=served.weights,
        node=run.node.name,
        serving={"gpus": 1} if served.engine == VLLM else {},
        context_tokens=_context(run, served, shape["context"]),
        note=" ".join(part for part in (card.sentence(run), served.note) if part),
        plumbing=any(one.plumbing for one in parents),
        **_limits(run.base, served),
    )


def _limits(base: LanguageModel, served: Served) -> dict[str, Any]:
    """How hard it may be asked: as its base where the same engine serves both."""
    if base.engine == served.engine:
        return {name: getattr(base, name) for name in ("max_concurrency", "timeout", "patience", "max_tokens")}
    return LIMITS[served.engine]


def _context(run: TrainingRun, served: Served, has: int) -> int | None:
    """The tokens of prompt and answer together: no more than its base has where the same engine serves both."""
    base = run.base.context_tokens if run.base.engine == served.engine else None
    return min((one for one in (has, base) if one), default=None)


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.{token_hex(4)}")  # two threads of a worker may be at it
    part.write_text(text, encoding="utf-8")
    part.replace(path)


@transaction.atomic
def _created(
    run: TrainingRun, model: LanguageModel, finished: Finished, lineage: dict[str, Any], served: Served
) -> Checkpoint:
    if TrainingRun.objects.select_for_update(no_key=True).filter(pk=run.pk, state=CANCELLED).exists():
        raise Stopped  # while the model was read and converted
    model.save()
    made = Checkpoint.objects.create(
        model=model,
        run=run,
        step=finished.step,
        folder=f"{run.pk}/{run_dir.MODEL}",
        files={name: list(one) for name, one in finished.files.items()},
        sha256=finished.sha256,
        size=finished.size,
        lineage=lineage,
        gguf=served.gguf,
    )
    audit.record(actor=None, action="register", obj=made, after={"slug": model.slug, "sha256": made.sha256})
    return made
