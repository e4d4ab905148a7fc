"""The page that shows what the API offers."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotations.api.document import operations


@require_safe
def api_viewer(request: HttpRequest) -> HttpResponse:
    """The document, made readable; open to everybody as the document itself is."""
    return render(request, "annotations/api_viewer.html", {"operations": operations()})
