"""Models whose servers this process starts: by which Python, with which cards, and what a run waits for meanwhile.

Cards are a model's from before its server starts until after it ended, and as long as a shift may ask it.
"""

import logging
from collections.abc import Iterable, Sequence
from threading import Event, Lock
from time import sleep

from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import connections
from django.db.models import QuerySet

from annotations.models import LanguageModel
from annotations.services.chores import STOP, worker_name
from training import engines
from training.engines import NotServed, Serving
from training.models import EvaluationRun, Gpu, Node
from training.models.runs import OPEN_STATES
from training.services import fetching, places, runs
from training.services.fleet import cards_of as cards_of
from training.services.trainer import gpus, nodes

log = logging.getLogger(__name__)
GIVE_BACK_TRIES, GIVE_BACK_SECONDS = 5, 1.0
NO_NODE = (
    "{model} needs a graphics card, and {node} has not said yet what it has. Its worker reports every few seconds."
)
NO_CARDS = (
    "{model} needs {wanted}, and this machine ({node}) is none of the nodes that have some. Start an evaluation; it is "
    "worked on by one of them."
)
FETCHES = "Fetches the weights of {model} from the store of artifacts to {node}."
TOO_FEW = "{model} needs {wanted}, and {node} has {has}. Enter fewer on the model's page, or another node."
TOGETHER = (
    "The models of this run need {count} of {node} at the same time, and it has {has}. Serve one of them at an "
    "address, or let it take fewer."
)
WAITS = "Waits for {wanted} of {node} to serve {model}; {free} of {all} free."
UNKNOWN = (
    "A model of this run is on the node {node} alone, and no worker of it has ever reported. Start one there, or "
    "correct the node on the model's page."
)
SILENT = (
    "A model of this run is on the node {node} alone, and its worker has not reported since {since}. Start it again; "
    "the run goes on then."
)
NOBODY = (
    "No node that reports can serve {models}. The weights are in the store of artifacts: start the worker of any node"
    "{needs} that has what they are served with, such as {home}, and it fetches them."
)
_held: dict[int, tuple[int, Sequence[int]]] = {}
_lock = Lock()


class ModelCards:
    """The cards of a model in this process: taken for the first of its users, given back after the last."""

    def __init__(self, model: LanguageModel, count: int) -> None:
        self._model, self._count = model, count

    def take(self) -> Sequence[int]:
        """The numbers of the cards. Raises NotServed: passing while too few are free, permanent when it is in vain."""
        with _lock:
            users, numbers = _held.get(self._model.pk, (0, ()))
            if not users:
                numbers = _leased(self._model, self._count)
            _held[self._model.pk] = users + 1, numbers
            return numbers

    def give_back(self) -> None:
        """Nothing; one user needs them no more."""
        with _lock:
            users, numbers = _held[self._model.pk]
            if users > 1:
                _held[self._model.pk] = users - 1, numbers
                return
            del _held[self._model.pk]
            _given_back(self._model)


class ServerCards(ModelCards):
    """The same for a server, whose thread needs no database between its start and its end."""

    def take(self) -> Sequence[int]:
        """The numbers of the cards. Raises NotServed."""
        try:
            return super().take()
        finally:
            connections.close_all()

    def give_back(self) -> None:
        """Nothing; the server is gone."""
        try:
            super().give_back()
        finally:
            connections.close_all()


def of(model: LanguageModel) -> Serving:
    """How this process starts the model's server; its context is what the registry says it reads and writes."""
    count, environment = cards_of(model), engines.environment(model.engine)
    return Serving(
        python=str(getattr(settings, environment)) if environment else "",
        options={"context": model.context_tokens} | model.serving | {"gpus": count},
        cards=ServerCards(model, count) if count else None,
        idle=settings.IDLE_SECONDS,
        logs=str(settings.VAR_DIR / "log" / "servers"),
    )


def hold(run_id: int, models: Iterable[LanguageModel], stop: Event = STOP) -> list[ModelCards] | None:
    """The cards of those of the models that need some, all taken; let them go after the shift.

    Weights that lie elsewhere are brought here before, until `stop` is set. None when weights or cards cannot be had:
    the run waits and its page says for what, or is paused when waiting is in vain.
    """
    mine = [model for model in models if places.started(model)]
    wanted = [(model, count) for model in mine if (count := cards_of(model))]
    taken: list[ModelCards] = []
    try:
        _fit_together(wanted)
        for model in mine:
            _bring(run_id, model, stop)
        for model, count in sorted(wanted, key=lambda one: one[0].pk):
            cards = ModelCards(model, count)
            cards.take()
            taken.append(cards)
        _open(run_id).exclude(reason="").update(reason="")
    except NotServed as problem:
        let_go(taken)
        _waits(run_id, problem)
        return None
    except BaseException:
        let_go(taken)
        raise
    return taken


def _bring(run_id: int, model: LanguageModel, stop: Event) -> None:
    """Nothing; the model's weights are here. Raises NoWeights."""
    if (files := fetching.of(model)) and not files.are_here():
        _says(run_id, FETCHES.format(model=model, node=settings.NODE))
        files.bring(stop.is_set)


def _fit_together(wanted: list[tuple[LanguageModel, int]]) -> None:
    """Nothing. Raises NotServed where several models together need more cards than their node has."""
    count = sum(count for _, count in wanted)
    has = Gpu.objects.filter(node__name=settings.NODE).count()
    if len(wanted) > 1 and 0 < has < count:
        raise NotServed("permanent", TOGETHER.format(count=_cards(count), node=settings.NODE, has=has))


def let_go(taken: Iterable[ModelCards]) -> None:
    """Nothing; the shift asks these models no more, and what no server of them needs is free."""
    for cards in taken:
        cards.give_back()


def missing_node(run: EvaluationRun) -> str:
    """Why nobody comes to an open run that only nodes can work on, in words; "" when somebody may."""
    if models := places.served_by_none(run.pk):
        count = sum(map(cards_of, models))
        told = {"models": ", ".join(map(str, models)), "home": models[0].node}
        return NOBODY.format(**told, needs=f" with {_cards(count)}" if count else "")
    names = places.nodes([run.pk]).get(run.pk, [])
    known = {node.name: node for node in Node.objects.filter(name__in=names, archived_at=None)}
    for name in names:
        if name not in known:
            return UNKNOWN.format(node=name)
        if not nodes.is_seen(known[name]):
            since = f"{known[name].seen_at:%Y-%m-%d %H:%M} UTC"
            return SILENT.format(node=name, since=since)
    return ""


def _open(run_id: int) -> QuerySet[EvaluationRun]:
    return EvaluationRun.every.filter(pk=run_id, state__in=OPEN_STATES)


def _waits(run_id: int, problem: NotServed) -> None:
    if problem.permanent:
        runs.pause(run=EvaluationRun.every.get(pk=run_id), reason=problem.message)
    else:
        _says(run_id, problem.message)


def _says(run_id: int, reason: str) -> None:
    """Nothing; the run's page says why it waits, unless others work on it meanwhile."""
    run = EvaluationRun.every.filter(pk=run_id).first()
    if run and not run.leases_alive():
        _open(run_id).update(reason=reason)


def _leased(model: LanguageModel, count: int) -> Sequence[int]:
    name = settings.NODE
    node = Node.objects.filter(name=name).first()
    if node is None and model.node not in ("", name):
        raise NotServed("permanent", NO_CARDS.format(model=model, wanted=_cards(count), node=name))
    if node is None:
        raise NotServed("passing", NO_NODE.format(model=model, node=name))
    numbers = gpus.lease_for_model(model, node, count, worker_name())
    if numbers is None:
        raise _none_free(model, node, count)
    return numbers


def _none_free(model: LanguageModel, node: Node, count: int) -> NotServed:
    there = list(Gpu.objects.filter(node=node).select_related("model"))
    wanted = _cards(count)
    if len(there) < count:
        told = TOO_FEW.format(model=model, wanted=wanted, node=node, has=_cards(len(there)))
        return NotServed("permanent", told)
    held = {f"training run {card.run_id}": None for card in there if card.run_id}
    held |= {f"the model {card.model.slug}": None for card in there if card.model}
    free = sum(card.run_id is None and card.model_id is None for card in there)
    said = WAITS.format(wanted=wanted, node=node, model=model, free=free, all=len(there))
    return NotServed("passing", f"{said} Held by {', '.join(held)}." if held else said)


def _cards(count: int) -> str:
    return f"{count or 'no'} card{'s' * (count != 1)}"


def _given_back(model: LanguageModel) -> None:
    for left in reversed(range(GIVE_BACK_TRIES)):
        try:
            return gpus.give_back_model(model, worker_name())
        except DatabaseFailure:
            if not left:
                log.exception("the cards of model %s are given back when this worker ends", model.pk)
            connections.close_all()
            sleep(GIVE_BACK_SECONDS if left else 0)
    return None
