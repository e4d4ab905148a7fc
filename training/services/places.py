"""Where a model can be asked: at its address, or only by workers that have its weights."""

from collections import defaultdict
from collections.abc import Iterable

from django.conf import settings

from annotations.models import LanguageModel
from annotations.models.work import LLM
from training import engines
from training.models import EvaluationRun
from training.models.nodes import queue_of

AWAY = (
    "The weights of {model} lie on {node}: only a worker of that node can ask it. Start an evaluation; it is worked on "
    "there."
)
SCATTERED = (
    "The weights of these models lie on different nodes ({nodes}), and a run is worked on by one. Serve all but one at "
    "an address, or choose others."
)


def started(model: LanguageModel) -> bool:
    """True for a model without an address whose server is started by whoever asks it."""
    return not model.base_url and _starts(model.engine)


def node_of(model: LanguageModel) -> str:
    """The node whose workers alone can ask the model; "" when every worker can."""
    return model.node if started(model) and model.weights else ""


def away(model: LanguageModel) -> str:
    """Why this process cannot ask the model, in words; "" when it can."""
    node = node_of(model)
    return AWAY.format(model=model, node=node) if node and node != settings.NODE else ""


def scattered(models: Iterable[LanguageModel]) -> str:
    """Why these models cannot be asked by one worker, in words; "" when they can."""
    nodes = sorted({node_of(model) for model in models} - {""})
    return SCATTERED.format(nodes=", ".join(nodes)) if len(nodes) > 1 else ""


def nodes(run_ids: Iterable[int]) -> dict[int, list[str]]:
    """The nodes whose workers alone can work on these runs, by the run's id; most runs have none. Two queries."""
    found: dict[int, set[str]] = defaultdict(set)
    runs = EvaluationRun.every.filter(pk__in=list(run_ids)).order_by()
    for path in ("candidate__model", "judges__model"):
        lying = runs.filter(**{f"{path}__base_url": "", f"{path}__node__gt": "", f"{path}__weights__gt": ""})
        for run, engine, node in lying.values_list("pk", f"{path}__engine", f"{path}__node").distinct():
            if _starts(engine):
                found[run].add(node)
    return {run: sorted(names) for run, names in found.items()}


def queues(run_ids: Iterable[int]) -> dict[int, str]:
    """The queue of each of these runs, by id: of the node that alone can work on it, or of all who ask models."""
    ids = list(run_ids)
    return dict.fromkeys(ids, LLM) | {run: queue_of(names[0]) for run, names in nodes(ids).items()}


def queue(run_id: int) -> str:
    """The queue of one run."""
    return queues([run_id])[run_id]


def _starts(engine: str) -> bool:
    try:
        return engines.starts(engine)
    except LookupError:
        return False
