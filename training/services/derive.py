"""Runs made of a run: its responses read again by other judges, or as a filter over them would have let through."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils.translation import gettext

from annotations.models import Candidate, User
from annotations.services import audit
from training import strategies
from training.models import EvaluationRun, Judge, Judgement, RunDemonstrations, Stage
from training.models.runs import ITEM_FAILED, ITEM_QUEUED, OPEN_STATES, QUEUED
from training.services import run_terms
from training.services.run_items import RunProblem
from training.services.run_terms import Terms
from training.services.runs import NO_JUDGE

PLAIN = "plain"
SAME = ("organisation_id", "benchmark_id", "release_id", "version_id", "floor_id")

# Both tables are the database's own business here: a hundred thousand rows never come to this process.
_COPY_ITEMS = """
INSERT INTO training_runitem
    (run_id, prompt_id, version_id, synthesised_id, position, response_id, state, losses, withheld, heuristic,
     error_kind, error)
SELECT %s, prompt_id, version_id, synthesised_id, position, response_id, %s, 0, FALSE, FALSE, '', ''
FROM training_runitem WHERE run_id = %s AND response_id IS NOT NULL
"""
_COPY_VERDICTS = """
INSERT INTO training_judgement
    (item_id, judge_id, helpfulness, follows_config, risks, addressed, refusal, broken_rules, reasons, raw, samples,
     tokens, milliseconds, created_at)
SELECT made.id, old.judge_id, old.helpfulness, old.follows_config, old.risks, old.addressed, old.refusal,
    old.broken_rules, old.reasons, old.raw, old.samples, old.tokens, old.milliseconds, old.created_at
FROM training_judgement old
JOIN training_runitem source ON source.id = old.item_id
JOIN training_runitem made ON made.response_id = source.response_id AND made.run_id = %s
JOIN training_evaluationrun_judges used ON used.judge_id = old.judge_id AND used.evaluationrun_id = made.run_id
JOIN training_judge judge ON judge.id = old.judge_id
WHERE source.run_id = %s AND (judge.model_id IS NULL OR %s)
"""


class Answered(NamedTuple):
    """The items of a run by what can be read again: items = answered + failed + to_do."""

    items: int
    answered: int
    failed: int
    to_do: int

    @property
    def left_out(self) -> tuple[tuple[str, int], ...]:
        """What cannot be read again, by the reason."""
        return (("failed without a response", self.failed), ("not answered yet", self.to_do))


def answered(run: EvaluationRun) -> Answered:
    """How many items of the run have a response, and why the others have none; one query."""
    none = Q(response=None)
    found = run.items.aggregate(
        items=Count("pk"),
        answered=Count("response"),
        failed=Count("pk", filter=none & Q(state=ITEM_FAILED)),
        to_do=Count("pk", filter=none & Q(state=ITEM_QUEUED)),
    )
    return Answered(**found)


def filters() -> list[strategies.Strategy]:
    """The strategies that can be computed from a judged run."""
    return [strategies.load(name) for name in strategies.filtering()]


@transaction.atomic
def read_again(
    *,
    source: EvaluationRun,
    judges: Sequence[Judge],
    actor: User | None,
    samples: int = 1,
    use_cache: bool = True,
    budget_tokens: int | None = None,
    budget_micros: int | None = None,
    stage: Stage | None = None,
) -> EvaluationRun:
    """A queued run over the responses of `source`, read by these judges; verdicts that are there already are copied.

    Those of a model are copied when it was asked as often as now. `stage` is the one it builds for. Raises RunProblem
    when nothing can be read, and when these judges have read it already or are about to.
    """
    if not judges:
        raise RunProblem(NO_JUDGE)
    run_terms.refuse_prompt_judges(judges)
    if set(judges) == set(source.judges.all()) and samples == source.samples:
        raise RunProblem(
            gettext("Run %(source)s was read by just these judges. Choose others, or ask them more often.")
            % {"source": source.pk}
        )
    terms = Terms(samples, use_cache, budget_tokens, budget_micros)
    told = run_terms.fields(terms, run_terms.judge_models(judges))
    told |= {"strategy_digest": source.strategy_digest, "purpose": source.purpose, "stage": stage}
    return _made(source, source.candidate, judges, actor, told)


@transaction.atomic
def filtered(*, source: EvaluationRun, strategy: str, actor: User | None) -> EvaluationRun:
    """A queued run that says what the filter would have scored over the responses of `source`; it makes no call.

    Raises RunProblem when there is no such filter, or nothing it could filter by.
    """
    chosen = next((one for one in filters() if one.name == strategy), None)
    if chosen is None:
        raise RunProblem(
            gettext("There is no filter %(strategy)s; there are: %(value)s.")
            % {"strategy": f"{strategy!r}", "value": ", ".join(one.name for one in filters())}
        )
    if why := why_no_filter(source):
        raise RunProblem(why)
    old = source.candidate
    sampling = {name: getattr(old, name) for name in ("model", "temperature", "top_p", "max_tokens", "seed")}
    kept = chosen.read_settings({})
    candidate, _ = Candidate.objects.get_or_create(strategy=strategy, settings=kept, **sampling)
    told = Terms(source.samples, source.use_cache)._asdict() | {"strategy_digest": chosen.digest}
    return _made(source, candidate, list(source.judges.all()), actor, told)


def why_no_filter(source: EvaluationRun) -> str:
    """Why no filter can be computed from the run, for a person; empty when one can."""
    if source.candidate.strategy != PLAIN:
        label = strategies.load(PLAIN).label
        return f"A filter stands over answers made as “{label}” makes them; this run answered in another way."
    said = Judgement.objects.filter(item__run=source, follows_config__isnull=False)
    if not said.exists():
        return "None of its judges said whether the config is followed, so there is nothing to filter by."
    return ""


def _made(
    source: EvaluationRun, candidate: Candidate, judges: Sequence[Judge], actor: User | None, told: dict[str, Any]
) -> EvaluationRun:
    if EvaluationRun.every.select_for_update(no_key=True).get(pk=source.pk).is_open:
        raise RunProblem(
            gettext("Run %(source)s is still at work. Wait for its end, or cancel it first.") % {"source": source.pk}
        )
    found = answered(source)
    if twin := _twin(source, candidate, judges, told["samples"]):
        raise RunProblem(
            gettext("Somebody was faster: run %(twin)s does just this. Open it, or cancel it first.")
            % {"twin": twin.pk}
        )
    if not found.answered:
        raise RunProblem(
            gettext("No item of run %(source)s has a response, so there is nothing to read again.")
            % {"source": source.pk}
        )
    told |= {name: getattr(source, name) for name in SAME}
    run = EvaluationRun.every.create(source=source, candidate=candidate, created_by=actor, **told)
    run.judges.set(judges)
    _copy(source, run)
    after = {"state": QUEUED, "source": source.pk, "items": found.answered}
    left_out = {"failed": found.failed, "not_answered": found.to_do}
    audit.record(actor=actor, action="derive", obj=run, after=after | {"left_out": left_out})
    return run


def _twin(source: EvaluationRun, candidate: Candidate, judges: Sequence[Judge], samples: int) -> EvaluationRun | None:
    """A run over the source that is at work on the same already: a button pressed twice is one run."""
    same = source.derived.filter(candidate=candidate, samples=samples, state__in=OPEN_STATES).prefetch_related("judges")
    return next((run for run in same if set(run.judges.all()) == set(judges)), None)


def _copy(source: EvaluationRun, run: EvaluationRun) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_COPY_ITEMS, [run.pk, ITEM_QUEUED, source.pk])
        cursor.execute(_COPY_VERDICTS, [run.pk, source.pk, source.samples == run.samples])
    shown = source.demonstrations.values("version_id", "rows", "digest")
    RunDemonstrations.objects.bulk_create([RunDemonstrations(run=run, **row) for row in shown])
