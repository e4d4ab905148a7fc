"""One step of a recipe: how far it is, what came of it, and cancel, resume and once more."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from annotations import access as people_access
from annotations.access import WORKERS, for_roles
from annotations.models import User
from annotations.services.chores import ChoreProblem
from annotations.tasks import hint as hint_work
from annotations.web import page_or_fragment, wants_fragment
from training import access, pair_queries, recipe_queries, recipe_words
from training.forms.run_judges import BudgetForm, budget_of
from training.models import Stage
from training.models.recipes import PAIR, READ, SYNTHESISE
from training.services.building import recipes, stages
from training.services.building.stages import WORDS
from training.services.run_items import RunProblem
from training.tasks import hint


@require_safe
@for_roles(*WORKERS)
def stage_detail(request: HttpRequest, pk: int, stage: int) -> HttpResponse:
    """One step: how far it and each of its runs are, and what came of it. htmx asks for the first part alone."""
    user = cast(User, request.user)
    one = access.stage_for_reader(user, pk, stage)
    context = _live(request, one, user)
    if not wants_fragment(request):
        context |= _found(one)
    return page_or_fragment(request, "training/stage_detail.html", "training/_stage_live.html", context)


def _live(request: HttpRequest, stage: Stage, user: User) -> dict[str, Any]:
    now, lines = recipe_queries.standing(stage), recipe_queries.run_lines(stage)
    stopped = [line.run for line in lines if line.run.can_resume]
    limited = next((run for run in stopped if run.budget_tokens or run.budget_micros), None)
    return {
        "stage": stage,
        "words": WORDS[stage.kind],
        "standing": now,
        "tally": recipe_queries.tally(stage),
        "seconds": recipe_queries.seconds(stage),
        "lines": lines,
        "can_resume": bool(stopped) or stage.state in ("failed", "cancelled"),
        "budget": BudgetForm(initial=budget_of(limited)) if limited else None,
        "moved": request.GET.get("known", now.word) != now.word,
        "may_operate": people_access.may_run(user, stage.organisation_id),
    }


def _found(stage: Stage) -> dict[str, Any]:
    """What came of the step, and what it was started with."""
    told: dict[str, Any] = {
        "settings": recipe_words.of_stage(stage),
        "lineage": recipe_queries.lineage(stage),
    }
    if stage.state == "finished" and (kind := stages.step_after(stage)):
        told |= {"go_on": kind, "go_on_words": WORDS[kind]}
    if stage.kind == SYNTHESISE:
        told["configs"] = recipe_words.configs(stage)
    if stage.kind == READ:
        told["labels"] = recipe_words.labels(stage)
    if stage.kind == PAIR:
        told["totals"] = pair_queries.totals(stage)
    return told


@require_POST
@for_roles(*WORKERS)
def stage_cancel(request: HttpRequest, pk: int, stage: int) -> HttpResponse:
    """Stop a step and its runs; what was answered is kept."""
    user = cast(User, request.user)
    one = access.stage_for_operator(user, pk, stage)
    try:
        stages.cancel(stage=one, actor=user)
    except ChoreProblem as problem:
        messages.error(request, str(problem))
    return redirect("training:stage-detail", pk, stage)


@require_POST
@for_roles(*WORKERS)
def stage_resume(request: HttpRequest, pk: int, stage: int) -> HttpResponse:
    """Go on with a stopped step and its runs, with another budget where one is given."""
    user = cast(User, request.user)
    one = access.stage_for_operator(user, pk, stage)
    form = BudgetForm(request.POST)
    if not form.is_valid():
        for field, problems in form.errors.items():
            messages.error(request, f"{form[field].label}: {' '.join(map(str, problems))}")
        return redirect("training:stage-detail", pk, stage)
    try:
        budget = form.budget() if "budget_tokens" in request.POST else None
        for run in stages.resume(stage=one, actor=user, budget=budget):
            hint(run)
        hint_work(one)
    except (ChoreProblem, RunProblem) as problem:
        messages.error(request, str(problem))
    return redirect("training:stage-detail", pk, stage)


@require_POST
@for_roles(*WORKERS)
def stage_again(request: HttpRequest, pk: int, stage: int) -> HttpResponse:
    """Do the step once more, after the same one and with the recipe as it is now."""
    user = cast(User, request.user)
    one = access.stage_for_operator(user, pk, stage)
    try:
        made = recipes.again(stage=one, actor=user)
    except ChoreProblem as problem:
        messages.error(request, str(problem))
        return redirect("training:stage-detail", pk, stage)
    hint_work(made)
    return redirect("training:stage-detail", pk, made.pk)
