"""Many rows into a table at once: COPY on PostgreSQL, bulk_create on SQLite. The same rows, the same constraints."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Field, JSONField, Max, Model
from django.utils import timezone

AT_ONCE = 50_000

Row = Sequence[Any]
"""Values in the order of the names they are put with; JSON as lists and dictionaries."""


def first_free(model: type[Model]) -> int:
    """The id from which on none is taken."""
    return int(model._base_manager.aggregate(highest=Max("pk"))["highest"] or 0) + 1


def put(model: type[Model], names: Sequence[str], rows: Iterable[Row]) -> int:
    """How many rows were stored, at most AT_ONCE in each transaction; fields that are not named hold their default."""
    write = _copied if connection.vendor == "postgresql" else _created
    rest, stored = iter(rows), 0
    while part := list(islice(rest, AT_ONCE)):
        with transaction.atomic():
            write(model, names, part)
        stored += len(part)
    return stored


def settle(*models: type[Model]) -> None:
    """Nothing; new rows get ids above all that are there, and the planner knows how big everything is."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
        cursor.execute("ANALYZE")


def _created(model: type[Model], names: Sequence[str], part: list[Row]) -> None:
    model._base_manager.bulk_create((model(**dict(zip(names, row, strict=True))) for row in part), batch_size=1000)


def _copied(model: type[Model], names: Sequence[str], part: list[Row]) -> None:
    fields = {field.attname: field for field in model._meta.concrete_fields}
    named = [fields[name] for name in names]
    told = [field for field in model._meta.concrete_fields if field.attname not in names and not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in [*named, *told])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL synchronous_commit = off")
        with cursor.copy(f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN') as copy:
            for values in _plain(named, told, part):
                copy.write_row(values)


def _plain(named: list["Field[Any, Any]"], told: list["Field[Any, Any]"], part: list[Row]) -> Iterator[list[Any]]:
    """The rows as COPY takes them, the defaults behind."""
    json_places = [place for place, field in enumerate(named) if isinstance(field, JSONField)]
    default = [_default(field) for field in told]
    for row in part:
        values = [*row, *default]
        for place in json_places:
            if values[place] is not None:
                values[place] = json.dumps(values[place])
        yield values


def _default(field: "Field[Any, Any]") -> Any:
    if getattr(field, "auto_now_add", False):
        return timezone.now()
    value = field.get_default()
    return json.dumps(value) if isinstance(field, JSONField) and value is not None else value
