"""Comments on a version: one more, resolved, opened again."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from annotations import access, dossier
from annotations.access import WORKERS, for_roles
from annotations.core.storable import whole_number
from annotations.models import Comment, ConfigVersion, User
from annotations.services import reviews
from annotations.web import wants_fragment
from training import access as run_access
from training.views.reviews import review_page

WHOLE = "whole"


@require_POST
@for_roles(*WORKERS)
def comment_add(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """A comment on a line, a rule or the whole version, or an answer to one."""
    user = cast(User, request.user)
    version = run_access.version_to_discuss(user, pk, number)
    text, parent = request.POST.get("text", ""), _thread(version, request.POST.get("parent", ""))
    anchor, quote = dossier.place_of(version, parent.anchor if parent else request.POST.get("anchor", ""))
    try:
        reviews.comment(version=version, author=user, text=text, anchor=anchor, quote=quote, parent=parent)
    except reviews.ReviewProblem as problem:
        typed = {"answering": parent.pk} if parent else {"commenting": anchor or WHOLE}
        return _refused(request, version, anchor, problem_comment=str(problem), typed_comment=text, **typed)
    return _talk(request, version, anchor)


@require_POST
@for_roles(*WORKERS)
def comment_resolve(request: HttpRequest, pk: int, number: int, comment: int) -> HttpResponse:
    """A thread is resolved, or with `open=1` opened again."""
    user = cast(User, request.user)
    version = run_access.version_to_discuss(user, pk, number)
    thread = access.one_or_404(version.comments.filter(parent=None), pk=comment)
    if request.POST.get("open") == "1":
        reviews.reopen(comment=thread)
    else:
        reviews.resolve(comment=thread, actor=user)
    return _talk(request, version, dossier.place_of(version, thread.anchor)[0])


def _thread(version: ConfigVersion, pk: str) -> Comment | None:
    """The thread to answer, also when an answer in it is named; None without any. 404 for one of another version."""
    if not pk:
        return None
    said: Comment = access.one_or_404(version.comments.select_related("parent"), pk=whole_number(pk) or 0)
    return said.parent or said


def _talk(request: HttpRequest, version: ConfigVersion, place: str) -> HttpResponse:
    """What is said at that place now: the fragment for htmx, else the page, scrolled there."""
    if wants_fragment(request):
        return _fragment(request, version, place)
    page = reverse("training:review-detail", args=[version.config_id, version.number])
    return redirect(f"{page}#{place or WHOLE}")


def _refused(request: HttpRequest, version: ConfigVersion, place: str, **typed: Any) -> HttpResponse:
    if wants_fragment(request):
        return _fragment(request, version, place, status=422, **typed)
    return review_page(request, version, status=422, **typed)


def _fragment(
    request: HttpRequest, version: ConfigVersion, place: str, *, status: int = 200, **typed: Any
) -> HttpResponse:
    context = {
        "version": version,
        "config": version.config,
        "anchor": place or WHOLE,
        "threads": dossier.threads_by_place(version).get(place, ()),
        "may_comment": True,
    }
    return render(request, "training/_talk.html", context | typed, status=status)
