"""The figures of finished runs, worked out once and kept with the run: no page works them out again."""

from training import queries, scores
from training.models import EvaluationRun
from training.models.runs import FINISHED

AT_ONCE = 5


def keep(run: EvaluationRun) -> bool:
    """True when the finished run's figures are now kept; False when somebody took it up again meanwhile."""
    found = scores.plain(queries.worked_out([run.pk])[run.pk])
    as_it_was = EvaluationRun.objects.filter(pk=run.pk, state=FINISHED, finished_at=run.finished_at)
    return bool(as_it_was.update(figures=found))


def keep_missing(most: int = AT_ONCE) -> int:
    """How many finished runs without kept figures have them now, at most so many, the newest first."""
    missing = EvaluationRun.objects.filter(state=FINISHED, figures__isnull=True).order_by("-finished_at")
    return sum(keep(run) for run in missing[:most])
