"""What people decide about checkpoints: promote one for a reason, take that back, put one away."""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from annotations.core.storable import tidy
from annotations.models import LanguageModel, User
from annotations.models.work import OPEN_STATES, WAITING
from annotations.services import audit
from training.models import CapabilityRun, Checkpoint, EvaluationRun, JudgeTrial, TrainingLoop, TrainingRun
from training.models.runs import OPEN_STATES as OPEN_RUNS
from training.models.runs import PAUSED

LEAST_SIGNS, LONGEST_WHY = 10, 2_000
SHORT = f"Say in a sentence why, at least {LEAST_SIGNS} signs: whoever asks later reads it here."
FASTER = "Somebody was faster: {slug} is {state} already."
ARCHIVED = "{slug} is archived, and an archived checkpoint is not promoted."
PROMOTED = "{slug} is promoted. Take that back first, then archive it."
IN_USE = "{slug} is used by {what}. Wait until that is over, or stop it."


class CheckpointProblem(ValueError):
    """Why a checkpoint was not promoted, demoted or archived, and what to do about it."""


class CheckpointChanged(CheckpointProblem):
    """Somebody else decided about the checkpoint, after the person had looked at it."""


@transaction.atomic
def promote(*, checkpoint: Checkpoint, why: str, actor: User) -> None:
    """Nothing; the checkpoint is promoted for that reason. Raises CheckpointProblem."""
    why = tidy(why)[:LONGEST_WHY]
    if len(why) < LEAST_SIGNS:
        raise CheckpointProblem(SHORT)
    if _locked(checkpoint).archived_at:
        raise CheckpointProblem(ARCHIVED.format(slug=checkpoint))
    said = {"promoted_at": timezone.now(), "promoted_by": actor, "promoted_why": why}
    if not Checkpoint.objects.filter(pk=checkpoint.pk, promoted_at=None).update(**said):
        raise CheckpointChanged(FASTER.format(slug=checkpoint, state="promoted"))
    after = {"why": why, "plumbing": checkpoint.model.plumbing, "sha256": checkpoint.sha256}
    audit.record(actor=actor, action="promote", obj=checkpoint, after=after)


@transaction.atomic
def demote(*, checkpoint: Checkpoint, actor: User) -> None:
    """Nothing; the checkpoint is promoted no more. Raises CheckpointProblem."""
    said = {"promoted_at": None, "promoted_by": None, "promoted_why": ""}
    before = {"why": checkpoint.promoted_why}
    if not Checkpoint.objects.filter(pk=checkpoint.pk).exclude(promoted_at=None).update(**said):
        raise CheckpointChanged(FASTER.format(slug=checkpoint, state="demoted"))
    audit.record(actor=actor, action="demote", obj=checkpoint, before=before, after={})


@transaction.atomic
def archive(*, checkpoint: Checkpoint, actor: User) -> None:
    """Nothing; its model leaves every list, and its files stay. Raises CheckpointProblem."""
    model = _locked(checkpoint)
    if model.archived_at:
        raise CheckpointChanged(FASTER.format(slug=checkpoint, state="archived"))
    if Checkpoint.objects.filter(pk=checkpoint.pk).exclude(promoted_at=None).exists():
        raise CheckpointProblem(PROMOTED.format(slug=checkpoint))
    if used := in_use(model):
        raise CheckpointProblem(IN_USE.format(slug=checkpoint, what=" and ".join(used)))
    LanguageModel.objects.filter(pk=model.pk).update(archived_at=timezone.now())
    audit.record(actor=actor, action="archive", obj=checkpoint, after={"slug": model.slug})


def in_use(model: LanguageModel) -> list[str]:
    """What is not over yet and needs the model, in words; empty when nothing does."""
    unfinished = Q(state__in=(*OPEN_STATES, WAITING))
    asked = Q(candidate__model=model) | Q(judges__model=model)
    needed = (
        ("evaluation run", EvaluationRun.objects.filter(asked, state__in=(*OPEN_RUNS, PAUSED))),
        ("training run", TrainingRun.objects.filter(unfinished & (Q(base=model) | Q(other=model)))),
        ("loop", TrainingLoop.objects.filter(unfinished, base=model)),
        ("trial of a judge", JudgeTrial.objects.filter(unfinished, judge__model=model)),
        ("run of capability", CapabilityRun.objects.filter(unfinished, model=model)),
    )
    found = [(word, rows.order_by("pk").values_list("pk", flat=True).first()) for word, rows in needed]
    return [f"{word} {pk}" for word, pk in found if pk is not None]


def _locked(checkpoint: Checkpoint) -> LanguageModel:
    """The checkpoint's model under a lock: promoting and archiving exclude each other."""
    return LanguageModel.objects.select_for_update().get(pk=checkpoint.model_id)
