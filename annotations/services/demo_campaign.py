"""A campaign of the demo, to try at once: open, with practice and gold items, and two people who have not begun."""

import tomllib
from typing import Any

from django.db import transaction

from annotations.campaign_access import possible_raters
from annotations.core import folder
from annotations.core.gold import Gold
from annotations.models import Benchmark, Campaign, Prompt, Response, User
from annotations.queries.campaigns import missing
from annotations.services import campaign_gold, campaign_items, campaigns, enrolments, guidelines
from annotations.services.campaigns import Settings

SOURCE = "demo responses"
LEAD, RATERS = "lea", ("carol", "dan")


@transaction.atomic
def load(benchmark: Benchmark) -> Campaign:
    """The demo campaign over hand-written responses to prompts of the benchmark. One that is there stays as it is."""
    data = tomllib.loads(folder.text("annotations.data.campaigns", "demo.toml"))
    there = Campaign.objects.filter(items__response__source=SOURCE).order_by("pk").first()
    return there or _make(benchmark, data, User.objects.get(username=LEAD))


def _make(benchmark: Benchmark, data: dict[str, Any], lead: User) -> Campaign:
    campaign = campaigns.create(
        organisation=benchmark.organisation,
        settings=Settings(**{name: data[name] for name in ("title", "about", "support_contact", "seed")}),
        overlap=data["overlap"],
        guideline=guidelines.default(),
        actor=lead,
    )
    made = Response.objects.bulk_create(_response(benchmark, one) for one in data["responses"])
    ids = [response.pk for response in made]
    campaign_items.add(campaign=campaign, responses=Response.objects.filter(pk__in=ids), actor=lead)
    for response, one in zip(made, data["responses"], strict=True):
        if "gold" in one:
            item = campaign.items.get(response=response)
            campaign_gold.set_gold(item=item, gold=Gold(**one["gold"]), actor=lead)
    people = possible_raters(campaign.organisation_id).filter(username__in=RATERS)
    enrolments.add(campaign=campaign, people=people, actor=lead)
    return campaign if missing(campaign) else campaigns.open(campaign=campaign, actor=lead)


def _response(benchmark: Benchmark, one: dict[str, Any]) -> Response:
    prompts = Prompt.objects.filter(benchmark=benchmark, config__slug=one["config"], previous=None)
    prompt = prompts.select_related("config").get(text__startswith=one["prompt"])
    version = prompt.config.versions.get(number=1)
    return Response(prompt=prompt, version=version, source=SOURCE, text=one["text"].strip())
