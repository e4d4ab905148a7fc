"""Runs that are over, written by hand: what was answered and judged is what the test says."""

from typing import Any

from django.utils import timezone

from annotations.models import Response
from tests.factories import make_judge, make_run
from training.models import Call, EvaluationRun, Judgement, RunItem
from training.models.runs import FINISHED, ITEM_DONE, ITEM_FAILED

ENDED = timezone.now()


def answer(item: RunItem, *, helpfulness: float | None = 1.0, follows: bool | None = True, **fields: Any) -> RunItem:
    """The item, done: answered, and judged by the run's judges with these values."""
    run = item.run
    values = {"text": f"Answer {item.position}.", "latency_ms": 50.0, "tokens_in": 10, "tokens_out": 5} | fields
    response = Response.objects.create(
        prompt=item.prompt, version=item.version, candidate=run.candidate, identity="echo-1", **values
    )
    Call.objects.create(item=item, key="k" * 64, text=response.text, latency_ms=50, tokens_in=10, tokens_out=5)
    for judge in run.judges.all():
        Judgement.objects.create(item=item, judge=judge, helpfulness=helpfulness, follows_config=follows)
    return _end(item, state=ITEM_DONE, response=response, helpfulness=helpfulness, follows_config=follows)


def fail(item: RunItem, error: str = "The server is not there.", kind: str = "permanent") -> RunItem:
    """The item, failed for that reason."""
    return _end(item, state=ITEM_FAILED, error=error, error_kind=kind)


def _end(item: RunItem, **changes: Any) -> RunItem:
    RunItem.objects.filter(pk=item.pk).update(finished_at=ENDED, **changes)
    item.refresh_from_db()
    return item


def finish(run: EvaluationRun) -> EvaluationRun:
    """The run, finished; its items as they are."""
    EvaluationRun.objects.filter(pk=run.pk).update(state=FINISHED, started_at=ENDED, finished_at=ENDED)
    run.refresh_from_db()
    return run


def finished_run(prompts: int = 4, **fields: Any) -> EvaluationRun:
    """A finished run of so many items, every one helpful and safe."""
    run = make_run(prompts, judges=fields.pop("judges", None) or [make_judge()], **fields)
    for item in run.items.all():
        answer(item)
    return finish(run)
