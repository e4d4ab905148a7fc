"""The provider's floor: what is in force, how it came about, and the draft of the next one."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from annotations import access
from annotations.access import WORKERS, for_roles
from annotations.core import diff
from annotations.core.storable import whole_number
from annotations.models import FloorVersion, User
from annotations.models.floor import DRAFT, PUBLISHED
from annotations.models.people import ADMIN
from annotations.services import floor
from annotations.web import refused

PAGE = "annotations/floor_list.html"


@require_safe
@for_roles(*WORKERS)
def floor_list(request: HttpRequest) -> HttpResponse:
    """The floor in force, the draft for those who may write it, and every earlier one."""
    return render(request, PAGE, _page(request))


@require_safe
@for_roles(*WORKERS)
def floor_detail(request: HttpRequest, number: int) -> HttpResponse:
    """One published floor and what it changed."""
    published = FloorVersion.objects.filter(state=PUBLISHED).select_related("published_by")
    version = access.one_or_404(published, number=number)
    before = published.filter(number__lt=number).order_by("-number").first()
    pieces = diff.words(before.text if before else "", version.text)
    return render(request, "annotations/floor_detail.html", {"version": version, "before": before, "pieces": pieces})


@require_POST
@for_roles(ADMIN)
def floor_save(request: HttpRequest) -> HttpResponse:
    """The draft of the next floor is kept; with `publish` it is in force from then on."""
    user = cast(User, request.user)
    text, note = request.POST.get("text", ""), request.POST.get("note", "")
    revision, above = (whole_number(request.POST.get(name, "")) for name in ("revision", "above"))
    try:
        draft = floor.save(text=text, note=note, revision=revision, actor=user, above=above or 0)
        if "publish" in request.POST:
            floor.publish(draft=draft, actor=user)
    except floor.FloorProblem as problem:
        typed = {"problem": str(problem), "text": text, "note": note}
        return refused(request, PAGE, _page(request) | typed)
    said = "is in force for everything that starts from now on" if "publish" in request.POST else "is saved as a draft"
    messages.success(request, gettext("Floor v%(number)s %(said)s.") % {"number": draft.number, "said": said})
    return redirect("annotations:floor-list")


def _page(request: HttpRequest) -> dict[str, Any]:
    may_write = ADMIN in access.roles(cast(User, request.user))
    current = floor.in_force()
    draft = FloorVersion.objects.filter(state=DRAFT).first() if may_write else None
    words = draft or current
    return {
        "current": current,
        "draft": draft,
        "text": words.text if words else "",
        "note": draft.note if draft else "",
        "pieces": diff.words(current.text if current else "", draft.text) if draft else (),
        "may_write": may_write,
        "history": FloorVersion.objects.filter(state=PUBLISHED).select_related("published_by").order_by("-number"),
    }
