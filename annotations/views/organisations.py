"""Organisations for admins: the list, and the form of one with the people in it."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from annotations import access, roster
from annotations.access import for_roles
from annotations.forms.people import OrganisationForm
from annotations.models import Organisation, User
from annotations.models.people import ADMIN
from annotations.services import people
from annotations.web import onward, refused

FORM = "annotations/organisation_form.html"


@require_safe
@for_roles(ADMIN)
def organisation_list(request: HttpRequest) -> HttpResponse:
    """Every organisation with its people and configs counted."""
    return render(request, "annotations/organisation_list.html", {"organisations": roster.organisations()})


@require_http_methods(["GET", "POST"])
@for_roles(ADMIN)
def organisation_new(request: HttpRequest) -> HttpResponse:
    """A new organisation."""
    return _form(request, None)


@require_http_methods(["GET", "POST"])
@for_roles(ADMIN)
def organisation_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """One organisation, and who may do what in it."""
    return _form(request, access.organisation_for_admin(pk))


def _form(request: HttpRequest, organisation: Organisation | None) -> HttpResponse:
    form = OrganisationForm(request.POST or None, instance=organisation)
    heading = str(organisation) if organisation else ""
    context = {"form": form, "heading": heading, "members": roster.members(organisation) if organisation else []}
    context["organisation_pk"] = organisation.pk if organisation else None
    if request.method == "GET":
        return render(request, FORM, context)
    if not form.is_valid():
        context["heading"] = access.organisation_for_admin(organisation.pk).name if organisation else ""
        return refused(request, FORM, context)
    actor = cast(User, request.user)
    try:
        saved = people.save_organisation(organisation=form.instance, fields=form.cleaned_data, actor=actor)
    except people.PeopleProblem as problem:
        form.add_error("slug", str(problem))
        return refused(request, FORM, context)
    messages.success(request, gettext("%(name)s is saved.") % {"name": saved.name})
    return redirect(onward(request, reverse("annotations:organisation-edit", args=[saved.pk])))
