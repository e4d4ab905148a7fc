"""What protects the people who rate: that they know beforehand, what they will not see, and that somebody answers.

What a person chooses not to see is written into their place in the campaign and nowhere else: no record of decisions,
no log, no page of anybody else.
"""

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotations.core.storable import storable
from annotations.core.taxonomy import SLUGS
from annotations.models import Assignment, Enrolment, Flag, Skip, User
from annotations.models import campaigns as states
from annotations.models.ratings import HELD
from annotations.services import audit, campaign_items, slots
from annotations.services.campaign_slots import reserve
from annotations.services.slots import Held

LONGEST_ANSWER = 5_000
CLOSED = "This campaign is closed: there is nothing more to choose here, and what you have sent is kept."
FASTER = "Somebody was faster: this flag has been answered already. Read the answer below."
GONE = "That item is not among those you passed on any more."


class CareProblem(ValueError):
    """Why something that protects a rater was not done, and what to do about it."""


@transaction.atomic
def accept(enrolment: Enrolment, *, declined: Collection[str], folds: bool) -> Enrolment:
    """The place of a rater who has read what the campaign holds and begins it: gold items are kept for them.

    `declined` are slugs of the categories they do not want, `folds` whether tagged texts begin folded. Accepting again
    only changes these two. Raises CareProblem for a closed campaign or an unknown category.
    """
    campaign = campaign_items.lock(enrolment.campaign)
    held = slots.hold(enrolment)
    _choose(held, declined, folds)
    if held.enrolled.accepted_at is None:
        held.enrolled.accepted_at = held.now
        held.save("accepted_at")
        reserve(campaign, [held.enrolled])
        audit.record(
            actor=held.enrolled.rater, action="begin", obj=held.enrolled, after={"campaign": held.enrolled.campaign_id}
        )
    return held.enrolled


@transaction.atomic
def change(enrolment: Enrolment, *, declined: Collection[str], folds: bool) -> Enrolment:
    """The place of a rater with other choices; items they hold of a category they leave out go back at once.

    Raises CareProblem for a closed campaign or an unknown category.
    """
    held = slots.hold(enrolment)
    _choose(held, declined, folds)
    return held.enrolled


def _choose(held: Held, declined: Collection[str], folds: bool) -> None:
    if held.campaign.state == states.CLOSED:
        raise CareProblem(CLOSED)
    if set(declined) - set(SLUGS):
        raise CareProblem(gettext("Choose from the categories of the list."))
    held.enrolled.declined = [slug for slug in SLUGS if slug in declined]
    held.enrolled.folds = folds
    held.save("declined", "folds")
    mine = Assignment.objects.filter(rater=held.enrolled.rater_id, campaign=held.campaign, state=HELD)
    for slot in mine.select_for_update(of=("self",)).select_related("item"):
        if not set(declined).isdisjoint(slot.item.tag_list):
            slots.give_back(slot)


def offer_again(enrolment: Enrolment, *, skip: Skip) -> None:
    """Nothing; the item they passed on may be handed to them again. Raises CareProblem when it is too late."""
    if enrolment.campaign.state == states.CLOSED:
        raise CareProblem(CLOSED)
    mine = Skip.objects.filter(pk=skip.pk, rater=enrolment.rater_id, item__campaign=enrolment.campaign_id)
    if not mine.filter(withdrawn_at=None).update(withdrawn_at=timezone.now()):
        raise CareProblem(GONE)


def mark_read(enrolment: Enrolment, *, flag: Flag) -> None:
    """Nothing; the lead's answer to an own flag counts as read. Reading it twice changes nothing."""
    mine = Flag.objects.filter(pk=flag.pk, rater=enrolment.rater_id, item__campaign=enrolment.campaign_id)
    mine.filter(read_at=None).exclude(answered_at=None).update(read_at=timezone.now())


@transaction.atomic
def answer_flag(*, flag: Flag, actor: User, text: str) -> Flag:
    """The flag with a lead's answer, which its rater reads. Raises CareProblem for no text, and when one is there."""
    words = storable(text).strip()
    if not words:
        raise CareProblem(gettext("Write what the rater should know."))
    if len(words) > LONGEST_ANSWER:
        raise CareProblem(
            gettext("At most %(longest_answer)s characters; this has %(words)s.")
            % {"longest_answer": f"{LONGEST_ANSWER:,}", "words": f"{len(words):,}"}
        )
    open_one = Flag.objects.filter(pk=flag.pk, answered_at=None)
    if not open_one.update(answer=words, answered_by=actor, answered_at=timezone.now()):
        raise CareProblem(FASTER)
    flag.refresh_from_db()
    audit.record(actor=actor, action="answer", obj=flag, after={"item": flag.item_id, "answer": words})
    return flag
