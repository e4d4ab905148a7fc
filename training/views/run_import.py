"""A run over responses that were made elsewhere: the file is looked at row by row, then its judges read it."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from annotations.access import for_roles
from annotations.forms.campaign_items import ALL
from annotations.forms.uploads import Keeper, receive
from annotations.models import User
from annotations.models.people import ADMIN, EXPERT, LEAD
from annotations.services import import_files
from annotations.web import refused
from training.forms.run_import import ImportForm
from training.models import EvaluationRun
from training.services.run_imports import Look
from training.tasks import hint

PAGE, SHOWN = "training/run_import.html", 100


@csrf_exempt  # The form carries files, which must be taken in before its token can be read: `_sent` looks at it.
@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(EXPERT, LEAD, ADMIN)
def run_import(request: HttpRequest) -> HttpResponse:
    """The form; sent, a run over the file's responses: over all of them, or the good ones if that was asked."""
    user = cast(User, request.user)
    if request.method != "POST":
        return render(request, PAGE, {"form": ImportForm(user)})
    keeper = receive(request)
    try:
        return _sent(request, user, keeper)
    finally:
        keeper.drop()


@csrf_protect
def _sent(request: HttpRequest, user: User, keeper: Keeper) -> HttpResponse:
    form = ImportForm(user, request.POST, keeper=keeper)
    if not form.is_valid() or form.upload is None:
        return refused(request, PAGE, {"form": form})
    try:
        return _read(request, form)
    finally:
        import_files.remove(form.upload.folder)


def _read(request: HttpRequest, form: ImportForm) -> HttpResponse:
    found = form.look()
    stops = found is None or not found.ready or bool(found.problems and form.cleaned_data["wrong"] == ALL)
    run = form.start(found) if found and not stops else None
    if run is None:
        return refused(request, PAGE, {"form": form} | (_wrong(found) if found else {}))
    hint(run.pk)
    if found and found.problems:
        return render(request, PAGE, {"form": form, "run": run} | _wrong(found))
    messages.success(request, _words(run, found))
    return redirect("training:run-detail", run.pk)


def _wrong(found: Look) -> dict[str, Any]:
    return {
        "look": found,
        "problems": [tuple(problem) for problem in found.problems[:SHOWN]],
        "parts": (("repeated", found.twice), ("with a problem", len(found.problems))),
    }


def _words(run: EvaluationRun, found: Look | None) -> str:
    number = len(found.ready) if found else 0
    again = f", {found.twice:,} repeated in the file" if found and found.twice else ""
    return f"{number:,} response{'' if number == 1 else 's'} came in{again}. Run {run.pk} has its judges read them."
