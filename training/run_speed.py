"""How fast a run was over its time, out of the items that it has committed; the database counts them."""

from datetime import UTC, datetime
from typing import NamedTuple

from django.db.models import Count, Max, Min, Q, QuerySet

from annotations.bars import Bars, bars, step_for
from annotations.queries import kept
from annotations.queries.moments import MINUTE, SECOND, cut
from training.models import EvaluationRun, RunItem
from training.models.runs import FINISHED, ITEM_FAILED
from training.services.run_terms import ELSEWHERE

KEPT_SECONDS, OPEN_SECONDS = 7 * 24 * 3600, 30
MOST_SECONDS = 600
"""A longer run is counted by the minute, so that the database gives back a few thousand rows at most."""


class Speed(NamedTuple):
    """The chart, and items a minute over the whole time between the first and the last one."""

    chart: Bars
    per_minute: float


def speed(run: EvaluationRun, *, wait: bool = True) -> Speed | None:
    """The speed of a run that answers itself; None for another one, and for one of a few seconds.

    Raises Later when it is not known, the run has many items, and who asks does not `wait`.
    """
    if run.source_id is not None or run.candidate.model.engine == ELSEWHERE:
        return None
    over = run.state == FINISHED and run.finished_at
    key = f"run-speed:{run.pk}:{run.finished_at.timestamp() if over and run.finished_at else run.state}"
    ended = run.items.filter(finished_at__isnull=False).order_by()
    seconds = KEPT_SECONDS if over else OPEN_SECONDS
    (found,) = kept.figures(key, lambda: (_speed(ended),), seconds, rows=ended, wait=wait)
    return found


def _speed(ended: QuerySet[RunItem]) -> Speed | None:
    ends = ended.aggregate(first=Min("finished_at"), last=Max("finished_at"), n=Count("pk"))
    if not ends["n"] or ends["last"] <= ends["first"]:
        return None
    seconds = (ends["last"] - ends["first"]).total_seconds()
    unit, length = (SECOND, 1) if seconds <= MOST_SECONDS else (MINUTE, 60)
    step, start = max(step_for(seconds, ends["n"]), length), _at(ends["first"], length)
    counted = ended.values(at=cut("finished_at", unit)).annotate(
        n=Count("pk"), failed=Count("pk", filter=Q(state=ITEM_FAILED))
    )
    steps: dict[int, tuple[int, int]] = {}
    for at, n, failed in counted.values_list("at", "n", "failed"):
        place = (_read(at) - start) // step
        done_before, failed_before = steps.get(place, (0, 0))
        steps[place] = (done_before + n - failed, failed_before + failed)
    chart = bars(steps, step)
    return Speed(chart, 60 * ends["n"] / seconds) if chart else None


def _at(moment: datetime, length: int) -> int:
    return int(moment.timestamp() // length * length)


def _read(at: str) -> int:
    return int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp())
