"""The database away for a while: what has to be written all the same is written when it is back."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

log = logging.getLogger(__name__)
T = TypeVar("T")
AWAY = (OperationalError, InterfaceError)
LOOK_SECONDS, PATIENCE_SECONDS = 0.5, 600.0


def is_away(problem: BaseException) -> bool:
    """True when the error means that this thread's connection is gone, and not that a statement was refused.

    It stays true when the database is back by the time it is asked.
    """
    if not isinstance(problem, AWAY):
        return False
    return _was_cut(problem) or connection.connection is None or not connection.is_usable()


def _was_cut(problem: BaseException) -> bool:
    """True for an error of PostgreSQL's client that comes from no statement, or says that the server ends or starts."""
    state = getattr(problem.__cause__, "sqlstate", "")
    return state is None or state.startswith(("08", "57P"))


def outlast(job: Callable[[], T], patience: float = PATIENCE_SECONDS) -> T:
    """What the job gives back; it is tried again while the database is away, so long. Raises what it raised at last.

    Call it outside of any transaction.
    """
    end = time.monotonic() + patience
    while True:
        try:
            return job()
        except AWAY as problem:
            if not is_away(problem) or time.monotonic() >= end:
                raise
            log.warning("the database is away; trying again")
            connection.close()
            time.sleep(LOOK_SECONDS)
