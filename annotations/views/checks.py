"""Labelling prompts, one after the other, without a sign of what their authors or anybody else said of them."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from annotations import access
from annotations.access import RATERS, for_roles
from annotations.core.storable import storable, whole_number
from annotations.forms.checks import LabelForm, said_by
from annotations.models import Benchmark, ConfigVersion, Prompt, PromptCheck, User
from annotations.queries import checks as queries
from annotations.services import checks
from annotations.web import page_or_fragment, wants_fragment

PAGE, FRAGMENT = "annotations/check_next.html", "annotations/_check.html"


@require_safe
@for_roles(*RATERS)
def check_list(request: HttpRequest) -> HttpResponse:
    """The benchmarks whose prompts the person may label, and how far they are in each."""
    user = cast(User, request.user)
    told = queries.told(user, access.benchmarks_to_check(user), wait="figures" in request.GET)
    return render(request, "annotations/check_list.html", {"told": told})


@require_safe
@for_roles(*RATERS)
def check_next(request: HttpRequest, pk: int) -> HttpResponse:
    """The prompt that is next for this person, beside the text of its config."""
    benchmark = access.benchmark_for_rater(cast(User, request.user), pk)
    return page_or_fragment(request, PAGE, FRAGMENT, _next(request, benchmark))


@require_safe
@for_roles(*RATERS)
def check_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """The person's last label once more, to change it; with `?before=` the one before that."""
    user = cast(User, request.user)
    benchmark = access.benchmark_for_rater(user, pk)
    mine, before = queries.changeable(benchmark, user), whole_number(request.GET.get("before", ""))
    check = mine.filter(pk__lt=before).first() if before else mine.first()
    if check is None:
        messages.info(request, gettext("There is no label of yours before this one that could be changed."))
        return redirect("annotations:check-next", benchmark.pk)
    form = LabelForm(check.prompt.config, initial={"said": said_by(check.kind, check.situation), "note": check.note})
    return page_or_fragment(request, PAGE, FRAGMENT, _shown(request, benchmark, check.prompt, form, check))


@require_POST
@for_roles(*RATERS)
def check_label(request: HttpRequest, pk: int) -> HttpResponse:
    """The label is stored, or takes the place of an own one; then the next prompt comes."""
    user = cast(User, request.user)
    benchmark = access.benchmark_for_rater(user, pk)
    prompt = _posted(request, benchmark)
    if prompt is None:
        return _refused(request, _next(request, benchmark) | {"problem": f"{checks.CHANGED} Here is the next one."})
    check = _changing(request, prompt)
    form = LabelForm(prompt.config, request.POST)
    if not form.is_valid():
        return _refused(request, _shown(request, benchmark, prompt, form, check))
    said = form.as_said() | {"version": _version(request, prompt)}
    try:
        if check:
            checks.change(check=check, rater=user, **said)
        else:
            checks.label(prompt=prompt, rater=user, **said)
    except checks.CheckProblem as problem:
        return _refused(request, _next(request, benchmark) | {"problem": str(problem)})
    return _on(request, benchmark)


def _on(request: HttpRequest, benchmark: Benchmark) -> HttpResponse:
    if not wants_fragment(request):
        return redirect("annotations:check-next", benchmark.pk)
    response = render(request, FRAGMENT, _next(request, benchmark))
    response.headers["HX-Replace-Url"] = reverse("annotations:check-next", args=[benchmark.pk])
    return response


def _refused(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    return render(request, FRAGMENT if wants_fragment(request) else PAGE, context, status=422)


def _next(request: HttpRequest, benchmark: Benchmark) -> dict[str, Any]:
    turn = queries.turn(benchmark, cast(User, request.user))
    form = LabelForm(turn.prompt.config) if turn.prompt else None
    return _context(benchmark, turn, form)


def _shown(
    request: HttpRequest, benchmark: Benchmark, prompt: Prompt, form: LabelForm, check: PromptCheck | None
) -> dict[str, Any]:
    turn = queries.turn(benchmark, cast(User, request.user))._replace(prompt=prompt)
    return _context(benchmark, turn, form) | {"changing": check}


def _context(benchmark: Benchmark, turn: queries.Turn, form: LabelForm | None) -> dict[str, Any]:
    version = queries.version_to_show(turn.prompt.config) if turn.prompt else None
    return {"benchmark": benchmark, "turn": turn, "prompt": turn.prompt, "version": version, "form": form}


def _posted(request: HttpRequest, benchmark: Benchmark) -> Prompt | None:
    """The wording the person had before them: by its own number and text, since the id of a row tells its place."""
    try:
        uid = UUID(request.POST.get("prompt", ""))
    except ValueError:
        return None
    text = storable(request.POST.get("text", ""))
    rows = Prompt.objects.filter(benchmark=benchmark, uid=uid, digest=text, pending=False)
    return rows.select_related("config").order_by("-pk").first()


def _changing(request: HttpRequest, prompt: Prompt) -> PromptCheck | None:
    pk = whole_number(request.POST.get("changes", ""))
    mine = PromptCheck.objects.filter(prompt__uid=prompt.uid, rater=cast(User, request.user))
    return mine.select_related("prompt__config", "prompt__benchmark").filter(pk=pk).first() if pk else None


def _version(request: HttpRequest, prompt: Prompt) -> ConfigVersion | None:
    number = whole_number(request.POST.get("version", ""))
    return prompt.config.versions.filter(number=number).first() if number else None
