"""Training runs and loops: the list, one run while it trains, its log and figures as files, runs side by side."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotations import exports
from annotations.access import WORKERS, for_roles
from annotations.core.storable import whole_number
from annotations.models import User
from annotations.models.work import CANCELLED, FAILED, QUEUED, RUNNING, WAITING
from annotations.web import asked_filters, filter_query, numbered, page_or_fragment, taken_away, wants_fragment
from training import (
    access,
    training_beside,
    training_charts,
    training_checks,
    training_facts,
    training_metrics,
    training_points,
)
from training import training_queries as reads
from training.models import TrainingRun
from training.models.training import CHECK, TRAIN
from training.recipes import run_dir

PAGE, LIVE = "training/training_detail.html", "training/_training_live.html"
PIECE = 1 << 16
NOT_HERE = "-- The whole log lies on {node}. These are its last lines, as they were kept. --\n"


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


@require_safe
@for_roles(*WORKERS)
def training_list(request: HttpRequest) -> HttpResponse:
    """Training runs and loops, the newest first, by state, kind, base and words."""
    person, wanted = _person(request), asked_filters(request, reads.FILTERS)
    page = numbered(request, reads.listed(person, wanted), size=25)
    context = {
        "page": page,
        "lines": reads.lines(person, page.object_list),
        "wanted": wanted,
        "filtered": bool(filter_query(wanted)),
        "may_train": access.may_train(person),
        **reads.choices(person),
    }
    if not page.object_list and not context["filtered"]:
        context |= reads.missing(person)
    return render(request, "training/training_list.html", context)


@require_safe
@for_roles(*WORKERS)
def training_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One training run: how far it is, curves, samples and log, which htmx asks for; then what it was made of."""
    person = _person(request)
    run = access.training_for_reader(person, pk)
    context = _live(request, run)
    if not wants_fragment(request):
        context |= {
            "started": training_facts.started(run),
            "lineage": reads.lineage(run),
            "columns": training_metrics.COLUMNS.items(),
            "formats": training_metrics.FORMATS,
        }
    return page_or_fragment(request, PAGE, LIVE, context)


def _live(request: HttpRequest, run: TrainingRun) -> dict[str, Any]:
    far, before = reads.far(run), whole_number(request.GET.get("before", ""))
    found = training_points.read([run], {run.pk: far.last_step})[run.pk]
    trains, checks = ((run.phase == phase and run.kind != run_dir.MERGE) for phase in (TRAIN, CHECK))
    end = max(far.last_step, run.total if run.is_open else 0)
    word = f"{run.state}-{run.phase}-{'asked' if run.finish_asked_at else ''}"
    return {
        "run": run,
        "kind": reads.KIND_WORDS[run.kind],
        "far": far,
        "why": reads.standing(run),
        "laws": training_facts.laws(run) if run.phase == TRAIN else [],
        "dev_pairs": training_facts.dev_pairs(run),
        "charts": training_charts.charts(run.kind, found.series, end, far.cards) if trains and found.series else [],
        "unread": found.since,
        "polls": run.is_open or bool(found.since),
        "samples": reads.samples(run, before),
        "before": before,
        "log": training_facts.log_tail(run),
        "checked": training_checks.checked_context(run) if checks else None,
        "checks": checks,
        "word": word,
        "moved": request.GET.get("known", word) != word,
        **_may(request, run),
    }


def _may(request: HttpRequest, run: TrainingRun) -> dict[str, Any]:
    """What the person may do with the run in the state it is in."""
    may_train = access.may_train(_person(request))
    return {
        "may_train": may_train,
        "may_operate": may_train,
        "checkpoint": reads.checkpoint(run),
        "may_finish": run.state == RUNNING and run.phase == TRAIN and not run.finish_asked_at,
        "may_cancel": run.state in (QUEUED, RUNNING, WAITING),
        "may_resume": run.state in (FAILED, CANCELLED),
    }


@require_safe
@for_roles(*WORKERS)
def training_log(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The trainer's log as a file: the whole of it where this machine has it, else its end with a sentence."""
    run = access.training_for_reader(_person(request), pk)
    file = training_facts.folder(run) / run_dir.LOG
    if not file.is_file() and not run.log:
        raise Http404("This run has written no log yet.")
    pieces = _pieces(file) if file.is_file() else iter([(NOT_HERE.format(node=run.node) + run.log).encode()])
    response = StreamingHttpResponse(pieces, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="training-run-{run.pk}.log"'
    return response


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(PIECE):
            yield piece


@require_safe
@for_roles(*WORKERS)
def training_metrics_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """All points of a run, in the format that `?format=` names."""
    run = access.training_for_reader(_person(request), pk)
    name = request.GET.get("format", "csv")
    there = dict(training_metrics.FORMATS)
    if name not in there:
        raise Http404(f"Figures cannot be taken away as {name[:20]!r}; there are: {', '.join(there)}.")
    return taken_away(training_metrics.table(run), exports.load(name))


@require_safe
@for_roles(*WORKERS)
def training_compare(request: HttpRequest) -> HttpResponse:
    """Two to six runs beside each other: settings, last figures, curves by steps or by tokens."""
    person = _person(request)
    asked = list(dict.fromkeys(word for word in request.GET.getlist("runs") if word))
    ids = [whole_number(word) for word in asked]
    found = reads.with_latest(access.trainings(person)).defer("log").in_bulk([pk for pk in ids if pk is not None])
    if any(pk not in found for pk in ids):
        raise Http404("There is no such training run.")
    runs = [found[pk] for pk in ids if pk is not None][: training_beside.MOST]
    by = training_beside.TOKENS if request.GET.get("by") == training_beside.TOKENS else training_beside.STEPS
    context: dict[str, Any] = {"runs": runs, "by": by, "most": training_beside.MOST, "too_many": len(ids) > len(runs)}
    if len(runs) >= training_beside.LEAST:
        context |= training_beside.context(runs, by)
    return render(request, "training/training_compare.html", context)
