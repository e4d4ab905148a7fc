"""The steps of a loop: training runs one after the other, the base in the trained model's form, both evaluations."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from annotations.models import LanguageModel
from annotations.models.work import CANCELLED, FAILED, FINISHED, QUEUED
from annotations.services import audit
from annotations.services.chores import ChoreProblem, Hold
from training.models import Checkpoint, EvaluationRun, TrainingLoop, TrainingRun
from training.models.runs import FINISHED as RUN_FINISHED
from training.models.training import TRAIN
from training.recipes import merge_settings
from training.recipes.merge_settings import MergeSettings
from training.recipes.run_dir import DPO, MERGE, SFT
from training.recipes.settings import BF16_WEIGHTS
from training.services import runs
from training.services.run_items import RunProblem

STAGES = (SFT, DPO)
WORDS = {SFT: _("SFT"), DPO: _("DPO"), MERGE: _("The base in the same form")}
"""Each training run of a loop as people read it."""
TRANSFORMERS = "transformers"
SERVED_AS_THEY_ARE = ("vllm", TRANSFORMERS)
"""The engines that serve the very weights a training begins from, so that nothing has to be made of them first."""
NO_CHECKPOINT = "{what} is finished and left no checkpoint. Look at its page, and start the loop anew."
SAMPLING = ("strategy", "temperature", "max_tokens", "seed")


def kinds(loop: TrainingLoop) -> list[str]:
    """The stages of training that the loop has, in order."""
    return [kind for kind in STAGES if loop.settings.get(kind)]


def walk(hold: Hold, loop: TrainingLoop) -> str:
    """The state the loop is in after this look: finished, or queued while it waits for what is at work.

    What can begin is begun. Raises ChoreProblem with the reason why a training run stopped; Stopped.
    """
    trained, stages = loop.base, kinds(loop)
    for done, kind in enumerate(stages):
        hold.beat(done, len(stages) + 2, now=True)
        checkpoint = _checkpoint(hold, loop, kind, trained)
        if checkpoint is None:
            return QUEUED
        trained = checkpoint.model
    base = _base_like(hold, loop, trained)
    if base is None:
        return QUEUED
    pair = _evaluations(hold, loop, base, trained)
    ended = sum(run.state == RUN_FINISHED for run in pair)
    hold.beat(len(stages) + ended, len(stages) + 2, now=True)
    return FINISHED if ended == len(pair) else QUEUED


def same_form(base: LanguageModel, trained: LanguageModel) -> bool:
    """True when a difference of their figures can come of nothing but the training: both are served in the same way.

    Files of other people may keep weights in fewer bits, or in numbers of another kind, than ours do; an engine that
    turns all weights into the same numbers makes them alike again.
    """
    if base.engine != trained.engine:
        return False
    return hasattr(base, "checkpoint") or _numbers(base) == _numbers(trained) != ""


def _numbers(model: LanguageModel) -> str:
    """The kind of numbers that the model's engine turns all weights into; "" where it takes them as they are."""
    if model.engine not in SERVED_AS_THEY_ARE:
        return ""
    said = str(model.serving.get("dtype") or "")
    return said or ("float32" if model.engine == TRANSFORMERS and not model.serving.get("gpus") else "")


def _base_like(hold: Hold, loop: TrainingLoop, trained: LanguageModel) -> LanguageModel | None:
    """The base in the form of the trained model: itself, or what came of a merge with itself, which changes no weight.

    None while that is made.
    """
    if same_form(loop.base, trained):
        return loop.base
    made = _checkpoint(hold, loop, MERGE, loop.base)
    return made.model if made else None


def _checkpoint(hold: Hold, loop: TrainingLoop, kind: str, base: LanguageModel) -> Checkpoint | None:
    """What came of that training run of the loop, which is made where there is none; None while it is at work."""
    run = loop.runs.filter(kind=kind).first() or _make(hold, loop, kind, base)
    if run.state in (FAILED, CANCELLED):
        raise ChoreProblem(f"{WORDS[kind]} {_stopped(run)}")
    if run.state != FINISHED:
        return None
    found = run.checkpoints.select_related("model").order_by("-pk").first()
    if found is None:
        raise ChoreProblem(NO_CHECKPOINT.format(what=WORDS[kind]))
    return found


def _stopped(run: TrainingRun) -> str:
    return f"failed: {run.reason}" if run.state == FAILED else "was cancelled. Resume the loop, and it goes on there."


@transaction.atomic
def _make(hold: Hold, loop: TrainingLoop, kind: str, base: LanguageModel) -> TrainingRun:
    hold.beat(loop.done, now=True)  # holds the row: a loop that is cancelled meanwhile makes nothing
    same: dict[str, Any] = {name: getattr(loop, name) for name in ("organisation", "node", "created_by")}
    run = TrainingRun.objects.create(
        **same, loop=loop, kind=kind, base=base, title=f"{WORDS[kind]} of {loop.title}"[:300], **_of_kind(loop, kind)
    )
    audit.record(actor=loop.created_by, action="start", obj=run, after={"kind": kind, "loop": loop.pk})
    return run


def _of_kind(loop: TrainingLoop, kind: str) -> dict[str, Any]:
    if kind == MERGE:
        return {"other": loop.base, "settings": merge_settings.plain(_unchanged(loop)), "phase": TRAIN}
    told = {"preset": loop.settings.get("preset", ""), "settings": loop.settings[kind]}
    return told | {"preference_set": loop.preference_set, "gpus": loop.gpus}


def _unchanged(loop: TrainingLoop) -> MergeSettings:
    """A merge that takes nothing of its second parent, kept in the numbers that the training kept its model in."""
    bf16 = loop.settings[kinds(loop)[-1]].get("precision") == BF16_WEIGHTS
    return MergeSettings(weight=0.0, dtype=merge_settings.BFLOAT16 if bf16 else merge_settings.FLOAT32)


def _evaluations(
    hold: Hold, loop: TrainingLoop, base: LanguageModel, trained: LanguageModel
) -> tuple[EvaluationRun, EvaluationRun]:
    """Both evaluation runs, made together where there are none, so that prompts, versions and floor are the same."""
    if loop.base_run and loop.trained_run:
        return loop.base_run, loop.trained_run
    try:
        return _start_both(hold, loop, base, trained)
    except RunProblem as problem:
        raise ChoreProblem(gettext("The evaluations could not start: %(problem)s") % {"problem": problem}) from problem


@transaction.atomic
def _start_both(
    hold: Hold, loop: TrainingLoop, base: LanguageModel, trained: LanguageModel
) -> tuple[EvaluationRun, EvaluationRun]:
    terms, judges = loop.settings["evaluation"], list(loop.judges.order_by("pk"))
    where: dict[str, Any] = {"benchmark": loop.benchmark, "release": loop.release, "judges": judges}
    first, second = evaluate([base, trained], terms, actor=loop.created_by, **where)
    hold.save(base_run=first, trained_run=second)  # nothing of it stays when the loop is cancelled meanwhile
    return first, second


def evaluate(models: Iterable[LanguageModel], terms: Mapping[str, Any], **where: Any) -> list[EvaluationRun]:
    """A run of each model, alike in everything else: all of them or none. Raises RunProblem.

    `terms` is what a loop keeps of its evaluation; `where` is benchmark, release, judges, and who asked.
    """
    sampling = {name: terms[name] for name in SAMPLING}
    candidates = [runs.candidate(model=model, **sampling) for model in models]
    others = {name: value for name, value in terms.items() if name not in SAMPLING}
    return runs.start_each(candidates=candidates, **where, **others)
