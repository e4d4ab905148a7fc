"""The record of decisions: the list with its filters, and the same rows to take away."""

from typing import cast

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from annotations import exports, trail
from annotations.access import for_roles, roles
from annotations.forms.audit import AuditFilter
from annotations.models import AuditEvent, User
from annotations.models.people import ADMIN, REVIEWER
from annotations.web import paged, wants_fragment

PAGE, FRAGMENT = "annotations/audit_list.html", "annotations/_audit_rows.html"
FORMATS = exports.choices(dataset=False)


@require_safe
@for_roles(ADMIN, REVIEWER)
def audit_list(request: HttpRequest) -> HttpResponse:
    """Who decided what, when, and what it changed: newest first."""
    form = AuditFilter(request.GET)
    found = trail.events(**form.cleaned_data) if form.is_valid() else AuditEvent.objects.none()
    page, admin = paged(request, found), ADMIN in roles(cast(User, request.user))
    context = {
        "form": form,
        "page": page,
        "lines": trail.lines(page.object_list, admin=admin),
        "filtered": any(form.cleaned_data.values()),
        "formats": FORMATS,
        "admin": admin,
    }
    template = FRAGMENT if wants_fragment(request) else PAGE
    return render(request, template, context, status=200 if form.is_valid() else 422)


@require_safe
@for_roles(ADMIN, REVIEWER)
def audit_export(request: HttpRequest) -> HttpResponseBase:
    """The rows that the filters leave, as a file in the format that `?format=` names."""
    form = AuditFilter(request.GET)
    if (name := request.GET.get("format", "csv")) not in dict(FORMATS):
        raise Http404(f"The record cannot be downloaded as {name[:20]!r}; there are: {', '.join(dict(FORMATS))}.")
    format = exports.load(name)
    if not form.is_valid():
        return render(request, PAGE, {"form": form, "page": paged(request, AuditEvent.objects.none())}, status=422)
    rows = trail.table(trail.events(**form.cleaned_data))
    response = StreamingHttpResponse(
        format.pieces(exports.Table(trail.COLUMNS, rows, "audit")), content_type=format.CONTENT_TYPE
    )
    filename = f"audit-{timezone.localdate():%Y-%m-%d}{format.SUFFIX}"
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response
