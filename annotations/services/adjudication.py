"""A lead's decision where raters differ. What they said stays; a decision that is taken back is kept as well."""

from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotations.core.answers import Answer
from annotations.core.storable import storable
from annotations.models import Adjudication, Assignment, CampaignItem, User
from annotations.models.ratings import CAUSES
from annotations.queries import adjudication as queries
from annotations.services import audit

OTHER = "other"
LONGEST_NOTE = 10_000
FASTER = "Somebody was faster: this response has been decided already. Read the decision, and reopen it to decide anew."
REOPENED = "Somebody was faster: there is no decision on this response that counts."
CHANGED = (
    "An answer came, was changed or went since you opened this page. Read the answers as they are now, then decide."
)
AGREED = "Nobody differs about this response, so there is nothing to decide."
OUT = "This response does not count in its campaign any more, so there is nothing to decide."


class AdjudicationProblem(ValueError):
    """Why a decision was not taken, and what to do; `field` says which part of it is wrong, "" for none."""

    def __init__(self, words: str, field: str = ""):
        super().__init__(words)
        self.field = field


class Decision(NamedTuple):
    """What a lead says: the letter of the answer they take over, or an `own` one, and why the raters differed."""

    take: str
    own: Answer | None
    cause: str
    note: str = ""


@transaction.atomic
def decide(*, item: CampaignItem, decision: Decision, seen: str, actor: User) -> Adjudication:
    """The decision, from now on the value of the item; its answers stay as they are and take no change any more.

    `seen` is the word of the answers the lead read. Raises AdjudicationProblem where nobody differs, when somebody
    decided or answered meanwhile, and for a decision that is not whole: without a cause, or without a note where it
    says something that nobody said or gives no cause of the list.
    """
    note = _note(decision)
    found = _answers(item)
    if Adjudication.objects.filter(item=item, withdrawn_at=None).exists():
        raise AdjudicationProblem(FASTER)
    if queries.seen(found) != seen:
        raise AdjudicationProblem(CHANGED)
    said = [(one.rating.points, one.rating.follows_config) for one in found]
    if len(set(said)) < 2:
        raise AdjudicationProblem(AGREED)
    values = _values(decision, found)
    if (values["points"], values["follows_config"]) not in said and not note:
        raise AdjudicationProblem(gettext("Nobody said that. Write a note: why everybody is overridden."), "note")
    made = Adjudication.objects.create(item=item, cause=decision.cause, note=note, created_by=actor, **values)
    audit.record(actor=actor, action="decide", obj=made, before={}, after=_facts(made))
    return made


@transaction.atomic
def reopen(*, item: CampaignItem, actor: User) -> Adjudication:
    """The decision that no longer counts; it is kept, and raters may change their answers again.

    Raises AdjudicationProblem when there is none in force.
    """
    found = Adjudication.objects.filter(item=item, withdrawn_at=None).first()
    moved = found and Adjudication.objects.filter(pk=found.pk, withdrawn_at=None).update(withdrawn_at=timezone.now())
    if not found or not moved:
        raise AdjudicationProblem(REOPENED)
    audit.record(actor=actor, action="reopen", obj=found, before=_facts(found), after={"item": item.pk})
    return found


def _note(decision: Decision) -> str:
    if decision.cause not in CAUSES:
        raise AdjudicationProblem(
            gettext("Say why they differ: %(value)s.") % {"value": ", ".join(CAUSES).replace("_", " ")}, "cause"
        )
    note = storable(decision.note).strip()
    if len(note) > LONGEST_NOTE:
        raise AdjudicationProblem(
            gettext("A note has at most %(longest_note)s characters; this has %(note)s.")
            % {"longest_note": f"{LONGEST_NOTE:,}", "note": f"{len(note):,}"},
            "note",
        )
    if decision.cause == OTHER and not note:
        raise AdjudicationProblem(gettext("Say in a note what the cause is."), "note")
    return note


def _answers(item: CampaignItem) -> list[queries.Answer]:
    """The answers as they stand, and stand until the decision is stored: who sends or changes one takes its slot."""
    list(Assignment.objects.select_for_update(of=("self",)).filter(item=item).order_by("pk").values_list("pk"))
    if queries.item(item.campaign, item.pk) is None:
        raise AdjudicationProblem(OUT)
    return queries.answers(item)


def _values(decision: Decision, found: list[queries.Answer]) -> dict[str, Any]:
    """What is stored: an answer that is taken over as it is, or the lead's own."""
    if decision.own is not None:
        own = decision.own
        said = {"points": own.points, "follows_config": own.follows_config, "broken_rules": list(own.broken_rules)}
        return {"rating": None, **said}
    rating = next((one.rating for one in found if one.letter == decision.take), None)
    if rating is None:
        raise AdjudicationProblem(gettext("Choose the answer that holds, or give your own."), "take")
    names = ("points", "follows_config", "broken_rules")
    return {"rating": rating, **{name: getattr(rating, name) for name in names}}


def _facts(made: Adjudication) -> dict[str, Any]:
    names = ("points", "follows_config", "broken_rules", "cause", "note")
    return {"item": made.item_id} | {name: getattr(made, name) for name in names}
