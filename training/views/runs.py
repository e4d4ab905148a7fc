"""Evaluation runs: the list, the form, one run with its figures, stop and go."""

from datetime import timedelta
from functools import partial
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import trigger_client_event

from annotations import access as people_access
from annotations.access import WORKERS, for_roles
from annotations.core.storable import whole_number
from annotations.models import User
from annotations.models.people import ADMIN, EXPERT, LEAD
from annotations.queries.kept import Later
from annotations.web import page_or_fragment, paged, refused, waits, wants_fragment
from training import access, model_queries, queries, run_queries, run_speed
from training.charts import run_charts
from training.forms.run_judges import BudgetForm, budget_of
from training.forms.runs import RunForm
from training.lineage import run_lineage
from training.models import EvaluationRun
from training.services import budgets, runs, serving, shots
from training.services.run_terms import ELSEWHERE
from training.tasks import hint

FORM = "training/run_form.html"
SEVERAL = ("configs", "model", "judges", "judge_model")
NOBODY_CAME = timedelta(seconds=20)


@require_safe
@for_roles(*WORKERS)
def run_list(request: HttpRequest) -> HttpResponse:
    """The runs the person may read, newest first, by benchmark, model, strategy and state; to be compared from here."""
    user = cast(User, request.user)
    wanted = {name: request.GET.get(name, "") for name in run_queries.FILTERS}
    mine = access.runs(user)
    found = queries.with_counts(run_queries.filtered(mine, wanted)).order_by("-pk")
    context = {"page": paged(request, found, size=25), "wanted": wanted, "filtered": any(wanted.values())}
    return render(request, "training/run_list.html", context | run_queries.choices(mine))


@require_http_methods(["GET", "POST"])
@for_roles(EXPERT, LEAD, ADMIN)
def run_new(request: HttpRequest) -> HttpResponse:
    """Choose what to evaluate and start it: a run for each model and seed, all of them or none."""
    user = cast(User, request.user)
    if request.method == "GET":
        return render(request, FORM, {"form": _first_form(request, user)})
    form = RunForm(user, request.POST)
    started = form.start() if form.is_valid() else []
    if not started:
        return refused(request, FORM, {"form": form})
    for run in started:
        hint(run.pk)
    if len(started) == 1:
        return redirect("training:run-detail", started[0].pk)
    messages.success(
        request,
        gettext("%(started)s runs are started. Their figures appear here as they come.") % {"started": len(started)},
    )
    return redirect(f"{reverse('training:run-compare')}?{urlencode([('run', run.pk) for run in started])}")


def _first_form(request: HttpRequest, user: User) -> RunForm:
    """The form as a link asks for it: like another run, or with some choices made."""
    like = whole_number(request.GET.get("like", ""))
    first = RunForm(user).first_choices(access.run_for_reader(user, like) if like is not None else None)
    first |= {name: value for name, value in request.GET.dict().items() if name != "like"}
    first |= {name: request.GET.getlist(name) for name in SEVERAL if name in request.GET}
    return RunForm(user, initial=first)


@require_POST
@for_roles(EXPERT, LEAD, ADMIN)
def run_estimate(request: HttpRequest) -> HttpResponse:
    """What the runs of the form would take; nothing is stored. htmx gets the estimate alone."""
    form = RunForm(cast(User, request.user), request.POST)
    estimate = form.estimate() if form.is_valid() else None
    context = {"form": form, "estimate": estimate, "asked": True}
    answer = page_or_fragment(request, FORM, "training/_run_estimate.html", context)
    answer.status_code = 200 if estimate else 422
    return answer


@require_safe
@for_roles(*WORKERS)
def run_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One run: how far it is, and its figures so far. htmx asks for one of the two parts at a time."""
    run = access.run_for_reader(cast(User, request.user), pk)
    if wants_fragment(request) and request.htmx.target == "run-figures":
        return page_or_fragment(
            request, "training/run_detail.html", "training/_run_figures.html", _figures(run) | _speed(run, wait=True)
        )
    context = progress_of(request, run)
    if not wants_fragment(request) or waits(request):
        context |= _figures(run) | _made(run) | _speed(run, wait=waits(request))
    if waits(request):
        return render(request, "training/run_detail.html", context)
    answer = page_or_fragment(request, "training/run_detail.html", "training/_run_live.html", context)
    return trigger_client_event(answer, "run-moved") if context["moved"] else answer


def progress_of(request: HttpRequest, run: EvaluationRun) -> dict[str, Any]:
    """How far the run is; `moved` when it is in another state than the one the page already `known`."""
    progress = queries.progress(run)
    alone = run.is_open and not progress.workers
    return {
        "run": run,
        "progress": progress,
        "nobody_came": alone and not run.reason and timezone.now() - run.created_at > NOBODY_CAME,
        "missing_node": serving.missing_node(run) if alone else "",
        "moved": request.GET.get("known", run.state) != run.state,
        "budget": BudgetForm(initial=budget_of(run)) if run.can_resume else None,
        "may_operate": people_access.may_run(cast(User, request.user), run.organisation_id),
    }


def _made(run: EvaluationRun) -> dict[str, Any]:
    """How the run was made, and what was made of it."""
    return {
        "origin": run_queries.origin(run),
        "derived": run.derived.select_related("candidate__model").order_by("pk"),
        "strategy": run_queries.strategy(run),
        "settings": run_queries.candidate_facts(run),
        "shortage": shots.shortage(run) if run.source_id is None else [],
        "elsewhere": run.candidate.model.engine == ELSEWHERE,
    }


def _figures(run: EvaluationRun) -> dict[str, Any]:
    scores = queries.scores(run)
    known = scores.mean is not None and scores.mean_ceiling is not None
    return {
        "run": run,
        "scores": scores,
        "refusals": model_queries.refusals(run),
        "errors": queries.errors(run),
        "charts": run_charts(run, scores),
        "above_ceiling": known and round(scores.mean, 2) > round(scores.mean_ceiling, 2),
        "items_url": reverse("training:item-list", args=[run.pk]),
        "judges": run.judges.select_related("model"),
        "lineage": run_lineage(run),
    }


def _speed(run: EvaluationRun, *, wait: bool) -> dict[str, Any]:
    try:
        return {"speed": run_speed.speed(run, wait=wait)}
    except Later:
        return {"speed_later": True}


@require_safe
@for_roles(*WORKERS)
def run_prompts(request: HttpRequest, pk: int) -> HttpResponse:
    """What the run's model read before each prompt: the system prompts as they were sent, and the demonstrations."""
    run = access.run_for_reader(cast(User, request.user), pk)
    context = {"run": run, "told": run_queries.told(run), "strategy": run_queries.strategy(run)}
    return render(request, "training/run_prompts.html", context)


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


@require_POST
@for_roles(*WORKERS)
def run_budget(request: HttpRequest, pk: int) -> HttpResponse:
    """Set what a stopped run may spend in all; resuming it is another step."""
    run = access.run_for_operator(cast(User, request.user), pk)
    form = BudgetForm(request.POST)
    if form.is_valid():
        return _moved(request, run, partial(budgets.change, **form.budget()), "The budget is set. Resume goes on.")
    for field, problems in form.errors.items():
        messages.error(request, f"{form[field].label}: {' '.join(map(str, problems))}")
    return redirect("training:run-detail", run.pk)


def _moved(request: HttpRequest, run: EvaluationRun, move: Any, said: str = "") -> HttpResponse:
    try:
        move(run=run, actor=request.user)
        if said:
            messages.success(request, said)
    except runs.RunProblem as problem:
        messages.error(request, str(problem))
    return redirect("training:run-detail", run.pk)
