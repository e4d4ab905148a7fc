"""Trials of judges: start one, watch it, read what turned, stop it."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from annotations import access as people_access
from annotations.access import WORKERS, for_roles
from annotations.models import User
from annotations.models.people import ADMIN, EXPERT, LEAD
from annotations.services import chores
from annotations.tasks import hint
from annotations.web import page_or_fragment
from training import access, judge_queries
from training.lineage import trial_lineage
from training.services import trials


@require_POST
@for_roles(EXPERT, LEAD, ADMIN)
def trial_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Try a judge with the set of attacks."""
    judge = access.judge_for_reader(pk)
    try:
        trial = trials.start(judge=judge, actor=cast(User, request.user))
    except trials.TrialProblem as problem:
        messages.error(request, str(problem))
        return redirect("training:judge-detail", judge.pk)
    hint(trial)
    return redirect("training:trial-detail", trial.pk)


@require_safe
@for_roles(*WORKERS)
def trial_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One trial: how far it is, and what came of each attack."""
    (trial,) = access.signed(cast(User, request.user), [access.trial_for_reader(pk)])
    context = {
        "trial": trial,
        "tally": judge_queries.tally(trial),
        "results": judge_queries.results(trial),
        "moved": request.GET.get("known", trial.state) != trial.state,
        "may_operate": people_access.may_run(cast(User, request.user), trial.organisation_id),
        "lineage": trial_lineage(trial),
    }
    return page_or_fragment(request, "training/trial_detail.html", "training/_trial_live.html", context)


@require_POST
@for_roles(EXPERT, LEAD, ADMIN)
def trial_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a trial; what came of the attacks so far stays."""
    trial = access.trial_for_operator(cast(User, request.user), pk)
    try:
        chores.cancel(row=trial, actor=cast(User, request.user))
    except chores.ChoreProblem as problem:
        messages.error(request, str(problem))
    return redirect("training:trial-detail", trial.pk)
