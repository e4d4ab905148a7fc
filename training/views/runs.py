"""Evaluation runs: the list, the form, one run with its figures, stop and go."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotations import access as people_access
from annotations.access import WORKERS, for_roles
from annotations.models import User
from annotations.models.people import ADMIN, EXPERT, LEAD
from annotations.web import page_or_fragment, paged, refused
from training import access, queries
from training.charts import run_charts
from training.forms.runs import RunForm
from training.lineage import run_lineage
from training.models import EvaluationRun
from training.services import runs
from training.tasks import hint


@require_GET
@for_roles(*WORKERS)
def run_list(request: HttpRequest) -> HttpResponse:
    """Every run the person may read, newest first."""
    user = cast(User, request.user)
    page = paged(request, queries.with_counts(access.runs(user)).order_by("-pk"), size=25)
    return render(request, "training/run_list.html", {"page": page})


@require_http_methods(["GET", "POST"])
@for_roles(EXPERT, LEAD, ADMIN)
def run_new(request: HttpRequest) -> HttpResponse:
    """Choose what to evaluate and start it."""
    user = cast(User, request.user)
    if request.method == "GET":
        first = RunForm(user).first_choices() | request.GET.dict()
        return render(request, "training/run_form.html", {"form": RunForm(user, initial=first)})
    form = RunForm(user, request.POST)
    run = form.start() if form.is_valid() else None
    if run is None:
        return refused(request, "training/run_form.html", {"form": form})
    hint(run.pk)
    return redirect("training:run-detail", run.pk)


@require_GET
@for_roles(*WORKERS)
def run_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One run: how far it is, and its figures so far. htmx asks for the live part alone."""
    run = access.run_for_reader(cast(User, request.user), pk)
    return page_or_fragment(request, "training/run_detail.html", "training/_run_live.html", _context(request, run))


def _context(request: HttpRequest, run: EvaluationRun) -> dict[str, Any]:
    scores = queries.scores(run)
    return {
        "run": run,
        "progress": queries.progress(run),
        "scores": scores,
        "charts": run_charts(run, scores),
        "items_url": reverse("training:item-list", args=[run.pk]),
        "judges": run.judges.select_related("model"),
        "lineage": run_lineage(run),
        "may_operate": people_access.may_run(cast(User, request.user), run.organisation_id),
    }


@require_POST
@for_roles(*WORKERS)
def run_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a run; what is in flight is kept."""
    run = access.run_for_operator(cast(User, request.user), pk)
    return _moved(request, run, runs.cancel)


@require_POST
@for_roles(*WORKERS)
def run_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with a stopped run, or try a finished run's failed items again."""
    run = access.run_for_operator(cast(User, request.user), pk)
    answer = _moved(request, run, runs.resume if run.can_resume else runs.retry_failed)
    hint(run.pk)
    return answer


def _moved(request: HttpRequest, run: EvaluationRun, move: Any) -> HttpResponse:
    try:
        move(run=run, actor=request.user)
    except runs.RunProblem as problem:
        messages.error(request, str(problem))
    return redirect("training:run-detail", run.pk)
