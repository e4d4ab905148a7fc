"""Reads of the leaderboard: the newest finished run of each candidate on each ground, with its figures."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext

from annotations.charts import Line, ScatterPoint, front_lines, scatter_point, with_front
from training import queries, strategies
from training.candidate_words import candidate_words
from training.compare_charts import address
from training.compare_queries import MOST_RUNS, with_facts
from training.leaderboard import Figures, Order, ReferenceSet, figures
from training.models import EvaluationRun
from training.models.runs import FINISHED
from training.scores import RunScores
from training.services.figures import Prompts, prompts_of
from training.services.run_terms import ELSEWHERE

MOST_ROWS, GROUNDS_AT_ONCE = 200, 8
FILTERS = ("benchmark", "release", "model", "strategy", "judges", "evidence")
NO_RELEASE = "none"


class Entry(NamedTuple):
    """A run on the leaderboard: its figures, and whether they are evidence."""

    run: EvaluationRun
    scores: RunScores
    figures: Figures
    evidence: bool


class Ground(NamedTuple):
    """Runs that may be ranked beside each other: over the same prompts, read by the same judges."""

    key: str
    benchmark: str
    release: str
    prompts: int
    judges: tuple[str, ...]
    heuristic: bool
    entries: list[Entry]
    points: tuple[ScatterPoint, ...]
    front: tuple[Line, ...]
    compare: str


class Choices(NamedTuple):
    """What the filters offer, each as value and words: what the rows have."""

    benchmark: list[tuple[str, str]]
    release: list[tuple[str, str]]
    model: list[tuple[str, str]]
    strategy: list[tuple[str, str]]
    judges: list[tuple[str, str]]


def newest(runs: QuerySet[EvaluationRun]) -> tuple[list[EvaluationRun], bool]:
    """The newest finished run of each candidate, set of prompts, and set of judges; True when some are left out.

    Runs of one version alone test that version and are no rows. At most MOST_ROWS, newest first; each has its
    `prompts`. Four queries, and one that counts for runs whose prompts are not kept yet.
    """
    finished = runs.filter(state=FINISHED, version=None).order_by("-pk")
    judges: dict[int, set[int]] = defaultdict(set)
    pairs = EvaluationRun.judges.through.objects.filter(evaluationrun__in=finished.order_by().values("pk"))
    for run, judge in pairs.values_list("evaluationrun", "judge"):
        judges[run].add(judge)
    rows = list(finished.values_list("pk", "prompt_count", "prompt_sum", "candidate", "benchmark", "release"))
    asked = {pk: Prompts(number, ids or 0) for pk, number, ids, *_ in rows if number is not None}
    asked |= prompts_of([pk for pk, *_ in rows if pk not in asked])
    first: dict[tuple[Any, ...], int] = {}
    for pk, _, _, *ground in rows:
        first.setdefault((*ground, asked[pk], frozenset(judges[pk])), pk)
    wanted = list(first.values())
    found = with_facts(runs).in_bulk(wanted[:MOST_ROWS])
    for row in found.values():
        row.prompts = asked[row.pk]  # type: ignore[attr-defined]
    return [found[pk] for pk in wanted[:MOST_ROWS]], len(wanted) > MOST_ROWS


def choices(runs: Iterable[EvaluationRun]) -> Choices:
    """What the runs may be filtered by."""
    found: dict[str, dict[str, str]] = {name: {} for name in Choices._fields}
    for run in runs:
        for name, value, words in _offers(run):
            found[name][value] = words
    return Choices(*(sorted(found[name].items(), key=lambda pair: pair[1].lower()) for name in Choices._fields))


def _offers(run: EvaluationRun) -> tuple[tuple[str, str, str], ...]:
    release = f"{run.benchmark.title} {run.release.name}" if run.release else gettext("no release")
    return (
        ("benchmark", str(run.benchmark_id), run.benchmark.title),
        ("release", str(run.release_id or NO_RELEASE), release),
        ("model", str(run.candidate.model_id), run.candidate.model.name),
        ("strategy", run.candidate.strategy, strategies.label(run.candidate.strategy)),
        ("judges", judges_key(run), ", ".join(_judges(run))),
    )


def judges_key(run: EvaluationRun) -> str:
    """The run's judges as one word."""
    return "-".join(str(pk) for pk in sorted(judge.pk for judge in run.judges.all()))


def _judges(run: EvaluationRun) -> tuple[str, ...]:
    return tuple(sorted(str(judge) for judge in run.judges.all()))


def filtered(runs: Iterable[EvaluationRun], wanted: dict[str, str]) -> list[EvaluationRun]:
    """The runs that match the filters of the same names; an empty value matches everything."""
    return [run for run in runs if all(wanted.get(name, "") in ("", value) for name, value, _ in _offers(run))]


def with_evidence(runs: Sequence[EvaluationRun]) -> list[EvaluationRun]:
    """Those whose figures are evidence; at most five queries."""
    scores = queries.scores_of(runs)
    return [run for run in runs if _entry(run, scores[run.pk]).evidence]


def by_ground(runs: Iterable[EvaluationRun]) -> list[list[EvaluationRun]]:
    """The runs of `newest` that may be ranked beside each other together, those with the newest run first."""
    together: dict[tuple[Any, ...], list[EvaluationRun]] = defaultdict(list)
    for run in runs:
        together[run.benchmark_id, run.release_id, _prompts(run), judges_key(run)].append(run)
    return list(together.values())


def grounds(together: Sequence[list[EvaluationRun]], by: Order, reference: ReferenceSet | None) -> list[Ground]:
    """These grounds with the figures of their runs, each in order; no other figures are read. At most five queries.

    The rows of `reference` stand in the charts only.
    """
    scores = queries.scores_of(run for runs in together for run in runs)
    return [_ground([_entry(run, scores[run.pk]) for run in runs], by, reference) for runs in together]


def _entry(run: EvaluationRun, scores: RunScores) -> Entry:
    cost = run.spent_micros if _paid_for_all(run) else None
    finished = run.finished_at.timestamp() if run.finished_at else None
    evidence = not scores.heuristic and not run.candidate.model.plumbing and scores.overall.n_scored > 0
    return Entry(run, scores, figures(scores, cost, finished), evidence)


def _prompts(run: EvaluationRun) -> Prompts:
    found: Prompts = run.prompts  # type: ignore[attr-defined]
    return found


def _paid_for_all(run: EvaluationRun) -> bool:
    """Whether the run made every call that it rests on, each at a known price: no less is what a candidate costs."""
    lent = run.reused_calls or run.source_id or run.candidate.model.engine == ELSEWHERE
    return bool(run.calls and not run.unpriced_calls and not lent)


def _ground(entries: list[Entry], by: Order, reference: ReferenceSet | None) -> Ground:
    ordered = sorted(entries, key=lambda entry: (by.place(entry.figures), -entry.run.pk))
    run = ordered[0].run
    points = with_front([*_measured(ordered), *_published(reference, len(ordered))])
    return Ground(
        key=f"{run.benchmark_id}-{run.release_id or 0}-{'-'.join(map(str, _prompts(run)))}-{judges_key(run)}",
        benchmark=run.benchmark.title,
        release=run.release.name if run.release else "",
        prompts=_prompts(run).number,
        judges=_judges(run),
        heuristic=any(entry.scores.heuristic for entry in ordered),
        entries=ordered,
        points=points,
        front=front_lines(points),
        compare=address([entry.run.pk for entry in ordered[:MOST_RUNS]]) if len(ordered) > 1 else "",
    )


def _measured(entries: Sequence[Entry]) -> list[ScatterPoint]:
    return [
        scatter_point(
            at,
            f"Run {entry.run.pk} · {candidate_words(entry.run.candidate)}",
            entry.figures.helpful_safe,
            entry.figures.helpful_unsafe,
            entry.scores.overall.n_scored,
            entry.scores.overall.n_total,
            url=reverse("training:run-detail", args=[entry.run.pk]),
            heuristic=entry.scores.heuristic,
        )
        for at, entry in enumerate(entries, start=1)
    ]


def _published(reference: ReferenceSet | None, after: int) -> list[ScatterPoint]:
    rows = reference.rows if reference else ()
    return [
        scatter_point(at, row.setup, row.helpful_safe, row.helpful_unsafe, 0, 0, url="#published")._replace(
            published=True
        )
        for at, row in enumerate(rows, start=after + 1)
    ]
