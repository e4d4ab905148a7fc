"""What finished runs say of each version of a config, in series of runs that compare."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery

from annotations.lines import Measured, OverVersions, over_versions
from annotations.models import SafetyConfig
from training import queries
from training.candidate_words import candidate_words
from training.charts import items_url
from training.models import EvaluationRun, RunItem
from training.models.runs import FINISHED
from training.scores import RunScores

MOST_RUNS = 60


class VersionScores(NamedTuple):
    """The chart of the newest runs, and how many older ones are not in it."""

    chart: OverVersions
    older: int


def of_config(runs: QuerySet[EvaluationRun], config: SafetyConfig) -> VersionScores | None:
    """The scores of the config's versions in finished runs among `runs`; None before the first.

    Only runs of one benchmark release with the same judges and candidate make a series, the newest first, and of
    several runs of one version the newest counts.
    """
    number = RunItem.objects.filter(run=OuterRef("pk"), version__config=config).order_by()
    mine = RunItem.objects.filter(version__in=config.versions.values("pk")).order_by().values("run")
    found = queries.without_controls(runs.filter(state=FINISHED, pk__in=mine)).order_by("-pk")
    found = found.annotate(number=Subquery(number.values("version__number")[:1]))
    found = found.select_related("benchmark", "release", "candidate__model")
    shown = list(found.prefetch_related("judges__model")[:MOST_RUNS])
    if not shown:
        return None
    older = found.count() - MOST_RUNS if len(shown) == MOST_RUNS else 0
    return VersionScores(over_versions(_series(shown, queries.scores_of(shown), config.pk)), older)


def _series(runs: Iterable[Any], scores: dict[int, RunScores], config: int) -> list[tuple[str, list[Measured]]]:
    """Named series in the order of their newest runs, and each version once."""
    names: dict[object, str] = {}
    rows: dict[object, dict[int, Measured]] = {}
    for run in runs:
        judges = sorted(run.judges.all(), key=lambda judge: judge.pk)
        key = (run.benchmark_id, run.release_id, run.candidate_id, tuple(judge.pk for judge in judges))
        names.setdefault(key, _name(run, judges))
        measured = _measured(run, scores[run.pk], config)
        if measured:
            rows.setdefault(key, {}).setdefault(run.number, measured)
    return [(names[key], list(one.values())) for key, one in rows.items()]


def _name(run: EvaluationRun, judges: list[Any]) -> str:
    release = f" {run.release.name}" if run.release else ""
    judged = " and ".join(str(judge) for judge in judges) or "nobody"
    return f"{run.benchmark.title}{release}, answered by {candidate_words(run.candidate)}, judged by {judged}"


def _measured(run: Any, scores: RunScores, config: int) -> Measured | None:
    row = next((row for row in scores.configs if row.config_id == config), None)
    if row is None:
        return None
    low, high = row.interval or (None, None)
    return Measured(
        *(run.number, row.scored.score, low, high, row.scored.n_scored, row.scored.n_total, f"Run {run.pk}"),
        url=items_url(run.pk, config=config),
        heuristic=row.heuristic,
    )
