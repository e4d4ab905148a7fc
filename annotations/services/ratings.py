"""What a rater says of the item before them: an answer, another answer, that they pass on, what they began to write."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, UUIDField
from django.utils.translation import gettext

from annotations.core.answers import Answer
from annotations.core.storable import storable
from annotations.models import Adjudication, Assignment, CampaignItem, Draft, Enrolment, Flag, Guideline, Rating, Skip
from annotations.models import campaigns as states
from annotations.models.ratings import DISTRESSING, DONE, HELD, OPEN, SKIP_REASONS
from annotations.prepared import Given, Prepared, Saving
from annotations.services import audit, holds, slots
from annotations.services.holds import Conflict, Held
from annotations.services.writing import short_write

LONGEST_NOTE, LONGEST_DRAFT = 2_000, 20_000
NO_SUCH_SLOT = "This item is not in your campaign any more. Go on with the next one."
ANSWERED = "You have answered this item already. Go back to it to change your answer."
DECIDED = "A lead has decided about this response, so its answers stay as they are."

_SENT = Prepared(lambda: Rating.objects.filter(rater=Given("rater"), token=Given("token", UUIDField())).order_by())
_SLOT = Prepared(
    lambda: (
        Assignment.objects.select_for_update()
        .filter(campaign=Given("campaign"), key=Given("key", UUIDField()))
        .order_by()
    )
)
_DRAFT = Prepared(lambda: Draft.objects.filter(item=Given("item"), rater=Given("rater")).only("pk"))
_ITEM = Prepared(lambda: CampaignItem.objects.filter(pk=Given("pk")).order_by())
_DONE = Saving(
    lambda: Assignment.objects.filter(pk=Given("pk")),
    *("state", "rater", "until", "done_at", "seen_at", "active_seconds"),
)
_GUIDELINE = Prepared(
    lambda: Guideline.objects.filter(campaign=Given("campaign")).order_by("-number").values_list("pk", "number")[:1]
)


class Sent(NamedTuple):
    """A stored answer, and its rater's place as it is now.

    `again` is True when the same sending had come before and nothing new was stored.
    """

    rating: Rating
    again: bool
    enrolled: Enrolment


class RatingProblem(ValueError):
    """What is wrong with something a rater sent, and what to do about it."""


@short_write()
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
        return Sent(earlier, True, held.enrolled)
    slot = _slot(held, key)
    if slot.rater_id == held.enrolled.rater_id and slot.state == DONE:
        return Sent(_change(held, slot, answer, token, replaces, guideline), False, held.enrolled)
    slot = _ours(held, slot)
    seconds = holds.work(held, slot) if measured and slot.seen_at else None
    rating = _store(held, slot, answer, token, guideline, seconds)
    _finish(held, slot)
    return Sent(rating, False, held.enrolled)


def _finish(held: Held, slot: Assignment) -> None:
    """The slot is done, its rater one further, and what they fetched ahead is before them."""
    slot.state, slot.until, slot.done_at = DONE, None, held.now
    _DONE.save(slot)
    held.enrolled.done += 0 if slot.item.practice else 1
    held.save("done", "active_seconds")
    holds.show_waiting(held)


def _sent_before(held: Held, token: UUID, key: UUID) -> Rating | None:
    earlier = _SENT.first(rater=held.enrolled.rater_id, token=token)
    if earlier and Assignment.objects.filter(key=key).exclude(item=earlier.item_id).exists():
        raise Conflict(
            gettext("This sending was used for another item. Load the page again and send your answer anew.")
        )
    return earlier


def _slot(held: Held, key: UUID) -> Assignment:
    slot = _SLOT.first(campaign=held.enrolled.campaign_id, key=key)
    if slot is None:
        raise Conflict(NO_SUCH_SLOT)
    slot.item = _ITEM.all(pk=slot.item_id)[0]
    return slot


def _ours(held: Held, slot: Assignment) -> Assignment:
    """The slot if this rater holds it, else another free one of the same item: the cap holds either way."""
    me = held.enrolled.rater_id
    mine = slot.rater_id == me and slot.state == HELD
    if mine and (held.campaign.state != states.CLOSED or (slot.until and slot.until >= held.now)):
        return slot
    if held.campaign.state == states.CLOSED:
        raise Conflict(gettext("This campaign was closed before your answer came, so it is not stored."))
    other = _other(held, slot)
    if other is None:
        raise Conflict(_lost(held, slot))
    other.rater_id, other.item = me, slot.item
    return other


def _other(held: Held, slot: Assignment) -> Assignment | None:
    """Another slot for an item that was handed to this rater before: one they have of it now, or a free one."""
    me = held.enrolled.rater_id
    there = Assignment.objects.filter(item=slot.item_id)
    theirs = there.select_for_update().filter(rater=me).first()
    if theirs and theirs.state == DONE:
        raise Conflict(ANSWERED)
    if theirs and theirs.state == HELD:
        return theirs
    # A slot that is kept for them gives no more right than any other: a gold item would be told by it.
    if not _DRAFT.row(item=slot.item_id, rater=me):
        return None
    return theirs or there.select_for_update(skip_locked=True).filter(state=OPEN, rater=None).order_by("n").first()


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
        "risks": list(answer.risks or ()) if held.campaign.ask_risks else None,
    }
    rating = Rating.objects.create(
        assignment=slot,
        item=slot.item,
        rater_id=held.enrolled.rater_id,
        guideline_id=_guideline(held, guideline),
        token=token,
        seconds=seconds,
        created_at=held.now,
        **said,
    )
    _drop_draft(held, slot)
    return rating


def _drop_draft(held: Held, slot: Assignment) -> None:
    if draft := _DRAFT.first(item=slot.item_id, rater=held.enrolled.rater_id):
        draft.delete()


def _guideline(held: Held, number: int | None) -> int:
    """The id of that version of the guideline, of the newest where there is no such number."""
    newest = _GUIDELINE.row(campaign=held.enrolled.campaign_id)
    if newest is None:
        raise Conflict(gettext("This campaign has no guideline yet. Tell its lead."))
    if number in (None, newest[1]):
        return int(newest[0])
    read = Guideline.objects.filter(campaign=held.campaign, number=number).values_list("pk", flat=True).first()
    return read or int(newest[0])


def _change(
    held: Held, slot: Assignment, answer: Answer, token: UUID, replaces: UUID | None, guideline: int | None
) -> Rating:
    """The new answer in the place of the own one, which is withdrawn and kept."""
    now = Rating.objects.get(assignment=slot, withdrawn_at=None)
    if replaces is None:
        raise Conflict(ANSWERED)
    if now.token != replaces:
        raise Conflict(gettext("You have changed this answer already, in another window. Open it once more."))
    if held.campaign.state == states.CLOSED:
        raise Conflict(gettext("This campaign is closed, so its answers stay as they are."))
    if Adjudication.objects.filter(item=slot.item_id, withdrawn_at=None).exists():
        raise Conflict(DECIDED)
    Rating.objects.filter(pk=now.pk).update(withdrawn_at=held.now)
    made = _store(held, slot, answer, token, guideline, now.seconds)
    audit.record(actor=made.rater, action="rerate", obj=made, before=_facts(now), after=_facts(made))
    return made


def _facts(rating: Rating) -> dict[str, Any]:
    names = ("points", "follows_config", "broken_rules", "risks", "comment")
    return {"item": rating.item_id} | {name: getattr(rating, name) for name in names}


@short_write()
def skip(enrolment: Enrolment, *, key: UUID, reason: str, note: str = "") -> Skip:
    """The pass on an item this rater holds: the slot is open for others, and they are not handed it again.

    It counts against nothing. Raises RatingProblem for an unknown reason, Conflict when the item is not theirs now.
    """
    if reason not in SKIP_REASONS:
        raise RatingProblem(
            gettext("Say why you pass on it: %(skip_reasons)s.") % {"skip_reasons": ", ".join(SKIP_REASONS)}
        )
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
    holds.give_back(slot)
    _drop_draft(held, slot)
    if reason == DISTRESSING:
        _spare(held)
    holds.show_waiting(held)
    return made


def _spare(held: Held) -> None:
    """Nothing with risk categories comes next: a row counts as full, and what was fetched ahead of it goes back."""
    held.enrolled.tagged_row = held.campaign.tagged_in_row or held.enrolled.tagged_row
    held.save("tagged_row")
    ahead = Assignment.objects.filter(rater=held.enrolled.rater_id, campaign=held.campaign, state=HELD, shown_at=None)
    for slot in ahead.filter(tagged=True).select_for_update(of=("self",)).select_related("item"):
        holds.give_back(slot)


def _note(text: str) -> str:
    note = storable(text).strip()
    if len(note) > LONGEST_NOTE:
        raise RatingProblem(
            gettext("At most %(longest_note)s characters; this has %(note)s.")
            % {"longest_note": f"{LONGEST_NOTE:,}", "note": f"{len(note):,}"}
        )
    return note


def _keepable(value: object) -> object:
    """A value of a draft that a database takes: a text, a list of texts, a whole number, yes or no; else None."""
    if isinstance(value, list):
        return [storable(one) for one in value if isinstance(one, str)]
    if isinstance(value, str):
        return storable(value)
    return value if isinstance(value, int) else None


@short_write()
def save_draft(enrolment: Enrolment, *, key: UUID, values: Mapping[str, Any]) -> Draft:
    """What the rater began to say of an item they hold, kept for them alone. Raises Conflict when it is not theirs."""
    held = slots.hold(enrolment)
    slot = _slot(held, key)
    if slot.rater_id != held.enrolled.rater_id or slot.state == OPEN:
        raise Conflict(_lost(held, slot))
    kept = {name: _keepable(values[name]) for name in Answer._fields if name in values}
    if len(str(kept)) > LONGEST_DRAFT:
        raise RatingProblem(gettext("This is too long to be kept while you write. Shorten the comment."))
    return Draft.objects.update_or_create(
        item=slot.item, rater_id=held.enrolled.rater_id, defaults={"values": kept, "saved_at": held.now}
    )[0]


@short_write()
def flag(enrolment: Enrolment, *, key: UUID, text: str) -> Flag:
    """What the rater wants the lead to know of an item they have or had.

    Raises RatingProblem for no text, Conflict for an item they never had.
    """
    words = _note(text)
    if not words:
        raise RatingProblem(gettext("Write what the lead should know."))
    me = enrolment.rater_id
    theirs = Q(rater=me, state__in=(HELD, DONE)) | Q(item__drafts__rater=me) | Q(item__skips__rater=me)
    slot = Assignment.objects.filter(theirs, campaign=enrolment.campaign_id, key=key).first()
    if slot is None:
        raise Conflict(NO_SUCH_SLOT)
    return Flag.objects.create(item_id=slot.item_id, rater_id=me, text=words)
