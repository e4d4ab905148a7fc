"""How many slots each item of a campaign has: made where some are missing, taken away where free ones are too many."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.models import Count, Q, QuerySet

from annotations.models import Assignment, Campaign, CampaignItem, Enrolment
from annotations.models.ratings import OPEN
from annotations.services import slots

AT_ONCE = 2_000


def needed(campaign: Campaign, response: int) -> int:
    """How many ratings the item of this response gets: the overlap for the seeded share, one for all others."""
    doubled = slots.place(campaign.seed, response, 1) % 100 < campaign.overlap_share
    return campaign.overlap if doubled else 1


def fill(campaign: Campaign, items: QuerySet[CampaignItem] | None = None) -> int:
    """How many slots were made; afterwards each of the items, or of all, has as many as it needs.

    Missing ones are made, free ones above the need go; one that somebody holds or has answered stays. A gold item has
    a slot for each rater instead. Call it with the campaign locked.
    """
    chosen = campaign.items.all() if items is None else items
    free = Q(assignments__state=OPEN, assignments__rater=None)
    counted = chosen.annotate(
        slots=Count("assignments", filter=~Q(assignments__rater=None) | Q(assignments__state=OPEN)),
        free=Count("assignments", filter=free),
    )
    rows = counted.values_list("pk", "position", "tags", "needed", "gold_follows", "taken_out_at", "slots", "free")
    missing: list[tuple[int, int, str, int]] = []
    surplus: dict[int, int] = {}
    for pk, position, tags, wanted, gold, out, have, unused in rows.order_by("position", "pk"):
        want = 0 if gold is not None or out is not None else wanted
        if have < want:
            missing.append((pk, position, tags, want - have))
        elif min(have - want, unused):
            surplus[pk] = min(have - want, unused)
    _take_away(surplus)
    Assignment.objects.filter(item__in=chosen.exclude(taken_out_at=None), state=OPEN).delete()
    made = _make(campaign, missing)
    reserve(campaign, campaign.enrolments.filter(removed_at=None).exclude(accepted_at=None))
    return made


def _make(campaign: Campaign, missing: Sequence[tuple[int, int, str, int]]) -> int:
    made = 0
    for some in _batches(missing):
        taken = _numbers([pk for pk, *_ in some])
        rows = [
            Assignment(campaign=campaign, item_id=pk, n=n, position=position, tags=tags, tagged=bool(tags))
            for pk, position, tags, wanted in some
            for n in _unused(taken[pk], wanted)
        ]
        made += len(Assignment.objects.bulk_create(rows, batch_size=AT_ONCE))
    return made


def _numbers(items: Sequence[int]) -> dict[int, set[int]]:
    taken: dict[int, set[int]] = defaultdict(set)
    for item, n in Assignment.objects.filter(item__in=items).values_list("item", "n"):
        taken[item].add(n)
    return taken


def _unused(taken: set[int], wanted: int) -> list[int]:
    """The lowest numbers that no slot of the item has."""
    return [n for n in range(1, len(taken) + wanted + 1) if n not in taken][:wanted]


def _take_away(surplus: dict[int, int]) -> None:
    """The free slots with the highest numbers go."""
    for some in _batches(list(surplus)):
        unused = Assignment.objects.filter(item__in=some, state=OPEN, rater=None).order_by("item", "-n")
        doomed, left = [], dict(surplus)
        for pk, item in unused.select_for_update().values_list("pk", "item"):
            if left[item] > 0:
                left[item] -= 1
                doomed.append(pk)
        for pks in _batches(doomed):
            Assignment.objects.filter(pk__in=pks, state=OPEN, rater=None).delete()


def reserve(campaign: Campaign, enrolments: Iterable[Enrolment]) -> int:
    """How many slots of gold items were made: one of each for every rater who has begun, kept for them alone."""
    gold = list(campaign.items.exclude(gold_follows=None).filter(taken_out_at=None))
    taken = _numbers([item.pk for item in gold])
    have = set(Assignment.objects.filter(item__in=gold).exclude(rater=None).values_list("item", "rater"))
    rows = []
    for enrolled in enrolments:
        for item in gold:
            if (item.pk, enrolled.rater_id) not in have:
                n = _unused(taken[item.pk], 1)[0]
                taken[item.pk].add(n)
                place = slots.place(campaign.seed, item.response_id, enrolled.rater_id)
                rows.append(_reserved(campaign, item, enrolled, n, place))
    return len(Assignment.objects.bulk_create(rows, batch_size=AT_ONCE))


def _reserved(campaign: Campaign, item: CampaignItem, enrolled: Enrolment, n: int, place: int) -> Assignment:
    return Assignment(
        campaign=campaign,
        item=item,
        n=n,
        position=place,
        tags=item.tags,
        tagged=bool(item.tags),
        rater_id=enrolled.rater_id,
    )


def _batches(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE))
