"""The people of a campaign: who rates in it, how much, and which items one of them alone gets."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import access
from annotations.access import for_roles
from annotations.campaign_access import campaign_for_lead, campaign_for_reader, place_for_lead
from annotations.core.storable import whole_number
from annotations.forms.campaign_people import AddForm, AssignForm, GroupChoice, QuotaForm
from annotations.models import Campaign, Enrolment, User
from annotations.models.campaigns import CLOSED
from annotations.models.people import ADMIN, LEAD, REVIEWER
from annotations.queries import campaign_people as queries
from annotations.services import enrolments, groups
from annotations.services.enrolments import MOST_ASSIGNED, EnrolmentProblem
from annotations.services.groups import GroupProblem
from annotations.web import paged, refused

PAGE, ONE = "annotations/campaign_people.html", "annotations/campaign_people_one.html"


@require_safe
@for_roles(LEAD, REVIEWER, ADMIN)
def campaign_people(request: HttpRequest, pk: int) -> HttpResponse:
    """Who rates in the campaign."""
    campaign = campaign_for_reader(cast(User, request.user), pk)
    return render(request, PAGE, _page(request, campaign, AddForm(campaign)))


def _page(request: HttpRequest, campaign: Campaign, form: AddForm) -> dict[str, Any]:
    may = campaign.state != CLOSED and access.leads(cast(User, request.user), campaign.organisation_id)
    page = paged(request, queries.enrolled(campaign), size=100)
    return {
        "campaign": campaign,
        "page": page,
        "places": queries.places(campaign, page),
        "groups": queries.groups_of(campaign),
        "form": form,
        "chosen": form.ticked,
        "may_change": may,
        **({"possible": queries.possible(campaign), "others": queries.other_groups(campaign)} if may else {}),
    }


@require_POST
@for_roles(LEAD, REVIEWER, ADMIN)
def enrolment_add(request: HttpRequest, pk: int) -> HttpResponse:
    """People, or a group, get places in the campaign; or a group leaves it with the places that came by it."""
    user = cast(User, request.user)
    campaign = campaign_for_lead(user, pk)
    if "group" in request.POST:
        return _add_group(request, campaign, user)
    if "drop" in request.POST:
        return _drop_group(request, campaign, user)
    form = AddForm(campaign, request.POST)
    if not form.is_valid():
        return refused(request, PAGE, _page(request, campaign, form))
    try:
        made = enrolments.add(campaign=campaign, actor=user, **form.cleaned_data)
    except EnrolmentProblem as problem:
        form.add_error(None, str(problem))
        return refused(request, PAGE, _page(request, campaign, form))
    messages.success(request, _added(len(made)))
    return redirect("annotations:campaign-people", pk)


def _added(number: int) -> str:
    return f"{number:,} {'person has' if number == 1 else 'people have'} a place now."


def _add_group(request: HttpRequest, campaign: Campaign, user: User) -> HttpResponse:
    form = GroupChoice(campaign, request.POST)
    if not form.is_valid():
        messages.error(request, gettext("Choose a group of the list."))
        return redirect("annotations:campaign-people", campaign.pk)
    group = form.cleaned_data["group"]

    def attach() -> str:
        return f"{group}: {_added(groups.attach(campaign=campaign, group=group, actor=user))}"

    return _done(request, campaign.pk, attach)


def _drop_group(request: HttpRequest, campaign: Campaign, user: User) -> HttpResponse:
    group = access.one_or_404(campaign.groups.all(), pk=whole_number(request.POST["drop"]) or 0)

    def detach() -> str:
        groups.detach(campaign=campaign, group=group, actor=user)
        return f"{group} is out of the campaign, with the places that came by it. What they answered stays."

    return _done(request, campaign.pk, detach)


def _done(request: HttpRequest, pk: int, do: Callable[[], str], place: int | None = None) -> HttpResponse:
    """What was to be done is done, or the reason why not is told; then the page of everybody, or of the one place."""
    try:
        messages.success(request, do())
    except (EnrolmentProblem, GroupProblem) as problem:
        messages.error(request, str(problem))
    return _to(pk, place)


def _to(pk: int, place: int | None) -> HttpResponse:
    return redirect("annotations:enrolment-edit", pk, place) if place else redirect("annotations:campaign-people", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(LEAD, REVIEWER, ADMIN)
def enrolment_edit(request: HttpRequest, pk: int, enrolment: int) -> HttpResponse:
    """One person's place and what can be changed about it. Posted, another quota; or they pause, or go on."""
    user = cast(User, request.user)
    row = place_for_lead(user, pk, enrolment)
    if request.method != "POST":
        if row.removed_at:
            messages.error(request, enrolments.GONE)
            return redirect("annotations:campaign-people", pk)
        context = {"campaign": row.campaign, "place": queries.places(row.campaign, [row])[0]}
        return render(request, ONE, context | {"may_change": row.campaign.state != CLOSED, "most": MOST_ASSIGNED})
    moves = {
        "pause": (enrolments.pause, f"{row.rater} is handed nothing more until you let them go on."),
        "go-on": (enrolments.go_on, f"{row.rater} is handed items again."),
    }
    if (do := request.POST.get("do", "")) in moves:
        move, said = moves[do]
        return _done(request, pk, lambda: move(enrolment=row, actor=user) or said, row.pk)
    form = QuotaForm(request.POST)
    if "quota" not in request.POST or not form.is_valid():
        messages.error(
            request, gettext("A quota is a whole number from 1, or empty for the campaign's own. Nothing changed.")
        )
        return _to(pk, row.pk)
    return _done(request, pk, lambda: _set_quota(row, form.cleaned_data["quota"], user), row.pk)


def _set_quota(row: Enrolment, quota: int | None, user: User) -> str:
    enrolments.set_quota(enrolment=row, quota=quota, actor=user)
    return f"{row.rater}: {f'{quota:,} responses' if quota else 'as many as the campaign says'}."


@require_POST
@for_roles(LEAD, REVIEWER, ADMIN)
def enrolment_remove(request: HttpRequest, pk: int, enrolment: int) -> HttpResponse:
    """A person leaves the campaign; what they hold goes to others, what they answered stays."""
    user = cast(User, request.user)
    row = place_for_lead(user, pk, enrolment)

    def remove() -> str:
        enrolments.remove(enrolment=row, actor=user)
        return f"{row.rater} is out of the campaign. What they answered stays, what they held goes to others."

    return _done(request, pk, remove)


@require_POST
@for_roles(LEAD, REVIEWER, ADMIN)
def enrolment_assign(request: HttpRequest, pk: int, enrolment: int) -> HttpResponse:
    """Items are kept for one person alone, or go back to everybody."""
    user = cast(User, request.user)
    row = place_for_lead(user, pk, enrolment)
    if request.POST.get("do") == "release":
        return _done(request, pk, lambda: _released(row, user), row.pk)
    form = AssignForm(request.POST)
    if not form.is_valid():
        messages.error(request, gettext("Say how many items are kept for this person: a whole number from 1."))
        return _to(pk, row.pk)
    return _done(request, pk, lambda: _assigned(row, form.cleaned_data["number"], user), row.pk)


def _released(row: Enrolment, user: User) -> str:
    number = enrolments.unassign(enrolment=row, actor=user)
    return f"{number:,} item{'' if number == 1 else 's'} kept for {row.rater} went back to everybody."


def _assigned(row: Enrolment, number: int, user: User) -> str:
    kept = enrolments.assign(enrolment=row, number=number, actor=user)
    short = "" if kept == number else f" There are no more that {row.rater} has not had and nobody else has."
    number_of = "1 item is" if kept == 1 else f"{kept:,} items are"
    return f"{number_of} kept for {row.rater}: nobody else gets these places.{short}"
