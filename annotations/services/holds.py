"""A rater's place in a campaign under a lock, what they hold in it, until when, and how long they have worked."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext

from annotations.models import Assignment, Campaign, CampaignItem, Draft, Enrolment
from annotations.models import campaigns as states
from annotations.models.ratings import HELD, OPEN
from annotations.prepared import Given, Prepared, Saving

IDLE = timedelta(seconds=60)
"""A longer silence is no work: only so much of it counts as active."""
SESSION_ENDS = timedelta(minutes=30)
"""Who is away for so long begins a new session."""
HERE = ("session_at", "tagged_session", "active_seconds", "day", "tagged_day", "seen_at")
"""What `be_here` and `work` change."""

_PLACE = Prepared(
    lambda: (
        Enrolment.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk=Given("pk"), removed_at=None)
        .order_by()
    )
)
_CAMPAIGN = Prepared(
    lambda: (
        Campaign.objects.filter(pk=Given("pk"))
        .order_by()
        .only(
            *("state", "seed", "ask_risks", "quota", "lease_minutes", "break_minutes"),
            *("tagged_in_row", "session_cap", "day_cap"),
        )
    )
)
_MINE = Prepared(
    lambda: Assignment.objects.filter(rater=Given("rater"), campaign=Given("campaign"), state=HELD).order_by(
        "held_at", "pk"
    )
)
_RENEWED = Saving(
    lambda: Assignment.objects.filter(pk=Given("pk"), rater=Given("rater_id"), state=HELD),
    *("until", "shown_at", "seen_at", "active_seconds"),
)


class Conflict(ValueError):
    """Why something cannot be done with a slot as things stand, in words for the rater."""


class Held(NamedTuple):
    """A rater's enrolment under a lock, and the time."""

    enrolled: Enrolment
    now: datetime

    @property
    def campaign(self) -> Campaign:
        """The campaign as it stood when the lock was taken."""
        return self.enrolled.campaign

    def save(self, *names: str) -> None:
        """Nothing; these fields of the enrolment are written."""
        _saving(names).save(self.enrolled)


@lru_cache(maxsize=64)
def _saving(names: tuple[str, ...]) -> Saving[Enrolment]:
    return Saving(lambda: Enrolment.objects.filter(pk=Given("pk")), *names)


def hold(enrolment: Enrolment) -> Held:
    """The enrolment under a lock until the transaction ends. Raises Conflict when it was taken away."""
    row = _PLACE.first(pk=enrolment.pk)
    campaign = _CAMPAIGN.first(pk=enrolment.campaign_id)
    if row is None or campaign is None:
        raise Conflict(gettext("You do not rate in this campaign any more. What you have sent is kept."))
    row.campaign = campaign
    return Held(row, timezone.now())


def mine(held: Held) -> list[Assignment]:
    """The slots this rater holds, in the order in which they got them; others may take one whose time is up."""
    return _MINE.all(rater=held.enrolled.rater_id, campaign=held.enrolled.campaign_id)


def be_here(held: Held) -> None:
    """Nothing; a rater who was away begins a new session, and a new day its own count. To be saved: HERE."""
    row, today = held.enrolled, timezone.localdate(held.now)
    if row.session_at is None or row.seen_at is None or held.now - row.seen_at > SESSION_ENDS:
        row.session_at, row.tagged_session, row.active_seconds = held.now, 0, 0.0
    if row.day != today:
        row.day, row.tagged_day = today, 0
    row.seen_at = held.now


def lease(held: Held) -> datetime:
    """Until when a slot is held that is taken or renewed now."""
    return held.now + timedelta(minutes=held.campaign.lease_minutes)


def renew(held: Held, slot: Assignment, *, show: bool = False) -> bool:
    """True for a slot that is still this rater's: it is held anew, also when its time was up and nobody took it.

    With `show` it counts as before them from now on. In a closed campaign a hold only runs out.
    """
    if held.campaign.state != states.CLOSED:
        slot.until = lease(held)
    elif slot.until is None or slot.until < held.now:
        return False
    if show and slot.shown_at is None:
        slot.shown_at = slot.seen_at = held.now
    return _RENEWED.save(slot)


def show_waiting(held: Held) -> None:
    """Nothing; the item that was fetched ahead counts as before the rater from now on."""
    for slot in mine(held):
        if slot.shown_at is None:
            slot.shown_at = slot.seen_at = held.now
            _RENEWED.save(slot)


def work(held: Held, slot: Assignment) -> float:
    """The seconds this rater has worked on the slot until now; what is new is added to it and to their session."""
    since = min(held.now - slot.seen_at, IDLE).total_seconds() if slot.seen_at else 0.0
    slot.active_seconds += max(0.0, since)
    slot.seen_at = held.now
    held.enrolled.active_seconds += max(0.0, since)
    return slot.active_seconds


def remember(slot: Assignment) -> None:
    """Nothing; the rater who loses this slot unanswered may still answer its item while another one is free."""
    Draft.objects.get_or_create(item_id=slot.item_id, rater_id=slot.rater_id)


def give_back(slot: Assignment) -> int:
    """1; the held slot is open again, that of a gold item still kept for its rater; one too many is gone."""
    if too_many(slot):
        return Assignment.objects.filter(pk=slot.pk, state=HELD).delete()[0]
    free: dict[str, Any] = {"state": OPEN, "until": None, "held_at": None, "shown_at": None, "seen_at": None}
    whose = {} if slot.item.is_gold else {"rater": None}
    return Assignment.objects.filter(pk=slot.pk, state=HELD).update(**free, **whose, active_seconds=0)


def too_many(slot: Assignment) -> bool:
    """True for a slot without an answer that its item needs no more: it was taken out, or gets fewer ratings now.

    An item that a lead changes at this moment is left to them: nobody waits for the other, so nobody waits in a ring.
    """
    items = CampaignItem.objects.select_for_update(skip_locked=True, no_key=True)
    item = items.filter(pk=slot.item_id).first()
    if item is None or item.taken_out_at is not None:
        return item is not None
    return not item.is_gold and item.assignments.count() > item.needed
