"""Runs of the one engine that build training data: prompts labelled, prompts answered, answers read."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from django.db import transaction

from annotations.models import Candidate
from annotations.services import audit
from training import strategies
from training.models import EvaluationRun, Judge, RunItem, Stage
from training.models.runs import BUILD, QUEUED
from training.services import run_terms
from training.services.run_items import AT_ONCE
from training.services.run_terms import Terms


class Wanted(NamedTuple):
    """One item of a run that builds: a prompt (id), and the synthesised config (id) it is answered under, if any."""

    prompt: int
    synthesised: int | None = None


@transaction.atomic
def start(
    *, stage: Stage, candidate: Candidate | None, judges: Sequence[Judge], wanted: Iterable[Wanted], terms: Terms
) -> EvaluationRun:
    """A queued run of the stage with an item for each that is wanted; without a candidate judges read the prompts.

    Raises RunProblem for terms that cannot be held.
    """
    called = [candidate.model] if candidate else []
    told = run_terms.fields(terms, [*called, *run_terms.judge_models(judges)])
    told["strategy_digest"] = strategies.load(candidate.strategy).digest if candidate else ""
    run = EvaluationRun.every.create(
        purpose=BUILD,
        stage=stage,
        organisation_id=stage.organisation_id,
        benchmark_id=stage.recipe.benchmark_id,
        candidate=candidate,
        created_by=stage.created_by,
        **told,
    )
    run.judges.set(judges)
    after = {"state": QUEUED, "stage": stage.pk, "items": _make(run, iter(wanted))}
    audit.record(actor=stage.created_by, action="start", obj=run, after=after)
    return run


def _make(run: EvaluationRun, wanted: Iterator[Wanted]) -> int:
    made = 0
    while group := list(islice(wanted, AT_ONCE)):
        RunItem.objects.bulk_create(
            RunItem(run=run, prompt_id=one.prompt, synthesised_id=one.synthesised, position=made + place)
            for place, one in enumerate(group, start=1)
        )
        made += len(group)
    return made
