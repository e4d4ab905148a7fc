"""A campaign's results: what people say of each candidate, and how judges stand against them."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotations.access import WATCHERS, for_roles
from annotations.campaign_access import campaign_for_reader
from annotations.charts import ticks
from annotations.models import User
from annotations.models.people import LEAD
from annotations.queries.kept import Later
from annotations.web import waits
from training import human_charts as charts
from training import human_queries as queries

PAGE = "training/campaign_results.html"


@require_safe
@for_roles(LEAD, *WATCHERS)
def campaign_results(request: HttpRequest, pk: int) -> HttpResponse:
    """People's CoSA-Score of each candidate and config, judges on the same items, and each judge against people.

    The figures of many answers come after the page, unless they are known.
    """
    user = cast(User, request.user)
    campaign = campaign_for_reader(user, pk)
    try:
        found = queries.results(campaign, wait=waits(request))
    except Later:
        return render(request, PAGE, {"campaign": campaign, "later": True})
    names = queries.names(campaign, found)
    context = {
        "campaign": campaign,
        "answers": found.answers,
        "cards": charts.cards(campaign, found, names),
        "checks": charts.check_cards(campaign, found, names),
        "beside": charts.beside(found, names),
        "ticks": ticks(),
        "lineage": charts.lineage(campaign, found, names, user),
    }
    return render(request, PAGE, context)
