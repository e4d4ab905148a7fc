"""Where a model can be asked: at its address, or only by workers that have its weights, or can fetch them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.conf import settings

from annotations.models import LanguageModel
from annotations.models.work import LLM
from training import engines
from training.models import EvaluationRun
from training.models.nodes import queue_of
from training.services import fetching, fleet

AWAY = (
    "The weights of {model} lie on {node}: only a worker of that node can ask it. Start an evaluation; it is worked on "
    "there."
)
SCATTERED = (
    "The weights of these models lie on different nodes ({nodes}), and a run is worked on by one. Serve all but one at "
    "an address, or choose others."
)
Models = list[LanguageModel]


def started(model: LanguageModel) -> bool:
    """True for a model without an address whose server is started by whoever asks it."""
    return not model.base_url and _starts(model.engine)


def lies_elsewhere(model: LanguageModel) -> bool:
    """True for weights on another node, whether or not they can be fetched from there."""
    return _is_local(model) and model.node != settings.NODE


def away(model: LanguageModel) -> str:
    """Why this process cannot ask the model, in words; "" when it can, or can fetch its weights."""
    there = lies_elsewhere(model) and fixed([model])
    return AWAY.format(model=model, node=model.node) if there else ""


def scattered(models: Iterable[LanguageModel]) -> str:
    """Why these models cannot be asked by one worker, in words; "" when they can."""
    names = sorted(set(fixed(models).values()))
    return SCATTERED.format(nodes=", ".join(names)) if len(names) > 1 else ""


def fixed(models: Iterable[LanguageModel]) -> dict[int, str]:
    """The node that alone can serve each of these, by the model's id.

    One that is not in it can be asked by every worker, or by every node that fetches its weights.
    """
    local = [model for model in models if _is_local(model)]
    free = fetching.kept_of(local)
    return {model.pk: model.node for model in local if model.pk not in free}


def nodes(run_ids: Iterable[int]) -> dict[int, list[str]]:
    """The nodes whose workers alone can work on these runs, by the run's id; most runs have none."""
    local = _local(run_ids)
    alone = fixed(_each(local))
    found = {run: sorted({alone[model.pk] for model in models if model.pk in alone}) for run, models in local.items()}
    return {run: names for run, names in found.items() if names}


def queues(run_ids: Iterable[int]) -> dict[int, str]:
    """The queue of each of these runs, by id: of the node that works on it, or of all who ask models.

    As many queries however many runs there are.
    """
    ids = list(run_ids)
    return dict.fromkeys(ids, LLM) | queues_of(_local(ids))


def queues_of(asked: Mapping[int, Models]) -> dict[int, str]:
    """The queue of each that asks these models, by what names it; what every worker can ask is not in it.

    It is that of a node that alone has weights; else, for weights that can be fetched, of the node that `fleet` chooses
    among those that report, or of the one they were made on where none can serve them.
    """
    local = {key: mine for key, models in asked.items() if (mine := [one for one in models if _is_local(one)])}
    alone, found = fixed(_each(local)), {}
    living = fleet.living() if any(model.pk not in alone for model in _each(local)) else []
    for key, models in local.items():
        names = sorted({alone[model.pk] for model in models if model.pk in alone})
        found[key] = queue_of(names[0] if names else fleet.chosen(living, models) or models[0].node)
    return found


def queue(run_id: int) -> str:
    """The queue of one run."""
    return queues([run_id])[run_id]


def served_by_none(run_id: int) -> Models:
    """The models of the run whose weights can be fetched and which no node can serve now; mostly none."""
    models = _local([run_id]).get(run_id, [])
    if not models or fixed(models):
        return []
    living = fleet.living()
    homes = {model.node for model in models}
    return [] if fleet.chosen(living, models) or any(node.name in homes for node in living) else models


def _local(run_ids: Iterable[int]) -> dict[int, Models]:
    """The models of each run that lie on a node, in the order of their ids; only runs that have some."""
    found: dict[int, set[int]] = defaultdict(set)
    runs = EvaluationRun.every.filter(pk__in=list(run_ids)).order_by()
    for path in ("candidate__model", "judges__model"):
        lying = runs.filter(**{f"{path}__base_url": "", f"{path}__node__gt": "", f"{path}__weights__gt": ""})
        for run, model in lying.values_list("pk", path).distinct():
            found[run].add(model)
    models = LanguageModel.objects.select_related("checkpoint").in_bulk(set().union(*found.values())) if found else {}
    return {
        run: mine for run, pks in found.items() if (mine := [models[pk] for pk in sorted(pks) if _is_local(models[pk])])
    }


def _each(local: Mapping[int, Models]) -> Models:
    return list({model.pk: model for models in local.values() for model in models}.values())


def _is_local(model: LanguageModel) -> bool:
    return bool(model.node and model.weights) and started(model)


def _starts(engine: str) -> bool:
    try:
        return engines.starts(engine)
    except LookupError:
        return False
