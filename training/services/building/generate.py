"""The step that collects responses: a run for each candidate, over the configs that were made for it."""

from collections.abc import Iterator
from typing import Any, cast

from django.db import transaction
from django.db.models import Count

from annotations.core.recipe import Source
from annotations.models import Candidate
from annotations.models.work import FINISHED, QUEUED
from annotations.services.chores import ChoreProblem, Hold
from training.models import RunItem, Stage
from training.models.recipes import SYNTHESISE
from training.models.runs import ITEM_DONE, ITEM_FAILED
from training.services import runs
from training.services.building import build_runs, chain, recipes, stages
from training.services.building.build_runs import Wanted

AT_ONCE = 2000
NO_CANDIDATE = "This recipe names no candidate, so nobody answers. Add one, and start from the configs again."
NO_CONFIG = (
    "No config was made for candidate {number}, {model}: the recipe had other candidates when the configs were made. "
    "Start from the configs again."
)
NO_ANSWER = (
    "No candidate answered anything: {failed} items failed, the first one with: {first} Resume asks those that failed "
    "again."
)


def job(hold: Hold) -> str:
    """Finished, when the run of each candidate is; queued while one is at work, paused or cancelled.

    Raises ChoreProblem where nobody can answer or nobody answered, RunProblem, Stopped.
    """
    stage = cast(Stage, hold.row)
    sources = chain.settings(stage).sources
    if not sources:
        raise ChoreProblem(NO_CANDIDATE)
    for number in range(stages.every_run(stage).count() + 1, len(sources) + 1):
        _start(hold, stage, number, sources[number - 1])
    found = counts(stage)
    hold.save(done=found["out"] + sum(found["failed"].values()), total=found["in"], figures=found)
    if stages.waits(stage):
        return QUEUED
    if not found["out"]:
        first = RunItem.objects.filter(run__stage=stage, state=ITEM_FAILED).order_by("pk").first()
        raise ChoreProblem(NO_ANSWER.format(failed=found["in"], first=first.error if first else "nothing."))
    return FINISHED


def candidate(source: Source) -> Candidate:
    """The candidate a recipe means. Raises RecipeProblem for a model that cannot be asked, RunProblem."""
    model = recipes.model(source.model, "a candidate")
    told: dict[str, Any] = {name: getattr(source, name) for name in ("temperature", "max_tokens", "seed")}
    return runs.candidate(model=model, strategy="plain", **told)


@transaction.atomic
def _start(hold: Hold, stage: Stage, number: int, source: Source) -> None:
    """Nothing; the run of the candidate is there. The hold is renewed first: one worker makes it, and only one."""
    hold.beat(stage.done, now=True)
    asked, terms = candidate(source), recipes.terms(chain.settings(stage))
    made = build_runs.start(stage=stage, candidate=asked, judges=[], wanted=_wanted(stage, number), terms=terms)
    if not made.items.exists():
        raise ChoreProblem(NO_CONFIG.format(number=number, model=asked.model))


def _wanted(stage: Stage, number: int) -> Iterator[Wanted]:
    configs = chain.before(stage, SYNTHESISE).synthesised.filter(source=number).order_by("pk")
    last = 0
    while group := list(configs.filter(pk__gt=last).values_list("prompt", "pk")[:AT_ONCE]):
        yield from (Wanted(prompt, config) for prompt, config in group)
        last = group[-1][1]


def counts(stage: Stage) -> dict[str, Any]:
    """The law of the step's items so far: in = out + dropped + failed by the kind of error + what is still to do."""
    rows = RunItem.objects.filter(run__stage=stage).order_by().values_list("state", "error_kind").annotate(Count("pk"))
    found = list(rows)
    return {
        "in": sum(n for *_, n in found),
        "out": sum(n for state, _, n in found if state == ITEM_DONE),
        "dropped": {},
        "failed": {kind: n for state, kind, n in found if state == ITEM_FAILED},
    }
