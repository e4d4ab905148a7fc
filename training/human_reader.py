"""One response of a campaign with everything that was said of it, and where all of it comes from."""

from typing import NamedTuple

from django.urls import reverse

from annotations.models import Adjudication, CampaignItem, Rating, User
from training import access
from training.lineage import Step
from training.models import Judgement, RunItem


class Found(NamedTuple):
    """What was said of a response: by people, by a lead who decided (None without), by judges; and its run's item.

    `run_item` is None for a response of no run, and for a run that the person may not read.
    """

    answers: list[Rating]
    decision: Adjudication | None
    judgements: list[Judgement]
    run_item: RunItem | None


def read(item: CampaignItem, user: User) -> Found:
    """What was said of the item's response; answers that were changed later are left out."""
    given = item.ratings.filter(withdrawn_at=None).select_related("guideline").order_by("pk")
    read = Judgement.objects.filter(item__response=item.response_id).select_related("judge__model")
    by_judge = {judgement.judge_id: judgement for judgement in read.order_by("judge__heuristic", "judge", "pk")}
    run_items = RunItem.objects.filter(response=item.response_id, run__in=access.runs(user).order_by().values("pk"))
    return Found(
        answers=list(given),
        decision=item.adjudications.filter(withdrawn_at=None).first(),
        judgements=list(by_judge.values()),
        run_item=run_items.first(),
    )


def lineage(item: CampaignItem, run_item: RunItem | None) -> list[Step]:
    """score ← answers and verdicts ← response ← prompt ← version ← model ← run, of one item of a campaign."""
    response = item.response
    version, prompt = response.version, response.prompt
    prompt_page = reverse("annotations:prompt-detail", args=[prompt.benchmark_id, prompt.uid])
    version_page = reverse("annotations:version-detail", args=[version.config_id, version.number])
    of_run = reverse("training:item-detail", args=[run_item.run_id, run_item.pk]) if run_item else ""
    steps = [
        ("Scores", reverse("training:campaign-results", args=[item.campaign_id])),
        ("Answers and verdicts", ""),
        ("Response", of_run),
        ("Prompt", "" if prompt.benchmark.archived_at else prompt_page),
        (f"{version.config.title} v{version.number}", version_page),
        _model(item),
    ]
    return (
        [*steps, (f"Run {run_item.run_id}", reverse("training:run-detail", args=[run_item.run_id]))]
        if run_item
        else steps
    )


def _model(item: CampaignItem) -> Step:
    candidate = item.response.candidate
    if candidate is None:
        return item.response.source or "no source given", ""
    return str(candidate), reverse("training:model-detail", args=[candidate.model_id])
