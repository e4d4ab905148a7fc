"""People for admins: the list, one person with roles and log-in, and the link to set a password, shown once."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import access, roster
from annotations.access import for_roles
from annotations.forms.people import NamesForm, PersonForm, RoleForm
from annotations.models import User
from annotations.models.people import ADMIN
from annotations.services import people
from annotations.web import onward, paged, refused

DETAIL = "annotations/person_detail.html"
LINK_FOR = "password_link_for"


class Link(NamedTuple):
    """Where a person sets a password, and until when."""

    url: str
    until: datetime


@require_safe
@for_roles(ADMIN)
def person_list(request: HttpRequest) -> HttpResponse:
    """Everybody who can or could log in."""
    words = request.GET.get("words", "").strip()[:200]
    context = {"words": words, "page": paged(request, roster.people(words))}
    return render(request, "annotations/person_list.html", context)


@require_http_methods(["GET", "POST"])
@for_roles(ADMIN)
def person_new(request: HttpRequest) -> HttpResponse:
    """A new person with a first role; their page then shows the link once."""
    first = {name: request.GET[name] for name in ("organisation", "role") if name in request.GET}
    form = PersonForm(request.POST or None, initial=first)
    context = {"form": form, "person": None}
    if request.method == "GET":
        return render(request, "annotations/person_form.html", context)
    if not form.is_valid():
        return refused(request, "annotations/person_form.html", context)
    data = form.cleaned_data
    names = {name: data[name] for name in PersonForm.Meta.fields}
    try:
        person = people.create(names=names, organisation=data["organisation"], role=data["role"], actor=_me(request))
    except people.PeopleProblem as problem:
        form.add_error("username", str(problem))
        return refused(request, "annotations/person_form.html", context)
    return _to_person(request, person, with_link=True)


@never_cache
@require_safe
@for_roles(ADMIN)
def person_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One person; a link that was just made is shown this one time."""
    person = access.person_for_admin(pk)
    return render(request, DETAIL, _page(request, person, RoleForm()) | {"link": _link_once(request, person)})


@require_http_methods(["GET", "POST"])
@for_roles(ADMIN)
def person_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """What the person is called."""
    person = access.person_for_admin(pk)
    form = NamesForm(request.POST or None, instance=person)
    context = {"form": form, "person": access.person_for_admin(pk)}
    if request.method == "GET":
        return render(request, "annotations/person_form.html", context)
    if not form.is_valid():
        return refused(request, "annotations/person_form.html", context)
    people.rename(person=person, names=form.cleaned_data, actor=_me(request))
    messages.success(request, gettext("%(person)s is saved.") % {"person": person})
    return _to_person(request, person)


@require_POST
@for_roles(ADMIN)
def role_add(request: HttpRequest, pk: int) -> HttpResponse:
    """One more role for the person."""
    person, form = access.person_for_admin(pk), RoleForm(request.POST)
    if not form.is_valid():
        return refused(request, DETAIL, _page(request, person, form))
    data = form.cleaned_data
    given = people.give_role(person=person, organisation=data["organisation"], role=data["role"], actor=_me(request))
    role = f"{data['role']} at {data['organisation']}"
    messages.success(
        request,
        gettext("%(person)s is %(role)s from now on.") % {"person": person, "role": role}
        if given
        else gettext("%(person)s was %(role)s already.") % {"person": person, "role": role},
    )
    return redirect(onward(request, reverse("annotations:person-detail", args=[person.pk])))


@require_POST
@for_roles(ADMIN)
def role_remove(request: HttpRequest, pk: int, membership: int) -> HttpResponse:
    """One role less for the person."""
    person = access.person_for_admin(pk)
    try:
        taken = people.take_role(person=person, membership=membership, actor=_me(request))
    except people.PeopleProblem as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, gettext("The role is gone.") if taken else gettext("The role was gone already."))
    return _to_person(request, person)


@require_POST
@for_roles(ADMIN)
def person_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Out at once, everywhere."""
    person = access.person_for_admin(pk)
    try:
        moved = people.deactivate(person=person, actor=_me(request))
    except people.PeopleProblem as problem:
        messages.error(request, str(problem))
    else:
        messages.success(
            request, f"{person} is {'deactivated and signed out everywhere' if moved else 'deactivated already'}."
        )
    return _to_person(request, person)


@require_POST
@for_roles(ADMIN)
def person_reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Back in, with a link to set a new password."""
    person = access.person_for_admin(pk)
    moved = people.reactivate(person=person, actor=_me(request))
    if not moved:
        messages.info(request, gettext("%(person)s is active already.") % {"person": person})
    return _to_person(request, person, with_link=moved)


@require_POST
@for_roles(ADMIN)
def person_link(request: HttpRequest, pk: int) -> HttpResponse:
    """A new link to set a password; what worked before works no more."""
    person = access.person_for_admin(pk)
    try:
        people.renew_link(person=person, actor=_me(request))
    except people.PeopleProblem as problem:
        messages.error(request, str(problem))
        return _to_person(request, person)
    return _to_person(request, person, with_link=True)


def _me(request: HttpRequest) -> User:
    return cast(User, request.user)


def _page(request: HttpRequest, person: User, form: RoleForm) -> dict[str, Any]:
    roles = roster.roles_of(person)
    return {"person": person, "roles": roles, "form": form, "oneself": person.pk == _me(request).pk}


def _to_person(request: HttpRequest, person: User, *, with_link: bool = False) -> HttpResponse:
    if with_link:
        request.session[LINK_FOR] = person.pk
    return redirect("annotations:person-detail", person.pk)


def _link_once(request: HttpRequest, person: User) -> Link | None:
    """The link, when it was just asked for. The session keeps whom it is for; the link itself is stored nowhere."""
    if request.session.get(LINK_FOR) != person.pk:
        return None
    del request.session[LINK_FOR]
    url = reverse("password-set", args=people.link_parts(person))
    until = timezone.now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
    return Link(request.build_absolute_uri(url), until)
