"""Judges: what there is, what was used, and how each held against those who would talk it round."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from annotations import access as people_access
from annotations.access import WORKERS, for_roles
from annotations.models import User
from annotations.models.people import ADMIN, EXPERT, LEAD
from annotations.web import refused
from training import access, judge_queries
from training.forms.trials import ChooseForm
from training.lineage import judge_lineage

LIST = "training/judge_list.html"
RUNS = 10


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*WORKERS)
def judge_list(request: HttpRequest) -> HttpResponse:
    """Every judge file with the wordings of it in use; a POST takes a file and a model into use."""
    user = cast(User, request.user)
    form = ChooseForm(request.POST or None)
    if request.method == "POST":
        people_access.require(user, EXPERT, LEAD, ADMIN)
        judge = form.choose() if form.is_valid() else None
        if judge is not None:
            return redirect("training:judge-detail", judge.pk)
    context = {"entries": judge_queries.entries(access.runs(user)), "form": form}
    return refused(request, LIST, context) if request.method == "POST" else render(request, LIST, context)


@require_safe
@for_roles(*WORKERS)
def judge_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One judge as it was chosen: its text, the runs that used it, and its trials."""
    user = cast(User, request.user)
    row = access.judge_for_reader(pk)
    runs = access.runs(user).filter(judges=row).order_by("-pk")
    trials = judge_queries.trials_of(row)
    access.signed(user, [trial for trial, _ in trials])
    context = {
        "row": row,
        "wording": judge_queries.wording(row),
        "trials": trials,
        "runs": runs[:RUNS],
        "run_count": runs.count(),
        "lineage": judge_lineage(row),
    }
    return render(request, "training/judge_detail.html", context)
