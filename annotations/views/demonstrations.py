"""The demonstrations of a config: what few-shot strategies show a model, written and put in order by its authors."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from annotations import access
from annotations.access import WORKERS, for_roles
from annotations.forms.demonstrations import DemonstrationForm
from annotations.models import Demonstration, SafetyConfig, User
from annotations.queries import demonstrations as queries
from annotations.services import demonstrations
from annotations.services.demonstrations import DemonstrationChanged, DemonstrationProblem
from annotations.web import refused

LIST, EDIT = "annotations/demonstration_list.html", "annotations/demonstration_edit.html"
ORDER = ("disallowed", "partial", "allowed", "safe", "safe")
"""The kinds of the paper's five demonstrations of a config, in their order."""
SHOWN_TAKEN_OUT = 20


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*WORKERS)
def demonstration_list(request: HttpRequest, pk: int) -> HttpResponse:
    """The demonstrations in their order; for authors the form that adds one."""
    person = _person(request)
    if request.method != "POST":
        config = access.config_for_reader(person, pk)
        return render(request, LIST, _page(person, config, DemonstrationForm()))
    config = access.config_for_author(person, pk)
    form = DemonstrationForm(request.POST)
    if not form.is_valid() or not (made := form.add(config, person)):
        return refused(request, LIST, _page(person, config, form))
    messages.success(request, gettext("The demonstration is added, as the last one."))
    return _back(made)


def _page(person: User, config: SafetyConfig, form: DemonstrationForm) -> dict[str, Any]:
    shown = list(queries.current(config))
    return {
        "config": config,
        "form": form,
        "demonstrations": shown,
        "words": sum(len(f"{one.prompt} {one.response}".split()) for one in shown),
        "taken_out": list(queries.taken_out(config)[:SHOWN_TAKEN_OUT]),
        "order": ORDER,
        "may_write": access.may_write(person, config.organisation_id),
    }


def _back(demonstration: Demonstration) -> HttpResponse:
    url = reverse("annotations:demonstration-list", args=[demonstration.config_id])
    return redirect(f"{url}#demonstration-{demonstration.pk}")


def _one(request: HttpRequest, pk: int, demonstration: int) -> Demonstration:
    """The demonstration, taken out or not, of a person who may write in its config: 404 for strangers, else 403."""
    config = access.config_for_author(_person(request), pk)
    row: Demonstration = access.one_or_404(config.demonstrations.all(), pk=demonstration)
    row.config = config
    return row


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*WORKERS)
def demonstration_edit(request: HttpRequest, pk: int, demonstration: int) -> HttpResponse:
    """Other texts or another kind; what somebody else changed meanwhile is never overwritten unseen."""
    row = _one(request, pk, demonstration)
    if request.method != "POST":
        if row.archived_at:
            messages.error(request, demonstrations.GONE)
            return _back(row)
        return render(request, EDIT, {"config": row.config, "form": DemonstrationForm(demonstration=row)})
    form, now = DemonstrationForm(request.POST, demonstration=row), None
    try:
        if form.is_valid():
            said = {"content": form.content(), "seen": form.cleaned_data["seen"]}
            demonstrations.revise(demonstration=row, actor=_person(request), **said)
            messages.success(request, gettext("The demonstration is saved. Runs keep what they showed."))
            return _back(row)
    except DemonstrationChanged as problem:
        form.tell(problem)
        form.over(now := _one(request, pk, demonstration))
    except DemonstrationProblem as problem:
        form.tell(problem)
    return refused(request, EDIT, {"config": row.config, "form": form, "now": now})


@require_POST
@for_roles(*WORKERS)
def demonstration_move(request: HttpRequest, pk: int, demonstration: int) -> HttpResponse:
    """One place earlier with `to=up`, else one place later."""
    row = _one(request, pk, demonstration)
    try:
        demonstrations.move(demonstration=row, up=request.POST.get("to") == "up", actor=_person(request))
    except DemonstrationProblem as problem:
        messages.error(request, str(problem))
    return _back(row)


@require_POST
@for_roles(*WORKERS)
def demonstration_remove(request: HttpRequest, pk: int, demonstration: int) -> HttpResponse:
    """Takes the demonstration out; its texts stay readable below the list."""
    row = _one(request, pk, demonstration)
    try:
        demonstrations.take_out(demonstration=row, actor=_person(request))
        messages.success(request, gettext("The demonstration is taken out. Runs that showed it keep it."))
    except DemonstrationProblem as problem:
        messages.error(request, str(problem))
    return redirect("annotations:demonstration-list", row.config_id)
