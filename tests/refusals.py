"""What the database itself must refuse, told apart by the name of the rule it refuses by."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction

APPS = ("annotations", "training")


def constraints() -> dict[str, tuple[type[models.Model], models.BaseConstraint]]:
    """Every named constraint of the project's own tables, with its table."""
    tables = [table for app in APPS for table in apps.get_app_config(app).get_models()]
    return {rule.name: (table, rule) for table in tables for rule in table._meta.constraints}


@contextmanager
def refused(name: str) -> Iterator[None]:
    """The block must break the constraint `name`, or the unique `table.column`, and no other."""
    with pytest.raises(IntegrityError) as problem, transaction.atomic():
        yield
    words = str(problem.value)
    assert name in words or _columns(name) == _named_columns(problem.value), words


@contextmanager
def refused_with(sentence: str) -> Iterator[None]:
    """The block must break a guard of the database that answers with this sentence."""
    with pytest.raises(IntegrityError, match=sentence), transaction.atomic():
        yield


def _columns(name: str) -> set[str]:
    """What SQLite says of a broken unique rule instead of its name: its columns."""
    if name not in constraints():
        return {name}
    table, rule = constraints()[name]
    fields = [table._meta.get_field(field) for field in getattr(rule, "fields", ())]
    return {f"{table._meta.db_table}.{field.column}" for field in fields}


def _named_columns(problem: IntegrityError) -> set[str]:
    """The columns of a broken unique rule: PostgreSQL names them and their table apart from each other."""
    if keys := re.search(r"Key \((.*?)\)=", str(problem)):
        return {f"{problem.__cause__.diag.table_name}.{column}" for column in keys[1].split(", ")}
    return set(str(problem).partition("UNIQUE constraint failed: ")[2].split(", "))
