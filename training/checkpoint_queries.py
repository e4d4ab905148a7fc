"""Reads over checkpoints: the list under filters, what one came from, what came of it, and how it was evaluated."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.urls import reverse

from annotations.core.storable import whole_number
from annotations.models import LanguageModel, PreferenceSet, User
from annotations.services.safety_suite import SLUG
from training import access, model_queries
from training.lineage import Step
from training.model_queries import Scored
from training.models import Checkpoint, EvaluationRun, Stage, TrainingRun
from training.models.runs import FINISHED
from training.queries import without_controls

PROMOTED, ARCHIVED, EVERY = STATES = ("promoted", "archived", "all")
FILTERS = ("base", "set", "state", "q")
MOST_RUNS, MOST_CHILDREN, MOST_BASES = 10, 20, 200
HEAVY = ("files", "lineage", "run__log", "run__record", "run__figures", "run__checked", "run__settings")
SET_HEAVY = tuple(f"run__preference_set__{name}" for name in ("about", "figures", "problems", "manifest", "leaks"))


class Row(NamedTuple):
    """A line of the list: the checkpoint, and its model's newest finished run with its figures, if there is one."""

    checkpoint: Checkpoint
    newest: Scored | None


class Pair(NamedTuple):
    """The newest finished runs of a base and of its checkpoint on the same prompts: they can be compared."""

    base: EvaluationRun
    trained: EvaluationRun


class Child(NamedTuple):
    """A training run that began from a checkpoint, and the checkpoints that came of it."""

    run: TrainingRun
    checkpoints: list[Checkpoint]


def listed(found: QuerySet[Checkpoint], wanted: dict[str, str]) -> QuerySet[Checkpoint]:
    """The checkpoints under the filters, without what is too heavy for a list; archived ones only when asked for."""
    state, base, pairs = wanted["state"], whole_number(wanted["base"]), whole_number(wanted["set"])
    if state == ARCHIVED:
        found = found.exclude(model__archived_at=None)
    elif state != EVERY:
        found = found.filter(model__archived_at=None)
    if state == PROMOTED:
        found = found.exclude(promoted_at=None)
    if base is not None:
        found = found.filter(Q(run__base=base) | Q(run__other=base))
    if pairs is not None:
        found = found.filter(run__preference_set=pairs)
    if text := wanted["q"].strip():
        named = Q(model__slug__icontains=text) | Q(run__title__icontains=text) | Q(sha256__startswith=text.lower())
        found = found.filter(named | Q(promoted_why__icontains=text))
    return found.defer(*HEAVY, *SET_HEAVY).order_by("-pk")


def of_model(found: QuerySet[Checkpoint], model: LanguageModel) -> Checkpoint | None:
    """The one of these checkpoints that the model is, without what is too heavy for a line; None without one."""
    return found.filter(model=model).defer(*HEAVY, *SET_HEAVY).first()


def choices(found: QuerySet[Checkpoint]) -> dict[str, Any]:
    """What the filters of the list offer: bases and sets that there are checkpoints of."""
    runs = TrainingRun.objects.filter(checkpoints__in=found.order_by().values("pk"))
    bases = LanguageModel.objects.filter(Q(trainings__in=runs) | Q(merges__in=runs)).distinct()
    sets = PreferenceSet.objects.filter(trainings__in=runs).distinct().only("title", "organisation")
    return {"bases": bases.order_by("name", "pk")[:MOST_BASES], "sets": sets.order_by("title", "pk")[:MOST_BASES]}


def rows(checkpoints: Iterable[Checkpoint], runs: QuerySet[EvaluationRun]) -> list[Row]:
    """The checkpoints, each with its newest score in these runs; a few queries, however many."""
    page = list(checkpoints)
    newest = model_queries.newest_scores(runs.filter(candidate__model__in=[one.model_id for one in page]))
    return [Row(one, newest.get(one.model_id)) for one in page]


def evaluations(runs: QuerySet[EvaluationRun], checkpoint: Checkpoint) -> list[Scored]:
    """The newest of these runs in which the checkpoint answers, each with its figures."""
    mine = runs.filter(candidate__model=checkpoint.model_id).order_by("-pk")[:MOST_RUNS]
    return model_queries.scored(mine)


def against_base(runs: QuerySet[EvaluationRun], checkpoint: Checkpoint) -> list[Pair]:
    """For each benchmark (release, version, strategy) on which both ended a run, the newest pair; one query."""
    bases = [pk for pk in (checkpoint.run.base_id, checkpoint.run.other_id) if pk]
    ended = without_controls(runs).filter(state=FINISHED).exclude(benchmark__slug=SLUG)
    found: dict[tuple[Any, ...], dict[bool, EvaluationRun]] = {}
    for run in ended.filter(candidate__model__in=[*bases, checkpoint.model_id]).order_by("-pk"):
        same = (run.benchmark_id, run.release_id, run.version_id, run.candidate.strategy)
        found.setdefault(same, {}).setdefault(run.candidate.model_id == checkpoint.model_id, run)
    return [Pair(pair[False], pair[True]) for pair in found.values() if len(pair) == 2][:MOST_RUNS]


def children(user: User, checkpoint: Checkpoint) -> list[Child]:
    """The training runs the person may read that began from the checkpoint, the newest first; two queries."""
    began = access.trainings(user).filter(Q(base=checkpoint.model_id) | Q(other=checkpoint.model_id))
    runs = list(began.order_by("-pk").defer("log", "record", "checked", "figures")[:MOST_CHILDREN])
    made: dict[int, list[Checkpoint]] = {}
    for one in Checkpoint.objects.filter(run__in=runs).select_related("model").defer("files", "lineage"):
        made.setdefault(one.run_id, []).append(one)
    return [Child(run, made.get(run.pk, [])) for run in runs]


def lineage(checkpoint: Checkpoint) -> list[Step]:
    """checkpoint ← training run ← what it began from ← preference set ← the recipe that built it; three queries."""
    run = checkpoint.run
    steps = [(checkpoint.model.slug, ""), (run.title, reverse("training:training-detail", args=[run.pk]))]
    steps += [_model(model) for model in (run.base, run.other) if model]
    if pairs := run.preference_set:
        steps.append(
            (pairs.title, "" if pairs.archived_at else reverse("annotations:preference-detail", args=[pairs.pk]))
        )
        built = Stage.objects.filter(preference_set=pairs).select_related("recipe").order_by("pk").first()
        if built:
            open_there = built.recipe.archived_at is None
            address = reverse("training:recipe-detail", args=[built.recipe_id]) if open_there else ""
            steps.append((built.recipe.title, address))
    return steps


def _model(model: LanguageModel) -> Step:
    """The page of a checkpoint is there for ever, that of another model until it is archived."""
    own = Checkpoint.objects.filter(model=model).values_list("pk", flat=True).first()
    if own is not None:
        return model.name, reverse("training:checkpoint-detail", args=[own])
    return model.name, "" if model.archived_at else reverse("training:model-detail", args=[model.pk])
