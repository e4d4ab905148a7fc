"""A preference set made of people's answers: how many pairs they come to, seen before it is made."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from annotations import tasks
from annotations.access import AUTHORS, for_roles
from annotations.campaign_access import campaigns, closed_campaigns
from annotations.core.rated_pairs import NAMES, WORDS
from annotations.forms.preference_people import CampaignsForm, PeopleForm
from annotations.models import Campaign, User
from annotations.models.campaigns import CLOSED
from annotations.models.people import ADMIN
from annotations.queries import rated_responses
from annotations.services import human_pairs
from annotations.web import refused

PAGE = "annotations/preference_people.html"


class Line(NamedTuple):
    """A campaign among those that are counted."""

    campaign: Campaign
    responses: int
    settled: int


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*AUTHORS, ADMIN)
def preference_people(request: HttpRequest) -> HttpResponse:
    """The closed campaigns the person reads; of those chosen, what they come to; then the set is made."""
    if request.method == "POST":
        return _made(request)
    user = cast(User, request.user)
    choice = CampaignsForm(user, request.GET if "campaigns" in request.GET else None)
    if choice.is_bound and not choice.is_valid():
        return refused(request, PAGE, _context(user, choice, ()))
    return render(request, PAGE, _context(user, choice, _chosen(choice)))


def _made(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = PeopleForm(user, request.POST)
    row = form.save() if form.is_valid() else None
    if row is None:
        choice = CampaignsForm(user, request.POST)
        return refused(request, PAGE, _context(user, choice, _chosen(choice), form))
    tasks.begin(row, quick=human_pairs.is_quick(row))
    return redirect("annotations:preference-detail", row.pk)


def _chosen(choice: CampaignsForm) -> Sequence[Campaign]:
    return list(choice.cleaned_data["campaigns"]) if choice.is_bound and choice.is_valid() else []


def _context(
    user: User, choice: CampaignsForm, chosen: Sequence[Campaign], form: PeopleForm | None = None
) -> dict[str, Any]:
    there = closed_campaigns(user).select_related("organisation")
    context = {
        "choice": choice,
        "campaigns": there,
        "picked": {campaign.pk for campaign in chosen},
        "running": campaigns(user).exclude(state=CLOSED).exclude(opened_at=None).count(),
        "form": form,
    }
    return context | (_counted(user, chosen, form) if chosen else {})


def _counted(user: User, chosen: Sequence[Campaign], form: PeopleForm | None) -> dict[str, Any]:
    numbers = [campaign.pk for campaign in chosen]
    by_number = {campaign.pk: campaign for campaign in chosen}
    found = human_pairs.census(numbers)
    return {
        "census": found,
        "skipped": [(NAMES[reason], amount) for reason, amount in found.skipped.items()],
        "reasons": [(WORDS[reason], amount) for reason, amount in found.skipped.items()],
        "lines": [Line(by_number[number], *counts) for number, *counts in rated_responses.parts(numbers)],
        "benchmarks": rated_responses.benchmarks(numbers),
        "form": form or PeopleForm(user),
    }
