"""Groups of raters: the list, a new one, its name and its members."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from annotations import access
from annotations.access import for_roles
from annotations.campaign_access import group_for_lead, rater_groups
from annotations.core.storable import whole_number
from annotations.forms.campaign_people import GroupForm, MembersForm
from annotations.models import RaterGroup, User
from annotations.models.people import ADMIN, LEAD, REVIEWER
from annotations.queries import campaign_people as queries
from annotations.services import groups
from annotations.services.groups import GroupProblem
from annotations.web import paged, refused

NEW, EDIT = "annotations/group_new.html", "annotations/group_edit.html"


@require_safe
@for_roles(LEAD, REVIEWER, ADMIN)
def group_list(request: HttpRequest) -> HttpResponse:
    """The groups of the organisations the person leads or reads."""
    user = cast(User, request.user)
    page = paged(request, queries.listed(rater_groups(user)))
    return render(request, "annotations/group_list.html", {"page": page, "may_make": LEAD in access.roles(user)})


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(LEAD)
def group_new(request: HttpRequest) -> HttpResponse:
    """A new group; its members are chosen next."""
    user = cast(User, request.user)
    form = GroupForm(user, request.POST if request.method == "POST" else None)
    if request.method != "POST":
        form.initial = {"organisation": whole_number(request.GET.get("organisation", ""))} if request.GET else {}
        return render(request, NEW, {"form": form})
    try:
        if form.is_valid():
            made = groups.create(actor=user, **form.cleaned_data)
            return redirect("annotations:group-edit", made.pk)
    except GroupProblem as problem:
        form.add_error("name", str(problem))
    return refused(request, NEW, {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(LEAD, REVIEWER, ADMIN)
def group_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The group's name and members; posted, one thing about it changes."""
    user = cast(User, request.user)
    group = group_for_lead(user, pk)
    if request.method != "POST":
        return render(request, EDIT, _page(group, GroupForm(user, group=group), MembersForm(group)))
    if "leave" in request.POST:
        return _left(request, group, user)
    naming = "name" in request.POST
    name = GroupForm(user, request.POST if naming else None, group=group)
    join = MembersForm(group, None if naming else request.POST)
    form, change = (name, _rename) if naming else (join, _join)
    try:
        if form.is_valid():
            messages.success(request, change(group, form.cleaned_data, user))
            return redirect("annotations:group-edit", pk)
    except GroupProblem as problem:
        form.add_error("name" if naming else "people", str(problem))
    return refused(request, EDIT, _page(group, name, join))


def _page(group: RaterGroup, name: GroupForm, join: MembersForm) -> dict[str, Any]:
    members = group.members.order_by("first_name", "last_name", "username")
    campaigns = group.campaigns.order_by("-pk")
    outside = queries.outside(group)
    chosen = join.ticked
    return {
        "group": group,
        "members": members,
        "campaigns": campaigns,
        "outside": outside,
        "name_form": name,
        "form": join,
        "chosen": chosen,
    }


def _rename(group: RaterGroup, said: dict[str, Any], user: User) -> str:
    return f"The group is called {groups.rename(group=group, name=said['name'], actor=user)}."


def _join(group: RaterGroup, said: dict[str, Any], user: User) -> str:
    number = groups.add_members(group=group, people=said["people"], actor=user)
    have = "has" if number == 1 else "have"
    return f"{number:,} joined, and {have} a place in each of its campaigns that is not closed."


def _left(request: HttpRequest, group: RaterGroup, user: User) -> HttpResponse:
    person = access.one_or_404(group.members.all(), pk=whole_number(request.POST["leave"]) or 0)
    try:
        groups.remove_member(group=group, person=person, actor=user)
        messages.success(
            request, gettext("%(person)s left the group, and the places that came by it.") % {"person": person}
        )
    except GroupProblem as problem:
        messages.error(request, str(problem))
    return redirect("annotations:group-edit", group.pk)
