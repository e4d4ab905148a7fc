"""Merging two checkpoints: the form, and what every layer would be made of."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from annotations.access import for_roles
from annotations.core.storable import whole_number
from annotations.models import User
from annotations.models.people import ADMIN
from annotations.tasks import hint
from annotations.web import refused, wants_fragment
from training.forms.merges import MergeForm

PAGE, PREVIEW = "training/merge_form.html", "training/_merge_preview.html"
LOOK = "look"


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(ADMIN)
def merge_new(request: HttpRequest) -> HttpResponse:
    """The form; with `look` only what would come of it, else a training run that a worker of the node does."""
    if request.method != "POST":
        first = {name: whole_number(request.GET.get(name, "")) for name in ("base", "other")}
        return render(request, PAGE, {"form": MergeForm(initial=first)})
    form = MergeForm(request.POST)
    if LOOK in request.POST:
        return _looked_at(request, form)
    run = form.start(cast(User, request.user)) if form.is_valid() else None
    if run is None:
        return refused(request, PAGE, _page(form))
    hint(run)
    return redirect("training:training-detail", run.pk)


def _looked_at(request: HttpRequest, form: MergeForm) -> HttpResponse:
    if wants_fragment(request):
        return render(request, PREVIEW, _page(form))
    return render(request, PAGE, _page(form)) if form.is_valid() else refused(request, PAGE, _page(form))


def _page(form: MergeForm) -> dict[str, Any]:
    return {"form": form, "parts": form.preview()}
