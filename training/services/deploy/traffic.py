"""What was asked of deployments, added up: rows of Traffic that grow, and what a key has used in a month."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from logging import getLogger
from types import MappingProxyType
from typing import Any, NamedTuple

from django.db import IntegrityError, connection, transaction
from django.db.models import Field, Model, Q, Sum
from django.utils import timezone

from annotations.core.batches import batches
from annotations.models import Candidate, ConfigVersion
from training.models import ApiKey, Deployment, Traffic

log = getLogger(__name__)

TOGETHER = 500
"""Rows in one statement."""
SAME = tuple(Traffic._meta.constraints[0].fields)  # type: ignore[attr-defined]
PLACES: Mapping[str, type[Model]] = MappingProxyType(
    {"deployment": Deployment, "key": ApiKey, "version": ConfigVersion, "candidate": Candidate}
)
_NOTHING: Mapping[int, datetime] = MappingProxyType({})
GROWING = ("requests", "tokens_in", "tokens_out", "estimated")


class Row(NamedTuple):
    """Calls of one key to one deployment that ended alike; `at` is the start of the five minutes they began in."""

    deployment: int
    key: int
    version: int
    candidate: int
    at: datetime
    outcome: str
    streamed: bool
    latency: int
    first: int
    requests: int
    tokens_in: int
    tokens_out: int
    estimated: int


class Used(NamedTuple):
    """What a key has used in a month: calls that were asked, and tokens in and out together."""

    requests: int
    tokens: int


def five_minutes(moment: datetime) -> datetime:
    """The start of the five minutes that hold a moment."""
    since = moment.astimezone(UTC)
    return since.replace(minute=since.minute - since.minute % 5, second=0, microsecond=0)


def add(rows: Iterable[Row], used: Mapping[int, datetime] = _NOTHING) -> None:
    """Nothing; each row is new, or its numbers are added to the one that is there. All of it or, on an error, nothing.
    `used` says when keys (row ids) were used last.

    One statement for TOGETHER rows, safe with several processes at once: the database itself adds. Rows of what is not
    there any more, as after an older copy of the database was put back, are left out with a line in the log.
    """
    ordered = sorted(rows)  # in one order everywhere, so that two processes never wait for each other
    try:
        _add(ordered, used)
    except IntegrityError:
        kept = _of_what_is_there(ordered)
        if len(kept) == len(ordered):
            raise
        log.warning("%s rows of traffic are left out: what they belong to is gone.", len(ordered) - len(kept))
        _add(kept, used)


@transaction.atomic
def _add(rows: list[Row], used: Mapping[int, datetime]) -> None:
    for some in batches(rows, TOGETHER):
        _write(some)
    if used:
        _note_use(sorted(used), max(used.values()))


def _of_what_is_there(rows: list[Row]) -> list[Row]:
    there = {
        name: set(
            table._default_manager.filter(pk__in={getattr(row, name) for row in rows}).values_list("pk", flat=True)
        )
        for name, table in PLACES.items()
    }
    return [row for row in rows if all(getattr(row, name) in there[name] for name in PLACES)]


def tokens_in_month(key: int, month: str) -> int:
    """The tokens, in and out, of all calls of a key (its row id) that began in a calendar month (2026-11) in UTC."""
    return used_in_month(key, month).tokens


def used_in_month(key: int, month: str) -> Used:
    """What a key (its row id) has used in a calendar month (2026-11) in UTC, as far as it is written. One query."""
    year, number = (int(part) for part in month.split("-"))
    since = datetime(year, number, 1, tzinfo=UTC)
    until = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    sums = Traffic.objects.filter(key=key, at__gte=since, at__lt=until).aggregate(
        requests=Sum("requests", default=0), tokens=Sum("tokens_in", default=0) + Sum("tokens_out", default=0)
    )
    return Used(**sums)


def used_by_keys(keys: Collection[int], now: datetime | None = None) -> dict[int, Used]:
    """What keys (row ids) have used in this calendar month in UTC, for those that have. One query."""
    since = (now or timezone.now()).astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    sums = (
        Traffic.objects.filter(key__in=keys, at__gte=since)
        .order_by()
        .values("key")
        .annotate(calls=Sum("requests"), tokens=Sum("tokens_in") + Sum("tokens_out"))
    )
    return {one["key"]: Used(one["calls"], one["tokens"]) for one in sums}


def _note_use(keys: list[int], at: datetime) -> None:
    earlier = ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=at), pk__in=keys)
    # locked in one order, so that two processes never wait for each other
    locked = earlier.order_by("pk").select_for_update().values_list("pk", flat=True)
    ApiKey.objects.filter(pk__in=list(locked)).update(last_used_at=at)


def _write(rows: Sequence[Row]) -> None:
    names = [*SAME, *GROWING]
    fields = [_field(name) for name in names]
    table, columns = Traffic._meta.db_table, [str(field.column) for field in fields]
    place = f"({', '.join(['%s'] * len(names))})"
    grown = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in GROWING)
    statement = (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([place] * len(rows))} "  # noqa: S608  our names
        f"ON CONFLICT ({', '.join(columns[: len(SAME)])}) DO UPDATE SET {grown}"
    )
    values: list[Any] = []
    for row in rows:
        values += [
            field.get_db_prep_save(getattr(row, name), connection) for name, field in zip(names, fields, strict=True)
        ]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _field(name: str) -> "Field[Any, Any]":
    return next(field for field in Traffic._meta.concrete_fields if field.name == name)
