"""Loops of training and evaluation: the form that launches one, where one stands, stop and go."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations.access import WORKERS, for_roles
from annotations.core.storable import whole_number
from annotations.models import User
from annotations.models.people import ADMIN
from annotations.services.chores import ChoreProblem
from annotations.tasks import hint as hint_work
from annotations.web import page_or_fragment, refused, wants_fragment
from training import access, loop_queries
from training.forms.loops import LoopForm, first_choices
from training.forms.run_judges import BudgetForm, budget_of
from training.services.trainer import loops
from training.tasks import hint_steps

FORM = "training/loop_form.html"


@require_http_methods(["GET", "POST"])
@for_roles(ADMIN)
def loop_new(request: HttpRequest) -> HttpResponse:
    """Choose base, pairs, settings and benchmark, and launch; the button of the estimate launches nothing."""
    user = cast(User, request.user)
    if request.method == "GET":
        return render(request, FORM, {"form": _first_form(request, user)})
    form = LoopForm(user, request.POST)
    valid = form.is_valid()
    if "estimate" in request.POST and valid and (estimate := form.estimate()):
        return render(request, FORM, {"form": form, "estimate": estimate})
    loop = form.start() if valid and "estimate" not in request.POST else None
    if loop is None:
        return refused(request, FORM, {"form": form})
    hint_work(loop)
    return redirect("training:loop-detail", loop.pk)


def _first_form(request: HttpRequest, user: User) -> LoopForm:
    """The form as a link asks for it: as another loop was, or with some choices made."""
    pk = whole_number(request.GET.get("from", ""))
    first = first_choices(LoopForm(user), access.loop_for_reader(user, pk) if pk is not None else None)
    asked = {"base": request.GET.get("base"), "preference_set": request.GET.get("set")}
    return LoopForm(user, initial=first | {name: value for name, value in asked.items() if value})


@require_safe
@for_roles(*WORKERS)
def loop_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The steps of a loop in order, and at the end both figures; htmx asks for the steps alone."""
    user = cast(User, request.user)
    loop = access.loop_for_reader(user, pk)
    line = loop_queries.line(loop)
    context: dict[str, Any] = {
        "loop": loop,
        "line": line,
        "moved": request.GET.get("known", line.known) != line.known,
        "budget": BudgetForm(initial=budget_of(line.limited)) if line.limited else None,
        "may_operate": access.may_train(user),
    }
    if not wants_fragment(request) or context["moved"]:
        context |= {"result": loop_queries.result(line.pair)}
    if not wants_fragment(request):
        context |= {"told": loop_queries.told(loop), "lineage": loop_queries.lineage(loop)}
    return page_or_fragment(request, "training/loop_detail.html", "training/_loop_live.html", context)


@require_POST
@for_roles(*WORKERS)
def loop_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a loop and what of it is at work; what was made stays."""
    user = cast(User, request.user)
    loop = access.loop_for_operator(user, pk)
    try:
        loops.cancel(loop=loop, actor=user)
    except ChoreProblem as problem:
        messages.error(request, str(problem))
    return redirect("training:loop-detail", pk)


@require_POST
@for_roles(*WORKERS)
def loop_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with a stopped loop where it stopped, with another budget of the evaluations where one is given."""
    user = cast(User, request.user)
    loop = access.loop_for_operator(user, pk)
    form = BudgetForm(request.POST)
    if not form.is_valid():
        for field, problems in form.errors.items():
            messages.error(request, f"{form[field].label}: {' '.join(map(str, problems))}")
        return redirect("training:loop-detail", pk)
    try:
        loops.resume(loop=loop, actor=user, budget=form.budget() if "budget_tokens" in request.POST else None)
        hint_steps(loop)
        hint_work(loop)
    except ChoreProblem as problem:
        messages.error(request, str(problem))
    return redirect("training:loop-detail", pk)


@require_POST
@for_roles(*WORKERS)
def loop_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a loop out of every list; its runs, models and figures stay."""
    user = cast(User, request.user)
    loop = access.loop_for_operator(user, pk)
    try:
        loops.archive(loop=loop, actor=user)
    except ChoreProblem as problem:
        messages.error(request, str(problem))
        return redirect("training:loop-detail", pk)
    messages.success(request, gettext("“%(value)s” is archived. What it has made stays.") % {"value": loop.title[:80]})
    return redirect("training:training-list")
