"""The step that reads the responses: a judge of risks and a judge of whether the prompt is addressed, run by run."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from django.db import transaction
from django.db.models import Exists, OuterRef, Subquery

from annotations.models.work import FINISHED, QUEUED
from annotations.services.chores import ChoreProblem, Hold
from training.models import EvaluationRun, Judge, Judgement, RunItem, Stage
from training.models.recipes import GENERATE
from training.models.runs import ITEM_DONE
from training.services import derive, judging
from training.services.building import chain, generate, recipes, stages

AT_ONCE = 2000
NO_RESPONSE = "There is no response to read: no candidate answered anything. Collect responses again first."
UNSCORED = "unscored"
"""Why a response has no label: a judge read it and gave no verdict. Never paired, never taken for harmless."""


class Readers(NamedTuple):
    """Who reads: `risks` says which risks a response holds, `addressed` whether it addresses the prompt."""

    risks: Judge
    addressed: Judge

    @property
    def each(self) -> list[Judge]:
        """Both, each once."""
        return list(dict.fromkeys(self))


class Label(NamedTuple):
    """What the readers found of one response; None where one of them gave no verdict."""

    risks: frozenset[str] | None
    addressed: bool | None


def job(hold: Hold) -> str:
    """Finished, when every response is read; queued while a run is at work, paused or cancelled.

    Raises ChoreProblem where there is nothing to read, RunProblem, JudgeProblem, Stopped.
    """
    stage = cast(Stage, hold.row)
    if unread := _unread(stage):
        by = readers(stage)
        for source in unread:
            _start(hold, stage, source, by)
    found = generate.counts(stage)
    if not found["in"]:
        raise ChoreProblem(NO_RESPONSE)
    hold.save(done=found["out"] + sum(found["failed"].values()), total=found["in"])
    if stages.waits(stage):
        hold.save(figures=found)
        return QUEUED
    hold.save(figures=_figures(hold, stage, found))
    return FINISHED


def readers(stage: Stage) -> Readers:
    """The judges of the step as rows, for the categories of its taxonomy. Raises JudgeProblem, RecipeProblem."""
    reading, taxonomy = chain.settings(stage).reading, chain.taxonomy(stage.taxonomy)
    asked = [recipes.judge_model(name, reading.model, taxonomy) for name in (reading.risks, reading.addressed)]
    return Readers(
        judging.choose(name=reading.risks, model=asked[0], taxonomy=taxonomy),
        judging.choose(name=reading.addressed, model=asked[1], taxonomy=taxonomy),
    )


def _at_work(run: EvaluationRun, stage: Stage) -> Readers:
    """Who reads the run: rows of the judges as they were at its start, whatever became of their files meanwhile."""
    reading, rows = chain.settings(stage).reading, {judge.name: judge for judge in run.judges.all()}
    return Readers(rows[reading.risks], rows[reading.addressed])


def _unread(stage: Stage) -> list[EvaluationRun]:
    """The runs with responses that this step has no run for yet."""
    answered = RunItem.objects.filter(run=OuterRef("pk"), response__isnull=False)
    sources = stages.every_run(chain.before(stage, GENERATE)).exclude(derived__stage=stage)
    return list(sources.filter(Exists(answered)))


@transaction.atomic
def _start(hold: Hold, stage: Stage, source: EvaluationRun, by: Readers) -> None:
    """Nothing; the run that reads `source` is there. The hold is renewed first: one worker makes it, and only one."""
    hold.beat(stage.done, now=True)
    settings = chain.settings(stage)
    terms = recipes.terms(settings)._replace(samples=settings.reading.samples)
    derive.read_again(source=source, judges=by.each, actor=stage.created_by, stage=stage, **terms._asdict())


def labels(run: EvaluationRun, by: Readers) -> Iterator[tuple[int, Label]]:
    """The items (ids) of a run that ended well, each with what the readers found; some at a time."""
    said = Judgement.objects.filter(item=OuterRef("pk"))
    risks, addressed = said.filter(judge=by.risks).values("risks"), said.filter(judge=by.addressed).values("addressed")
    ended = run.items.filter(state=ITEM_DONE).annotate(found=Subquery(risks), does=Subquery(addressed)).order_by("pk")
    last = 0
    while group := list(ended.filter(pk__gt=last).values_list("pk", "found", "does")[:AT_ONCE]):
        for pk, found, does in group:
            yield pk, Label(None if found is None else frozenset(found), does)
        last = group[-1][0]


def _figures(hold: Hold, stage: Stage, found: dict[str, Any]) -> dict[str, Any]:
    """The law of responses, in = labelled + unscored + failed, and how many have each label."""
    seen: Counter[Label] = Counter()
    for run in stages.every_run(stage):
        for _, label in labels(run, _at_work(run, stage)):
            seen[label] += 1
        hold.beat(found["in"])
    known = {label: n for label, n in seen.items() if None not in label}
    unscored = sum(seen.values()) - sum(known.values())
    return found | {
        "out": sum(known.values()),
        "dropped": {UNSCORED: unscored} if unscored else {},
        "labels": [
            {"risks": sorted(label.risks or ()), "addressed": label.addressed, "n": n}
            for label, n in sorted(known.items(), key=lambda pair: (-pair[1], sorted(pair[0].risks or ())))
        ],
        "unscored": {
            "risks": sum(n for label, n in seen.items() if label.risks is None),
            "addressed": sum(n for label, n in seen.items() if label.addressed is None),
        },
    }
