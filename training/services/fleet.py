"""Which of the nodes that report serves models whose weights each of them can fetch."""

from collections.abc import Sequence

from annotations.models import LanguageModel
from training import engines
from training.models import Node
from training.services.trainer import nodes

NEEDS = {"VLLM_PYTHON": ("serving", "vllm"), "TRAINING_PYTHON": ("training", "transformers")}
"""What a node must say that it has, for each environment that starts servers: in which of its fields, which package."""


def cards_of(model: LanguageModel) -> int:
    """The number of graphics cards a server of the model needs: as the model says, or else as its engine does."""
    said = model.serving.get("gpus")
    return engines.cards(model.engine) if said is None else int(said)


def living() -> list[Node]:
    """The nodes that have reported within the last minute, by name, with their cards. Two queries."""
    rows = Node.objects.filter(archived_at=None).prefetch_related("gpus").order_by("name")
    return [node for node in rows if nodes.is_seen(node)]


def chosen(there: Sequence[Node], models: Sequence[LanguageModel]) -> str:
    """The name of the node among these that serves all the models; "" when none can.

    It has their engines, and cards enough. First comes one that serves them now, then one with enough free cards, then
    the one on which they lie, then the one with the most free cards.
    """
    wanted, homes = sum(map(cards_of, models)), {model.node for model in models}
    ids = {model.pk for model in models}

    def order(node: Node) -> tuple[bool, bool, bool, int, str]:
        cards = node.gpus.all()
        free = sum(card.run_id is None and card.model_id is None for card in cards)
        serves = any(card.model_id in ids for card in cards)
        return not serves, free < wanted, node.name not in homes, -free if wanted else 0, node.name

    able = [node for node in there if len(node.gpus.all()) >= wanted and all(_has(node, model) for model in models)]
    return min(able, key=order).name if able else ""


def _has(node: Node, model: LanguageModel) -> bool:
    """True when the node has what starts the model's server; the one it was registered on is trusted to have it."""
    field, package = NEEDS.get(engines.environment(model.engine), ("", ""))
    return node.name == model.node or not field or bool(getattr(node, field).get(package))
