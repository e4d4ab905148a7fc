"""The items behind a stage's runs: what was asked, what came back, and what could not be read."""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_noop as _

from annotations.core.storable import whole_number
from training.lineage import Step
from training.models import EvaluationRun, Judgement, RunItem, Stage
from training.models.runs import ITEM_DONE, ITEM_FAILED, ITEM_QUEUED
from training.services.building import stages

NO_VERDICT = Q(helpfulness=None, follows_config=None, risks__isnull=True, addressed=None)
STATES = {"done": _("done"), "unread": _("without a verdict"), "failed": _("failed"), "queued": _("to do")}
"""What one can filter by, as people read it; the ones without a verdict are done too."""
_FOUND = {
    "done": Q(state=ITEM_DONE),
    "failed": Q(state=ITEM_FAILED),
    "queued": Q(state=ITEM_QUEUED),
    "unread": Q(Exists(Judgement.objects.filter(NO_VERDICT, item=OuterRef("pk"))), state=ITEM_DONE),
}


def runs(stage: Stage) -> QuerySet[EvaluationRun]:
    """The runs of the stage, in the order in which they were made."""
    return stages.every_run(stage).select_related("candidate__model")


def items(stage: Stage, *, run: str = "", state: str = "") -> QuerySet[RunItem]:
    """The stage's items that match, by run and position; unknown or empty filter values match everything."""
    found = RunItem.objects.filter(run__stage=stage)
    if (number := whole_number(run)) is not None:
        found = found.filter(run=number)
    if state in _FOUND:
        found = found.filter(_FOUND[state])
    related = found.select_related("prompt", "response", "synthesised", "run__candidate__model")
    return related.order_by("run", "position")


def item_lineage(item: RunItem, stage: Stage) -> list[Step]:
    """verdicts ← response ← the config that was made up ← stage ← recipe ← prompts, of one item."""
    back = [stage.recipe_id, stage.pk]
    made = [(f"Config: {item.synthesised.mode_word}", "")] if item.synthesised else []
    return [
        ("Verdicts", ""),
        *([("Response", "")] if item.response else []),
        *made,
        (f"Step {stage.pk}: {stage.kind}", reverse("training:stage-detail", args=back)),
        (stage.recipe.title, reverse("training:recipe-detail", args=[stage.recipe_id])),
        (stage.recipe.benchmark.title, ""),
    ]
