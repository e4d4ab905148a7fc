"""The campaigns a person rates in, and how much waits for them in each; the same few questions for one or thirty."""

from typing import NamedTuple

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from annotations.models import Assignment, Campaign, Enrolment, Flag, Skip
from annotations.models import campaigns as states
from annotations.models.ratings import HELD, OPEN
from annotations.queries.wellbeing import Queue, queues

NOT_OPEN, CLOSED, PAUSED, QUOTA = "not open now", "closed", "paused for you", "quota reached"
STATES = {states.OPEN: "open", states.PAUSED: NOT_OPEN, states.CLOSED: CLOSED}


class Place(NamedTuple):
    """A person's place in a campaign: what it holds, how many items wait for them, and what keeps them out if any.

    `answers` are those of leads to flags of this person that they have not read.
    """

    enrolment: Enrolment
    queue: Queue
    waiting: int
    why: str
    answers: int = 0

    @property
    def campaign(self) -> Campaign:
        """The campaign, read together with the enrolment."""
        return self.enrolment.campaign

    @property
    def quota(self) -> int | None:
        """How many answers are asked of this person; None for as many as they like."""
        return self.enrolment.quota or self.campaign.quota

    @property
    def begun(self) -> bool:
        """True once the person has read what the campaign holds and accepted it."""
        return self.enrolment.accepted_at is not None

    @property
    def state(self) -> str:
        """Whether they can rate in it now, in two or three words."""
        return self.why or STATES[self.campaign.state]


def places(enrolments: QuerySet[Enrolment]) -> list[Place]:
    """One person's places, those with something to do first, newest campaigns first."""
    mine = list(enrolments.order_by("-campaign"))
    kept_out = {one.pk: _kept_out(one) for one in mine}
    open_ones = [one for one in mine if not kept_out[one.pk]]
    found = queues([one.campaign_id for one in mine])
    free, new = _waiting(open_ones), _answers(mine)
    made = [
        Place(one, found[one.campaign_id], _left(one, free), kept_out[one.pk], new.get(one.campaign_id, 0))
        for one in mine
    ]
    return sorted(made, key=lambda place: not place.waiting)


def _kept_out(row: Enrolment) -> str:
    quota = row.quota or row.campaign.quota
    rules = (
        (row.campaign.state == states.CLOSED, CLOSED),
        (row.campaign.state != states.OPEN, NOT_OPEN),
        (row.paused_at is not None, PAUSED),
        (quota is not None and row.done >= quota, QUOTA),
    )
    return next((why for out, why in rules if out), "")


def _left(row: Enrolment, free: dict[int, int]) -> int:
    waiting, quota = free.get(row.campaign_id, 0), row.quota or row.campaign.quota
    return waiting if quota is None else min(waiting, max(0, quota - row.done))


def _answers(enrolments: list[Enrolment]) -> dict[int, int]:
    """How many flags of this person a lead has answered and they have not read, by campaign."""
    if not enrolments:
        return {}
    campaigns = [one.campaign_id for one in enrolments]
    unread = Flag.objects.filter(rater=enrolments[0].rater_id, answered_at__isnull=False, read_at=None)
    counted = unread.filter(item__campaign__in=campaigns).order_by().values_list("item__campaign")
    return dict(counted.annotate(n=Count("pk")))


def _waiting(enrolments: list[Enrolment]) -> dict[int, int]:
    """How many items each of these campaigns could hand to this person, or has handed already; one query for all."""
    if not enrolments:
        return {}
    me, campaigns = enrolments[0].rater_id, [one.campaign_id for one in enrolments]
    # Sets that are read once: asked anew for each of many slots, the same question took four times as long.
    had = Assignment.objects.filter(rater=me, campaign__in=campaigns).order_by().values("item")
    passed = Skip.objects.filter(rater=me, withdrawn_at=None, item__campaign__in=campaigns).order_by().values("item")
    lapsed = Q(state=HELD, until__lt=timezone.now()) & ~Q(rater=me)
    free = (Q(state=OPEN, rater=None) | lapsed) & ~Q(item__in=had)
    mine = Q(rater=me, state__in=(OPEN, HELD))
    there = Assignment.objects.filter(free | mine, ~Q(item__in=passed), campaign__in=campaigns)
    for one in enrolments:
        for slug in one.declined:
            there = there.exclude(campaign=one.campaign_id, tags__contains=f",{slug},")
    counted = there.order_by().values_list("campaign").annotate(n=Count("item", distinct=True))
    return dict(counted)
