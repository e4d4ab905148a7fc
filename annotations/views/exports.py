"""Taking a benchmark's prompts away: what one gets, and the file."""

import json
from itertools import chain, islice
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from annotations import access, exports
from annotations.access import WORKERS, for_roles
from annotations.core import export_card
from annotations.exports import Table
from annotations.forms.exports import ExportForm
from annotations.models import Benchmark, User
from annotations.queries import prompt_tables
from annotations.queries.prompt_shapes import SHAPES, chosen
from annotations.queries.prompt_tables import Wanted
from annotations.web import page_or_fragment

PAGE, FRAGMENT = "annotations/export.html", "annotations/_export.html"
SHOWN, NOTHING_HELD = 3, "–"
NOTHING = "No prompt matches, so there is nothing to download. Take a filter off."


@require_safe
@for_roles(*WORKERS)
def benchmark_export(request: HttpRequest, pk: int) -> HttpResponse:
    """The choice of shape, format, columns and filters, with the first rows as they would be in the file."""
    benchmark = access.benchmark_for_reader(cast(User, request.user), pk)
    form = ExportForm(benchmark, request.GET)
    if not form.is_valid():
        return render(request, _template(request), _context(benchmark, form), status=422)
    return page_or_fragment(request, PAGE, FRAGMENT, _context(benchmark, form) | _preview(benchmark, form))


@require_safe
@for_roles(*WORKERS)
def prompt_export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file; its first bytes leave before all rows are read."""
    benchmark = access.benchmark_for_reader(cast(User, request.user), pk)
    form = ExportForm(benchmark, request.GET)
    if not form.is_valid():
        return render(request, PAGE, _context(benchmark, form), status=422)
    table = _table(benchmark, form)
    rows = iter(table.rows)
    if (first := next(rows, None)) is None:
        return render(request, PAGE, _context(benchmark, form) | {"nothing": NOTHING}, status=422)
    return download(table._replace(rows=chain([first], rows)), form.format_name)


def download(table: Table, name: str) -> StreamingHttpResponse:
    """The table as a file in that format, called by its name and today's date."""
    format = exports.load(name)
    response = StreamingHttpResponse(format.pieces(table), content_type=format.CONTENT_TYPE)
    filename = f"{table.name}-{timezone.localdate():%Y-%m-%d}{format.SUFFIX}"
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _template(request: HttpRequest) -> str:
    return FRAGMENT if getattr(request, "htmx", None) else PAGE


def _context(benchmark: Benchmark, form: ExportForm) -> dict[str, Any]:
    shape = form.cleaned_data.get("shape") or "plain"
    picked = form.wanted.columns if form.is_valid() else ()
    return {"benchmark": benchmark, "form": form, "shape": SHAPES[shape], "picked": picked}


def _table(benchmark: Benchmark, form: ExportForm) -> Table:
    """Of one config alone, the name of its split would be the same in every row: only folders need it then."""
    wanted = form.wanted
    divided = wanted.config is None or exports.load(form.format_name).SPLITS
    return prompt_tables.table(benchmark, wanted, card=_card(benchmark, wanted), divided=divided)


def _card(benchmark: Benchmark, wanted: Wanted) -> str:
    columns = [(column.name, column.type, column.about) for column in chosen(SHAPES[wanted.shape], wanted.columns)]
    return export_card.card(
        title=benchmark.title,
        about=benchmark.about,
        licence=benchmark.licence,
        notice=benchmark.card.get("notice", ""),
        day=timezone.localdate().isoformat(),
        columns=columns,
    )


def _preview(benchmark: Benchmark, form: ExportForm) -> dict[str, Any]:
    table, wanted = _table(benchmark, form), form.wanted
    format = exports.load(form.format_name)
    return {
        "table": table,
        "first": [[shown(value) for value in row] for row in islice(table.rows, SHOWN)],
        "count": prompt_tables.number_of(benchmark, wanted),
        "left_out": prompt_tables.left_out(benchmark, wanted),
        "format": format.LABEL,
        "folder": format.SPLITS,
    }


def shown(value: Any) -> str:
    """A value as a cell of the preview; nothing is a dash."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(value) if isinstance(value, list) else json.dumps(value) if isinstance(value, dict) else value
    return NOTHING_HELD if text in (None, "", "{}") else str(text)
