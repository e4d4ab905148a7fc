"""Tables as they were, after a test with real transactions: only what got rows is emptied.

Django's flush empties every table and then tells every app that it was migrated just now, which takes ten times as
long. On SQLite numbers begin at 1 again, so that no test depends on those before it.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import connection, transaction

Rows = list[tuple[Any, ...]]
TRIGGERS = {
    "sqlite": "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger"
    " WHERE NOT tgisinternal ORDER BY 1, 2",
}


class Fresh(NamedTuple):
    """What stands in a database right after its migrations."""

    tables: list[str]
    rows: dict[str, Rows]
    triggers: Rows


def fresh() -> Fresh:
    """What stands in the database now, for `empty` to come back to."""
    tables = sorted(connection.introspection.django_table_names(only_existing=True, include_views=False))
    return Fresh(tables, {table: _rows(table) for table in _filled(tables)}, _triggers())


def empty(wanted: Fresh) -> bool:
    """Whether the database stands as wanted again; False, and untouched, when a test changed what migrations make."""
    filled = _filled(wanted.tables)
    whole = all(table in filled and _rows(table) == rows for table, rows in wanted.rows.items())
    if not whole or _triggers() != wanted.triggers:
        return False
    with transaction.atomic():
        _delete([table for table in filled if table not in wanted.rows], wanted)
    return True


def unguard() -> None:
    """Nothing is kept from deletion any more; the database's guards come back with the next migration or flush."""
    place = " ON {}" if connection.vendor == "postgresql" else ""
    _do(f"DROP TRIGGER {name}{place.format(table)}" for table, name, _ in _triggers())


def _ask(sql: str) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def _do(statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _triggers() -> Rows:
    return _ask(TRIGGERS[connection.vendor])


def _filled(tables: list[str]) -> list[str]:
    """Those of the tables that have rows."""
    each = (f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables)  # noqa: S608
    return [table for (table,) in _ask(" UNION ALL ".join(each))]


def _rows(table: str) -> Rows:
    return _ask(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608


def _delete(tables: list[str], wanted: Fresh) -> None:
    """The tables have no rows, though their guards keep them from everybody else."""
    guards = [guard for guard in wanted.triggers if guard[0] in tables]
    if connection.vendor == "postgresql":
        guarded = sorted({table for table, _, _ in guards})
        off = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in guarded]
        on = ["SET CONSTRAINTS ALL IMMEDIATE", *(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in guarded)]
    else:
        standing = ", ".join(f"'{table}'" for table in wanted.rows)
        off = [f"DROP TRIGGER {name}" for _, name, _ in guards]
        on = [*(sql for _, _, sql in guards), f"DELETE FROM sqlite_sequence WHERE name NOT IN ({standing})"]  # noqa: S608
    _do([*off, *(f"DELETE FROM {table}" for table in tables), *on])  # noqa: S608
