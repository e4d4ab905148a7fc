"""How the people of a campaign fare, summed up, and what they want the lead to know."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from annotations import access
from annotations import campaign_access as campaigns
from annotations.access import for_roles
from annotations.forms.wellbeing import FlagAnswerForm
from annotations.models import Campaign, Flag, User
from annotations.models.people import ADMIN, LEAD, REVIEWER
from annotations.queries import wellbeing
from annotations.queries import wellbeing_campaign as queries
from annotations.services import wellbeing as care
from annotations.web import paged, refused

WELLBEING, FLAGS = "annotations/campaign_wellbeing.html", "annotations/flag_list.html"


@require_safe
@for_roles(LEAD, REVIEWER, ADMIN)
def campaign_wellbeing(request: HttpRequest, pk: int) -> HttpResponse:
    """What the people of the campaign read, passed on and rested, as sums over no fewer than three of them."""
    user = cast(User, request.user)
    campaign = campaigns.campaign_for_reader(user, pk)
    context = {
        "campaign": campaign,
        "leads": access.leads(user, campaign.organisation_id),
        "begun": queries.begun(campaign),
        "not_begun": queries.not_begun(campaign),
        "fewest": queries.FEWEST,
        "queue": wellbeing.queue(campaign),
        "care": queries.care(campaign),
        "passed_on": queries.passed_on(campaign),
    }
    return render(request, WELLBEING, context)


@require_safe
@for_roles(LEAD, REVIEWER, ADMIN)
def flag_list(request: HttpRequest, pk: int) -> HttpResponse:
    """What raters flagged, the unanswered first, each with its answer or room for one."""
    campaign = campaigns.campaign_for_reader(cast(User, request.user), pk)
    return render(request, FLAGS, _flags(request, campaign))


@require_POST
@for_roles(LEAD, REVIEWER, ADMIN)
def flag_answer(request: HttpRequest, pk: int, flag: int) -> HttpResponse:
    """The lead's answer to a flag is stored, and its rater reads it."""
    user = cast(User, request.user)
    campaign = campaigns.campaign_for_lead(user, pk)
    row = get_object_or_404(Flag, pk=flag, item__campaign=campaign)
    form = FlagAnswerForm(request.POST, prefix=f"flag-{row.pk}")
    if not form.is_valid():
        return refused(request, FLAGS, _flags(request, campaign, form, row))
    try:
        care.answer_flag(flag=row, actor=user, text=form.cleaned_data["answer"])
    except care.CareProblem as problem:
        return refused(request, FLAGS, _flags(request, campaign, form, row) | {"problem": str(problem)})
    return redirect("annotations:flag-list", campaign.pk)


def _flags(
    request: HttpRequest, campaign: Campaign, form: FlagAnswerForm | None = None, wrong: Flag | None = None
) -> dict[str, Any]:
    """Each flag of the page with its form; the one that was refused first, with what was typed."""
    leads = access.leads(cast(User, request.user), campaign.organisation_id)
    page = paged(request, queries.flags(campaign))
    rows = [
        (one, form if wrong and one.pk == wrong.pk else FlagAnswerForm(prefix=f"flag-{one.pk}"))
        for one in page.object_list
    ]
    if wrong and wrong.pk not in {one.pk for one, _ in rows}:
        rows.insert(0, (queries.flags(campaign).get(pk=wrong.pk), form))
    waiting = queries.unanswered(campaign)
    return {"campaign": campaign, "leads": leads, "page": page, "rows": rows, "waiting": waiting}
