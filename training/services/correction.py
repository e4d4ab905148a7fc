"""Asking people about a random sample of a run's responses: a campaign, and the draw written down with it."""

from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotations.models import Campaign, Response, User
from annotations.services import audit, campaign_items, campaigns
from annotations.services.campaign_items import MOST_ITEMS, ItemProblem
from annotations.services.campaigns import Settings
from training import correction_queries as queries
from training.models import EvaluationRun
from training.models.runs import FINISHED
from training.services.campaign_pick import drawn

NOT_OVER = (
    "This run is not finished, and a sample of what is answered so far would not be one of all. Wait until it is."
)
NOTHING_LEFT = (
    "Somebody was faster, or nothing is left: people are asked about as many responses of each config already. "
    "Look at the campaigns of this page, or ask for a narrower interval."
)
ABOUT = "A random sample of the responses of one run, so that what is said of them holds for all of them."


class SampleProblem(ValueError):
    """Why people are not asked about a sample, in words for the lead."""


class Sampled(NamedTuple):
    """The new campaign, a draft, and how many responses it has."""

    campaign: Campaign
    items: int


@transaction.atomic
def sample(*, run: EvaluationRun, per_config: int, seed: int, actor: User) -> Sampled:
    """A draft over responses drawn by the seed, until people are asked about so many of each config, one rating each.

    Counted are those of earlier draws that the actor may read; they are not drawn again. A config with fewer responses
    gives all of them. What was drawn is in the campaign's record. Raises SampleProblem.
    """
    run = EvaluationRun.objects.select_for_update(no_key=True, of=("self",)).get(pk=run.pk)
    if run.state != FINISHED:
        raise SampleProblem(NOT_OVER)
    chosen = draw(run, per_config=per_config, seed=seed, actor=actor)
    if not chosen:
        raise SampleProblem(NOTHING_LEFT)
    if len(chosen) > MOST_ITEMS:
        raise SampleProblem(
            gettext("A campaign has at most %(most_items)s responses. Ask for a wider interval.")
            % {"most_items": f"{MOST_ITEMS:,}"}
        )
    campaign = campaigns.create(
        organisation=run.organisation, settings=_settings(len(chosen), seed), overlap=1, actor=actor
    )
    added = _add(campaign, chosen, actor)
    after = {"runs": [run.pk], "kind": "", "per_config": per_config, "seed": seed, "added": added}
    audit.record(actor=actor, action=queries.SAMPLED, obj=campaign, after=after)
    return Sampled(campaign, added)


def draw(run: EvaluationRun, *, per_config: int, seed: int, actor: User) -> list[int]:
    """The ids of the responses that would be asked about."""
    there = queries.asked(run, queries.held(run, actor))
    chosen: list[int] = []
    for responses in queries.askable(run).values():
        free = [pk for pk in responses if pk not in there]
        missing = per_config - sum(there.get(pk, False) for pk in responses)
        chosen += drawn(free, max(missing, 0), seed)
    return chosen


def _settings(number: int, seed: int) -> Settings:
    """Nothing in it says whose responses they are: raters read it."""
    today = timezone.localdate()
    title = f"Random sample of {number} responses, {today.day} {today:%b %Y}"
    return Settings(title=title, about=ABOUT, seed=seed)


def _add(campaign: Campaign, chosen: list[int], actor: User) -> int:
    try:
        added = campaign_items.add(campaign=campaign, responses=Response.objects.all(), actor=actor, only=chosen)
    except ItemProblem as problem:
        raise SampleProblem(str(problem)) from problem
    return added.new
