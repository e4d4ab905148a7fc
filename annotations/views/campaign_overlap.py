"""How many ratings the items of a campaign get: what another number would do, and doing it."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from annotations.access import for_roles
from annotations.campaign_access import campaign_for_lead
from annotations.forms.campaigns import OverlapForm
from annotations.models import Campaign, User
from annotations.models.people import ADMIN, LEAD, REVIEWER
from annotations.queries.campaign_overlap import effect
from annotations.web import page_or_fragment, refused

PAGE, EFFECT = "annotations/campaign_overlap.html", "annotations/_campaign_effect.html"


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(LEAD, REVIEWER, ADMIN)
def campaign_overlap(request: HttpRequest, pk: int) -> HttpResponse:
    """What `?overlap=` and `?overlap_share=` would do; posted, they are so."""
    person = cast(User, request.user)
    campaign = campaign_for_lead(person, pk)
    if request.method != "POST":
        form = OverlapForm(campaign, request.GET if "overlap" in request.GET else None)
        answer = page_or_fragment(request, PAGE, EFFECT, _page(campaign, form))
        answer.status_code = 422 if form.errors else 200
        return answer
    form = OverlapForm(campaign, request.POST)
    made = form.save(person) if form.is_valid() else None
    if made is None:
        return refused(request, PAGE, _page(campaign, form))
    messages.success(request, f"{made:,} slot{'' if made == 1 else 's'} opened. Every answer and every hold stays.")
    return redirect("annotations:campaign-detail", pk)


def _page(campaign: Campaign, form: OverlapForm) -> dict[str, Any]:
    """The page with what the numbers of the form would do; with wrong numbers, without."""
    fields = ("overlap", "overlap_share")
    wanted = form.cleaned_data if form.is_bound and not form.errors else form.initial
    known = not (form.is_bound and any(form.errors.get(name) for name in fields))
    return {
        "campaign": campaign,
        "form": form,
        "wanted": wanted,
        "effect": effect(campaign, *(wanted[name] for name in fields)) if known else None,
    }
