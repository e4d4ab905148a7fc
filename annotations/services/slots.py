"""Handing out items: each slot to one person at a time, for a while, in a seeded order that differs by person.

Every change of one rater's holds happens under a lock on their enrolment, so that a button pressed twice does one
thing; a slot that two raters reach for at once goes to one of them, because the other one passes over a locked row
(PostgreSQL) or waits for the whole transaction (SQLite).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from annotations.models import Assignment, Campaign, Draft, Enrolment, Skip
from annotations.models import campaigns as states
from annotations.models.campaigns import SEEDS
from annotations.models.ratings import HELD, OPEN

IDLE = timedelta(seconds=60)
"""A longer silence is no work: only so much of it counts as active."""
SESSION_ENDS = timedelta(minutes=30)
"""Who is away for so long begins a new session."""

NOT_ACCEPTED, NOT_OPEN, CLOSED, PAUSED, QUOTA = "not_accepted", "not_open", "closed", "paused", "quota"
ROW, SESSION, DAY, NOTHING = "row", "session", "day", "nothing"
WHY_NOTHING = {
    NOT_ACCEPTED: "Read first what this campaign holds, and begin it from there.",
    NOT_OPEN: "This campaign is not open at the moment. What you have sent is kept.",
    CLOSED: "This campaign is closed. Thank you: what you have sent is kept.",
    PAUSED: "The lead has paused your work in this campaign. What you have sent is kept.",
    QUOTA: "Quota reached: you have rated as many responses as this campaign asks of one person. Thank you.",
    ROW: "Only items about harmful subjects are left, and you have had several in a row. Take a break, then go on.",
    SESSION: "You have had as many items about harmful subjects as one session may hold. Come back after a rest.",
    DAY: "You have had as many items about harmful subjects as one day may hold. Come back tomorrow.",
    NOTHING: "Nothing waits for you here now. Items that come back, and new ones, appear here.",
}


class Conflict(ValueError):
    """Why something cannot be done with a slot as things stand, in words for the rater."""


class Turn(NamedTuple):
    """The slot this person works on, or None and a key of WHY_NOTHING."""

    assignment: Assignment | None
    why: str = ""


class Held(NamedTuple):
    """A rater's enrolment under a lock, and the database's time."""

    enrolled: Enrolment
    now: datetime

    @property
    def campaign(self) -> Campaign:
        """The campaign, read together with the enrolment."""
        return self.enrolled.campaign

    def save(self, *names: str) -> None:
        """Nothing; these fields of the enrolment are written."""
        self.enrolled.save(update_fields=names)


def hold(enrolment: Enrolment) -> Held:
    """The enrolment under a lock until the transaction ends. Raises Enrolment.DoesNotExist when it was taken away."""
    locked = Enrolment.objects.select_for_update(of=("self",), no_key=True).select_related("campaign")
    row = locked.annotate(now=Now()).get(pk=enrolment.pk, removed_at=None)
    return Held(row, row.now)


@transaction.atomic
def turn(enrolment: Enrolment, *, ahead: bool = False) -> Turn:
    """The item before this rater: the one they hold already, or one handed out now.

    `ahead` is the one after it, fetched before it is shown; nobody holds more than these two.
    """
    held = hold(enrolment)
    mine = list(_mine(held).order_by("held_at", "pk"))
    shown, waiting = [slot for slot in mine if slot.shown_at], [slot for slot in mine if not slot.shown_at]
    _be_here(held)
    if ahead:
        return _kept(held, waiting[0]) if waiting else _handed(held, shown=None)
    if shown:
        return _kept(held, shown[0])
    return _show(held, waiting[0]) if waiting else _handed(held, shown=held.now)


def _mine(held: Held) -> QuerySet[Assignment]:
    return Assignment.objects.filter(rater=held.enrolled.rater_id, campaign=held.campaign, state=HELD)


def _be_here(held: Held) -> None:
    """A rater who was away begins a new session, and a new day its own count."""
    row, today = held.enrolled, timezone.localdate(held.now)
    if row.session_at is None or row.seen_at is None or held.now - row.seen_at > SESSION_ENDS:
        row.session_at, row.tagged_session, row.active_seconds = held.now, 0, 0.0
    if row.day != today:
        row.day, row.tagged_day = today, 0
    row.seen_at = held.now
    held.save("session_at", "tagged_session", "active_seconds", "day", "tagged_day", "seen_at")


def _lease(held: Held) -> datetime:
    return held.now + timedelta(minutes=held.campaign.lease_minutes)


def _kept(held: Held, slot: Assignment) -> Turn:
    """Still theirs, and renewed, also when its time was up and nobody else took it."""
    slot.until = _lease(held)
    slot.save(update_fields=["until"])
    return Turn(slot)


def _show(held: Held, slot: Assignment) -> Turn:
    slot.shown_at = slot.seen_at = held.now
    slot.save(update_fields=["shown_at", "seen_at"])
    return _kept(held, slot)


def show_waiting(held: Held) -> None:
    """Nothing; the item that was fetched ahead counts as before the rater from now on."""
    _mine(held).filter(shown_at=None).update(shown_at=held.now, seen_at=held.now)


def _handed(held: Held, shown: datetime | None) -> Turn:
    why = _closed_to(held)
    if why:
        return Turn(None, why)
    barred = _barred(held.enrolled)
    free = _free(held)
    slot = _first(held, free.filter(tagged=False) if barred else free)
    if slot is None:
        return Turn(None, barred if barred and _first(held, free) else NOTHING)
    return _take(held, slot, shown)


def _closed_to(held: Held) -> str:
    row, campaign = held.enrolled, held.campaign
    quota = row.quota or campaign.quota
    rules = (
        (campaign.state == states.CLOSED, CLOSED),
        (campaign.state != states.OPEN, NOT_OPEN),
        (row.accepted_at is None, NOT_ACCEPTED),
        (row.paused_at is not None, PAUSED),
        (quota is not None and row.done + _mine(held).count() >= quota, QUOTA),
    )
    return next((why for broken, why in rules if broken), "")


def _barred(row: Enrolment) -> str:
    """Why this rater may have no item with risk categories now; empty when they may."""
    campaign = row.campaign
    bounds = (
        (campaign.day_cap, row.tagged_day, DAY),
        (campaign.session_cap, row.tagged_session, SESSION),
        (campaign.tagged_in_row, row.tagged_row, ROW),
    )
    return next((why for most, had, why in bounds if most is not None and had >= most), "")


def _free(held: Held) -> QuerySet[Assignment]:
    """The slots this rater could be handed: of items they neither have, nor passed on, nor declined."""
    me = held.enrolled.rater_id
    had = Assignment.objects.filter(item=OuterRef("item"), rater=me).exclude(pk=OuterRef("pk"))
    passed = Skip.objects.filter(item=OuterRef("item"), rater=me, withdrawn_at=None)
    found = Assignment.objects.filter(~Exists(had), ~Exists(passed), campaign=held.campaign)
    for slug in held.enrolled.declined:
        found = found.exclude(tags__contains=f",{slug},")
    return found.select_for_update(of=("self",), skip_locked=True)


def _first(held: Held, free: QuerySet[Assignment]) -> Assignment | None:
    """Practice before all else, then what somebody let lapse, then by this rater's own order."""
    me, opened = held.enrolled.rater_id, free.filter(state=OPEN)
    if held.enrolled.practised_at is None:
        if slot := opened.filter(rater=me, item__practice=True).order_by("position").first():
            return slot
        held.enrolled.practised_at = held.now
        held.save("practised_at")
    if slot := free.filter(state=HELD, until__lt=held.now).exclude(rater=me).order_by("until").first():
        return slot
    pivot = place(held.campaign.seed, me, held.enrolled.handed)
    in_order = opened.filter(Q(rater=None) | Q(rater=me)).order_by("position")
    return in_order.filter(position__gte=pivot).first() or in_order.filter(position__lt=pivot).first()


def place(seed: int, *names: int) -> int:
    """A place from 0 to SEEDS - 1 that a seed and some ids decide: of an item in the shuffle, of a rater's next look.

    A rater's n-th item is the first free one after their n-th place, so that everybody has an own order, and finding
    it costs one step into an index.
    """
    digest = blake2b(":".join(map(str, (seed, *names))).encode(), digest_size=8).digest()
    return int.from_bytes(digest) % SEEDS


def _take(held: Held, slot: Assignment, shown: datetime | None) -> Turn:
    row = held.enrolled
    if slot.rater_id not in (None, row.rater_id):  # its last holder may still answer, if another slot is free
        Draft.objects.get_or_create(item_id=slot.item_id, rater_id=slot.rater_id)
    slot.state, slot.rater_id, slot.until, slot.held_at = HELD, row.rater_id, _lease(held), held.now
    slot.shown_at, slot.seen_at, slot.active_seconds = shown, shown, 0.0
    slot.save(update_fields=["state", "rater", "until", "held_at", "shown_at", "seen_at", "active_seconds"])
    row.handed += 1
    row.tagged_row = row.tagged_row + 1 if slot.tagged else 0
    if slot.tagged:
        row.tagged_session, row.tagged_day, row.tagged_all = (
            row.tagged_session + 1,
            row.tagged_day + 1,
            row.tagged_all + 1,
        )
    held.save("handed", "tagged_row", "tagged_session", "tagged_day", "tagged_all")
    return Turn(slot)


def work(held: Held, slot: Assignment) -> float:
    """The seconds this rater has worked on the slot until now; what is new is added to it and to their session."""
    since = min(held.now - slot.seen_at, IDLE).total_seconds() if slot.seen_at else 0.0
    slot.active_seconds += max(0.0, since)
    slot.seen_at = held.now
    held.enrolled.active_seconds += max(0.0, since)
    return slot.active_seconds


@transaction.atomic
def beat(enrolment: Enrolment, keys: Iterable[UUID]) -> dict[UUID, datetime]:
    """Until when each of these slots is held for the rater; one that somebody else has now is left out.

    Only a page before which somebody works should say so: the time since it last did counts as active.
    """
    held = hold(enrolment)
    mine = list(_mine(held).filter(key__in=list(keys)).select_for_update())
    for slot in mine:
        if slot.shown_at:
            work(held, slot)
        slot.until = _lease(held)
        slot.save(update_fields=["active_seconds", "seen_at", "until"])
    _be_here(held)
    held.save("active_seconds")
    return {slot.key: slot.until for slot in mine if slot.until}


@transaction.atomic
def release(enrolment: Enrolment) -> int:
    """How many slots the rater gave back, unanswered; what they began to write stays with them."""
    held = hold(enrolment)
    return sum(give_back(slot) for slot in _mine(held).select_for_update().select_related("item"))


def give_back(slot: Assignment) -> int:
    """1; the held slot is open again, one of a gold item still kept for its rater."""
    free: dict[str, Any] = {"state": OPEN, "until": None, "held_at": None, "shown_at": None, "seen_at": None}
    whose = {} if slot.item.is_gold else {"rater": None}
    return Assignment.objects.filter(pk=slot.pk, state=HELD).update(**free, **whose, active_seconds=0)


@transaction.atomic
def rest(enrolment: Enrolment) -> None:
    """Nothing; the rater has had a break: what came in a row, and their active time, begin anew."""
    held = hold(enrolment)
    held.enrolled.tagged_row, held.enrolled.active_seconds = 0, 0.0
    held.save("tagged_row", "active_seconds")
