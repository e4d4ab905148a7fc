"""What the page of nodes shows: each machine, its cards, and who holds them as far as the person may know."""

from typing import NamedTuple

from annotations.models import User
from annotations.models.work import OPEN_STATES, WAITING
from training import access
from training.models import Gpu, Node, TrainingRun
from training.services.trainer import nodes


class Card(NamedTuple):
    """A card; `run` is the training run that holds it, `title` its title where the person may read it."""

    gpu: Gpu
    run: int | None
    title: str


class Shown(NamedTuple):
    """A node, whether its worker reports, its cards, and how many runs are queued or at work on it."""

    node: Node
    seen: bool
    cards: list[Card]
    at_work: int
    waits: bool


def shown(person: User) -> list[Shown]:
    """Every node that is not forgotten; four queries however many there are."""
    there = list(access.nodes().prefetch_related("gpus__model"))
    held = {gpu.run_id for node in there for gpu in node.gpus.all() if gpu.run_id}
    titles = dict(access.trainings(person).filter(pk__in=held).values_list("pk", "title"))
    states = TrainingRun.objects.filter(node__in=there, state__in=(*OPEN_STATES, WAITING)).order_by()
    open_runs = list(states.values_list("node_id", "state"))
    return [_shown(node, titles, [state for at, state in open_runs if at == node.pk]) for node in there]


def _shown(node: Node, titles: dict[int, str], states: list[str]) -> Shown:
    cards = [Card(gpu, gpu.run_id, titles.get(gpu.run_id or 0, "")) for gpu in node.gpus.all()]
    at_work = sum(state in OPEN_STATES for state in states)
    return Shown(node, nodes.is_seen(node), cards, at_work, bool(states))
