"""What a rater says of the item before them: an answer, another answer, that they pass on, what they began to write."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from annotations.core.answers import Answer
from annotations.core.storable import storable
from annotations.models import Adjudication, Assignment, Campaign, Draft, Enrolment, Flag, Guideline, Rating, Skip
from annotations.models import campaigns as states
from annotations.models.ratings import DISTRESSING, DONE, HELD, OPEN, SKIP_REASONS
from annotations.services import audit, slots
from annotations.services.slots import Conflict, Held

LONGEST_NOTE, LONGEST_DRAFT = 2_000, 20_000
NO_SUCH_SLOT = "This item is not in your campaign any more. Go on with the next one."
DECIDED = "A lead has decided about this response, so its answers stay as they are."


class Sent(NamedTuple):
    """A stored answer; `again` is True when the same sending had come before and nothing new was stored."""

    rating: Rating
    again: bool


class RatingProblem(ValueError):
    """What is wrong with something a rater sent, and what to do about it."""


@transaction.atomic
def submit(
    enrolment: Enrolment,
    *,
    key: UUID,
    answer: Answer,
    token: UUID,
    guideline: int | None = None,
    replaces: UUID | None = None,
    measured: bool = True,
) -> Sent:
    """The stored answer. The same `token` again gives the same one back and stores nothing.

    `replaces` is the token of the own answer this one takes the place of; that one is withdrawn and kept. `guideline`
    is the number of the version the rater read, else the newest; `measured` is False for an answer that waited for a
    connection. Raises Conflict for a slot somebody else has, one that is answered, and what changed meanwhile.
    """
    held = slots.hold(enrolment)
    if earlier := _sent_before(held, token, key):
        return Sent(earlier, True)
    slot = _slot(held, key)
    if slot.rater_id == held.enrolled.rater_id and slot.state == DONE:
        return Sent(_change(held, slot, answer, token, replaces, guideline), False)
    slot = _ours(held, slot)
    seconds = slots.work(held, slot) if measured else None
    rating = _store(held, slot, answer, token, guideline, seconds)
    slot.state, slot.until, slot.done_at = DONE, None, held.now
    slot.save(update_fields=["state", "rater", "until", "done_at", "seen_at", "active_seconds"])
    held.enrolled.done += 0 if slot.item.practice else 1
    held.save("done", "active_seconds")
    slots.show_waiting(held)
    return Sent(rating, False)


def _sent_before(held: Held, token: UUID, key: UUID) -> Rating | None:
    earlier = Rating.objects.select_related("assignment").filter(rater=held.enrolled.rater_id, token=token).first()
    if earlier and earlier.assignment.key != key and not Assignment.objects.filter(key=key, item=earlier.item).exists():
        raise Conflict("This sending was used for another item. Load the page again and send your answer anew.")
    return earlier


def _slot(held: Held, key: UUID) -> Assignment:
    found = Assignment.objects.select_for_update(of=("self",)).select_related("item")
    slot = found.filter(campaign=held.campaign, key=key).first()
    if slot is None:
        raise Conflict(NO_SUCH_SLOT)
    return slot


def _ours(held: Held, slot: Assignment) -> Assignment:
    """The slot if this rater holds it, else another free one of the same item: the cap holds either way."""
    me = held.enrolled.rater_id
    mine = slot.rater_id == me and slot.state == HELD
    if mine and (held.campaign.state != states.CLOSED or (slot.until and slot.until >= held.now)):
        return slot
    if held.campaign.state == states.CLOSED:
        raise Conflict("This campaign was closed before your answer came, so it is not stored.")
    other = _other(held, slot)
    if other is None:
        raise Conflict(_lost(held, slot))
    other.rater_id = me
    return other


def _other(held: Held, slot: Assignment) -> Assignment | None:
    """A free slot of an item that was handed to this rater before: they drafted it, or it lapsed from them."""
    if Assignment.objects.filter(item=slot.item_id, rater=held.enrolled.rater_id, state=DONE).exists():
        raise Conflict("You have answered this item already. Go back to it to change your answer.")
    if not Draft.objects.filter(item=slot.item_id, rater=held.enrolled.rater_id).exists():
        return None
    free = Assignment.objects.select_for_update(of=("self",), skip_locked=True).select_related("item")
    return free.filter(item=slot.item_id, state=OPEN, rater=None).order_by("n").first()


def _lost(held: Held, slot: Assignment) -> str:
    if slot.state == DONE:
        return "Somebody else has answered this item meanwhile and it needs no more answers, so yours is not stored."
    if slot.state == HELD and slot.until and slot.until >= held.now:
        return f"Somebody else holds this item until {slot.until:%H:%M} UTC, so your answer is not stored."
    return "Your hold on this item has ended, so your answer is not stored. Go on with the next one."


def _store(
    held: Held, slot: Assignment, answer: Answer, token: UUID, guideline: int | None, seconds: float | None
) -> Rating:
    said = answer._asdict() | {
        "broken_rules": list(answer.broken_rules),
        "risks": None if answer.risks is None else list(answer.risks),
    }
    rating = Rating.objects.create(
        assignment=slot,
        item=slot.item,
        rater_id=held.enrolled.rater_id,
        guideline=_guideline(held.campaign, guideline),
        token=token,
        seconds=seconds,
        created_at=held.now,
        **said,
    )
    Draft.objects.filter(item=slot.item_id, rater=held.enrolled.rater_id).delete()
    return rating


def _guideline(campaign: Campaign, number: int | None) -> Guideline:
    mine = Guideline.objects.filter(campaign=campaign).order_by("-number")
    return (mine.filter(number=number).first() if number else None) or mine[0]


def _change(
    held: Held, slot: Assignment, answer: Answer, token: UUID, replaces: UUID | None, guideline: int | None
) -> Rating:
    """The new answer in the place of the own one, which is withdrawn and kept."""
    now = Rating.objects.get(assignment=slot, withdrawn_at=None)
    if replaces is None:
        raise Conflict("You have answered this item already. Go back to it to change your answer.")
    if now.token != replaces:
        raise Conflict("You have changed this answer already, in another window. Open it once more.")
    if held.campaign.state == states.CLOSED:
        raise Conflict("This campaign is closed, so its answers stay as they are.")
    if Adjudication.objects.filter(item=slot.item_id, withdrawn_at=None).exists():
        raise Conflict(DECIDED)
    Rating.objects.filter(pk=now.pk).update(withdrawn_at=held.now)
    made = _store(held, slot, answer, token, guideline, now.seconds)
    audit.record(actor=made.rater, action="rerate", obj=made, before=_facts(now), after=_facts(made))
    return made


def _facts(rating: Rating) -> dict[str, Any]:
    names = ("points", "follows_config", "broken_rules", "risks", "comment")
    return {"item": rating.item_id} | {name: getattr(rating, name) for name in names}


@transaction.atomic
def skip(enrolment: Enrolment, *, key: UUID, reason: str, note: str = "") -> Skip:
    """The pass on an item this rater holds: the slot is open for others, and they are not handed it again.

    It counts against nothing. Raises RatingProblem for an unknown reason, Conflict when the item is not theirs now.
    """
    if reason not in SKIP_REASONS:
        raise RatingProblem(f"Say why you pass on it: {', '.join(SKIP_REASONS)}.")
    held = slots.hold(enrolment)
    slot = _slot(held, key)
    earlier = Skip.objects.filter(item=slot.item_id, rater=held.enrolled.rater_id, withdrawn_at=None).first()
    if earlier:
        return earlier
    if slot.rater_id != held.enrolled.rater_id or slot.state != HELD:
        raise Conflict(NO_SUCH_SLOT)
    made = Skip.objects.create(
        item=slot.item, rater_id=held.enrolled.rater_id, reason=reason, note=_note(note), created_at=held.now
    )
    slots.give_back(slot)
    Draft.objects.filter(item=slot.item_id, rater=held.enrolled.rater_id).delete()
    if reason == DISTRESSING:
        held.enrolled.tagged_row = held.campaign.tagged_in_row or held.enrolled.tagged_row
        held.save("tagged_row")
    slots.show_waiting(held)
    return made


def _note(text: str) -> str:
    note = storable(text).strip()
    if len(note) > LONGEST_NOTE:
        raise RatingProblem(f"At most {LONGEST_NOTE:,} characters; this has {len(note):,}.")
    return note


@transaction.atomic
def save_draft(enrolment: Enrolment, *, key: UUID, values: Mapping[str, Any]) -> Draft:
    """What the rater began to say of an item they hold, kept for them alone. Raises Conflict when it is not theirs."""
    held = slots.hold(enrolment)
    slot = _slot(held, key)
    if slot.rater_id != held.enrolled.rater_id:
        raise Conflict(_lost(held, slot))
    kept = {name: values[name] for name in Answer._fields if name in values}
    if len(str(kept)) > LONGEST_DRAFT:
        raise RatingProblem("This is too long to be kept while you write. Shorten the comment.")
    return Draft.objects.update_or_create(
        item=slot.item, rater_id=held.enrolled.rater_id, defaults={"values": kept, "saved_at": held.now}
    )[0]


def flag(enrolment: Enrolment, *, assignment: Assignment, text: str) -> Flag:
    """What the rater wants the lead to know of an item they have or had. Raises RatingProblem for no text."""
    words = _note(text)
    if not words:
        raise RatingProblem("Write what the lead should know.")
    return Flag.objects.create(item_id=assignment.item_id, rater_id=enrolment.rater_id, text=words)
