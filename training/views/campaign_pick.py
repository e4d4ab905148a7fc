"""Responses of runs into a campaign: which match, how many that would be, and adding them."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from annotations.access import for_roles
from annotations.campaign_access import campaign_for_lead
from annotations.models import User
from annotations.models.people import ADMIN, LEAD, REVIEWER
from annotations.services.campaign_items import Added
from annotations.web import page_or_fragment, refused
from training.forms.campaign_pick import PickForm

PAGE, LOOK = "training/campaign_pick.html", "training/_campaign_pick_look.html"


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(LEAD, REVIEWER, ADMIN)
def campaign_pick(request: HttpRequest, pk: int) -> HttpResponse:
    """The choice with what it comes to, which htmx asks for at each change; posted, the responses become items."""
    user = cast(User, request.user)
    campaign = campaign_for_lead(user, pk)
    form = PickForm(campaign, user, request.POST if request.method == "POST" else request.GET or None)
    context: dict[str, Any] = {"campaign": campaign, "form": form, "look": None}
    if request.method != "POST" or "do" in request.POST:
        context["look"] = form.look() if form.is_bound and form.is_valid() else None
        return page_or_fragment(request, PAGE, LOOK, context)
    added = form.add(user) if form.is_valid() else None
    if added is None:
        return refused(request, PAGE, context)
    messages.success(request, _words(added))
    return redirect("annotations:campaign-items", pk)


def _words(added: Added) -> str:
    said = f"{added.new:,} response{'' if added.new == 1 else 's'} added."
    if added.naming:
        said += f" {added.naming:,} of them name{'s' if added.naming == 1 else ''} the model: these stand first."
    return said
