"""Runs beside each other: the figures, and the table to take away."""

from collections.abc import Iterator
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from annotations import exports
from annotations.access import WORKERS, for_roles
from annotations.core.storable import whole_number
from annotations.exports import Row
from annotations.models import User
from annotations.web import asked_format, taken_away
from training import access, queries
from training import compare_charts as charts
from training import compare_queries as reads
from training.charts import kinds_beside
from training.compare_queries import MOST_RUNS
from training.models import EvaluationRun

FORMATS = exports.choices(dataset=False)
FIGURES = ("score", "helpful_safe", "helpful_unsafe")
ENDS = ("before", "now", "delta", "low", "high")
COLUMNS = (
    *("base", "run", "of", "name", "pairs", "prompts", "total"),
    *(f"{figure}_{end}" for figure in FIGURES for end in ENDS),
    *("risen", "fallen", "sign_p", "to_unsafe", "from_unsafe", "unsafe_p", "smallest", "caveats"),
)


def chosen(request: HttpRequest) -> list[EvaluationRun]:
    """The runs that the address names, each once in its order, the base first; 404 for one the person may not read."""
    asked = dict.fromkeys(word for word in request.GET.getlist("run") if word)
    ids = [whole_number(word) for word in asked]
    wanted = [pk for pk in ids if pk is not None][: MOST_RUNS + 1]
    found = reads.with_facts(access.runs(cast(User, request.user))).in_bulk(wanted)
    if None in ids or any(pk not in found for pk in wanted):
        raise Http404("There is no such run.")
    return [found[pk] for pk in wanted]


@require_safe
@for_roles(*WORKERS)
def run_compare(request: HttpRequest) -> HttpResponse:
    """Any runs side by side, and each of them against the first one."""
    user = cast(User, request.user)
    asked = chosen(request)
    runs = asked[:MOST_RUNS]
    ids = [run.pk for run in runs]
    base = runs[0] if runs else None
    offered = [run for run in reads.offered(access.runs(user), base) if run.pk not in ids]
    context = {
        "runs": runs,
        "ids": ids,
        "offered": offered,
        "too_many": len(asked) > MOST_RUNS,
        "most": MOST_RUNS,
        "formats": FORMATS,
        **(_figures(runs) if runs else {}),
    }
    return render(request, "training/compare.html", context)


def _figures(runs: list[EvaluationRun]) -> dict[str, Any]:
    base, *others = runs
    seen, scores = reads.tallies(runs), queries.scores_of(runs)
    found = reads.compared(base, others, seen)
    known = reads.names(found.values())
    cards = charts.cards(runs, seen, scores)
    points, front = charts.tradeoff(cards)
    return {
        "base": base,
        "cards": cards,
        "facts": charts.facts(runs),
        "points": points,
        "front": front,
        "kinds": kinds_beside(runs, scores),
        "sections": [charts.section(base, run, found[run.pk], scores, known) for run in others],
        "export": charts.address([run.pk for run in runs], "compare-export"),
    }


@require_safe
@for_roles(*WORKERS)
def compare_export(request: HttpRequest) -> HttpResponseBase:
    """Every difference of a comparison, in the format that `?format=` names."""
    runs = chosen(request)[:MOST_RUNS]
    if len(runs) < 2:
        return redirect("training:run-compare")
    format = asked_format(request, "A comparison")
    table = exports.Table(COLUMNS, _rows(runs), f"runs-{'-'.join(str(run.pk) for run in runs)}")
    return taken_away(table, format)


def _rows(runs: list[EvaluationRun]) -> Iterator[Row]:
    figures = _figures(runs)
    for section in figures["sections"]:
        caveats = "; ".join(one.words for one in section.caveats)
        named = [("all", section.whole), *(("config", row) for row in section.configs)]
        for of, row in [*named, *(("kind", row) for row in section.kinds)]:
            yield [figures["base"].pk, section.run.pk, of, row.label, *_values(row), caveats]


def _values(row: charts.Row) -> Row:
    found, counts = row.found, row.counts
    if found is None:
        return [0, 0, counts.total, *[None] * (len(FIGURES) * len(ENDS) + 7)]
    shifts = (getattr(found, figure) for figure in FIGURES)
    ends = [end for shift in shifts for end in (shift.before, shift.now, shift.delta, *shift.interval)]
    tests = (found.risen, found.fallen, found.sign_p, found.to_unsafe, found.from_unsafe, found.unsafe_p)
    return [found.pairs, found.prompts, counts.total, *ends, *tests, found.smallest]
