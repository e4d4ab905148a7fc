"""Several numbers of rows in one statement, each of them counted no further than it is told."""

from typing import Any

from django.db.models import IntegerField, QuerySet, Subquery

from annotations.models import User

MOST = 100
"""Counted so far; more than 99 are `99+`."""


class _Number(Subquery):
    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def numbers(user: User, **rows: QuerySet[Any, Any]) -> dict[str, int]:
    """How many rows each of the querysets has, at most MOST; one query, none without a queryset."""
    if not rows:
        return {}
    parts = {name: _Number(found.order_by().values("pk")[:MOST]) for name, found in rows.items()}
    found = User.objects.filter(pk=user.pk).annotate(**parts).values_list(*parts).get()
    return dict(zip(parts, found, strict=True))


def up_to(number: int) -> str:
    """The number as people read it; `99+` for one that was counted no further."""
    return f"{number:,}" if number < MOST else f"{MOST - 1}+"
