"""Evaluation runs: the list, the form, one run with its figures, stop and go."""

from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import trigger_client_event

from annotations import access as people_access
from annotations.access import WORKERS, for_roles
from annotations.models import User
from annotations.models.people import ADMIN, EXPERT, LEAD
from annotations.web import page_or_fragment, paged, refused, wants_fragment
from training import access, queries
from training.charts import run_charts
from training.forms.runs import RunForm
from training.lineage import run_lineage
from training.models import EvaluationRun
from training.services import runs
from training.tasks import hint

NOBODY_CAME = timedelta(seconds=20)


@require_safe
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
        first["configs"] = request.GET.getlist("configs")
        return render(request, "training/run_form.html", {"form": RunForm(user, initial=first)})
    form = RunForm(user, request.POST)
    run = form.start() if form.is_valid() else None
    if run is None:
        return refused(request, "training/run_form.html", {"form": form})
    hint(run.pk)
    return redirect("training:run-detail", run.pk)


@require_safe
@for_roles(*WORKERS)
def run_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One run: how far it is, and its figures so far. htmx asks for one of the two parts at a time."""
    run = access.run_for_reader(cast(User, request.user), pk)
    if wants_fragment(request) and request.htmx.target == "run-figures":
        return page_or_fragment(request, "training/run_detail.html", "training/_run_figures.html", _figures(run))
    context = progress_of(request, run)
    if not wants_fragment(request):
        context |= _figures(run)
    answer = page_or_fragment(request, "training/run_detail.html", "training/_run_live.html", context)
    return trigger_client_event(answer, "run-moved") if context["moved"] else answer


def progress_of(request: HttpRequest, run: EvaluationRun) -> dict[str, Any]:
    """How far the run is; `moved` when it is in another state than the one the page already `known`."""
    progress = queries.progress(run)
    alone = run.is_open and not progress.workers
    return {
        "run": run,
        "progress": progress,
        "nobody_came": alone and timezone.now() - run.created_at > NOBODY_CAME,
        "moved": request.GET.get("known", run.state) != run.state,
        "may_operate": people_access.may_run(cast(User, request.user), run.organisation_id),
    }


def _figures(run: EvaluationRun) -> dict[str, Any]:
    scores = queries.scores(run)
    known = scores.mean is not None and scores.mean_ceiling is not None
    return {
        "run": run,
        "scores": scores,
        "errors": queries.errors(run),
        "charts": run_charts(run, scores),
        "above_ceiling": known and round(scores.mean, 2) > round(scores.mean_ceiling, 2),
        "items_url": reverse("training:item-list", args=[run.pk]),
        "judges": run.judges.select_related("model"),
        "lineage": run_lineage(run),
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
