"""Indexes of big tables are built beside the work on PostgreSQL, and as usual on SQLite."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import NotSupportedError, connection, models

from annotations.index_beside import AddIndexBeside
from training.models import RunItem

INDEX = models.Index(fields=["version", "run"], name="runitem_of_version")


def asked(vendor: str, inside: bool = False, way: str = "database_forwards") -> list[Any]:
    """What the operation asks of a schema editor of that database."""
    done: list[Any] = []
    editor = SimpleNamespace(
        connection=SimpleNamespace(vendor=vendor, alias="default", in_atomic_block=inside),
        quote_name=lambda name: f'"{name}"',
        execute=done.append,
        add_index=lambda model, index, **how: done.append((index.name, how)),
        remove_index=lambda model, index, **how: done.append((index.name, how)),
    )
    state = SimpleNamespace(apps=SimpleNamespace(get_model=lambda app, name: RunItem))
    getattr(AddIndexBeside("runitem", INDEX), way)("training", editor, state, state)
    return done


def test_postgres_builds_it_concurrently_and_first_drops_what_a_cut_attempt_left() -> None:
    drop = 'DROP INDEX CONCURRENTLY IF EXISTS "runitem_of_version"'
    assert asked("postgresql") == [drop, (INDEX.name, {"concurrently": True})]
    assert asked("postgresql", way="database_backwards") == [(INDEX.name, {"concurrently": True})]


def test_sqlite_builds_it_as_usual() -> None:
    assert asked("sqlite", inside=True) == asked("sqlite", way="database_backwards") == [(INDEX.name, {})]


def test_a_migration_that_is_one_transaction_is_refused() -> None:
    with pytest.raises(NotSupportedError, match="needs atomic = False"):
        asked("postgresql", inside=True)


@pytest.mark.django_db
@pytest.mark.both_databases
def test_the_items_of_a_version_have_theirs() -> None:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, RunItem._meta.db_table)
    assert found[INDEX.name]["columns"] == ["version_id", "run_id"]
