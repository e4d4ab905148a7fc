"""What can be made of a run: its responses read again by other judges, a filter over them, or the same once more."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from annotations.access import WORKERS, for_roles
from annotations.models import User
from annotations.web import refused
from training import access
from training.forms.run_derive import AgainForm
from training.models import EvaluationRun
from training.services import derive
from training.services.run_items import RunProblem
from training.services.run_terms import ELSEWHERE
from training.tasks import hint

PAGE = "training/run_again.html"


@require_http_methods(["GET", "POST"])
@for_roles(*WORKERS)
def run_derive(request: HttpRequest, pk: int) -> HttpResponse:
    """The ways, each with what it takes; sent, the new run."""
    run = access.run_for_operator(cast(User, request.user), pk)
    if request.method == "GET":
        return render(request, PAGE, _page(run, AgainForm(run)))
    return _filtered(request, run) if "filter" in request.POST else _read_again(request, run)


def _read_again(request: HttpRequest, run: EvaluationRun) -> HttpResponse:
    form = AgainForm(run, request.POST)
    made = form.start(request.user) if form.is_valid() else None
    return _gone(made) if made else refused(request, PAGE, _page(run, form))


def _filtered(request: HttpRequest, run: EvaluationRun) -> HttpResponse:
    try:
        made = derive.filtered(source=run, strategy=request.POST["filter"], actor=cast(User, request.user))
    except RunProblem as problem:
        messages.error(request, str(problem))
        return refused(request, PAGE, _page(run, AgainForm(run)))
    return _gone(made)


def _gone(made: EvaluationRun) -> HttpResponse:
    hint(made.pk)
    return redirect("training:run-detail", made.pk)


def _page(run: EvaluationRun, form: AgainForm) -> dict[str, Any]:
    return {
        "run": run,
        "form": form,
        "counts": derive.answered(run),
        "filters": derive.filters(),
        "no_filter": derive.why_no_filter(run),
        "answers_here": run.candidate.model.engine != ELSEWHERE,
    }
