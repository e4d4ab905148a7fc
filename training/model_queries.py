"""Reads over models: how one answered, what it refused, what it cost, and how it stood every other trial."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery, Sum

from annotations.core.confusion import share
from annotations.core.intervals import Interval
from annotations.core.verdicts import REFUSALS
from annotations.models import Candidate, LanguageModel
from annotations.models.work import FINISHED as DONE
from annotations.services.safety_suite import SLUG
from training import judge_queries, judges, strategies
from training.judge_queries import Tally
from training.models import CapabilityRun, EvaluationRun, Judge, Judgement, JudgeTrial, RunItem
from training.models.runs import FINISHED, ITEM_DONE, ITEM_QUEUED
from training.queries import OPEN_SCORES_SECONDS, scores_of, without_controls
from training.refusals import FULL, Refusals, tally
from training.scores import RunScores

MOST = 20


def refusals(run: EvaluationRun) -> tuple[Refusals, ...]:
    """For each judge that says whether answers refuse, how often they do, those of judges that are models first.

    An answer that a filter withheld is a full refusal, whatever the judge said of what was withheld. Failed items are
    unscored. Empty when no judge of the run says it, or nothing was answered. Four queries; kept while nothing changes.
    """
    key = f"refusals:{run.pk}:{'open' if run.is_open else run.finished_at and run.finished_at.timestamp()}:{run.state}"
    found: tuple[Refusals, ...] | None = cache.get(key)
    if found is None:
        found = _refusals(run)
        cache.set(key, found, timeout=OPEN_SCORES_SECONDS if run.is_open or not run.finished_at else 3600)
    return found


def _refusals(run: EvaluationRun) -> tuple[Refusals, ...]:
    totals: Counter[str] = Counter()
    withheld: Counter[tuple[str, str]] = Counter()
    ended = run.items.exclude(state=ITEM_QUEUED).order_by()
    for kind, is_withheld, n in ended.values_list("prompt__kind", "withheld").annotate(Count("pk")):
        totals[kind] += n
        withheld[kind, FULL] += n if is_withheld else 0
    judges_of = run.judges.select_related("model").order_by("heuristic", F("model").asc(nulls_last=True), "pk")
    asked = [row for row in judges_of if _says_it(row)]
    if not (asked and totals and run.items.filter(state=ITEM_DONE).exists()):
        return ()
    said = Judgement.objects.filter(item__run=run, item__withheld=False, refusal__in=REFUSALS)
    counted = said.exclude(item__state=ITEM_QUEUED).order_by().values_list("judge", "item__prompt__kind", "refusal")
    by_judge: dict[int, Counter[tuple[str, str]]] = {}
    for judge, kind, refusal, n in counted.annotate(Count("pk")):
        by_judge.setdefault(judge, Counter())[kind, refusal] += n
    return tuple(tally(str(one), one.heuristic, by_judge.get(one.pk, Counter()) + withheld, totals) for one in asked)


def _says_it(row: Judge) -> bool:
    """True for a judge whose verdict has a refusal; a program whose file is gone is taken for none."""
    if row.model_id:
        return "refusal" in judges.parse_llm(row.name, row.source).gives
    return row.name in judges.names() and "refusal" in judges.load(row.name).gives


def suite_run(runs: QuerySet[EvaluationRun], model: LanguageModel) -> EvaluationRun | None:
    """The newest finished run of the model on the safety suite, among these runs; none in which judges did refuse."""
    suite = runs.filter(candidate__model=model, benchmark__slug=SLUG, state=FINISHED)
    return suite.exclude(candidate__strategy__in=strategies.filtering()).order_by("-pk").first()


def answered_by(runs: QuerySet[EvaluationRun], model: LanguageModel) -> QuerySet[EvaluationRun]:
    """The runs in which the model answers, newest first; `identity` is what it called itself in the last answer."""
    last = RunItem.objects.filter(run=OuterRef("pk"), state=ITEM_DONE).order_by("-position")
    identity = Subquery(last.values("response__identity")[:1])
    return runs.filter(candidate__model=model).annotate(identity=identity).order_by("-pk")


class Scored(NamedTuple):
    """A run with its figures."""

    run: EvaluationRun
    scores: RunScores


def scored(runs: Iterable[EvaluationRun]) -> list[Scored]:
    """The runs in their order, each with its figures; a few queries, however many runs."""
    rows = list(runs)
    found = scores_of(rows)
    return [Scored(run, found[run.pk]) for run in rows]


class Spent(NamedTuple):
    """What the runs of a model came to, their judges' calls included. Micros are millionths of a US dollar."""

    runs: int
    calls: int
    reused: int
    unpriced: int
    tokens: int
    micros: int


def spent(runs: QuerySet[EvaluationRun], model: LanguageModel) -> Spent:
    """The calls, tokens and money of these runs in which the model answers."""
    names = {"calls": "calls", "reused": "reused_calls", "unpriced": "unpriced_calls"}
    names |= {"tokens": "spent_tokens", "micros": "spent_micros"}
    sums: dict[str, Any] = {name: Sum(field, default=0) for name, field in names.items()}
    return Spent(**runs.filter(candidate__model=model).order_by().aggregate(runs=Count("pk"), **sums))


class Answerer(NamedTuple):
    """A candidate of the model: its strategy in words, its settings as (name, value), and the runs one may read."""

    candidate: Candidate
    strategy: str
    settings: tuple[tuple[str, str], ...]
    runs: int


def answerers(runs: QuerySet[EvaluationRun], model: LanguageModel) -> list[Answerer]:
    """The candidates of the model that these runs test, the one of the newest run first; at most twenty."""
    mine = Q(runs__in=runs.order_by().values("pk"))
    rows = Candidate.objects.filter(model=model).annotate(n=Count("runs", filter=mine), newest=Max("runs", filter=mine))
    return [_answerer(row, row.n) for row in rows.filter(n__gt=0).order_by("-newest")[:MOST]]


def _answerer(candidate: Candidate, runs: int) -> Answerer:
    settings = tuple(strategies.said(candidate.strategy, candidate.settings))
    return Answerer(candidate, strategies.label(candidate.strategy), settings, runs)


class Judging(NamedTuple):
    """The model as a judge of one kind: its row, the runs one may read, and its newest trial with what came of it."""

    judge: Judge
    runs: int
    newest: int | None
    trial: JudgeTrial | None
    tally: Tally | None


def judging(runs: QuerySet[EvaluationRun], model: LanguageModel) -> list[Judging]:
    """The judges that ask this model, at most twenty; two queries."""
    mine = Q(runs__in=runs.order_by().values("pk"))
    rows = Judge.objects.filter(model=model).select_related("model").defer("source")
    known = list(rows.annotate(n=Count("runs", filter=mine), last=Max("runs", filter=mine)).order_by("name", "-pk"))
    trials = judge_queries.newest_trials(JudgeTrial.objects.filter(judge__in=known[:MOST]))
    return [_judging(row, trials.get(row.pk)) for row in known[:MOST]]


def _judging(row: Any, trial: JudgeTrial | None) -> Judging:
    return Judging(row, row.n, row.last, trial, judge_queries.tally(trial) if trial else None)


def newest_of(runs: QuerySet[EvaluationRun], model: LanguageModel) -> EvaluationRun | None:
    """The newest finished run of the model among these, the safety suite's left out; None when there is none."""
    return _scoring(runs).filter(candidate__model=model).order_by("-pk").first()


def _scoring(runs: QuerySet[EvaluationRun]) -> QuerySet[EvaluationRun]:
    """Finished runs whose CoSA-Score says something of a model: a suite of refusals does not, nor does a control."""
    return without_controls(runs).filter(state=FINISHED).exclude(benchmark__slug=SLUG)


def identities(runs: Iterable[Any]) -> list[tuple[str, EvaluationRun]]:
    """What the model called itself in these runs (as `answered_by` gives them, newest first), each with its newest run.

    More than one name may mean that another model answers at the same address.
    """
    found: dict[str, EvaluationRun] = {}
    for run in runs:
        if run.identity:
            found.setdefault(run.identity, run)
    return list(found.items())


def newest_scores(runs: QuerySet[EvaluationRun]) -> dict[int, Scored]:
    """For each model the newest finished one of these runs with its figures, by the model's id; no safety suite."""
    picked = _scoring(runs).order_by().values("candidate__model").annotate(newest=Max("pk"))
    return {row.run.candidate.model_id: row for row in scored(runs.filter(pk__in=picked.values("newest")))}


def capability_runs(model: LanguageModel) -> QuerySet[CapabilityRun]:
    """The model's runs on tasks of general capability, newest first."""
    return CapabilityRun.objects.filter(model=model).select_related("created_by").order_by("-pk")


class Ability(NamedTuple):
    """One metric of one task: the newest finished run that has it, and its interval, None where none can be told."""

    task: str
    metric: dict[str, Any]
    n: int | None
    interval: Interval | None
    run: CapabilityRun


def abilities(model: LanguageModel) -> list[Ability]:
    """What the newest finished runs of capability say of the model, by task; every metric of a task."""
    found: dict[str, CapabilityRun] = {}
    for run in CapabilityRun.objects.filter(model=model, state=DONE).defer("log").order_by("-pk")[:MOST]:
        for task in run.results:
            found.setdefault(task, run)
    return [one for task, run in sorted(found.items()) for one in of_task(task, run)]


def of_task(task: str, run: CapabilityRun) -> list[Ability]:
    """The metrics of one task of a run, each with its 95 % interval."""
    told = run.results[task]
    return [Ability(task, metric, told["n"], interval_of(metric, told["n"]), run) for metric in told["metrics"]]


def interval_of(metric: dict[str, Any], n: int | None) -> Interval | None:
    """The 95 % interval of a metric: Wilson's for a share of n items, else 1.96 standard errors; None without one.

    The harness's own standard error is 0 when all items are right or all are wrong, which no twelve items prove.
    """
    value, stderr = metric["value"], metric["stderr"]
    hits = value * n if n else 0.5
    if n and 0 <= value <= 1 and abs(hits - round(hits)) < 1e-6:
        return share(round(hits), n, "").interval
    return None if stderr is None else Interval(value - 1.96 * stderr, value + 1.96 * stderr)
