"""What is wrong with an installation, and what to do: one file a subject, one function a check."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from django.db import DatabaseError

log = logging.getLogger(__name__)
OK, CARE, BROKEN = STATES = ("ok", "care", "broken")
NEEDS_DATABASE = "could not be checked without the database and its tables. Mend these first."
WITHOUT_DATABASE = {"hints", "limits", "store", "disks", "static_files", "secrets", "switches", "deployment"}
"""The checks, by their names, that ask no database: the others are left out when it is away, each would wait for it."""
LEFT_OUT = "{count} more checks need it; look again when it answers."
NOT_CHECKED = "could not be checked ({why}); the log says more."


class Finding(NamedTuple):
    """What one check found. `words` say how it is and, where it is not ok, what to do."""

    state: str
    name: str
    words: str


Check = Callable[[], Iterable[Finding]]


def examine(checks: Iterable[Check]) -> Iterator[Finding]:
    """What every check found; one that fails itself is a finding too, and the others go on."""
    away, left_out = False, 0
    for check in checks:
        if away and check.__name__ not in WITHOUT_DATABASE:
            left_out += 1
            continue
        for found in _found(check):
            away = away or (found.name, found.state) == ("database", BROKEN)
            yield found
    if left_out:
        yield Finding(BROKEN, "database", LEFT_OUT.format(count=left_out))


def _found(check: Check) -> Iterator[Finding]:
    name = check.__name__.replace("_", " ")
    try:
        yield from check()
    except DatabaseError:
        yield Finding(BROKEN, name, NEEDS_DATABASE)
    except Exception as problem:
        log.exception("doctor: %s", check.__name__)
        yield Finding(BROKEN, name, NOT_CHECKED.format(why=type(problem).__name__))


def everything(*, models: bool = False) -> list[Check]:
    """All checks in their order; with `models` also one call to each model."""
    from cosa_web.doctor import broker, database, machines, models_here, storage, web

    asked: list[Check] = [models_here.answers] if models else []
    return [
        *(database.reached, database.migrated, database.clock, database.connections_left),
        *(broker.hints, broker.limits, machines.workers, machines.nodes, machines.beat),
        *(models_here.keys, *asked, storage.store, storage.sample, storage.disks),
        *(web.static_files, web.secrets, web.switches, web.deployment, web.backups),
    ]
