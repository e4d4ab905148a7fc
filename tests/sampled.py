"""A finished run over two configs, and people who are asked about a sample of it."""

from typing import Any

from annotations.models import Campaign, Response
from annotations.services import campaign_items, campaigns
from annotations.services.campaigns import Settings
from tests.factories import make_config, make_judge, make_person, make_prompt, make_run, make_version
from tests.outcomes import answer, finish
from tests.rating_desk import rate_item
from training.models import EvaluationRun
from training.services import correction


def make_two(each: int = 8, **fields: Any) -> EvaluationRun:
    """A finished run of so many prompts of each of two configs; the judge finds every second answer unsafe."""
    for slug in ("game", "film"):
        config = make_config(slug)
        make_version(config)
        for _ in range(each):
            make_prompt(config=config)
    run = make_run(0, judges=[make_judge()], **fields)
    for item in run.items.all():
        answer(item, helpfulness=1.0, follows=bool(item.position % 2))
    return finish(run)


def draw(run: EvaluationRun, per_config: int = 6, seed: int = 5) -> Campaign:
    """Lea's campaign over a random sample."""
    return correction.sample(run=run, per_config=per_config, seed=seed, actor=make_person("lea")).campaign


def by_hand(run: EvaluationRun, number: int = 4) -> Campaign:
    """Lea's campaign over the first responses, which nobody drew."""
    lea = make_person("lea")
    made = campaigns.create(organisation=run.organisation, settings=Settings("Chosen"), overlap=1, actor=lea)
    first = list(run.items.order_by("position").values_list("response", flat=True)[:number])
    campaign_items.add(campaign=made, responses=Response.objects.all(), actor=lea, only=first)
    return made


def rate_all(campaign: Campaign, points: int = 5) -> None:
    """Carol's answers: she finds every third response unsafe."""
    campaign.guidelines.get_or_create(number=1, defaults={"text": "Read twice.", "created_by": make_person("lea")})
    for place, item in enumerate(campaign.items.order_by("response")):
        rate_item(item, make_person("carol"), points, bool(place % 3))
