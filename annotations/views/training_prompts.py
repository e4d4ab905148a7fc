"""Sets of training prompts: what there is, bringing one in, reading its prompts, putting it away."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import access, tasks
from annotations.access import AUTHORS, WORKERS, for_roles
from annotations.forms.training_prompts import TrainingPromptsForm
from annotations.forms.uploads import Keeper, receive
from annotations.models import Benchmark, PromptImport, User
from annotations.models.people import ADMIN
from annotations.models.work import FAILED
from annotations.queries import training_prompts as reads
from annotations.services import training_prompts
from annotations.services.benchmarks import BenchmarkProblem
from annotations.services.chores import ChoreProblem
from annotations.web import page_or_fragment, paged, refused

FORM = "annotations/training_prompts_form.html"
SHOWN_PROBLEMS = 100


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


@require_safe
@for_roles(*WORKERS)
def training_prompts_list(request: HttpRequest) -> HttpResponse:
    """Every set of training prompts the person may read, the newest first."""
    person = _person(request)
    sets = reads.with_counts(access.training_prompts(person), access.organisations(person))
    may_add = bool(access.roles(person) & {*AUTHORS, ADMIN})
    context = {"page": paged(request, sets, size=25), "may_add": may_add}
    return render(request, "annotations/training_prompts_list.html", context)


@csrf_exempt  # The form carries files, which must be taken in before its token can be read: `_sent` looks at it.
@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*AUTHORS, ADMIN)
def training_prompts_new(request: HttpRequest) -> HttpResponse:
    """The form; once it is right, the prompts are read: small files at once, others by a worker."""
    if request.method != "POST":
        return render(request, FORM, {"form": TrainingPromptsForm(_person(request))})
    keeper = receive(request)
    try:
        return _sent(request, keeper)
    finally:
        keeper.drop()


@csrf_protect
def _sent(request: HttpRequest, keeper: Keeper) -> HttpResponse:
    form = TrainingPromptsForm(_person(request), request.POST, keeper=keeper)
    row = form.save(_person(request)) if form.is_valid() else None
    if row is None:
        return refused(request, FORM, {"form": form})
    if not training_prompts.is_quick(row):
        tasks.hint(row)
    elif _read_now(row).state == FAILED:
        training_prompts.withdraw(row=row, actor=_person(request))
        form.add_error("tables", row.reason)
        return refused(request, FORM, {"form": form, "problems": row.problems[:SHOWN_PROBLEMS]})
    return redirect("annotations:training-prompts-detail", row.benchmark_id)


def _read_now(row: PromptImport) -> PromptImport:
    tasks.do_now(row)
    row.refresh_from_db()
    return row


@require_safe
@for_roles(*WORKERS)
def training_prompts_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is; once it is there, its prompts. htmx asks while it works, and when somebody searches."""
    prompts = access.training_prompts_for_reader(_person(request), pk)
    return _shown(request, prompts)


def _shown(request: HttpRequest, prompts: Benchmark) -> HttpResponse:
    row, person = reads.latest_import(prompts), _person(request)
    wanted = {name: request.GET.get(name, "") for name in ("words", "language")}
    context = {
        "prompts": prompts,
        "row": row,
        "wanted": wanted,
        "filtered": any(wanted.values()),
        "may_write": access.may_run(person, prompts.organisation_id),
        "problems": row.problems[:SHOWN_PROBLEMS] if row else [],
        "parts": [("repeat an earlier one", row.twice), ("with a problem", row.bad)] if row else [],
        "page": paged(request, reads.prompts(prompts, **wanted)),
        "languages": reads.languages(prompts),
        "sources": reads.sources(prompts),
        "recipes": reads.recipes(prompts, access.organisations(person)),
    }
    part = "_training_prompts_live.html" if request.GET.get("only") == "live" else "_training_prompts.html"
    page = "annotations/training_prompts_detail.html"
    return page_or_fragment(request, page, f"annotations/{part}", context)


@require_POST
@for_roles(*AUTHORS, ADMIN)
def training_prompts_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop reading; nothing of the files stays."""
    prompts = access.training_prompts_for_author(_person(request), pk)
    row = reads.latest_import(prompts)
    try:
        if row is None:
            raise ChoreProblem(gettext("Nothing is being read into these prompts."))
        training_prompts.give_up(row=row, actor=_person(request))
    except ChoreProblem as problem:
        messages.error(request, str(problem))
        return redirect("annotations:training-prompts-detail", pk)
    messages.success(request, gettext("%(value)s is cancelled. No prompt came in.") % {"value": prompts.title[:80]})
    return redirect("annotations:training-prompts-list")


@require_POST
@for_roles(*AUTHORS, ADMIN)
def training_prompts_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """The set leaves every list; a box says that the person means it."""
    prompts = access.training_prompts_for_author(_person(request), pk)
    if not request.POST.get("sure"):
        messages.error(request, gettext("Tick the box that says you mean it, then archive."))
        return redirect("annotations:training-prompts-detail", pk)
    try:
        training_prompts.archive(prompts=prompts, actor=_person(request))
    except BenchmarkProblem as problem:
        messages.error(request, str(problem))
        return redirect("annotations:training-prompts-detail", pk)
    messages.success(
        request,
        gettext("%(value)s is archived. Recipes keep what they have built from it.") % {"value": prompts.title[:80]},
    )
    return redirect("annotations:training-prompts-list")
