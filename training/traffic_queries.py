"""Reads over the traffic of deployments: counts by time, outcome, key and version, and percentiles of latency."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import F, Max, Q, QuerySet, Sum
from django.db.models.functions import TruncDay, TruncHour
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from annotations.exports import Table
from training import latency, strategies
from training.deployment_words import CAUSES, DECLINED, ENDED, FAILED, GROUPS, Ending
from training.models import ApiKey, Deployment, Traffic

SHARES = (0.5, 0.9, 0.95, 0.99)
MOST_KEYS, MOST_PARTS = 50, 50
_SUMS = {name: Sum(name) for name in ("requests", "tokens_in", "tokens_out", "estimated")}
COLUMNS = {
    **dict.fromkeys(("at", "version", "model", "strategy", "key", "outcome"), "text"),
    "streamed": "bool",
    **dict.fromkeys(("milliseconds", "first_text_milliseconds"), "float"),
    **dict.fromkeys(("requests", "tokens_in", "tokens_out", "estimated"), "int"),
}


class Period(NamedTuple):
    """A stretch of time up to now: `slots` steps of the same length, the last one not over yet. All in UTC."""

    slug: str
    label: str
    step: timedelta
    slots: int
    unit: str

    def starts(self, now: datetime) -> list[datetime]:
        """The start of every step, the oldest first."""
        step = self.step.total_seconds()
        last = datetime.fromtimestamp(now.timestamp() // step * step, UTC)
        return [last - self.step * back for back in reversed(range(self.slots))]


HOURS_2, HOURS_24, DAYS_30 = PERIODS = (
    Period("2h", _("2 hours"), timedelta(minutes=5), 24, _("5 minutes")),
    Period("24h", _("24 hours"), timedelta(hours=1), 24, _("hour")),
    Period("30d", _("30 days"), timedelta(days=1), 30, _("day")),
)


class Slot(NamedTuple):
    """What ended in one step of time, by outcome, and the tokens of it."""

    start: datetime
    counts: dict[str, int]
    tokens_in: int
    tokens_out: int

    @property
    def requests(self) -> int:
        """All calls."""
        return sum(self.counts.values())

    @property
    def groups(self) -> list[int]:
        """The calls of each group, in their order."""
        return [sum(self.counts.get(name, 0) for name in group.outcomes) for group in GROUPS]


class Totals(NamedTuple):
    """All calls of a stretch of time; `estimated` of them have tokens that no server told."""

    counts: dict[str, int]
    tokens_in: int
    tokens_out: int
    estimated: int

    def of(self, outcomes: Iterable[str]) -> int:
        """The calls that ended in one of these ways."""
        return sum(self.counts.get(name, 0) for name in outcomes)

    @property
    def requests(self) -> int:
        """All calls."""
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        """The calls that brought an answer, refusals among them."""
        return self.of(ENDED)

    @property
    def failed(self) -> int:
        """The calls that failed."""
        return self.of(FAILED)

    @property
    def declined(self) -> list[tuple[str, int, float | None]]:
        """Refused and withheld: their number, and their share of the calls that brought an answer; None without any."""
        return [(name, n := self.counts.get(name, 0), n / self.ended if self.ended else None) for name in DECLINED]

    @property
    def failures(self) -> list[tuple[Ending, int]]:
        """The ways in which calls failed, the most frequent first."""
        found = [(CAUSES[name], n) for name, n in self.counts.items() if name in CAUSES and n]
        return sorted(found, key=lambda one: -one[1])


class Waits(NamedTuple):
    """Percentiles of SHARES in milliseconds over `n` calls; None without any."""

    label: str
    n: int
    at: tuple[float | None, ...]


class Part(NamedTuple):
    """The calls of one key, or under one version with one candidate."""

    label: str
    key: int
    version: tuple[int, int] | None
    requests: int
    failed: int
    tokens_in: int
    tokens_out: int


class Figures(NamedTuple):
    """The traffic of a deployment in a period."""

    period: Period
    slots: list[Slot]
    totals: Totals
    waits: list[Waits]
    keys: list[Part]
    versions: list[Part]


class Recent(NamedTuple):
    """A deployment's last 24 hours, and the start of the five minutes of its last call; None when it had none."""

    requests: int = 0
    failed: int = 0
    tokens: int = 0
    last: datetime | None = None

    @property
    def failed_share(self) -> float | None:
        """The share of calls that failed; None without calls."""
        return self.failed / self.requests if self.requests else None


def period(slug: str) -> Period:
    """The period of that name, 24 hours for another one."""
    return next((one for one in PERIODS if one.slug == slug), HOURS_24)


def figures(deployment: Deployment, asked: Period, now: datetime | None = None) -> Figures:
    """The deployment's traffic in the period up to now. Five queries."""
    starts = asked.starts(now or timezone.now())
    rows = Traffic.objects.filter(deployment=deployment, at__gte=starts[0]).order_by()
    slots, totals = _by_time(rows, asked, starts)
    return Figures(asked, slots, totals, _waits(rows), _by_key(rows), _by_version(rows))


def _by_time(rows: QuerySet[Traffic], asked: Period, starts: list[datetime]) -> tuple[list[Slot], Totals]:
    slot: Any = F("at")
    if asked is not HOURS_2:
        slot = (TruncDay if asked is DAYS_30 else TruncHour)("at", tzinfo=UTC)
    found = {start: Slot(start, {}, 0, 0) for start in starts}
    counts: dict[str, int] = {}
    tokens_in = tokens_out = estimated = 0
    grouped: Any = rows.annotate(slot=slot).values("slot", "outcome")
    for row in grouped.annotate(**_SUMS):
        start, outcome = row["slot"].astimezone(UTC), row["outcome"]
        one = found.setdefault(start, Slot(start, {}, 0, 0))
        one.counts[outcome] = one.counts.get(outcome, 0) + row["requests"]
        both = one.tokens_in + row["tokens_in"], one.tokens_out + row["tokens_out"]
        found[start] = one._replace(tokens_in=both[0], tokens_out=both[1])
        counts[outcome] = counts.get(outcome, 0) + row["requests"]
        tokens_in, tokens_out = tokens_in + row["tokens_in"], tokens_out + row["tokens_out"]
        estimated += row["estimated"]
    return [found[start] for start in sorted(found)], Totals(counts, tokens_in, tokens_out, estimated)


def _waits(rows: QuerySet[Traffic]) -> list[Waits]:
    """Of calls that brought an answer: whole ones, whole streams, and the first text of streams."""
    ended = rows.filter(outcome__in=ENDED)
    whole: dict[bool, dict[int, int]] = {False: {}, True: {}}
    for streamed, bucket, n in ended.values_list("streamed", "latency").annotate(n=Sum("requests")):
        whole[streamed][bucket] = n
    first = dict(ended.filter(streamed=True).values_list("first").annotate(n=Sum("requests")))
    named = (
        (_("Whole calls, not streamed"), whole[False]),
        (_("Whole streams"), whole[True]),
        (_("First text of streams"), first),
    )
    return [_wait(label, counts) for label, counts in named]


def _wait(label: str, counts: dict[int, int]) -> Waits:
    n = sum(count for bucket, count in counts.items() if bucket)
    return Waits(label, n, tuple(latency.percentile(counts, share) for share in SHARES))


def _parted(rows: QuerySet[Traffic], *fields: str) -> Any:
    sums = {"n": Sum("requests"), "bad": Sum("requests", filter=Q(outcome__in=FAILED), default=0)}
    tokens = {"read": Sum("tokens_in"), "wrote": Sum("tokens_out")}
    return rows.values(*fields).annotate(**sums, **tokens).order_by("-n", *fields)[:MOST_PARTS]


def _by_key(rows: QuerySet[Traffic]) -> list[Part]:
    return [
        Part(row["key__name"], row["key"], None, row["n"], row["bad"], row["read"], row["wrote"])
        for row in _parted(rows, "key", "key__name")
    ]


def _by_version(rows: QuerySet[Traffic]) -> list[Part]:
    fields = ("version__config", "version__number", "candidate__model__name", "candidate__strategy", "candidate")
    return [
        Part(
            f"{row['candidate__model__name']}, {strategies.label(row['candidate__strategy'])}",
            row["candidate"],
            (row["version__config"], row["version__number"]),
            *(row["n"], row["bad"], row["read"], row["wrote"]),
        )
        for row in _parted(rows, *fields)
    ]


def recent(deployments: Iterable[int], now: datetime | None = None) -> dict[int, Recent]:
    """The last 24 hours of these deployments, by their row ids. Two queries, however many."""
    ids, since = list(deployments), (now or timezone.now()) - timedelta(hours=24)
    mine = Traffic.objects.filter(deployment__in=ids).order_by()
    bad = Sum("requests", filter=Q(outcome__in=FAILED), default=0)
    sums = {"n": Sum("requests"), "bad": bad, "read": Sum(F("tokens_in") + F("tokens_out"))}
    grouped: Any = mine.filter(at__gte=since).values("deployment")
    day = {row["deployment"]: row for row in grouped.annotate(**sums)}
    last = dict(mine.values_list("deployment").annotate(last=Max("at")))
    found = {}
    for pk in ids:
        row = day.get(pk, {"n": 0, "bad": 0, "read": 0})
        found[pk] = Recent(row["n"], row["bad"], row["read"], last.get(pk))
    return found


def table(deployment: Deployment, asked: Period, now: datetime | None = None) -> Table:
    """Every row of the deployment's traffic in the period, to take away; times of calls are middles of their bucket."""
    starts = asked.starts(now or timezone.now())
    return Table(
        tuple(COLUMNS), _rows(deployment, starts[0]), f"traffic-{deployment.slug}", types=tuple(COLUMNS.values())
    )


def _rows(deployment: Deployment, since: datetime) -> Iterator[tuple[Any, ...]]:
    mine = Traffic.objects.filter(deployment=deployment, at__gte=since).order_by("at", "pk")
    related = mine.select_related("version", "candidate__model", "key")
    for row in related.only(*_NEEDED).iterator(chunk_size=1000):
        candidate = (row.candidate.model.slug, row.candidate.strategy)
        times = [latency.milliseconds(bucket) if bucket else None for bucket in (row.latency, row.first)]
        key = f"{row.key.name} ({row.key.prefix}…)"
        ends = (row.requests, row.tokens_in, row.tokens_out, row.estimated)
        yield (row.at.isoformat(), f"v{row.version.number}", *candidate, key, row.outcome, row.streamed, *times, *ends)


_NEEDED = (
    *("at", "outcome", "streamed", "latency", "first", "requests", "tokens_in", "tokens_out", "estimated"),
    *("version__number", "candidate__strategy", "candidate__model__slug", "key__name", "key__prefix"),
)


def keys_of(keys: QuerySet[ApiKey], deployment: Deployment) -> QuerySet[ApiKey]:
    """The keys among these that open the deployment: its own, and those of its whole organisation; newest first."""
    opens = Q(deployment=deployment) | Q(deployment=None, organisation=deployment.organisation_id)
    return keys.filter(opens).order_by("-pk")
