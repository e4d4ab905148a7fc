"""Runs of general capability: start one, watch it, read what came of it, stop it."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from annotations.access import WORKERS, for_roles
from annotations.models import User
from annotations.models.people import ADMIN
from annotations.services import chores
from annotations.tasks import hint
from annotations.web import page_or_fragment, refused
from training import access, model_queries
from training.forms.capability import CapabilityForm
from training.views.models import DETAIL, model_page

PAGE, LIVE = "training/capability_detail.html", "training/_capability_live.html"


@require_POST
@for_roles(ADMIN)
def capability_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the model to tasks of general capability."""
    model, user = access.model_for_reader(pk), cast(User, request.user)
    form = CapabilityForm(request.POST)
    run = form.start(model, user) if form.is_valid() else None
    if run is None:
        return refused(request, DETAIL, model_page(request, model) | {"capability_form": form})
    hint(run)
    return redirect("training:capability-detail", model.pk, run.pk)


@require_safe
@for_roles(*WORKERS)
def capability_detail(request: HttpRequest, pk: int, run: int) -> HttpResponse:
    """One run of general capability: how far it is, then what the harness reported; for an admin also its log."""
    model = access.model_for_reader(pk)
    user = cast(User, request.user)
    (row,) = access.signed(user, [access.capability_run_for_reader(model, run)])
    may_edit = access.may_edit_models(user)
    context = {
        "model": model,
        "run": row,
        "log": row.log if may_edit else "",
        "results": [one for task in sorted(row.results) for one in model_queries.of_task(task, row)],
        "may_edit": may_edit,
        "moved": request.GET.get("known", row.state) != row.state,
    }
    return page_or_fragment(request, PAGE, LIVE, context)


@require_POST
@for_roles(ADMIN)
def capability_cancel(request: HttpRequest, pk: int, run: int) -> HttpResponse:
    """Stop a run; the harness and everything it started end with it."""
    model = access.model_for_reader(pk)
    row = access.capability_run_for_reader(model, run)
    try:
        chores.cancel(row=row, actor=cast(User, request.user))
    except chores.ChoreProblem as problem:
        messages.error(request, str(problem))
    return redirect("training:capability-detail", model.pk, row.pk)
