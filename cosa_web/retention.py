"""What is forgotten after a while: only what no number depends on. Rows go in small steps, files one at a time."""

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.files.storage import Storage, storages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from annotations.models import Artifact, Draft, RepeatedRequest
from annotations.models.artifacts import KINDS
from annotations.models.campaigns import CLOSED
from annotations.models.work import CANCELLED, FAILED, FINISHED
from annotations.services import artifact_places, repeats
from training.models import Traffic, TrainingRun
from training.recipes import checkpoints, run_dir
from training.services.trainer import kept

log = logging.getLogger(__name__)
AT_ONCE = 500
Rows = QuerySet[Any]


class Rule(NamedTuple):
    """What goes: its words, after how many days (0: never), and what does it.

    `forget` gives back how many are older than the moment, and removes them unless it is a rehearsal.
    """

    name: str
    days: float
    forget: Callable[[datetime, bool], int]


class Told(NamedTuple):
    """What a rule came to: how many, and after how many days."""

    name: str
    days: float
    number: int


def forget(*, rehearsal: bool = False) -> list[Told]:
    """What every rule removed, or would remove in a rehearsal; safe to run twice and beside everything else."""
    now, told = timezone.now(), []
    for rule in rules():
        number = rule.forget(now - timedelta(days=rule.days), rehearsal) if rule.days else 0
        told.append(Told(rule.name, rule.days, number))
        if number and not rehearsal:
            log.info("retention: %s %s", number, rule.name)
    return told


def rules() -> list[Rule]:
    """Every rule with the days of the settings."""
    days = settings.KEEP_DAYS
    return [
        Rule("log-ins that have ended", days["sessions"], _rows(Session, _sessions)),
        Rule("failed log-ins", days["tries"], _rows(AccessAttempt, _tries)),
        Rule("answers of the API to repeated requests", repeats.KEPT.days, _rows(RepeatedRequest, _repeats)),
        Rule("five minutes of the gateway's traffic", days["traffic"], _rows(Traffic, _traffic)),
        Rule("unsent answers in closed campaigns", days["drafts"], _rows(Draft, _drafts)),
        Rule("files in the store that no row knows", days["strays"], _strays),
        Rule("broken checkpoints of trainers on this node", days["broken"], _broken),
        Rule("logs of model servers on this node", days["logs"], _logs),
        Rule("fetched checkpoints on this node that nobody uses", days["fetched"], _fetched),
    ]


def _rows(model: type[Model], old: Callable[[datetime], Rows]) -> Callable[[datetime, bool], int]:
    """A rule's work on the rows that `old` finds: a few hundred in a transaction, so that nobody waits for it."""

    def work(before: datetime, rehearsal: bool) -> int:
        if rehearsal:
            return old(before).count()
        count = 0
        while some := list(old(before).order_by().values_list("pk", flat=True)[:AT_ONCE]):
            with transaction.atomic():
                gone = old(before).filter(pk__in=some).delete()[1].get(model._meta.label, 0)
            if not gone:
                break
            count += gone
        return count

    return work


def _sessions(before: datetime) -> Rows:
    return Session.objects.filter(expire_date__lt=before)


def _tries(before: datetime) -> Rows:
    found: Rows = AccessAttempt.objects.filter(
        attempt_time__lt=min(before, timezone.now() - settings.AXES_COOLOFF_TIME)
    )
    return found


def _repeats(before: datetime) -> Rows:
    return RepeatedRequest.objects.filter(created_at__lt=before)


def _traffic(before: datetime) -> Rows:
    """Quotas add up this month, and last month's may still be looked at: both stay, whatever is asked."""
    first = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    last_month = (first - timedelta(days=1)).replace(day=1)
    return Traffic.objects.filter(at__lt=min(before, last_month))


def _drafts(before: datetime) -> Rows:
    """A closed campaign takes no answers any more and is never opened again."""
    return Draft.objects.filter(item__campaign__state=CLOSED, item__campaign__closed_at__lt=before)


def _strays(before: datetime, rehearsal: bool) -> int:
    """A file comes before its row, so what is younger than a day may be on its way."""
    store, count = storages["artifacts"], 0
    before = min(before, timezone.now() - timedelta(days=1))
    for key in (key for kind in KINDS for key in _keys(store, kind)):
        if store.get_modified_time(key) < before and not Artifact.objects.filter(key=key).exists():
            count += 1
            if not rehearsal:
                artifact_places.current().remove(key)
    return count


def _keys(store: Storage, folder: str) -> Iterator[str]:
    try:
        folders, files = store.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{name}" for name in files if name)
    for name in folders:
        yield from _keys(store, f"{folder}/{name}")


def _broken(before: datetime, rehearsal: bool) -> int:
    """A run that may be resumed goes on from a checkpoint that is whole; those that are not are of no use to it."""
    ended = TrainingRun.objects.filter(state__in=(FINISHED, FAILED, CANCELLED), finished_at__lt=before)
    found = [
        place
        for pk in ended.filter(node__name=settings.NODE).values_list("pk", flat=True)
        for place in (settings.TRAINING_DIR / str(pk) / run_dir.CHECKPOINTS).glob("*")
        if place.is_dir() and not _is_whole(place)
    ]
    for place in () if rehearsal else found:
        shutil.rmtree(place, ignore_errors=True)
    return len(found)


def _fetched(before: datetime, rehearsal: bool) -> int:
    return kept.forget(before, rehearsal=rehearsal)


def _is_whole(place: Path) -> bool:
    return place.name.startswith(checkpoints.PREFIX) and checkpoints.read(place) is not None


def _logs(before: datetime, rehearsal: bool) -> int:
    """A server removes its log when it ends well; what a dead one left has told all it had to tell."""
    alive, found = time.time() - (timezone.now() - before).total_seconds(), []
    for path in (settings.VAR_DIR / "log" / "servers").glob("*.log"):
        if path.is_file() and path.stat().st_mtime < alive:
            found.append(path)
    for path in () if rehearsal else found:
        path.unlink(missing_ok=True)
    return len(found)
