"""How far the raters of a campaign agree, how each stands beside the rest, and other campaigns beside this one."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from annotations import access, exports, heat
from annotations import campaign_access as campaigns
from annotations.access import for_roles
from annotations.core.rater_facts import FEWEST
from annotations.models import Campaign, SafetyConfig, User
from annotations.models.campaigns import DRAFT
from annotations.models.people import ADMIN, LEAD, REVIEWER
from annotations.queries import agreement_table
from annotations.queries import rating_agreement as queries
from annotations.queries.kept import Later
from annotations.queries.rating_agreement import Comparison
from annotations.web import asked_format, taken_away, waits, wants_fragment

PAGE, OTHERS = (f"annotations/{name}.html" for name in ("campaign_agreement", "_campaign_agreement_others"))
MOST_CAMPAIGNS = 20
FORMATS = exports.choices(dataset=False)


@require_safe
@for_roles(LEAD, REVIEWER, ADMIN)
def campaign_agreement(request: HttpRequest, pk: int) -> HttpResponse:
    """The figures of the campaign, by config and by kind, and its raters; with `?others` the other campaigns too.

    The figures of many answers come after the page, unless they are known.
    """
    user = cast(User, request.user)
    campaign = campaigns.campaign_for_reader(user, pk)
    beside = campaigns.campaigns(user).filter(organisation=campaign.organisation_id).exclude(state=DRAFT)
    context: dict[str, Any] = {"campaign": campaign}
    fragment = wants_fragment(request) and not waits(request)
    if fragment or "others" in request.GET:
        context["others"] = _others(list(beside.order_by("-pk")[:MOST_CAMPAIGNS]))
    if not fragment:
        context |= _figures(campaign, wait=waits(request))
        context["more"] = beside.exclude(pk=pk).exists()
        context |= {"formats": FORMATS, "leads": access.leads(user, campaign.organisation_id)}
    return render(request, OTHERS if fragment else PAGE, context)


@require_safe
@for_roles(LEAD, REVIEWER, ADMIN)
def agreement_export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Every figure of the campaign, a row each, in the format that `?format=` names."""
    campaign = campaigns.campaign_for_reader(cast(User, request.user), pk)
    format = asked_format(request, "Agreement")
    table = exports.Table(agreement_table.COLUMNS, agreement_table.rows(campaign), f"campaign-{campaign.pk}-agreement")
    return taken_away(table, format)


def _figures(campaign: Campaign, *, wait: bool) -> dict[str, Any]:
    try:
        report = queries.report(campaign, wait=wait)
    except Later:
        return {"later": True}
    groups = _groups(report.agreements)
    parties = {
        number: heat.Party(str(number), gettext("Rater %(number)s") % {"number": number}) for number in report.beside
    }
    beside = heat.squares(parties, report.pairs, FEWEST)
    return {
        "whole": report.agreements.whole,
        "groups": groups,
        "raters": report.raters,
        "fewest": FEWEST,
        "beside": beside if heat.compared(beside) else (),
    }


def _groups(found: queries.Agreements) -> list[tuple[str, str, Comparison]]:
    """What a row is of (config or kind), its name, and its figures; configs only where there are several."""
    titles = dict(SafetyConfig.objects.filter(pk__in=found.configs).order_by("title", "pk").values_list("pk", "title"))
    configs = [("config", title, found.configs[pk]) for pk, title in titles.items()]
    kinds = [("kind", kind, one) for kind, one in found.kinds.items()]
    return [*(configs if len(configs) > 1 else []), *(kinds if len(kinds) > 1 else [])]


def _others(shown: list[Campaign]) -> list[tuple[Campaign, Comparison]]:
    figures = queries.by_campaign(shown)
    return [(campaign, figures[campaign.pk]) for campaign in shown]
