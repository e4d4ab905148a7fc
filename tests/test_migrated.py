"""Workers of a parallel run copy the tables that one of them made."""

import sqlite3

import pytest
from django.db import ConnectionHandler, connection

from tests.migrated import keep, shared_tables

SCHEMA = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
MIGRATIONS = "SELECT app, name FROM django_migrations ORDER BY 1, 2"


def other(path):
    """Another database, whose test database is to be at that path."""
    made = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:", "TEST": {"NAME": str(path)}}
    return ConnectionHandler({"default": made})["default"]


def told(sql):
    with connection.cursor() as cursor:
        return cursor.execute(sql).fetchall()


@pytest.fixture
def kept(transactional_db, tmp_path):
    if connection.vendor != "sqlite":
        pytest.skip("on PostgreSQL one process tests alone")
    keep(tmp_path / "migrated.sqlite3")
    return tmp_path


def test_a_database_begins_with_all_that_was_kept(kept):
    with shared_tables(kept):
        other(kept / "second.sqlite3").creation._create_test_db(0, autoclobber=True)
    second = sqlite3.connect(kept / "second.sqlite3")
    assert second.execute(SCHEMA).fetchall() == told(SCHEMA)
    assert second.execute(MIGRATIONS).fetchall() == told(MIGRATIONS) != []


def test_without_anything_kept_it_begins_empty(tmp_path):
    with shared_tables(tmp_path):
        other(tmp_path / "second.sqlite3").creation._create_test_db(0, autoclobber=True)
    assert not (tmp_path / "second.sqlite3").exists()


def test_what_is_kept_is_never_seen_half(kept):
    assert [path.name for path in kept.iterdir()] == ["migrated.sqlite3"]
