"""One database, and several that use it: threads at the same moment, processes beside this one."""

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

from django.db import connection, transaction


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """What each job gave back or raised. They start at one moment, each on a thread and a connection of its own.

    The test needs `django_db(transaction=True)`: what is not committed, the threads do not see.
    """
    start = Barrier(len(jobs))

    def alone(job: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            start.wait(10)
            return job()
        except Exception as problem:
            return problem
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(alone, jobs))


async def aside(function: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """What the function gave back on a thread and a connection of its own, as another process at the database."""

    def alone() -> Any:
        try:
            return function(*args, **named)
        finally:
            connection.close()

    return await asyncio.to_thread(alone)


@contextmanager
def kept_for_a_file(blocker: Any) -> Iterator[None]:
    """Rows made in here are there for all tests of a file, each of which takes back its changes, and gone afterwards.

    For a fixture with `scope="module"`; `blocker` is pytest-django's, which comes after `django_db_setup`.
    """
    with blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


def this_database() -> dict[str, str]:
    """The variables by which another process finds the database of this test."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return {"COSA_SQLITE": name}
    return {"COSA_DATABASE": urlsplit(os.environ["COSA_DATABASE"])._replace(path=f"/{name}").geturl()}
