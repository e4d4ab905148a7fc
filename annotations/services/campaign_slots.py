"""How many slots each item of a campaign has: made where some are missing, taken away where free ones are too many."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import router
from django.db.models import Count, Q, QuerySet

from annotations.core.batches import batches
from annotations.models import Assignment, Campaign, CampaignItem, Enrolment
from annotations.models.ratings import OPEN
from annotations.services import slots

AT_ONCE = 2_000


class Standing(NamedTuple):
    """An item beside its slots: how many it should have for whoever comes, how many it has, how many nobody has."""

    item: int
    position: int
    tags: str
    wanted: int
    slots: int
    free: int

    @property
    def missing(self) -> int:
        """How many slots are to be made."""
        return max(0, self.wanted - self.slots)

    @property
    def surplus(self) -> int:
        """How many free slots are to go."""
        return max(0, min(self.slots - self.wanted, self.free))


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
    rows = _standing(chosen)
    _take_away({row.item: row.surplus for row in rows if row.surplus})
    give_up(Assignment.objects.filter(item__in=chosen.exclude(taken_out_at=None).values("pk"), state=OPEN))
    made = _make(campaign, [row for row in rows if row.missing])
    reserve(campaign, campaign.enrolments.filter(removed_at=None).exclude(accepted_at=None))
    return made


def _standing(chosen: QuerySet[CampaignItem]) -> list[Standing]:
    free = Q(assignments__state=OPEN, assignments__rater=None)
    counted = chosen.annotate(slots=Count("assignments"), free=Count("assignments", filter=free))
    rows = counted.values_list("pk", "position", "tags", "needed", "gold_follows", "taken_out_at", "slots", "free")
    return [
        Standing(pk, position, tags, wanted if gold is None and out is None else 0, have, unused)
        for pk, position, tags, wanted, gold, out, have, unused in rows.order_by("position", "pk")
    ]


def _make(campaign: Campaign, missing: Sequence[Standing]) -> int:
    made = 0
    for some in batches(missing, AT_ONCE):
        taken = _numbers([row.item for row in some if row.slots])
        rows = [
            Assignment(
                campaign_id=campaign.pk,
                item_id=row.item,
                n=n,
                position=row.position,
                tags=row.tags,
                tagged=bool(row.tags),
            )
            for row in some
            for n in _unused(taken[row.item], row.missing)
        ]
        made += len(Assignment.objects.bulk_create(rows, batch_size=AT_ONCE))
    return made


def _numbers(items: Sequence[int]) -> dict[int, set[int]]:
    taken: dict[int, set[int]] = defaultdict(set)
    for item, n in Assignment.objects.filter(item__in=items).order_by().values_list("item", "n"):
        taken[item].add(n)
    return taken


def _unused(taken: set[int], wanted: int) -> list[int]:
    """The lowest numbers that no slot of the item has."""
    return [n for n in range(1, len(taken) + wanted + 1) if n not in taken][:wanted]


def _take_away(surplus: dict[int, int]) -> None:
    """The free slots with the highest numbers go. They are locked in the order of their ids, as everybody does."""
    left = dict(surplus)
    for some in batches(list(surplus), AT_ONCE):
        unused = Assignment.objects.filter(item__in=some, state=OPEN, rater=None).order_by("pk")
        rows = unused.select_for_update().values_list("n", "pk", "item")
        doomed = []
        for _, pk, item in sorted(rows, reverse=True):
            if left[item] > 0:
                left[item] -= 1
                doomed.append(pk)
        for pks in batches(doomed, AT_ONCE):
            give_up(Assignment.objects.filter(pk__in=pks, state=OPEN, rater=None))


def give_up(unanswered: QuerySet[Assignment]) -> int:
    """How many open slots went. Nothing hangs on one without an answer, so none is read first to look for it.

    The database refuses a slot that has an answer after all.
    """
    return unanswered._raw_delete(router.db_for_write(Assignment))


def reserve(campaign: Campaign, enrolments: Iterable[Enrolment]) -> int:
    """How many slots of gold items were made: one of each for every rater who has begun, kept for them alone."""
    gold = list(campaign.items.exclude(gold_follows=None).filter(taken_out_at=None))
    taken = _numbers([item.pk for item in gold])
    have = set(Assignment.objects.filter(item__in=gold).exclude(rater=None).values_list("item", "rater"))
    rows = []
    for enrolled in enrolments if gold else ():
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
