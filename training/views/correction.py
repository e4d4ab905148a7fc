"""A run's figures corrected by people: the page with its planner, and the sample it hands to a campaign."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from annotations.access import WORKERS, for_roles, leads
from annotations.charts import ticks
from annotations.models import User
from annotations.models.people import LEAD
from annotations.queries.kept import Later
from annotations.web import refused, waits
from training import access, correction
from training import correction_queries as queries
from training.forms.correction import FIRST_CORRELATION, PlanForm, SampleForm
from training.models import EvaluationRun
from training.models.runs import FINISHED

PAGE = "training/correction.html"


@require_safe
@for_roles(*WORKERS)
def run_correction(request: HttpRequest, pk: int) -> HttpResponse:
    """The score and the rates by the judge alone, by people alone, and corrected; what a narrower interval needs.

    The figures of a big run come after the page, unless they are known.
    """
    user = cast(User, request.user)
    run = access.run_for_reader(user, pk)
    context, form = _page(run, user, request.GET, wait=waits(request))
    return render(request, PAGE, context) if form is None or form.is_valid() else refused(request, PAGE, context)


@require_POST
@for_roles(LEAD)
def run_sample(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft campaign over a random sample of the run's responses."""
    user = cast(User, request.user)
    run = access.run_for_lead(user, pk)
    form = SampleForm(run, request.POST)
    made = form.sample(user) if form.is_valid() else None
    if made is None:
        return refused(request, PAGE, _page(run, user, request.GET)[0] | {"sample": form})
    number, word = made.items, "response" if made.items == 1 else "responses"
    messages.success(
        request,
        gettext("%(number)s %(word)s drawn at random. Add people and a guideline, then open the campaign.")
        % {"number": f"{number:,}", "word": word},
    )
    return redirect("annotations:campaign-detail", made.campaign.pk)


def _page(run: EvaluationRun, user: User, asked: Any, *, wait: bool = True) -> tuple[dict[str, Any], PlanForm | None]:
    campaigns = queries.held(run, user)
    counting = queries.counting(campaigns)
    context = {"run": run, "campaigns": campaigns, "counting": [one.campaign.pk for one in counting]}
    context["lineage"] = correction.lineage(run, counting)
    try:
        found = queries.found(run, campaigns, wait=wait) if run.state == FINISHED else None
    except Later:
        return context | {"later": True}, None
    if found is None:
        return context, None
    width = correction.first_width(found, FIRST_CORRELATION)
    form = PlanForm(width, correction.measured(found) is not None, asked)
    said = form.cleaned_data if form.is_valid() else {}
    by_chance = all(one.drawn for one in counting)
    planned = correction.planned(found, by_chance, said["half_width"], said.get("correlation")) if said else None
    return context | {
        "page": correction.page(run, found, queries.titles(found), planned),
        "ticks": ticks(),
        "form": form,
        "sample": SampleForm(run, per_config=planned.wanted if planned else None),
        "may_ask": leads(user, run.organisation_id),
        "by_chance": by_chance,
        "left_out": sum(one.left_out for one in counting),
    }, form
