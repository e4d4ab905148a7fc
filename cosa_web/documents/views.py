"""The documents as pages for everybody: they hold nothing of an installation, so nobody needs to log in."""

from datetime import UTC, datetime
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import last_modified, require_safe

from cosa_web.documents import contents, finding, reading


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The contents; with `?q=`, what is found."""
    words = request.GET.get("q", "").strip()[:200]
    shown = {"groups": contents.groups(), "words": words, "hits": finding.find(words)}
    return render(request, "docs/index.html", shown)


@require_safe
def page(request: HttpRequest, name: str) -> HttpResponse:
    """A document; for a name that is none, the contents with a sentence, as 404."""
    entry = contents.entry(name)
    if entry is None:
        return render(request, "docs/index.html", {"groups": contents.groups(), "missing": name}, status=404)
    before, after = contents.neighbours(name)
    shown: dict[str, Any] = {"groups": contents.groups(), "entry": entry, "before": before, "after": after}
    return render(request, "docs/page.html", shown | {"page": reading.page(name)})


def _changed(request: HttpRequest, name: str) -> datetime | None:
    path = contents.picture(name)
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path else None


@require_safe
@cache_control(public=True, max_age=3600)
@last_modified(_changed)
def picture(request: HttpRequest, name: str) -> FileResponse:
    """A picture of a document, kept by browsers for an hour."""
    path = contents.picture(name)
    if path is None:
        raise Http404
    return FileResponse(path.open("rb"), content_type=contents.PICTURE_TYPES[path.suffix])
