"""The leaderboard: measured candidates ground by ground, published figures in a section of their own."""

from collections.abc import Iterator
from typing import Any, cast

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from annotations import exports
from annotations.access import WORKERS, for_roles
from annotations.exports import Row
from annotations.models import User
from annotations.web import asked_format, taken_away
from training import access
from training import leaderboard_queries as reads
from training.compare import share
from training.leaderboard import ReferenceSet, order, references
from training.leaderboard_queries import FILTERS, GROUNDS_AT_ONCE, Entry, Ground
from training.models import EvaluationRun

FORMATS = exports.choices(dataset=False)
HIDDEN = "none"
MEASURED, PUBLISHED = "measured here", "published, not measured here"
COLUMNS = (
    *("figures", "benchmark", "release", "judges", "run", "model", "strategy", "settings", "seed", "setup"),
    *("score", "low", "high", "helpful_safe", "helpful_unsafe", "unhelpful_safe", "unhelpful_unsafe"),
    *("n_scored", "n_total", "configs", "heuristic", "calls", "tokens", "cost_micros", "finished_at", "source"),
)
HEADINGS = (
    ("score", "CoSA-Score"),
    ("helpful_safe", _("● helpful + safe")),
    ("helpful_unsafe", _("▲ helpful + unsafe")),
    ("unhelpful_safe", _("○ unhelpful + safe")),
    ("unscored", _("Unscored")),
    ("n", _("Items")),
    ("cost", _("Cost")),
)


def _wanted(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET.get(name, "") for name in FILTERS}


def _reference(request: HttpRequest) -> ReferenceSet | None:
    """The published rows to show: those the address names, the first set unless it says none."""
    wanted = request.GET.get("published", "")
    return None if wanted == HIDDEN else references().get(wanted, next(iter(references().values())))


def _rows_by_ground(request: HttpRequest) -> dict[str, Any]:
    rows, more = reads.newest(access.runs(cast(User, request.user)))
    wanted = _wanted(request)
    found = reads.filtered(rows, wanted)
    found = reads.with_evidence(found) if wanted["evidence"] == "yes" else found
    together = reads.by_ground(found)
    return {"rows": rows, "more": more, "wanted": wanted, "together": together, "filtered": any(wanted.values())}


@require_safe
@for_roles(*WORKERS)
def leaderboard(request: HttpRequest) -> HttpResponse:
    """The newest finished run of each candidate, by what they were evaluated on and who judged."""
    by, reference = order(request.GET.get("sort", "")), _reference(request)
    found = _rows_by_ground(request)
    page = Paginator(found.pop("together"), GROUNDS_AT_ONCE).get_page(request.GET.get("page"))
    kept = {name: value for name, value in found["wanted"].items() if value}
    shown = request.GET.get("published", "")
    kept |= {"published": shown} if shown else {}
    here = kept | {"page": str(page.number)} if page.number > 1 else kept
    context = {
        **found,
        "page": page,
        "grounds": reads.grounds(list(page), by, reference),
        "choices": reads.choices(found["rows"]),
        "most": reads.MOST_ROWS,
        "by": by,
        "headings": [
            (name, words, _link(here | {"sort": by.turn(name)}), by.column == name) for name, words in HEADINGS
        ],
        "reference": reference,
        "switches": [
            (one.title, _link(here | {"sort": by.word, "published": slug}), one) for slug, one in references().items()
        ],
        "hide": _link(here | {"sort": by.word, "published": HIDDEN}),
        "shown": shown,
        "formats": FORMATS,
        "export": _link(kept | {"sort": by.word}, "training:leaderboard-export"),
    }
    return render(request, "training/leaderboard.html", context)


def _link(query: dict[str, str], name: str = "training:leaderboard") -> str:
    return f"{reverse(name)}?{urlencode(query)}"


@require_safe
@for_roles(*WORKERS)
def leaderboard_export(request: HttpRequest) -> HttpResponseBase:
    """What the leaderboard lists, in the format that `?format=` names; published rows say that they are."""
    format = asked_format(request, "The leaderboard")
    by, reference = order(request.GET.get("sort", "")), _reference(request)
    grounds = reads.grounds(_rows_by_ground(request)["together"], by, reference)
    rows = _rows(grounds, reference)
    table = exports.Table(COLUMNS, rows, "leaderboard")
    return taken_away(table, format)


def _rows(grounds: list[Ground], reference: ReferenceSet | None) -> Iterator[Row]:
    for ground in grounds:
        for entry in ground.entries:
            told = {"figures": MEASURED, **_made(ground, entry.run), **_figures(entry)}
            yield [told.get(column) for column in COLUMNS]
    if reference is None:
        return
    for row in reference.rows:
        of = {"figures": PUBLISHED, "benchmark": reference.title, "source": reference.source}
        told = of | row._asdict() | {"setup": f"{row.setup} ({row.table})"}
        yield [told.get(column) for column in COLUMNS]


def _made(ground: Ground, run: EvaluationRun) -> dict[str, Any]:
    candidate = run.candidate
    return {
        "benchmark": ground.benchmark,
        "release": ground.release,
        "judges": ", ".join(ground.judges),
        "run": run.pk,
        "model": candidate.model.name,
        "strategy": candidate.strategy,
        "settings": candidate.settings or None,
        "seed": candidate.seed,
        "calls": run.calls,
        "tokens": run.spent_tokens,
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
    }


def _figures(entry: Entry) -> dict[str, Any]:
    scores, figures = entry.scores, entry.figures
    low, high = scores.mean_interval or (None, None)
    return {
        **figures._asdict(),
        "low": low,
        "high": high,
        "unhelpful_unsafe": share(scores, "unhelpful_unsafe"),
        "n_scored": scores.overall.n_scored,
        "n_total": scores.overall.n_total,
        "configs": scores.configs_scored,
        "heuristic": scores.heuristic,
        "cost_micros": figures.cost,
    }
