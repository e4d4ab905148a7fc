"""Items whose workers ended while they held them: counted once for each lost lease, handed out ever more carefully.

What killed a worker was one of the items in its hands, or none of them. So they are suspects: they come last, at first
eight at a time in one worker's hands, then alone. An item that three workers ended with is given up. Where workers of
the same run ended without it too, something else kills them as well, and it takes five.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from training.models import EvaluationRun, Lease, RunItem
from training.models.runs import ITEM_FAILED, ITEM_QUEUED, OPEN_STATES

LOSSES, LOSSES_AMONG_OTHERS = 3, 5
TOGETHER, NARROWER = 64, 8
LEFT = datetime(1970, 1, 1, tzinfo=UTC)
"""The end of a lease whose worker has left in order, or died with nothing in its hands."""
KIND = "lost_workers"
GIVEN_UP = (
    "{losses} workers ended while they worked on this item (the last: {worker} at {at}). It is not asked again by "
    "itself. See their logs; when the cause is mended, try the failed items again."
)


class Slice(NamedTuple):
    """Items to hand out, by id with their losses; `waits` says that there are more once what is in hand has ended."""

    items: dict[int, int]
    waits: bool = False


def most(losses: int) -> int:
    """How many items one worker may hold at a time when one of them was lost so often; fresh ones have no bound."""
    return max(1, TOGETHER // int(NARROWER**losses))


def room(hands: Mapping[int, int], wanted: int) -> int:
    """How many more a worker may hold that has these in its hands (losses by id), at most `wanted`."""
    narrowest = min((most(losses) for losses in hands.values() if losses), default=len(hands) + wanted)
    return max(0, min(wanted, narrowest - len(hands)))


def choose(free: QuerySet[RunItem], hands: Mapping[int, int], count: int) -> Slice:
    """Up to `count` of the free items for a worker with these in its hands: in order, suspects last."""
    fits = room(hands, count)
    if not fits:
        return Slice({}, waits=True)
    rows = free.values_list("pk", "losses")
    if fresh := dict(rows.filter(losses=0).order_by("position")[:fits]):
        return Slice(fresh)
    suspects = list(rows.filter(losses__gt=0).order_by("losses", "position")[: most(1)])
    if not suspects:
        return Slice({})
    alike = [one for one in suspects if one[1] == suspects[0][1]]
    fits = min(fits, most(suspects[0][1]) - len(hands))
    return Slice(dict(alike[: max(0, fits)]), waits=fits <= 0)


def count(run_id: int, but: int) -> None:
    """Nothing; what the run's leases held that have run out since was lost once more. One lease, `but`, is spared."""
    unseen = Lease.objects.filter(run=run_id, lost_at=None, until__lt=Now(), until__gt=LEFT).exclude(pk=but)
    for lease in unseen.order_by("pk"):
        if unseen.filter(pk=lease.pk).update(lost_at=Now()):
            _count(lease)


def _count(lease: Lease) -> None:
    held = RunItem.objects.filter(lease=lease, state=ITEM_QUEUED)
    if not held.update(losses=F("losses") + 1):
        Lease.objects.filter(pk=lease.pk).update(lost_at=None, until=LEFT)
        return
    deaths = Lease.objects.filter(run=lease.run_id, lost_at__isnull=False).count()
    enough = Q(losses__gte=max(LOSSES, deaths)) | Q(losses__gte=LOSSES_AMONG_OTHERS)
    for pk, losses in list(held.filter(enough).values_list("pk", "losses")):
        why = GIVEN_UP.format(losses=losses, worker=lease.worker, at=f"{lease.until:%Y-%m-%d %H:%M:%S} UTC")
        failed = {"state": ITEM_FAILED, "error_kind": KIND, "error": why, "finished_at": Now()}
        held.filter(pk=pk).update(**failed)


def take_back(lease_id: int, hands: dict[int, int]) -> None:
    """Nothing; a worker whose lease was counted as lost is alive: what it had in its hands was not lost.

    What others took over meanwhile is in its hands no more.
    """
    if not Lease.objects.filter(pk=lease_id, lost_at__isnull=False).update(lost_at=None):
        return
    mine = RunItem.objects.filter(pk__in=list(hands), losses__gt=0)
    still_open = EvaluationRun.every.filter(leases=lease_id, state__in=OPEN_STATES)
    again = {"state": ITEM_QUEUED, "error_kind": "", "error": "", "finished_at": None}
    mine.filter(run__in=still_open, state=ITEM_FAILED, error_kind=KIND).update(**again)
    mine.update(losses=F("losses") - 1)
    for pk in RunItem.objects.filter(pk__in=list(hands)).exclude(lease=lease_id).values_list("pk", flat=True):
        del hands[pk]
