"""A rater's own pages: the campaigns they rate in, what one holds before they begin it, and what is theirs in it."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import campaign_access as access
from annotations.access import RATERS, for_roles
from annotations.forms.wellbeing import ChoicesForm
from annotations.models import Enrolment, User
from annotations.models import campaigns as states
from annotations.queries import rate_list as lists
from annotations.queries import wellbeing as queries
from annotations.services import slots
from annotations.services import wellbeing as care
from annotations.web import refused

LIST, START, MINE = (f"annotations/{name}.html" for name in ("rate_list", "rate_start", "rate_mine"))
RESTED = "You have had a break: items about harmful subjects in a row are counted anew."


@require_safe
@for_roles(*RATERS)
def rate_list_page(request: HttpRequest) -> HttpResponse:
    """The campaigns the person rates in, what each asks and holds, and how far they are."""
    places = lists.places(access.enrolments(cast(User, request.user)))
    return render(request, LIST, {"places": places})


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*RATERS)
def rate_start(request: HttpRequest, pk: int) -> HttpResponse:
    """What the campaign holds and keeps, before anything of it is shown; accepted with the person's own choices."""
    enrolment = _enrolment(request, pk)
    if request.method != "POST":
        return render(request, START, _start(enrolment))
    form = ChoicesForm(request.POST)
    if not form.is_valid():
        return refused(request, START, _start(enrolment, form))
    choose = care.change if enrolment.accepted_at else care.accept
    try:
        choose(enrolment, **form.as_chosen())
    except (care.CareProblem, slots.Conflict) as problem:
        return refused(request, START, _start(enrolment, form) | {"problem": str(problem)})
    if enrolment.accepted_at is None:
        return redirect("annotations:rate", pk)
    messages.success(request, gettext("Your choices are saved. They hold from the next item on."))
    return redirect("annotations:rate-start", pk)


def _start(enrolment: Enrolment, form: ChoicesForm | None = None) -> dict[str, Any]:
    campaign, queue = enrolment.campaign, queries.queue(enrolment.campaign)
    declined = form["declined"].value() or [] if form else enrolment.declined
    return {
        "enrolment": enrolment,
        "campaign": campaign,
        "closed": campaign.state == states.CLOSED,
        "quota": enrolment.quota or campaign.quota,
        "queue": queue,
        "present": [one for one in queue.shares if one.items],
        "absent": [one for one in queue.shares if not one.items],
        "left": queue.left(declined),
        "declined": declined,
        "folds": bool(form["folds"].value()) if form else enrolment.folds,
        "form": form,
        "guideline": campaign.guidelines.order_by("-number").first(),
    }


@require_POST
@for_roles(*RATERS)
def rate_rest(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The person has had a break."""
    slots.rest(_enrolment(request, pk))
    if _wants_json(request):
        return JsonResponse({"rested": True, "words": RESTED})
    messages.info(request, RESTED)
    return redirect("annotations:rate", pk)


@require_POST
@for_roles(*RATERS)
def rate_leave(request: HttpRequest, pk: int) -> HttpResponseBase:
    """What the person holds goes back, and they to their list."""
    released = slots.release(_enrolment(request, pk))
    if _wants_json(request):
        return JsonResponse({"released": released})
    return redirect("annotations:rate-list")


def _wants_json(request: HttpRequest) -> bool:
    return "application/json" in (request.content_type or "", request.headers.get("Accept", ""))


@require_safe
@for_roles(*RATERS)
def rate_mine(request: HttpRequest, pk: int) -> HttpResponse:
    """What is the person's own in the campaign: answers, what they read, flags, and what they passed on."""
    enrolment = _enrolment(request, pk)
    closed = enrolment.campaign.state == states.CLOSED
    context = {
        "enrolment": enrolment,
        "campaign": enrolment.campaign,
        "closed": closed,
        "quota": enrolment.quota or enrolment.campaign.quota,
        "work": queries.work(enrolment),
        "exposure": queries.exposure(enrolment),
        "bounds": queries.bounds(enrolment),
        "flags": [(queries.outside_name(one), one) for one in queries.flags(enrolment)],
        "skips": [(queries.outside_name(one), one) for one in queries.skips(enrolment)],
        "accuracy": queries.accuracy(enrolment) if closed else None,
    }
    return render(request, MINE, context)


@require_POST
@for_roles(*RATERS)
def rate_again(request: HttpRequest, pk: int) -> HttpResponse:
    """An item the person passed on may come to them again."""
    enrolment = _enrolment(request, pk)
    skip = queries.of_name(queries.skips(enrolment), request.POST.get("skip", ""))
    try:
        if skip is None:
            raise care.CareProblem(care.GONE)
        care.offer_again(enrolment, skip=skip)
    except care.CareProblem as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, gettext("It comes to you again if it still needs an answer."))
    return redirect("annotations:rate-mine", pk)


@require_POST
@for_roles(*RATERS)
def rate_read(request: HttpRequest, pk: int) -> HttpResponse:
    """The person has read the lead's answer to a flag of theirs."""
    enrolment = _enrolment(request, pk)
    if flag := queries.of_name(queries.flags(enrolment), request.POST.get("flag", "")):
        care.mark_read(enrolment, flag=flag)
    return redirect("annotations:rate-mine", pk)


def _enrolment(request: HttpRequest, pk: int) -> Enrolment:
    return access.enrolment_for_rater(cast(User, request.user), pk)
