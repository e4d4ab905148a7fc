"""The guideline of a campaign: its versions, one of them against another, and the next."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from annotations.access import for_roles, leads, one_or_404
from annotations.campaign_access import campaign_for_lead, campaign_for_reader
from annotations.core import word_diff
from annotations.core.storable import whole_number
from annotations.forms.campaigns import GuidelineForm
from annotations.models import User
from annotations.models.people import ADMIN, LEAD, REVIEWER
from annotations.queries import guidelines as queries
from annotations.web import refused

FORM = "annotations/guideline_form.html"


@require_safe
@for_roles(LEAD, REVIEWER, ADMIN)
def guideline_list(request: HttpRequest, pk: int) -> HttpResponse:
    """The newest version, and every earlier one with how many answers were given by it."""
    user = cast(User, request.user)
    campaign = campaign_for_reader(user, pk)
    versions = list(queries.versions(campaign))
    context = {
        "campaign": campaign,
        "versions": versions,
        "newest": campaign.guidelines.order_by("-number").first(),
        "causes": queries.causes(campaign),
        "may_lead": leads(user, campaign.organisation_id),
    }
    return render(request, "annotations/guideline_list.html", context)


@require_safe
@for_roles(LEAD, REVIEWER, ADMIN)
def guideline_detail(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One version as raters read it, and what changed `?against=` another one, by default the one before it."""
    campaign = campaign_for_reader(cast(User, request.user), pk)
    version = one_or_404(queries.versions(campaign, texts=True), number=number)
    asked = whole_number(request.GET.get("against", ""))
    wanted = campaign.guidelines.filter(number=number - 1 if asked is None else asked)
    against = wanted.exclude(pk=version.pk).first()
    context = {
        "campaign": campaign,
        "version": version,
        "against": against,
        "numbers": [one.number for one in queries.versions(campaign)],
        "pieces": word_diff.words(against.text, version.text) if against else (),
    }
    return render(request, "annotations/guideline_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(LEAD, REVIEWER, ADMIN)
def guideline_new(request: HttpRequest, pk: int) -> HttpResponse:
    """The next version, written over the newest one, beside what made raters differ."""
    person = cast(User, request.user)
    campaign = campaign_for_lead(person, pk)
    form = GuidelineForm(campaign, request.POST if request.method == "POST" else None)
    made = form.save(person) if form.is_bound and form.is_valid() else None
    if made is None:
        context = {"campaign": campaign, "form": form, "causes": queries.causes(campaign)}
        return refused(request, FORM, context) if form.is_bound else render(request, FORM, context)
    messages.success(
        request,
        gettext("Version %(number)s of the guideline holds for every item handed out from now on.")
        % {"number": made.number},
    )
    return redirect("annotations:guideline-list", pk)
