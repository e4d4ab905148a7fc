"""What another overlap would do to a campaign, worked out before anything is changed."""

from copy import copy
from typing import NamedTuple

from django.db.models import Count, Q

from annotations.models import Campaign
from annotations.models.ratings import OPEN
from annotations.services.campaign_slots import needed

MOST_SHOWN = 200


class Effect(NamedTuple):
    """What an overlap comes to: of `items` that count, `several` get more than one rating; `ids` are the first of them.

    `opens` slots would be made, `goes` free ones taken away; what is held or answered stays either way.
    """

    items: int
    several: int
    ids: list[int]
    opens: int
    goes: int

    @property
    def more(self) -> int:
        """How many ids are not among those shown."""
        return self.several - len(self.ids)


def effect(campaign: Campaign, overlap: int, share: int) -> Effect:
    """What this overlap, for a seeded share of the items in percent, would do now; one query."""
    wanted = copy(campaign)
    wanted.overlap, wanted.overlap_share = overlap, share
    items, several, opens, goes = 0, [], 0, 0
    for pk, response, have, free in _slots(campaign):
        want = needed(wanted, response)
        items += 1
        if want > 1:
            several.append(pk)
        opens += max(0, want - have)
        goes += min(max(0, have - want), free)
    return Effect(items, len(several), several[:MOST_SHOWN], opens, goes)


def _slots(campaign: Campaign) -> list[tuple[int, int, int, int]]:
    """Each item that is neither gold nor taken out: its id, its response's, its slots, and those that are free."""
    free = Q(assignments__state=OPEN, assignments__rater=None)
    items = campaign.items.filter(taken_out_at=None, gold_follows=None).order_by("pk")
    counted = items.annotate(slots=Count("assignments"), free=Count("assignments", filter=free))
    return list(counted.values_list("pk", "response", "slots", "free"))
