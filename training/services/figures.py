"""The figures of finished runs, worked out once and kept with the run: no page works them out again."""

from collections.abc import Collection
from typing import NamedTuple

from django.db.models import Count, Sum

from training import queries, scores
from training.models import EvaluationRun, RunItem
from training.models.runs import FINISHED

AT_ONCE, PROMPTS_AT_ONCE = 5, 200


class Prompts(NamedTuple):
    """Which prompts a run has, as far as two runs that have others differ in it: how many, and the sum of their ids."""

    number: int = 0
    ids: int = 0


def keep(run: EvaluationRun) -> bool:
    """True when the finished run's figures are now kept; False when somebody took it up again meanwhile."""
    found = scores.plain(queries.worked_out([run.pk])[run.pk])
    as_it_was = EvaluationRun.objects.filter(pk=run.pk, state=FINISHED, finished_at=run.finished_at)
    return bool(as_it_was.update(figures=found, **_columns(prompts_of([run.pk])[run.pk])))


def keep_missing(most: int = AT_ONCE) -> int:
    """How many finished runs without kept figures have them now, at most so many, the newest first."""
    missing = EvaluationRun.objects.filter(state=FINISHED, figures__isnull=True).order_by("-finished_at")
    return sum(keep(run) for run in missing[:most])


def keep_prompts(most: int = PROMPTS_AT_ONCE) -> int:
    """How many finished runs whose prompts were not kept have them now, at most so many, the newest first."""
    missing = EvaluationRun.objects.filter(state=FINISHED, prompt_count=None).order_by("-pk")[:most]
    found = prompts_of(list(missing.values_list("pk", flat=True)))
    return sum(EvaluationRun.objects.filter(pk=pk).update(**_columns(one)) for pk, one in found.items())


def prompts_of(runs: Collection[int]) -> dict[int, Prompts]:
    """Which prompts each run has, by its id; a query that counts all their items, none without runs."""
    if not runs:
        return {}
    items = RunItem.objects.filter(run__in=runs).order_by().values_list("run")
    counted = {run: Prompts(number, ids) for run, number, ids in items.annotate(n=Count("pk"), ids=Sum("prompt"))}
    return {run: counted.get(run, Prompts()) for run in runs}


def _columns(prompts: Prompts) -> dict[str, int]:
    return {"prompt_count": prompts.number, "prompt_sum": prompts.ids}
