"""Reads over runs: how far one is, what it scored, and the items behind a number."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from annotations.core.storable import whole_number
from annotations.core.taxonomy import KINDS
from annotations.models import SafetyConfig
from annotations.queries.benchmarks import NO_RULE
from training import strategies
from training.models import EvaluationRun, RunItem
from training.models.runs import FINISHED, ITEM_DONE, ITEM_FAILED, ITEM_QUEUED, OPEN_STATES
from training.scores import Row, RunScores, read, run_scores
from training.troubles import shape

RATE_SECONDS = 60
STILL_SECONDS = 10
OPEN_SCORES_SECONDS = 4


class ErrorCount(NamedTuple):
    """One error in words and how many items ended with it."""

    kind: str
    message: str
    items: int


class Progress(NamedTuple):
    """How far a run is, from committed rows only. done + failed + queued is total; in_flight is a part of queued.

    `calls` are all, `reused` those of them that were taken from earlier ones; these cost neither tokens nor micros, the
    millionths of a US dollar. `unpriced` were made to a model without a known price. `still`: it runs, and no item has
    ended for ten seconds.
    """

    total: int
    done: int
    failed: int
    queued: int
    unscored: int
    withheld: int
    workers: int
    in_flight: int
    waiting: int
    next_try: float
    trouble: str
    rate: float | None
    still: bool
    seconds_left: float | None
    seconds: float | None
    calls: int
    reused: int
    tokens: int
    micros: int
    unpriced: int

    @property
    def parts(self) -> tuple[tuple[str, int], ...]:
        """What is not done, by name, for the sentence total = done + …"""
        return (("failed", self.failed), ("to do", self.queued))

    @property
    def rate_words(self) -> str:
        """The rate as people read it: per second when fast, else per minute."""
        if not self.rate:
            return ""
        return f"{self.rate:.0f} per second" if self.rate >= 2 else f"{self.rate * 60:.0f} per minute"

    @property
    def state_word(self) -> str:
        """`waiting` when calls wait to be tried again and either all in flight do or nothing moves; otherwise empty."""
        return "waiting" if self.waiting and (self.still or self.waiting >= self.in_flight) else ""


def progress(run: EvaluationRun) -> Progress:
    """How far the run is. A few short queries, whatever its size; what was spent is as the run was read."""
    counts = dict(run.items.values_list("state").annotate(Count("pk")).order_by())
    done, failed, queued = (counts.get(state, 0) for state in (ITEM_DONE, ITEM_FAILED, ITEM_QUEUED))
    alive = run.leases.filter(until__gte=Now()).aggregate(
        workers=Count("worker", distinct=True),
        next_try=Min("next_try", filter=Q(waiting__gt=0), default=0.0),
        trouble=Max("trouble", default=""),
        in_flight=Sum("in_flight", default=0),
        waiting=Sum("waiting", default=0),
    )
    rate, still = _rate(run) if run.is_open else (None, False)
    return Progress(
        total=done + failed + queued,
        done=done,
        failed=failed,
        queued=queued,
        rate=rate,
        still=still,
        seconds_left=queued / rate if rate else None,
        seconds=_seconds(run),
        calls=run.calls + run.reused_calls,
        reused=run.reused_calls,
        tokens=run.spent_tokens,
        micros=run.spent_micros,
        unpriced=run.unpriced_calls,
        **_apart(run),
        **alive,
    )


def _apart(run: EvaluationRun) -> dict[str, Any]:
    """How many of the done items are unscored, and how many a filter withheld."""
    counts = {"unscored": Count("pk", filter=OUTCOMES["unscored"]), "withheld": Count("pk", filter=Q(withheld=True))}
    return run.items.filter(state=ITEM_DONE).aggregate(**counts)


def _rate(run: EvaluationRun) -> tuple[float | None, bool]:
    """Items ended per second over the last minute, None before there is anything to tell; and whether nothing moves."""
    if run.started_at is None:
        return None, False
    now = timezone.now()
    since = max(now - timedelta(seconds=RATE_SECONDS), run.started_at)
    ended = {"count": Count("pk"), "last": Max("finished_at")}
    recent = run.items.filter(finished_at__gte=since).aggregate(**ended)
    still = now - (recent["last"] or since) > timedelta(seconds=STILL_SECONDS)
    rate = float(recent["count"]) / max((now - since).total_seconds(), 0.1)
    return rate or None, still


def _seconds(run: EvaluationRun) -> float | None:
    if run.started_at is None:
        return None
    end = run.finished_at or (timezone.now() if run.is_open else run.items.aggregate(end=Max("finished_at"))["end"])
    return (end - run.started_at).total_seconds() if end else None


def errors(run: EvaluationRun) -> tuple[ErrorCount, ...]:
    """The errors of failed items, most frequent first, at most twenty; those that differ in a number only are one."""
    rows = run.items.filter(state=ITEM_FAILED).values_list("error_kind", "error").annotate(n=Count("pk"))
    alike: dict[tuple[str, str], ErrorCount] = {}
    for kind, message, number in rows.order_by("-n", "error")[:1000]:
        trouble = kind, shape(message)
        first = alike.get(trouble, ErrorCount(kind, message, 0))
        alike[trouble] = first._replace(items=first.items + number)
    return tuple(sorted(alike.values(), key=lambda error: -error.items)[:20])


def scores(run: EvaluationRun) -> RunScores:
    """The run's figures over the items ended so far; failed items count as unscored."""
    return scores_of([run])[run.pk]


def scores_of(runs: Iterable[EvaluationRun]) -> dict[int, RunScores]:
    """The figures of each run, by its id; at most five queries, however many runs.

    A finished run's are kept with it. Others are cached while nothing changes, for an open run for a few seconds,
    however many people watch it.
    """
    asked = {run.pk: run for run in runs}
    found = _kept_scores(asked)
    return found | _fresh_scores({pk: run for pk, run in asked.items() if pk not in found})


def _kept_scores(runs: Iterable[int]) -> dict[int, RunScores]:
    finished = EvaluationRun.objects.filter(pk__in=list(runs), state=FINISHED, figures__isnull=False)
    kept: dict[int, Any] = dict(finished.order_by().values_list("pk", "figures"))
    titles = _titles(row["config_id"] for figures in kept.values() for row in figures["configs"])
    found = {pk: read(figures, titles) for pk, figures in kept.items()}
    return {pk: scores for pk, scores in found.items() if scores is not None}


def _titles(configs: Iterable[int]) -> dict[int, str]:
    wanted = set(configs)
    return dict(SafetyConfig.objects.filter(pk__in=wanted).values_list("pk", "title")) if wanted else {}


def _fresh_scores(wanted: Mapping[int, EvaluationRun]) -> dict[int, RunScores]:
    if not wanted:
        return {}
    keys = _score_keys(wanted)
    kept = cache.get_many(keys.values())
    made = worked_out([pk for pk, key in keys.items() if key not in kept])
    for pk, found in made.items():
        cache.set(keys[pk], found, timeout=OPEN_SCORES_SECONDS if wanted[pk].is_open else 3600)
    return {pk: made[pk] if pk in made else kept[key] for pk, key in keys.items()}


def _score_keys(runs: Mapping[int, EvaluationRun]) -> dict[int, str]:
    ended = RunItem.objects.filter(run__in=runs.keys()).exclude(state=ITEM_QUEUED).order_by()
    seen = {pk: (count, last) for pk, count, last in ended.values_list("run").annotate(Count("pk"), Max("finished_at"))}
    moments = {pk: f"{count}:{last and last.timestamp()}" for pk, (count, last) in seen.items()}
    return {
        pk: f"scores:{pk}:{'open' if run.is_open and pk in seen else moments.get(pk, '0')}" for pk, run in runs.items()
    }


def worked_out(runs: Sequence[int]) -> dict[int, RunScores]:
    """The figures of each run out of its items ended so far, neither kept nor cached; two queries."""
    ended = RunItem.objects.filter(run__in=runs).exclude(state=ITEM_QUEUED).order_by("position")
    fields = ("version__config", "prompt__kind", "prompt__digest", "helpfulness", "follows_config", "heuristic")
    rows: dict[int, list[Row]] = {run: [] for run in runs}
    for run, *values in ended.values_list("run", *fields):
        rows[run].append(Row(*values))
    titles = _titles(row.config_id for found in rows.values() for row in found)
    return {run: run_scores(found, titles) for run, found in rows.items()}


OUTCOMES = {
    "helpful_safe": Q(helpfulness__gt=0, follows_config=True),
    "helpful_unsafe": Q(helpfulness__gt=0, follows_config=False),
    "unhelpful_safe": Q(helpfulness=0, follows_config=True),
    "unhelpful_unsafe": Q(helpfulness=0, follows_config=False),
    "unscored": Q(helpfulness=None) | Q(follows_config=None),
}


def items(
    run: EvaluationRun, *, config: str = "", kind: str = "", outcome: str = "", rule: str = ""
) -> QuerySet[RunItem]:
    """The run's ended items that match; unknown or empty filter values match everything."""
    found = run.items.exclude(state=ITEM_QUEUED).select_related("prompt", "version__config", "response")
    if (config_id := whole_number(config)) is not None:
        found = found.filter(version__config=config_id)
    if kind in KINDS:
        found = found.filter(prompt__kind=kind)
    if rule.isprintable() and rule:
        found = found.filter(prompt__rule="" if rule == NO_RULE else rule)
    if outcome in OUTCOMES:
        found = found.filter(OUTCOMES[outcome])
    if outcome == "failed":
        found = found.filter(state=ITEM_FAILED)
    return found.order_by("position")


class Neighbours(NamedTuple):
    """The items before and after one, in the same filter; None at the ends."""

    previous: RunItem | None
    next: RunItem | None


def neighbours(found: QuerySet[RunItem], item: RunItem) -> Neighbours:
    """The items beside `item` among `found`."""
    before = found.filter(position__lt=item.position).order_by("-position").first()
    return Neighbours(before, found.filter(position__gt=item.position).first())


def with_counts(runs: QuerySet[EvaluationRun]) -> QuerySet[EvaluationRun]:
    """The runs with `total`, `done` and `failed` counts on each; only those that are read are counted."""
    items = RunItem.objects.filter(run=OuterRef("pk")).order_by().values("run")
    states = {"total": Q(), "done": Q(state=ITEM_DONE), "failed": Q(state=ITEM_FAILED)}
    counts = {name: Subquery(items.filter(only).annotate(n=Count("pk")).values("n")) for name, only in states.items()}
    return runs.annotate(**{name: Coalesce(count, 0) for name, count in counts.items()})


def latest_runs_by_config(runs: QuerySet[EvaluationRun], configs: Iterable[int]) -> dict[int, EvaluationRun]:
    """For each config the newest finished run among `runs` that has a score for it; runs of a control have none."""
    scored = {"items__helpfulness__isnull": False, "items__follows_config__isnull": False}
    finished = without_controls(runs).filter(state=FINISHED, items__version__config=OuterRef("pk"), **scored)
    newest = finished.order_by("-pk").values("pk")[:1]
    wanted = SafetyConfig.objects.filter(pk__in=list(configs)).annotate(newest=Subquery(newest))
    by_config = {pk: run for pk, run in wanted.values_list("pk", "newest") if run}
    found = runs.in_bulk(set(by_config.values()))
    return {config: found[run] for config, run in by_config.items()}


def without_controls(runs: QuerySet[EvaluationRun]) -> QuerySet[EvaluationRun]:
    """The runs whose figures say how a config or a model would do; see `strategies.controls`."""
    return runs.exclude(candidate__strategy__in=strategies.controls())


def unfinished(runs: QuerySet[EvaluationRun]) -> QuerySet[EvaluationRun]:
    """The runs that are queued or running, newest first."""
    return runs.filter(state__in=OPEN_STATES).order_by("-pk")
