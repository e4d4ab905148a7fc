"""Who holds the graphics cards of a node: training runs and served models, all the cards one wants or none of them.

Runs without a card take turns on the processor: its cores are all one of them can use.
"""

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from annotations.models import LanguageModel
from training.models import Gpu, Node, TrainingRun

FREE = Q(run=None, model=None)
NOBODY: dict[str, Any] = {"run": None, "model": None, "worker": "", "held_at": None}
ABOUT_TO_START = {"pid": 0}
"""What a run keeps as its process from the moment it may start one."""


def lease(run: TrainingRun) -> list[int] | None:
    """The numbers of the cards the run holds now, as many as it wants; None while too few are free.

    A run that holds them already keeps the same ones. One that wants none has [] when it is its turn on the processor.
    """
    return _take(run.node_id, run.gpus, {"run": run}) if run.gpus else _turn(run)


def lease_for_model(model: LanguageModel, node: Node, count: int, worker: str) -> list[int] | None:
    """The numbers of the cards on which `worker` serves the model now; None while fewer than `count` are free.

    `worker` is `chores.worker_name()`: the process whose end gives them back even when it could not do so itself.
    """
    return _take(node.pk, count, {"model": model, "worker": worker})


def give_back(run: TrainingRun) -> None:
    """Nothing; the run holds no card any more. Its processes must be gone."""
    Gpu.objects.filter(run=run).update(**NOBODY)


def give_back_model(model: LanguageModel, worker: str) -> None:
    """Nothing; that worker holds no card for the model any more. Its server must be gone."""
    Gpu.objects.filter(model=model, worker=worker).update(**NOBODY)


def why_waiting(run: TrainingRun) -> str:
    """What the run waits for, in words that name other work by its number alone: not everybody may read it."""
    if not run.gpus:
        others = ", ".join(f"training run {pk}" for pk in _on_processor(run).values_list("pk", flat=True))
        return f"Waits for its turn on the processor of {run.node.name}. At work there: {others or 'another run'}."
    there = list(Gpu.objects.filter(node=run.node_id).select_related("model"))
    free = sum(card.run_id is None and card.model_id is None for card in there)
    held = {f"training run {card.run_id}": None for card in there if card.run_id}
    held |= {f"the model {card.model.slug}": None for card in there if card.model}
    said = f"Waits for {_cards(run.gpus)} of {run.node.name}; {free} of {len(there)} free."
    return f"{said} Held by {', '.join(held)}." if held else said


def why_never(run: TrainingRun) -> str:
    """Why waiting for cards would be in vain, in words; "" when it may come to pass."""
    there = Gpu.objects.filter(node=run.node_id).count()
    if run.gpus <= there:
        return ""
    has = _cards(there) if there else "no graphics card"
    return f"{run.node.name} has {has}, and this run wants {run.gpus}. Start it anew with fewer, or on another node."


def _cards(count: int) -> str:
    return f"{count} card{'s' * (count != 1)}"


def _take(node: int, count: int, holder: dict[str, Any]) -> list[int] | None:
    with transaction.atomic():
        _alone(node)
        mine = Gpu.objects.filter(node=node, **holder)
        held = list(mine.values_list("number", flat=True))
        if len(held) == count:
            return sorted(held)
        mine.update(**NOBODY)
        free = Gpu.objects.filter(FREE, node=node).order_by("number").values_list("pk", flat=True)[:count]
        taken = Gpu.objects.filter(FREE, pk__in=list(free)).update(**holder, held_at=timezone.now())
        if taken == count:
            return sorted(mine.values_list("number", flat=True))
        transaction.set_rollback(True)
    return None


def _turn(run: TrainingRun) -> list[int] | None:
    with transaction.atomic():
        _alone(run.node_id)
        if _on_processor(run).exists():
            return None
        TrainingRun.objects.filter(pk=run.pk, process={}).update(process=ABOUT_TO_START)
    return []


def _on_processor(run: TrainingRun) -> QuerySet[TrainingRun]:
    """The other runs of the node that have a trainer without a card, or may have one."""
    return TrainingRun.objects.filter(node=run.node_id, gpus=0).exclude(pk=run.pk).exclude(process={}).order_by("pk")


def _alone(node: int) -> None:
    """Nothing; until the transaction ends nobody else takes cards of the node: two at once could wait in a ring."""
    Node.objects.select_for_update().get(pk=node)
