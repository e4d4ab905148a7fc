"""The database: reached, up to date, on time, and with room for every process."""

import time
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db import OperationalError, connection
from django.db.models import QuerySet
from django.utils import timezone

from cosa_web.backup import restoring
from cosa_web.doctor import BROKEN, CARE, OK, Finding
from training.models import Worker
from training.services.workers import SILENT_SECONDS

OLDEST, SKEW_SECONDS, OTHERS = 14, 1.0, 2
AWAY = "does not answer: {why}. Start it, or mend COSA_DATABASE."
TOO_OLD = "PostgreSQL {found} is older than {least}. Move to a newer one."
BEHIND = "{count} migrations are to be applied, the first is {first}. Run manage.py migrate."
AHEAD = "it has migrations that this version does not know: {names}. Install the version that made them."
SKEWED = (
    "the clocks of the database and this machine differ by {seconds:.1f} s. Leases go by the database's clock and are"
    " safe; times on pages, signed links, log-in waits and signs of life of workers are off. Set up NTP on both."
)
TIGHT = (
    "{wanted} connections may be asked for ({processes} processes with {each} each), and the server takes {most}. Lower"
    " COSA_DATABASE_CONNECTIONS, or raise max_connections."
)


def reached() -> Iterator[Finding]:
    """Whether it answers, in a version that is new enough."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError as problem:
        why = str(problem).strip().splitlines()[0] if str(problem) else type(problem).__name__
        yield Finding(BROKEN, "database", AWAY.format(why=why))
        return
    major = connection.get_database_version()[0]
    if connection.vendor == "postgresql" and major < OLDEST:
        yield Finding(BROKEN, "database", TOO_OLD.format(found=major, least=OLDEST))
        return
    version = ".".join(map(str, connection.get_database_version()))
    yield Finding(OK, "database", f"{connection.display_name} {version}, pages show times of {settings.TIME_ZONE}")


def migrated() -> Iterator[Finding]:
    """Whether its tables are those of this version."""
    if pending := restoring.pending():
        yield Finding(BROKEN, "migrations", BEHIND.format(count=len(pending), first=pending[0]))
    elif unknown := restoring.unknown():
        yield Finding(CARE, "migrations", AHEAD.format(names=", ".join(unknown[:3])))
    else:
        yield Finding(OK, "migrations", "all applied")


def clock() -> Iterator[Finding]:
    """Whether its clock is ours."""
    if connection.vendor != "postgresql":
        yield Finding(OK, "clock", "one machine has one clock")
        return
    before = time.time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXTRACT(EPOCH FROM clock_timestamp())")
        ((theirs,),) = cursor.fetchall()
    skew = _outside(float(theirs), before, time.time())
    words = SKEWED.format(seconds=skew) if skew > SKEW_SECONDS else f"differs by {skew:.2f} s at the most"
    yield Finding(CARE if skew > SKEW_SECONDS else OK, "clock", words)


def connections_left() -> Iterator[Finding]:
    """Whether the server takes as many connections as all processes together may ask for."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        )
        ((most,),) = cursor.fetchall()
    each = settings.POOL["max_size"]
    processes = OTHERS + alive().count()
    if (wanted := each * processes) > most:
        yield Finding(CARE, "connections", TIGHT.format(wanted=wanted, processes=processes, each=each, most=most))
    else:
        yield Finding(OK, "connections", f"{wanted} may be asked for, the server takes {most}")


def alive() -> QuerySet[Worker]:
    """The workers that said something a moment ago and have not ended."""
    since = timezone.now() - timedelta(seconds=SILENT_SECONDS)
    return Worker.objects.filter(ended_at=None, seen_at__gte=since)


def _outside(theirs: float, before: float, after: float) -> float:
    """Seconds by which their time lies outside the moment in which we asked."""
    return max(0.0, before - theirs, theirs - after)
