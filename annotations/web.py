"""What every page shares: whole page or fragment, refused forms, lists in pages, tables to take away."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from annotations import exports, keyset
from annotations.exports import Format, Table


def page_or_fragment(request: HttpRequest, page: str, fragment: str, context: dict[str, Any]) -> HttpResponse:
    """The whole page, or only its fragment when htmx asks for it (a history restore wants the whole page)."""
    return render(request, fragment if wants_fragment(request) else page, context)


def wants_fragment(request: HttpRequest) -> bool:
    """True when htmx asks for a part of a page; a history restore wants the whole page."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx) and not htmx.history_restore_request


def waits(request: HttpRequest) -> bool:
    """True when figures that take seconds are asked for, by the page that came without them or on a page with them."""
    return "figures" in request.GET


def refused(request: HttpRequest, page: str, context: dict[str, Any]) -> HttpResponse:
    """The page again with the form's errors and everything typed, as 422."""
    return render(request, page, context, status=422)


def onward(request: HttpRequest, otherwise: str) -> str:
    """Where the person goes once a form is saved: what `next` asks for when it is a page of ours, else `otherwise`."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if ours else otherwise


def paged(request: HttpRequest, rows: QuerySet[Any], size: int = 50) -> keyset.Rows:
    """The page of rows that `?after=` or `?before=` asks for; the first one for anything else."""
    return keyset.page(request, rows, size)


def numbered(request: HttpRequest, rows: Sequence[Any] | QuerySet[Any], size: int = 50) -> Page[Any]:
    """The page that `?page=` asks for of what is counted anyway; a number out of range is the nearest page."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def asked_filters(request: HttpRequest, names: Iterable[str]) -> dict[str, str]:
    """What the address asks for by each of these names, "" where it asks for nothing."""
    return {name: request.GET.get(name, "") for name in names}


def filter_query(wanted: Mapping[str, object]) -> str:
    """The filters as the end of an address, "" for everything."""
    return urlencode({name: value for name, value in wanted.items() if value})


def asked_format(request: HttpRequest, what: str) -> Format:
    """The format of a table that `?format=` names, CSV without one; 404, with `what` it is of, for another word."""
    there = dict(exports.choices(dataset=False))
    if (name := request.GET.get("format", "csv")) not in there:
        raise Http404(f"{what} cannot be downloaded as {name[:20]!r}; there are: {', '.join(there)}.")
    return exports.load(name)


def taken_away(table: Table, format: Format) -> StreamingHttpResponse:
    """The table as a file in that format, called by its name."""
    response = StreamingHttpResponse(format.pieces(table), content_type=format.CONTENT_TYPE)
    response.headers["Content-Disposition"] = f'attachment; filename="{table.name}{format.SUFFIX}"'
    return response
