"""The figures of the inside: those of rows, of the broker and of the log-in, as far as they can be had now."""

import logging
import shutil
from collections.abc import Callable, Iterator

from axes.models import AccessAttempt
from django.conf import settings
from django.utils import timezone

from training import metrics_queries
from training.metrics_queries import Figure

log = logging.getLogger(__name__)
READ = "cosa_inside_readable"
READ_WORDS = "1 when everything of the inside could be read for this answer, else 0: then some of it is missing."
LOCKOUTS = "cosa_login_lockouts"
DISK = "cosa_disk_free_ratio"
DISK_WORDS = "Share that is free of the disk with COSA_VAR, on the machine of this web server."
LOCKOUTS_WORDS = "Pairs of user name and address that have to wait after failed log-ins."


def figures() -> Iterator[Figure]:
    """Every figure that can be read, and at last whether all could."""
    fine = True
    readers: tuple[Callable[[], list[Figure]], ...] = (*metrics_queries.READERS, lockouts, disk)
    for read in readers:
        try:
            yield from read()
        except Exception as problem:
            # Its kind alone: the words of a database's error can hold its address.
            log.warning("metrics: %s: %s", read.__name__, type(problem).__name__)
            fine = False
    yield Figure(READ, READ_WORDS, (), {(): float(fine)})


def lockouts() -> list[Figure]:
    """Who has to wait now."""
    since = timezone.now() - settings.AXES_COOLOFF_TIME
    waits = AccessAttempt.objects.filter(
        attempt_time__gte=since, failures_since_start__gte=settings.AXES_FAILURE_LIMIT
    ).count()
    return [Figure(LOCKOUTS, LOCKOUTS_WORDS, (), {(): float(waits)})]


def disk() -> list[Figure]:
    """How much room this machine has for uploads, files and, with SQLite, the database."""
    there = shutil.disk_usage(settings.VAR_DIR)
    return [Figure(DISK, DISK_WORDS, (), {(): there.free / there.total})]
