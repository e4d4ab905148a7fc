"""What Prometheus is told of runs, workers, queues and cards: sums of counters that rows keep, and small counts.

Nothing here counts the rows of a large table: items are counted only in runs that are open, or that lost a worker, and
only up to a bound.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, Max, Q, QuerySet, Sum, Value
from django.db.models.functions import Now
from django.utils import timezone

from annotations.models.work import QUEUED, QUEUES, RUNNING, Work
from training.models import EvaluationRun, Gpu, Lease, Node, RunItem, Worker
from training.models.runs import FINISHED, ITEM_FAILED, ITEM_QUEUED, OPEN_STATES, RUN_STATES
from training.services import broker, losses, places, workers

BOUND, MOST, NEWEST = 100_000, 1000, 20
MICROS = 1_000_000
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class Figure(NamedTuple):
    """A metric with its value for each of its labels; it is a counter when its name ends with _total."""

    name: str
    words: str
    labels: tuple[str, ...]
    values: dict[tuple[str, ...], float]


def runs() -> list[Figure]:
    """Runs by state, and what all of them together called and spent: one pass over the runs."""
    states: dict[tuple[str, ...], float] = {(state,): 0.0 for state in RUN_STATES}
    sums = [Sum(name) for name in ("calls", "reused_calls", "spent_tokens", "spent_micros")]
    total = [0.0] * len(sums)
    rows = EvaluationRun.every.order_by().values_list("state").annotate(Count("pk"), *sums)
    for state, count, *told in rows:
        states[state,] = float(count)
        total = [before + float(value) for before, value in zip(total, told, strict=True)]
    calls, reused, tokens, micros = total
    return [
        Figure("cosa_runs", "Evaluation and building runs by state.", ("state",), states),
        _single("cosa_run_calls_total", "Calls to models that runs made and paid.", calls),
        _single("cosa_run_reused_calls_total", "Calls that runs took from the cache instead.", reused),
        _single("cosa_run_tokens_total", "Tokens that runs spent, of prompts and answers.", tokens),
        _single("cosa_run_spent_usd_total", "US dollars that runs spent.", micros / MICROS),
    ]


def _single(name: str, words: str, value: float) -> Figure:
    return Figure(name, words, (), {(): value})


def items() -> list[Figure]:
    """Items of runs that are open or were a minute ago."""
    now = timezone.now()
    going = list(EvaluationRun.every.filter(state__in=OPEN_STATES).order_by().values_list("pk", flat=True)[:MOST])
    ended = EvaluationRun.every.filter(state=FINISHED, finished_at__gte=now - MINUTE).order_by()
    lately = [*going, *ended.values_list("pk", flat=True)[:MOST]]
    open_items = _bounded(RunItem.objects.filter(run__in=going, state=ITEM_QUEUED))
    answered = _bounded(RunItem.objects.filter(run__in=lately, finished_at__gte=now - MINUTE))
    hurt = Lease.objects.filter(lost_at__isnull=False).order_by().values("run").distinct()
    given_up = _bounded(RunItem.objects.filter(run__in=hurt, state=ITEM_FAILED, error_kind=losses.KIND))
    return [
        _single("cosa_items_open", "Items of open runs that are to be answered, counted up to 100,000.", open_items),
        _single("cosa_items_ended_last_minute", "Items of runs that ended within the last minute.", answered),
        _single(
            "cosa_items_quarantined", "Items given up because several workers ended while they held them.", given_up
        ),
    ]


def _bounded(rows: "QuerySet[RunItem]") -> int:
    return rows.order_by().values("pk")[:BOUND].count()


def judges() -> list[Figure]:
    """The share of unscored items in the newest runs, from their kept figures; no figure before there are any."""
    told = EvaluationRun.objects.filter(state=FINISHED, figures__isnull=False).order_by("-pk")
    newest = list(told.values_list("pk", flat=True)[:NEWEST])
    scored = total = 0
    for overall in EvaluationRun.objects.filter(pk__in=newest).order_by().values_list("figures__overall", flat=True):
        scored, total = scored + int(overall[1]), total + int(overall[2])
    words = "Share of items without a score in the newest 20 finished evaluations."
    return [_single("cosa_judge_unscored_ratio", words, 1 - scored / total)] if total else []


def leases() -> list[Figure]:
    """Workers present on runs, and those that were lost lately."""
    alive = Lease.objects.filter(until__gte=Now()).count()
    lost = Lease.objects.filter(lost_at__gte=timezone.now() - HOUR).count()
    return [
        _single("cosa_leases_alive", "Leases of workers on runs that have not run out.", alive),
        _single("cosa_leases_lost_last_hour", "Leases found lost within an hour: workers ended with items.", lost),
    ]


def listening() -> list[Figure]:
    """Workers by queue, the last sweep, and what lies in the broker's queues."""
    now = timezone.now()
    there = Worker.objects.filter(ended_at=None, stopping_at=None)
    heard = there.filter(seen_at__gte=now - timedelta(seconds=workers.SILENT_SECONDS))
    count = Counter(queue for one in heard.order_by().values_list("queues", flat=True) for queue in one)
    queues = sorted({*QUEUES, *count})
    swept = Worker.objects.aggregate(at=Max("swept_at"))["at"]
    depths = broker.depths(queues)
    found = [
        _by_queue("cosa_workers", "Workers that are alive and take work, by queue.", {q: count[q] for q in queues}),
        _single("cosa_broker_up", "1 when the broker answers, else 0.", float(depths is not None)),
    ]
    if swept is not None:
        words = "Seconds since a worker last looked for lost work."
        found.append(_single("cosa_sweep_age_seconds", words, max(0.0, (now - swept).total_seconds())))
    if depths is not None:
        found.append(_by_queue("cosa_queue_hints", "Hints that lie in each queue of the broker.", depths))
    return found


def _by_queue(name: str, words: str, values: "dict[str, int] | dict[str, float]") -> Figure:
    return Figure(name, words, ("queue",), {(queue,): float(value) for queue, value in values.items()})


def waiting() -> list[Figure]:
    """For how long the oldest work of each queue has waited for a worker."""
    now, oldest = timezone.now(), dict.fromkeys(QUEUES, 0.0)
    for queue, since in [*_idle_runs(), *_idle_work()]:
        oldest[queue] = max(oldest.get(queue, 0.0), (now - since).total_seconds())
    words = "Seconds for which the oldest work of each queue has waited that no worker has taken up."
    return [_by_queue("cosa_oldest_waiting_seconds", words, oldest)]


def _idle_runs() -> Iterable[tuple[str, datetime]]:
    going = EvaluationRun.every.filter(state__in=OPEN_STATES).order_by()
    rows = list(going.annotate(last=Max("leases__until")).values_list("pk", "created_at", "last")[:MOST])
    now = timezone.now()
    idle = {pk: max(at, last or at) for pk, at, last in rows if last is None or last < now}
    return [(queue, idle[pk]) for pk, queue in places.queues(idle).items()]


def _idle_work() -> Iterable[tuple[str, datetime]]:
    parts = [_part(kind) for kind in Work.__subclasses__()]
    kinds = {kind._meta.label_lower: kind for kind in Work.__subclasses__()}
    found: dict[str, dict[int, datetime]] = defaultdict(dict)
    for row in parts[0].union(*parts[1:], all=True)[:MOST]:
        found[row["sort"]][row["pk"]] = max(at for at in (row["created_at"], row["finished_at"], row["until"]) if at)
    return [(queue, at[pk]) for name, at in found.items() for pk, queue in kinds[name].queues(at).items()]


def _part(kind: type[Work]) -> "QuerySet[Any, Any]":
    rows = kind._default_manager.filter(Q(state=QUEUED) | Q(state=RUNNING, until__lt=Now()))
    named = {"sort": Value(kind._meta.label_lower)}
    return rows.order_by().values("pk", "created_at", "finished_at", "until", **named)


def cards() -> list[Figure]:
    """Graphics cards of each node that is not archived."""
    held = Count("pk", filter=Q(held_at__isnull=False))
    rows = (
        Gpu.objects.filter(node__archived_at=None).order_by().values("node__name").annotate(held=held, all=Count("pk"))
    )
    values: dict[tuple[str, ...], float] = {}
    for row in rows:
        values[row["node__name"], "held"] = float(row["held"])
        values[row["node__name"], "free"] = float(row["all"] - row["held"])
    return [
        Figure(
            "cosa_gpus",
            "Graphics cards by node, held by training or a served model, or free.",
            ("node", "state"),
            values,
        )
    ]


def disks() -> list[Figure]:
    """What each node last said of its disk."""
    told = Node.objects.filter(archived_at=None).order_by("name").values_list("name", "free_bytes")
    words = "Free bytes of the disk with the folder of training runs, as each node last said."
    return [Figure("cosa_node_free_bytes", words, ("node",), {(name,): float(free) for name, free in told})]


READERS: tuple[Callable[[], list[Figure]], ...] = (runs, items, judges, leases, listening, waiting, cards, disks)
