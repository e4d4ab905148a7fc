"""Merges as people ask for them: two models that fit together, and how much of each; a node's worker does the rest."""

from pathlib import Path

from django.db import transaction

from annotations.core.storable import tidy
from annotations.models import LanguageModel, User
from annotations.services import audit
from training.models import Checkpoint, Node, TrainingRun
from training.models.training import TRAIN
from training.recipes import model_facts
from training.recipes.merge_settings import MergeSettings, plain
from training.recipes.model_facts import Facts
from training.recipes.run_dir import MERGE
from training.services import weights

SAME = "A model merged with itself is the same model. Choose another."
NO_CHECKPOINT = "At least one of the two has to be a checkpoint that came of a training run here."
AWAY = "The weights of {model} lie on {at}. Choose that node."
DIFFER = "{base} and {other} do not fit together: {what} {one} and {two}."
LAYERS = "The models have {layers} layers, and there are weights for {weights}."
GONE = "{model} is archived. Choose another."
ALIKE = (("kind", "the architecture is"), ("layers", "layers:"), ("hidden", "width:"), ("vocabulary", "tokens:"))


class MergeProblem(ValueError):
    """Why two models are not merged, and what to do; `field` is what it is about."""

    def __init__(self, sentence: str, field: str = ""):
        super().__init__(sentence)
        self.field = field


def facts(model: LanguageModel) -> Facts | None:
    """What is known of the model's shape: from its lineage, or from its files where they are here; None without."""
    checkpoint = getattr(model, "checkpoint", None)
    if checkpoint and (said := checkpoint.lineage.get("model")):
        return Facts(**said)
    try:
        found = weights.of(model)
        return model_facts.of(Path(found)) if found and Path(found).exists() else None
    except (model_facts.Unreadable, OSError):
        return None


def layers(base: LanguageModel) -> int | None:
    """How many layers the model has; None when nobody here knows."""
    known = facts(base)
    return known.layers if known and known.layers else None


@transaction.atomic
def start(
    *,
    base: LanguageModel,
    other: LanguageModel,
    settings: MergeSettings,
    node: Node,
    actor: User | None,
    title: str = "",
) -> TrainingRun:
    """The queued training run that merges `other` into `base` on the node. Raises MergeProblem."""
    check(base, other, settings, node)
    own = _checkpoint(base) or _checkpoint(other)
    if own is None:
        raise MergeProblem(NO_CHECKPOINT, "other")
    run = TrainingRun.objects.create(
        organisation=own.run.organisation,
        title=tidy(title)[:300] or f"Merge of {base} and {other}"[:300],
        kind=MERGE,
        base=base,
        other=other,
        settings=plain(settings),
        node=node,
        phase=TRAIN,
        created_by=actor,
    )
    told = {"kind": MERGE, "base": base.slug, "other": other.slug, "node": node.name}
    audit.record(actor=actor, action="start", obj=run, after=told)
    return run


def check(base: LanguageModel, other: LanguageModel, settings: MergeSettings, node: Node) -> None:
    """Nothing when the two can be merged there, as far as this machine can know. Raises MergeProblem."""
    if base.pk == other.pk:
        raise MergeProblem(SAME, "other")
    for field, model in (("base", base), ("other", other)):
        if model.archived_at:
            raise MergeProblem(GONE.format(model=model), field)
        if weights.is_bound(model, node.name):
            raise MergeProblem(AWAY.format(model=model, at=model.node), "node")
    one, two = facts(base), facts(other)
    for name, what in ALIKE if one and two else ():
        if (mine := getattr(one, name)) != (its := getattr(two, name)):
            raise MergeProblem(DIFFER.format(base=base, other=other, what=what, one=mine, two=its), "other")
    if one and settings.per_layer and len(settings.per_layer) != one.layers:
        raise MergeProblem(LAYERS.format(layers=one.layers, weights=len(settings.per_layer)), "schedule")


def _checkpoint(model: LanguageModel) -> Checkpoint | None:
    return Checkpoint.objects.filter(model=model).select_related("run__organisation").first()
