"""The workers: one for every queue, all of one version, and a clock that sends them round."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db.models import Max
from django.utils import timezone

from cosa_web.doctor import BROKEN, CARE, OK, Finding
from cosa_web.doctor.database import SKEW_SECONDS, alive
from training.models import Node, Worker
from training.services import sources

QUEUES = {"short": "sweeps", "cpu": "imports, exports and maps", "llm": "evaluations and building"}
NOBODY = "nobody listens to {queue}, so {what} wait. Start a worker with -Q {queue}."
MIXED = "workers of the versions {versions} run beside each other, and this is {here}. Restart the old ones."
SILENT = "the node {name} has said nothing since {at:%Y-%m-%d %H:%M}. Start its worker (-Q {queue}), or archive it."
STOPPED = "nobody has swept for lost work {since}. Start one worker with -B, and only one."
FAST = "the clock of the worker {name} is ahead of this one by more than a second. Set up NTP on both machines."
ROUNDS, LEAST_SECONDS = 5, 60


def workers() -> Iterator[Finding]:
    """A worker for each queue, and all of this version."""
    here = list(alive().only("name", "queues", "version", "seen_at"))
    heard = {queue for one in here for queue in one.queues}
    for queue, what in QUEUES.items():
        if queue not in heard:
            yield Finding(BROKEN, "workers", NOBODY.format(queue=queue, what=what))
    versions = {one.version for one in here}
    if versions - {sources.version()}:
        said = ", ".join(sorted(one or "unknown" for one in versions))
        yield Finding(CARE, "versions", MIXED.format(versions=said, here=sources.version()))
    ahead = timezone.now() + timedelta(seconds=SKEW_SECONDS)
    for one in here:
        if one.seen_at > ahead:
            yield Finding(CARE, "clocks", FAST.format(name=one.name))
    if here:
        yield Finding(OK, "workers", f"{len(here)} alive, on {', '.join(sorted(heard))}")


def nodes() -> Iterator[Finding]:
    """Every node that trains or serves is heard of."""
    silent = Node.objects.filter(archived_at=None, name__in=Node.silent())
    for one in silent:
        yield Finding(CARE, "nodes", SILENT.format(name=one.name, at=one.seen_at, queue=one.queue))


def beat() -> Iterator[Finding]:
    """The clock that sends the sweeper: without it lost hints are never found again."""
    last = Worker.objects.aggregate(at=Max("swept_at"))["at"]
    since = timedelta(seconds=max(LEAST_SECONDS, ROUNDS * settings.SWEEP_SECONDS))
    if last is None or last < timezone.now() - since:
        words = STOPPED.format(since=f"since {last:%Y-%m-%d %H:%M} UTC" if last else "yet")
        yield Finding(BROKEN, "clock of sweeps", words)
    else:
        yield Finding(OK, "clock of sweeps", f"swept {(timezone.now() - last).total_seconds():.0f} s ago")
