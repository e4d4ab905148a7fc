"""The rows of a run's charts, every one a link to the items behind it."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext

from annotations.charts import (
    IntervalRow,
    Line,
    OutcomeRow,
    ScatterPoint,
    Segment,
    Tick,
    front_lines,
    interval_row,
    outcome_row,
    outcome_segments,
    scatter_points,
    ticks,
    with_front,
)
from annotations.core.cosa_score import Scored
from annotations.core.taxonomy import KINDS
from annotations.marks import OUTCOMES
from annotations.models import SafetyConfig
from annotations.queries.benchmarks import NO_RULE
from training import queries
from training.models import EvaluationRun
from training.rule_tests import Cell, Matrix, RuleRow, Share
from training.scores import RunScores, ScoreRow


class RunCharts(NamedTuple):
    """The charts of a result page."""

    intervals: list[IntervalRow]
    outcomes: list[OutcomeRow]
    kinds: list[OutcomeRow]
    scatter: tuple[ScatterPoint, ...]
    front: tuple[Line, ...]
    ticks: tuple[Tick, ...]
    breakdown: list[OutcomeRow]


def items_url(run_id: int, **wanted: object) -> str:
    """The list of a run's items with these filters."""
    query = urlencode({name: value for name, value in wanted.items() if value})
    return reverse("training:item-list", args=[run_id]) + (f"?{query}" if query else "")


def run_charts(run: EvaluationRun, scores: RunScores) -> RunCharts:
    """Score per config with its interval, outcomes per config and per kind, helpful-safe against helpful-unsafe.

    `breakdown` is the outcomes of the whole run, then those of each kind.
    """
    kinds = [_outcomes(run, row, kind=row.label) for row in scores.kinds]
    points = with_front(scatter_points(_point(run, row) for row in scores.configs))
    return RunCharts(
        intervals=[_interval(row, items_url(run.pk, config=row.config_id)) for row in scores.configs],
        outcomes=[_outcomes(run, row, config=row.config_id) for row in scores.configs],
        kinds=kinds,
        scatter=points,
        front=front_lines(points),
        ticks=ticks(),
        breakdown=[_whole(run, scores), *kinds],
    )


def _interval(row: ScoreRow, url: str) -> IntervalRow:
    low, high = row.interval or (None, None)
    scored = row.scored
    return interval_row(
        row.label, scored.score, low, high, scored.n_scored, scored.n_total, url=url, heuristic=row.heuristic
    )


def _outcomes(run: EvaluationRun, row: ScoreRow, **wanted: object) -> OutcomeRow:
    return outcome_row(
        row.label,
        outcome_counts(row.scored),
        url=items_url(run.pk, **wanted),
        kind=row.label if "kind" in wanted else "",
        urls={outcome: items_url(run.pk, outcome=outcome, **wanted) for outcome in OUTCOMES},
        heuristic=row.heuristic,
    )


def kinds_beside(runs: Iterable[EvaluationRun], scores: Mapping[int, RunScores]) -> list[OutcomeRow]:
    """The outcomes of each kind of prompt in each of the runs, kind by kind."""
    rows = {(row.label, run.pk): (run, row) for run in runs for row in scores[run.pk].kinds}
    return [
        _outcomes(run, row, kind=kind)._replace(label=f"Run {run.pk}")
        for kind in KINDS
        for (of, _), (run, row) in rows.items()
        if of == kind
    ]


def _whole(run: EvaluationRun, scores: RunScores) -> OutcomeRow:
    urls = {outcome: items_url(run.pk, outcome=outcome) for outcome in OUTCOMES}
    counts = outcome_counts(scores.overall)
    return outcome_row(gettext("all items"), counts, url=items_url(run.pk), urls=urls, heuristic=scores.heuristic)


def outcome_counts(scored: Scored) -> dict[str, int]:
    """How many items ended in each of the four cells, and how many are unscored."""
    shares = {name: getattr(scored, name) for name in OUTCOMES if name != "unscored"}
    counts = {name: round((share or 0) * scored.n_scored) for name, share in shares.items()}
    return counts | {"unscored": scored.n_total - scored.n_scored}


def _point(run: EvaluationRun, row: ScoreRow) -> tuple[str, float | None, float | None, int, int, str, bool]:
    scored, url = row.scored, items_url(run.pk, config=row.config_id)
    return (
        row.label,
        scored.helpful_safe,
        scored.helpful_unsafe,
        scored.n_scored,
        scored.n_total,
        url,
        row.heuristic,
    )


def config_rows(runs: QuerySet[EvaluationRun], configs: QuerySet[SafetyConfig]) -> list[IntervalRow]:
    """For each config its score in its newest finished run, by title; configs never run are left out."""
    newest = queries.latest_runs_by_config(runs, configs.values_list("pk", flat=True))
    scores = queries.scores_of(newest.values())
    found = []
    for config, run in newest.items():
        row = next(row for row in scores[run.pk].configs if row.config_id == config)
        found.append(_interval(row, items_url(run.pk, config=config)))
    return sorted(found, key=lambda row: row.label)


class RuleCell(NamedTuple):
    """A cell of the rule tests: its prompts by benchmark, the last outcomes as parts of a bar, none of them empty."""

    kind: str
    prompts: int
    shares: tuple[tuple[Share, str], ...]
    segments: tuple[Segment, ...]
    not_run: int


def matrix_rows(found: Matrix, config: int) -> list[tuple[RuleRow, list[RuleCell]]]:
    """Each row of the matrix with its cells; prompts lead to the benchmark, outcomes to the run they are all from."""
    return [(row, [_rule_cell(cell, row.rule or NO_RULE, config) for cell in row.cells]) for row in found.rows]


def _rule_cell(cell: Cell, rule: str, config: int) -> RuleCell:
    wanted = {"config": config, "kind": cell.kind, "rule": rule}
    query = urlencode(wanted)
    one_run = {name: next(iter(runs)) for name, runs in cell.runs.items() if len(runs) == 1}
    urls = {name: items_url(run, outcome=name, **wanted) for name, run in one_run.items() if run is not None}
    segments = outcome_segments(cell.outcomes, urls)
    return RuleCell(
        kind=cell.kind,
        prompts=cell.prompts,
        shares=tuple((share, f"{_benchmark_url(share.benchmark)}?{query}#prompts") for share in cell.shares),
        segments=tuple(segment for segment in segments if segment.number),
        not_run=cell.not_run,
    )


def _benchmark_url(benchmark: int) -> str:
    return reverse("annotations:benchmark-detail", args=[benchmark])
