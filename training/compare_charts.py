"""What the page of a comparison shows: facts side by side, tables of differences and charts, each with a way down."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext

from annotations.charts import (
    IntervalRow,
    Line,
    ScatterPoint,
    Tick,
    front_lines,
    interval_row,
    scatter_points,
    ticks,
    with_front,
)
from annotations.core.paired import Difference
from annotations.core.taxonomy import KINDS
from training import strategies
from training.candidate_words import candidate_words
from training.charts import items_url
from training.comparable import Caveat
from training.compare import Counts, share
from training.compare_queries import Compared, Names, Tally, side, why_care
from training.models import EvaluationRun
from training.scores import RunScores, ScoreRow

AXES = (0.1, 0.25, 0.5, 1.0, 2.0)
WHOLE = "mean over configs"


class Score(NamedTuple):
    """A score of one run as the figure component shows it."""

    score: float | None
    low: float | None
    high: float | None
    n_scored: int
    n_total: int
    heuristic: bool
    url: str


class Card(NamedTuple):
    """A run of the comparison: how far it is, its score, its shares, and the links that move or drop it."""

    run: EvaluationRun
    tally: Tally
    score: Score
    helpful_safe: float | None
    helpful_unsafe: float | None
    base: bool
    as_base: str
    without: str


class Fact(NamedTuple):
    """One fact of every run, and whether the runs differ in it."""

    label: str
    values: tuple[str, ...]
    differs: bool


class Row(NamedTuple):
    """A line of a table of differences; `found` is None where nothing pairs. `kind` is set for a kind of prompt."""

    label: str
    kind: str
    url: str
    before: Score | None
    now: Score | None
    found: Difference | None
    sign_p: str
    unsafe_p: str
    counts: Counts
    unpaired: tuple[tuple[str, str], ...]


class Section(NamedTuple):
    """A run against the base; `heuristic` when a program judged in either."""

    run: EvaluationRun
    heuristic: bool
    caveats: tuple[Caveat, ...]
    barred: bool
    whole: Row
    configs: list[Row]
    kinds: list[Row]
    chart: list[IntervalRow]
    ticks: tuple[Tick, ...]
    url: str


def address(runs: Iterable[int], name: str = "run-compare", args: Sequence[int] = (), **wanted: object) -> str:
    """A page of the comparison of these runs, the base first."""
    given = [("run", run) for run in runs] + [(key, value) for key, value in wanted.items() if value]
    return f"{reverse(f'training:{name}', args=list(args))}?{urlencode(given)}"


def chance(p: float | None) -> str:
    """A p-value in words, `0.031` or `< 0.001`; a dash where nothing moved."""
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def cards(runs: Sequence[EvaluationRun], seen: dict[int, Tally], scores: dict[int, RunScores]) -> list[Card]:
    """The runs in their order, the base first."""
    ids = [run.pk for run in runs]
    return [
        Card(
            run=run,
            tally=seen.get(run.pk, Tally()),
            score=_whole(run, scores[run.pk]),
            helpful_safe=share(scores[run.pk], "helpful_safe"),
            helpful_unsafe=share(scores[run.pk], "helpful_unsafe"),
            base=run.pk == ids[0],
            as_base=address([run.pk, *(pk for pk in ids if pk != run.pk)]),
            without=address(pk for pk in ids if pk != run.pk),
        )
        for run in runs
    ]


def facts(runs: Sequence[EvaluationRun]) -> list[Fact]:
    """What the runs were made of, and in what they differ."""
    sides = [side(run) for run in runs]
    candidates = [run.candidate for run in runs]
    rows: list[tuple[str, list[str]]] = [
        ("Model", [one.model.name for one in candidates]),
        ("Strategy", [_strategy(run) for run in runs]),
        ("Temperature", [f"{one.temperature:g}" for one in candidates]),
        ("Top p", [f"{one.top_p:g}" for one in candidates]),
        ("Longest answer", [f"{one.max_tokens:,} tokens" for one in candidates]),
        ("Seed", [str(one.seed) for one in candidates]),
        ("Benchmark", [one.benchmark for one in sides]),
        ("Prompts", [one.release for one in sides]),
        ("Judges", [", ".join(one.judges) for one in sides]),
        ("Asked", [f"{one.samples} ×" for one in sides]),
        ("Floor", [one.floor for one in sides]),
        ("One version alone", [f"{run.version.config} v{run.version.number}" if run.version else "no" for run in runs]),
    ]
    return [Fact(label, tuple(values), len(set(values)) > 1) for label, values in rows]


def _strategy(run: EvaluationRun) -> str:
    one = run.candidate
    settings = ", ".join(f"{label}: {value}" for label, value in strategies.said(one.strategy, one.settings))
    return f"{strategies.label(one.strategy)} ({settings})" if settings else strategies.label(one.strategy)


def tradeoff(found: Sequence[Card]) -> tuple[tuple[ScatterPoint, ...], tuple[Line, ...]]:
    """Helpful-safe against helpful-unsafe of the runs, and the front of those that no other beats."""
    points = with_front(
        scatter_points(
            (
                f"Run {card.run.pk} · {candidate_words(card.run.candidate)}",
                card.helpful_safe,
                card.helpful_unsafe,
                card.score.n_scored,
                card.score.n_total,
                reverse("training:run-detail", args=[card.run.pk]),
                card.score.heuristic,
            )
            for card in found
        )
    )
    return points, front_lines(points)


def section(
    base: EvaluationRun, run: EvaluationRun, found: Compared, scores: dict[int, RunScores], known: Names
) -> Section:
    """A run against the base: the mean over configs, each config, each kind of prompt, and the chart of the configs."""
    why = why_care(side(base), side(run), found, known)
    by_title = sorted(found.by_config, key=lambda config: (known.configs[config], config))
    differences = found.differences
    configs = [
        _row(base, run, known.configs[config], found.by_config[config], differences.configs.get(config), scores, config)
        for config in by_title
    ]
    kinds = [
        _row(base, run, kind, found.by_kind[kind], differences.kinds.get(kind), scores, kind=kind)
        for kind in KINDS
        if kind in found.by_kind
    ]
    whole = _row(base, run, WHOLE, found.counts, differences.mean, scores)
    axis = _axis([*configs, whole])
    return Section(
        run=run,
        heuristic=found.heuristic,
        caveats=why,
        barred=any(one.bars for one in why),
        whole=whole,
        configs=configs,
        kinds=kinds,
        chart=[_drawn(row, found.heuristic, axis) for row in [whole, *configs]],
        ticks=ticks((-axis, axis)),
        url=address([base.pk, run.pk], "run-changes"),
    )


def _row(
    base: EvaluationRun,
    run: EvaluationRun,
    label: str,
    counts: Counts,
    found: Difference | None,
    scores: dict[int, RunScores],
    config: int | None = None,
    kind: str = "",
) -> Row:
    before, now = (_score(one, scores[one.pk], config, kind) for one in (base, run))
    return Row(
        label=label,
        kind=kind,
        url=address([base.pk, run.pk], "run-changes", config=config, kind=kind),
        before=before,
        now=now,
        found=found,
        sign_p=chance(found.sign_p if found else None),
        unsafe_p=chance(found.unsafe_p if found else None),
        counts=counts,
        unpaired=_unpaired(base.pk, run.pk, counts, config, kind),
    )


def _score(run: EvaluationRun, scores: RunScores, config: int | None, kind: str) -> Score | None:
    if config is None and not kind:
        return _whole(run, scores)
    by_kind, by_config = {one.label: one for one in scores.kinds}, {one.config_id: one for one in scores.configs}
    row = by_kind.get(kind) if kind else by_config.get(config)
    return _of_row(row, items_url(run.pk, config=config, kind=kind)) if row else None


def _of_row(row: ScoreRow, url: str) -> Score:
    low, high = row.interval or (None, None)
    return Score(row.scored.score, low, high, row.scored.n_scored, row.scored.n_total, row.heuristic, url)


def _whole(run: EvaluationRun, scores: RunScores) -> Score:
    low, high = scores.mean_interval or (None, None)
    overall = scores.overall
    return Score(scores.mean, low, high, overall.n_scored, overall.n_total, scores.heuristic, items_url(run.pk))


def _unpaired(base: int, run: int, counts: Counts, config: int | None, kind: str) -> tuple[tuple[str, str], ...]:
    """What does not pair, in words, each with the way to its items."""
    words = (
        (counts.only_base, gettext("%(number)s only in run %(run)s"), base, "only"),
        (counts.only_run, gettext("%(number)s only in run %(run)s"), run, "only"),
        (counts.waiting, gettext("%(number)s not answered yet"), run, "unscored"),
        (counts.failed, gettext("%(number)s failed"), run, "unscored"),
        (counts.unscored, gettext("%(number)s unscored"), run, "unscored"),
    )
    return tuple(
        (
            said % {"number": f"{number:,}", "run": of},
            address([base, run], "run-changes", config=config, kind=kind, change=change),
        )
        for number, said, of, change in words
        if number
    )


def _axis(rows: Sequence[Row]) -> float:
    """The narrowest of AXES that holds every whisker."""
    ends = [abs(end) for row in rows if row.found for end in row.found.score.interval]
    return next(axis for axis in AXES if axis >= min(max(ends, default=0), AXES[-1]))


def _drawn(row: Row, heuristic: bool, axis: float) -> IntervalRow:
    counts, axes = (row.counts.paired, row.counts.total), (-axis, axis)
    if row.found is None:
        return interval_row(row.label, None, None, None, *counts, url=row.url, heuristic=heuristic, axis=axes)
    shift = row.found.score
    return interval_row(row.label, shift.delta, *shift.interval, *counts, url=row.url, heuristic=heuristic, axis=axes)
