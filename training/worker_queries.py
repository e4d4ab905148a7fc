"""What the page of workers shows: who takes work, what each does right now, and what waits though nobody listens."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Exists, F, OuterRef, QuerySet, Value
from django.db.models.functions import Now
from django.utils import timezone

from annotations import access as people
from annotations.models import User
from annotations.models.work import QUEUED, QUEUES, RUNNING, Work
from training import access, node_queries
from training.models import EvaluationRun, Lease, Worker
from training.models.runs import OPEN_STATES
from training.services import broker, places, sources, workers

ENDED_SHOWN = timedelta(minutes=15)
MOST = 1000
KINDS = {
    "capabilityrun": ("a run on tasks of general capability", "training:capability-detail", "model_id"),
    "judgetrial": ("a trial of a judge", "training:trial-detail", ""),
    "preferenceset": ("a preference set", "annotations:preference-detail", ""),
    "promptimport": ("an import of prompts", "annotations:import-detail", ""),
    "promptmap": ("a map of prompts", "training:map-detail", ""),
    "similarityreport": ("a look for similar prompts", "annotations:similar-detail", "benchmark_id"),
    "stage": ("a step of a recipe", "training:stage-detail", "recipe_id"),
    "trainingloop": ("a training loop", "training:loop-detail", ""),
    "trainingrun": ("a training run", "training:training-detail", ""),
}
"""Each kind of long work: in words, its page, and the field of what stands before it in the page's address."""
OF_ALL = frozenset({"capabilityrun", "judgetrial"})


class Doing(NamedTuple):
    """Something a worker holds; `page` and `arguments` are empty where the person may not look at it."""

    what: str
    more: str = ""
    page: str = ""
    arguments: tuple[int, ...] = ()


class Shown(NamedTuple):
    """A worker: alive, stopping, silent or ended; what it does; its node's cards; whether it runs what we run."""

    worker: Worker
    state: str
    doing: list[Doing]
    cards: list[node_queries.Card]
    same: bool


class Line(NamedTuple):
    """A queue: hints that lie in it (None: the broker does not say), work that waits for it, workers that listen."""

    queue: str
    depth: int | None
    waiting: int
    listeners: int


class Overview(NamedTuple):
    """All the page shows. `late` says that nobody has swept for longer than a few sweeps take."""

    rows: list[Shown]
    lines: list[Line]
    answers: bool
    swept_at: datetime | None
    late: bool
    version: str


def overview(person: User) -> Overview:
    """Workers, queues and the last sweep; as many queries however many there are of each."""
    now = timezone.now()
    there = [one for one in Worker.objects.all() if one.ended_at is None or now - one.ended_at < ENDED_SHOWN]
    held = _open_work()
    doing = _doing(person, held)
    cards = {row.node.queue: row.cards for row in node_queries.shown(person)}
    rows = [_shown(one, now, doing[one.name], cards) for one in there]
    lines = _lines(rows, _waiting(held))
    swept = max((one.swept_at for one in there if one.swept_at), default=None)
    late = swept is None or (now - swept).total_seconds() > max(60.0, 3 * settings.SWEEP_SECONDS)
    answers = all(line.depth is not None for line in lines)
    return Overview(sorted(rows, key=_order), lines, answers, swept, late, sources.version())


def _shown(one: Worker, now: datetime, doing: list[Doing], cards: dict[str, list[node_queries.Card]]) -> Shown:
    state = "alive"
    if one.ended_at:
        state = "ended"
    elif (now - one.seen_at).total_seconds() > workers.SILENT_SECONDS:
        state = "silent"
    elif one.stopping_at:
        state = "stopping"
    mine = [card for queue in one.queues for card in cards.get(queue, [])]
    return Shown(one, state, doing, mine, one.version == sources.version())


def _order(row: Shown) -> tuple[int, str]:
    return ("alive", "stopping", "silent", "ended").index(row.state), row.worker.name


def _open_work() -> list[dict[str, Any]]:
    """What of the long work is queued or held by a living worker, of every kind in one query."""
    parts = [_part(kind) for kind in Work.__subclasses__() if kind._meta.model_name in KINDS]
    return list(parts[0].union(*parts[1:], all=True)[:MOST])


def _part(kind: type[Work]) -> QuerySet[Any, Any]:
    name = str(kind._meta.model_name)
    before = KINDS[name][2]
    rows = kind._default_manager.filter(state=QUEUED) | kind._default_manager.filter(state=RUNNING, until__gte=Now())
    named = {"sort": Value(name), "above": F(before) if before else Value(0)}
    return rows.order_by().values("pk", "state", "worker", "organisation_id", **named)


def _doing(person: User, held: Iterable[dict[str, Any]]) -> dict[str, list[Doing]]:
    """What each worker does, by its name."""
    found: dict[str, list[Doing]] = defaultdict(list)
    leases = list(Lease.objects.filter(until__gte=Now()).order_by("run").values("worker", "run", "in_flight"))
    seen = set(access.runs(person).filter(pk__in={one["run"] for one in leases}).values_list("pk", flat=True))
    for one in leases:
        page = ("training:run-detail", (one["run"],)) if one["run"] in seen else ("", ())
        found[one["worker"]].append(Doing(f"Run {one['run']}", f"{one['in_flight']} in flight", *page))
    mine = set(people.organisations(person).values_list("pk", flat=True))
    for row in held:
        if row["state"] == RUNNING:
            found[row["worker"]].append(_work(row, row["organisation_id"] in mine or row["sort"] in OF_ALL))
    return found


def _work(row: dict[str, Any], may: bool) -> Doing:
    what, page, before = KINDS[row["sort"]]
    if not may:
        return Doing(f"{what} of another organisation")
    return Doing(what, f"number {row['pk']}", page, (row["above"], row["pk"]) if before else (row["pk"],))


def _waiting(held: Iterable[dict[str, Any]]) -> Counter[str]:
    """How much work waits for each queue: runs nobody works on, and other long work that is queued."""
    at_work = Lease.objects.filter(run=OuterRef("pk"), until__gte=Now())
    idle = EvaluationRun.every.filter(~Exists(at_work), state__in=OPEN_STATES).order_by()
    counts = Counter(places.queues(idle.values_list("pk", flat=True)[:MOST]).values())
    queued: dict[str, list[int]] = defaultdict(list)
    for row in held:
        if row["state"] == QUEUED:
            queued[row["sort"]].append(row["pk"])
    for kind in Work.__subclasses__():
        if pks := queued.get(str(kind._meta.model_name)):
            counts.update(kind.queues(pks).values())
    return counts


def _lines(rows: Iterable[Shown], waiting: Counter[str]) -> list[Line]:
    listeners = Counter(queue for row in rows if row.state == "alive" for queue in row.worker.queues)
    queues = [*QUEUES, *sorted((set(listeners) | set(waiting)) - set(QUEUES))]
    depths = broker.depths(queues, page=True) or {}
    return [Line(queue, depths.get(queue), waiting[queue], listeners[queue]) for queue in queues]
