"""Moments in the database, cut to the day, the minute or the second, so that it counts by them itself."""

from django.db.models import CharField
from django.db.models.functions import Cast, Substr

DAY, MINUTE, SECOND = 10, 16, 19


def cut(field: str, length: int) -> Substr:
    """The first so many characters of a moment in UTC, `2026-11-22 10:15:30`: DAY, MINUTE or SECOND.

    Both databases write moments in this way and order; SQLite would call Python for each row to truncate them.
    """
    return Substr(Cast(field, CharField()), 1, length)
