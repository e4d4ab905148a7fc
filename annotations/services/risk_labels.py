"""People's own labels of prompts: which risks a harmful answer would carry. What was said stays."""

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotations.core.storable import storable
from annotations.models import Prompt, RiskLabel, TaxonomyVersion, User
from annotations.services import audit

LONGEST_NOTE = 2_000


class LabelProblem(ValueError):
    """Why a label was not taken, and what to do about it."""


@transaction.atomic
def label(
    *,
    prompt: Prompt,
    taxonomy: TaxonomyVersion | None,
    known: Collection[str],
    risks: Collection[str],
    rater: User,
    note: str = "",
) -> RiskLabel:
    """The person's label in force; an own one that said otherwise is withdrawn and kept.

    `known` are the slugs of the taxonomy; no risk is an empty set. Raises LabelProblem for another slug, or a note
    that is too long.
    """
    note = _tidy(note)
    _refuse_strange(sorted(set(risks) - set(known)))
    # a button pressed twice gives one label
    User.objects.select_for_update(no_key=True).get(pk=rater.pk)
    mine = RiskLabel.objects.filter(prompt=prompt, taxonomy=taxonomy, rater=rater, withdrawn_at=None).first()
    if mine and (mine.risks, mine.note) == (sorted(set(risks)), note):
        return mine
    if mine:
        RiskLabel.objects.filter(pk=mine.pk).update(withdrawn_at=timezone.now())
    told = {"taxonomy": taxonomy, "risks": sorted(set(risks)), "note": note}
    made: RiskLabel = RiskLabel.objects.create(prompt=prompt, rater=rater, **told)
    before = _facts(mine) if mine else {}
    audit.record(actor=rater, action="relabel" if mine else "label", obj=made, before=before, after=_facts(made))
    return made


def _refuse_strange(risks: list[str]) -> None:
    if risks:
        raise LabelProblem(
            gettext("The taxonomy has no category %(risk)s. Open the prompt once more.") % {"risk": repr(risks[0][:60])}
        )


def _tidy(note: str) -> str:
    note = storable(note).strip()
    if len(note) > LONGEST_NOTE:
        raise LabelProblem(
            gettext("A note has at most %(longest_note)s characters; this one has %(note)s.")
            % {"longest_note": f"{LONGEST_NOTE:,}", "note": f"{len(note):,}"}
        )
    return note


def _facts(label: RiskLabel) -> dict[str, Any]:
    return {"prompt": label.prompt_id, "risks": label.risks}
