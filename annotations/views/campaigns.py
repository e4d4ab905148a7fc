"""Campaigns for those who lead or read them: the list, one with how it stands, its form, and its states."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import trigger_client_event

from annotations import access, campaign_access
from annotations.access import for_roles
from annotations.campaign_access import campaign_for_lead, campaign_for_reader
from annotations.forms.campaigns import CampaignForm
from annotations.lines import progress
from annotations.models import Campaign, User
from annotations.models.campaigns import CLOSED, DRAFT, OPEN, PAUSED
from annotations.models.people import ADMIN, LEAD, REVIEWER
from annotations.queries import campaigns as queries
from annotations.queries.campaign_days import days
from annotations.queries.campaign_overlap import MOST_SHOWN
from annotations.services import campaigns
from annotations.web import page_or_fragment, paged, refused, wants_fragment

FORM = "annotations/campaign_form.html"
PAGE, LIVE = "annotations/campaign_detail.html", "annotations/_campaign_live.html"
UNSURE = "Say that nobody is to be handed anything more, then close."


@require_safe
@for_roles(LEAD, REVIEWER, ADMIN)
def campaign_list(request: HttpRequest) -> HttpResponse:
    """Every campaign whose answers the person may read, newest first."""
    user = cast(User, request.user)
    page = paged(request, campaign_access.campaigns(user).order_by("-pk"), size=25)
    context = {"page": page, "rows": queries.listed(list(page)), "may_make": LEAD in access.roles(user)}
    return render(request, "annotations/campaign_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(LEAD)
def campaign_new(request: HttpRequest) -> HttpResponse:
    """A new campaign, a draft; its items are chosen next."""
    person = cast(User, request.user)
    if request.method != "POST":
        return render(request, FORM, {"form": CampaignForm(person)})
    form = CampaignForm(person, request.POST)
    made = form.save(person) if form.is_valid() else None
    if made is None:
        return refused(request, FORM, {"form": form})
    messages.success(
        request,
        gettext("%(value)s is made. What it needs before it can open stands below.") % {"value": made.title[:80]},
    )
    return redirect("annotations:campaign-detail", made.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(LEAD, REVIEWER, ADMIN)
def campaign_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The settings of a campaign that is not closed."""
    person = cast(User, request.user)
    campaign = campaign_for_lead(person, pk)
    if campaign.state == CLOSED:
        messages.error(request, campaigns.IS_CLOSED)
        return redirect("annotations:campaign-detail", pk)
    if request.method != "POST":
        return render(request, FORM, {"campaign": campaign, "form": CampaignForm(person, campaign=campaign)})
    form = CampaignForm(person, request.POST, campaign=campaign)
    if not (form.is_valid() and form.save(person)):
        return refused(request, FORM, {"campaign": campaign, "form": form})
    messages.success(request, gettext("%(value)s is saved.") % {"value": campaign.title[:80]})
    return redirect("annotations:campaign-detail", pk)


@require_safe
@for_roles(LEAD, REVIEWER, ADMIN)
def campaign_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How a campaign stands. htmx asks for the part that moves; the actions come along when its state has changed."""
    user = cast(User, request.user)
    campaign = campaign_for_reader(user, pk)
    context = _standing(request, campaign)
    if not wants_fragment(request):
        context |= _settings(campaign)
    answer = page_or_fragment(request, PAGE, LIVE, context)
    return trigger_client_event(answer, "campaign-moved") if context["moved"] else answer


def _standing(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    return {
        "campaign": campaign,
        "standing": queries.standing(campaign),
        "people": queries.people(campaign),
        "held": queries.held(campaign),
        "in_hand": (hands := queries.in_hand(campaign)),
        "moves": campaign.state in (OPEN, PAUSED) or hands.number > 0,
        "skips": queries.skips(campaign),
        "missing": queries.missing(campaign) if campaign.state == DRAFT else [],
        "moved": request.GET.get("known", campaign.state) != campaign.state,
        "may_lead": access.leads(cast(User, request.user), campaign.organisation_id),
    }


def _settings(campaign: Campaign) -> dict[str, Any]:
    several, found = queries.several(campaign), days(campaign)
    return {
        "days": found,
        "progress": progress(found.rows, found.asked, found.pace.ends) if found else None,
        "guideline": campaign.guidelines.defer("text").order_by("-number").first(),
        "several": several.count(),
        "ids": list(several.order_by("pk").values_list("pk", flat=True)[:MOST_SHOWN]),
    }


@require_POST
@for_roles(LEAD, REVIEWER, ADMIN)
def campaign_open(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft opens, a paused campaign goes on."""
    campaign = campaign_for_lead(cast(User, request.user), pk)
    move = campaigns.open if campaign.state == DRAFT else campaigns.resume
    return _moved(request, campaign, move, "is open: its raters are handed items from now on")


@require_POST
@for_roles(LEAD, REVIEWER, ADMIN)
def campaign_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Nobody is handed anything more until it goes on."""
    campaign = campaign_for_lead(cast(User, request.user), pk)
    return _moved(request, campaign, campaigns.pause, "is paused; what raters have in hand may still be sent")


def _moved(request: HttpRequest, campaign: Campaign, move: Callable[..., Campaign], said: str) -> HttpResponse:
    try:
        move(campaign=campaign, actor=cast(User, request.user))
    except campaigns.CampaignProblem as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, f"{campaign.title[:80]} {said}.")
    return redirect("annotations:campaign-detail", campaign.pk)


@require_POST
@for_roles(LEAD, REVIEWER, ADMIN)
def campaign_close(request: HttpRequest, pk: int) -> HttpResponse:
    """The campaign ends for good; a box says that the person means it."""
    person = cast(User, request.user)
    campaign = campaign_for_lead(person, pk)
    if not request.POST.get("sure"):
        context = _standing(request, campaign) | _settings(campaign)
        return refused(request, PAGE, context | {"unsure": UNSURE})
    try:
        left = campaigns.close(campaign=campaign, actor=person)
    except campaigns.CampaignProblem as problem:
        messages.error(request, str(problem))
    else:
        messages.success(
            request, gettext("%(value)s is closed. %(left)s") % {"value": campaign.title[:80], "left": _taken(left)}
        )
    return redirect("annotations:campaign-detail", pk)


def _taken(left: queries.InHand) -> str:
    """What becomes of the answers still in hand, in a sentence."""
    if left.until is None:
        return gettext("Nobody had an item in hand.")
    held = ngettext(
        "%(number)s item is still in hand: the answers are taken until %(until)s at the latest.",
        "%(number)s items are still in hand: the answers are taken until %(until)s at the latest.",
        left.number,
    )
    return held % {"number": left.number, "until": f"{timezone.localtime(left.until):%H:%M}"}
