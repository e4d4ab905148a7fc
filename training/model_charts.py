"""The chart of a model's page: its scores over time."""

from collections.abc import Iterable
from typing import NamedTuple

from django.urls import reverse

from annotations.charts import IntervalRow, Tick, interval_row, ticks
from training import strategies
from training.model_queries import Scored

LEAST = 2


class OverTime(NamedTuple):
    """Rows of the interval chart, the oldest run of each benchmark first."""

    rows: tuple[IntervalRow, ...]
    ticks: tuple[Tick, ...]


def over_time(runs: Iterable[Scored]) -> OverTime | None:
    """The scores of these runs by benchmark and time; None when fewer than two have one."""
    known = [one for one in runs if one.scores.mean is not None]
    if len(known) < LEAST:
        return None
    ordered = sorted(known, key=lambda one: (one.run.benchmark.title, one.run.benchmark_id, one.run.pk))
    return OverTime(tuple(_row(one) for one in ordered), ticks())


def _row(one: Scored) -> IntervalRow:
    run, scores = one.run, one.scores
    low, high = scores.mean_interval or (None, None)
    return interval_row(
        f"{run.benchmark.title} · run {run.pk}, {strategies.label(run.candidate.strategy)}",
        scores.mean,
        low,
        high,
        scores.overall.n_scored,
        scores.overall.n_total,
        url=reverse("training:run-detail", args=[run.pk]),
        heuristic=scores.heuristic,
    )
