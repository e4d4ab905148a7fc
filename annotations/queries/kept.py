"""Figures of many rows, which take seconds: a page waits for them, or is shown first and asks for them then."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.core.cache import cache
from django.db.models import QuerySet

Made = TypeVar("Made")
AT_ONCE = 3_000
"""Figures of at most so many rows are worked out while the page waits: it takes some 0.2 s."""


class Later(Exception):
    """The figures are not known, and take too long for a page that does not wait."""


def figures(key: str, make: Callable[[], Made], seconds: float, *, rows: QuerySet[Any, Any], wait: bool) -> Made:
    """What is kept under the key, else what `make` makes of the rows, kept for so many seconds.

    Raises Later when nothing is kept, the rows are many, and who asks does not `wait`.
    """
    found = cache.get(key)
    if found is None:
        if not wait:
            soon(rows)
        cache.set(key, found := make(), seconds)
    return cast("Made", found)


def soon(rows: QuerySet[Any, Any]) -> None:
    """Raises Later when there are too many rows. Reads no more of them than that takes to say."""
    if rows.order_by()[: AT_ONCE + 1].count() > AT_ONCE:
        raise Later
