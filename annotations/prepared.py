"""Statements whose SQL is made once, for the few that run with every click: making it costs more than running it.

MINE = Prepared(lambda: Assignment.objects.filter(rater=Given("rater"), state="held"))
MINE.all(rater=7)
RENEWED = Saving(lambda: Assignment.objects.filter(pk=Given("pk"), state="held"), "until")
RENEWED.save(slot)
"""

from collections.abc import Callable
from threading import local
from typing import Any, Generic, NamedTuple, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet, Value
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=Model)


class Given(Value):
    """The place of a value that is told when the statement runs; `kind` is the field of one that is no number."""

    def __init__(self, name: str, kind: Any = None):
        super().__init__(name)
        self.name, self.kind = name, kind

    def as_sql(self, *_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """One parameter: this place itself, until its value is known."""
        return "%s", [self]


class _Made(NamedTuple):
    """A statement as SQL for one connection, and how its columns become the fields of an object."""

    connection: Any
    compiler: SQLCompiler
    sql: str
    params: tuple[Any, ...]
    names: list[str]
    converters: Any

    def filled(self, value_of: Callable[[str], Any]) -> list[Any]:
        """The parameters, each place with its value as the database takes it."""
        return [self._told(one, value_of(one.name)) if isinstance(one, Given) else one for one in self.params]

    def _told(self, place: Given, value: Any) -> Any:
        return place.kind.get_db_prep_value(value, self.connection) if place.kind else value


class Prepared(local, Generic[M]):
    """A query over one table, without related rows, whose SQL is made when a thread runs it first."""

    def __init__(self, make: Callable[[], QuerySet[M, Any]]):
        self.make = make
        self.made: _Made | None = None

    def all(self, **given: Any) -> list[M]:
        """The rows as objects."""
        made, rows = self._run(given)
        compiler, model = made.compiler, cast(type[M], made.compiler.query.model)
        read = compiler.apply_converters(rows, made.converters) if rows else ()
        return [model.from_db(DEFAULT_DB_ALIAS, made.names, row) for row in read]

    def first(self, **given: Any) -> M | None:
        """The first row as an object, or None. The query itself says how many it looks for."""
        return next(iter(self.all(**given)), None)

    def row(self, **given: Any) -> tuple[Any, ...] | None:
        """The first row as the database gives it, for texts and whole numbers; None without any."""
        return next(iter(self.rows(**given)), None)

    def rows(self, **given: Any) -> list[tuple[Any, ...]]:
        """The rows as the database gives them."""
        return self._run(given)[1]

    def _run(self, given: dict[str, Any]) -> tuple[_Made, list[tuple[Any, ...]]]:
        connection = connections[DEFAULT_DB_ALIAS]
        if self.made is None or self.made.connection is not connection:
            self.made = _reading(self.make(), connection)
        with connection.cursor() as cursor:
            cursor.execute(self.made.sql, self.made.filled(given.__getitem__))
            return self.made, cursor.fetchall()


class Saving(local, Generic[M]):
    """An update of some fields to what stands in an object; its rows name the object's attributes by `Given`."""

    def __init__(self, rows: Callable[[], QuerySet[M, Any]], *names: str):
        self.rows, self.names = rows, names
        self.made: _Made | None = None

    def save(self, one: M) -> bool:
        """True when there was a row, which now has the object's values."""
        connection = connections[DEFAULT_DB_ALIAS]
        if self.made is None or self.made.connection is not connection:
            self.made = _writing(self.rows(), self.names, connection)
        with connection.cursor() as cursor:
            cursor.execute(self.made.sql, self.made.filled(lambda name: getattr(one, name)))
            return bool(cursor.rowcount)


def _reading(rows: QuerySet[Any, Any], connection: Any) -> _Made:
    compiler = rows.query.get_compiler(connection=connection)
    sql, params = compiler.as_sql()
    columns: list[Any] = [column for column, *_ in compiler.select]
    names = [column.target.attname for column in columns]
    return _Made(connection, compiler, sql, tuple(params), names, compiler.get_converters(columns))


def _writing(rows: QuerySet[Any, Any], names: tuple[str, ...], connection: Any) -> _Made:
    query = cast(UpdateQuery, rows.query.chain(UpdateQuery))
    fields = [rows.model._meta.get_field(name) for name in names]
    query.add_update_values({field.name: Given(cast(Any, field).attname, field) for field in fields})
    compiler = query.get_compiler(connection=connection)
    sql, params = compiler.as_sql()
    return _Made(connection, compiler, sql, tuple(params), [], {})
