"""Handing out items: each slot to one person at a time, for a while.

Every change of one rater's holds happens under a lock on their enrolment, so that a button pressed twice does one
thing; a slot that two raters reach for at once goes to one of them, because the other one passes over a locked row
(PostgreSQL) or waits for the whole transaction (SQLite).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import IntegrityError

from annotations.models import Assignment, Enrolment
from annotations.models.ratings import HELD
from annotations.prepared import Given, Saving
from annotations.services import free_slots, holds
from annotations.services.free_slots import NOTHING as NOTHING
from annotations.services.free_slots import ROW as ROW
from annotations.services.free_slots import WHY_NOTHING as WHY_NOTHING
from annotations.services.free_slots import place as place
from annotations.services.holds import Conflict as Conflict
from annotations.services.holds import Held as Held
from annotations.services.holds import give_back as give_back
from annotations.services.holds import hold as hold
from annotations.services.writing import short_write

_TAKEN = Saving(
    lambda: Assignment.objects.filter(pk=Given("pk")),
    *("state", "rater", "until", "held_at", "shown_at", "seen_at", "active_seconds"),
)


class Turn(NamedTuple):
    """The slot this person works on, or None and a key of WHY_NOTHING; and their place as it is now."""

    assignment: Assignment | None
    why: str
    enrolled: Enrolment


def turn(enrolment: Enrolment, *, ahead: bool = False) -> Turn:
    """The item before this rater: the one they hold already, or one handed out now.

    `ahead` is the one after it, fetched before it is shown; nobody holds more than these two. Raises Conflict for one
    who rates here no more.
    """
    try:
        return _turn(enrolment, ahead)
    except IntegrityError:  # a lead gave them a slot of the same item at this very moment: now it is seen
        return _turn(enrolment, ahead)


@short_write()
def _turn(enrolment: Enrolment, ahead: bool) -> Turn:
    held = hold(enrolment)
    holds.be_here(held)
    mine = holds.mine(held)
    waiting = [slot for slot in mine if slot.shown_at is None]
    theirs = waiting if ahead else [slot for slot in mine if slot.shown_at] + waiting
    kept = next((slot for slot in theirs if holds.renew(held, slot, show=not ahead)), None)
    found = kept or free_slots.find(held, len(mine))
    if isinstance(found, Assignment) and not kept:
        _take(held, found, shown=None if ahead else held.now)
    held.save(*holds.HERE, "practised_at", "handed", "tagged_row", "tagged_all")
    return Turn(found, "", held.enrolled) if isinstance(found, Assignment) else Turn(None, found, held.enrolled)


def _take(held: Held, slot: Assignment, shown: datetime | None) -> None:
    row = held.enrolled
    if slot.rater_id not in (None, row.rater_id):
        holds.remember(slot)
    slot.state, slot.rater_id, slot.until, slot.held_at = HELD, row.rater_id, holds.lease(held), held.now
    slot.shown_at, slot.seen_at, slot.active_seconds = shown, shown, 0.0
    _TAKEN.save(slot)
    row.handed += 1
    row.tagged_row = row.tagged_row + 1 if slot.tagged else 0
    if slot.tagged:
        row.tagged_session += 1
        row.tagged_day += 1
        row.tagged_all += 1


@short_write()
def beat(enrolment: Enrolment, keys: Iterable[UUID]) -> dict[UUID, datetime]:
    """Until when each of these slots is held for the rater; one that somebody else has now is left out.

    Only a page before which somebody works should say so: the time since it last did counts as active.
    """
    held = hold(enrolment)
    holds.be_here(held)
    wanted, until = set(keys), {}
    for slot in holds.mine(held):
        if slot.key in wanted:
            if slot.shown_at:
                holds.work(held, slot)
            if holds.renew(held, slot) and slot.until:
                until[slot.key] = slot.until
    held.save(*holds.HERE)
    return until


@short_write()
def release(enrolment: Enrolment) -> int:
    """How many slots the rater gave back, unanswered; what they began to write stays with them."""
    held = hold(enrolment)
    mine = Assignment.objects.filter(rater=held.enrolled.rater_id, campaign=held.campaign, state=HELD)
    given = 0
    for slot in mine.select_for_update(of=("self",)).select_related("item"):
        holds.remember(slot)
        given += give_back(slot)
    return given


@short_write()
def rest(enrolment: Enrolment) -> None:
    """Nothing; the rater has had a break: what came in a row, and their active time, begin anew."""
    held = hold(enrolment)
    held.enrolled.tagged_row, held.enrolled.active_seconds = 0, 0.0
    held.save("tagged_row", "active_seconds")
