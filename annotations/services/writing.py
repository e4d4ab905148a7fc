"""Short transactions that write, one after the other."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock

from django.db import connection, transaction

_DOOR = Lock()


@contextmanager
def short_write() -> Iterator[None]:
    """A transaction that holds few rows for a few milliseconds.

    SQLite has one writer at a time; who finds it busy sleeps, up to 100 ms at once, while others come and go. So the
    threads of a process wait for each other at a door before it, where the next one is woken at once.
    """
    with _turn(), transaction.atomic():
        yield


def _turn() -> AbstractContextManager[object]:
    """One's turn at the door, unless the database lets several write or this thread writes already."""
    waits = connection.vendor == "sqlite" and not connection.in_atomic_block
    return _DOOR if waits else nullcontext()
