"""The items that changed between two runs: the list, and the reader of one side by side."""

from typing import Any, NamedTuple

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from annotations.access import WORKERS, for_roles
from annotations.core.storable import whole_number
from annotations.core.taxonomy import KINDS
from annotations.web import page_or_fragment
from training import change_reader as reader
from training import compare_queries as reads
from training.compare import CHANGES, Moves
from training.compare_charts import address
from training.views.compare import chosen
from training.views.items import shown

LISTED = 50


class Wanted(NamedTuple):
    """What the filters of the list ask for; an unknown value asks for nothing."""

    config: int | None
    kind: str
    change: str


def _wanted(request: HttpRequest) -> Wanted:
    kind, change = request.GET.get("kind", ""), request.GET.get("change", "")
    config = whole_number(request.GET.get("config", ""))
    return Wanted(config, kind if kind in KINDS else "", change if change in CHANGES else "")


@require_safe
@for_roles(*WORKERS)
def run_changes(request: HttpRequest) -> HttpResponse:
    """The items of two runs that changed, worst first, filtered by config, kind and change."""
    runs = chosen(request)
    if len(runs) != 2:
        return redirect("training:run-compare")
    base, run = runs
    ids, wanted = [base.pk, run.pk], _wanted(request)
    every = reads.moves(base, run, reads.tallies(runs))
    moves = every.fitting(*wanted)
    page: Page[Any] = Paginator(range(len(moves)), LISTED).get_page(request.GET.get("page"))
    listed = moves[max(page.start_index() - 1, 0) : page.end_index()].rows()
    page.object_list = reader.lines(base, run, listed, wanted._asdict())
    context = {
        "base": base,
        "run": run,
        "wanted": wanted,
        "filtered": any(wanted),
        "configs": reader.configs_of(every),
        "kinds": KINDS,
        "changes": CHANGES,
        "page": page,
        "back": address(ids),
        "turned": address(reversed(ids), "run-changes", **wanted._asdict()),
        "every": address(ids, "run-changes"),
    }
    return page_or_fragment(request, "training/compare_items.html", "training/_compare_items.html", context)


@require_safe
@for_roles(*WORKERS)
def run_changed(request: HttpRequest, prompt: int) -> HttpResponse:
    """One prompt in two runs: the config once, both responses, both verdicts."""
    runs = chosen(request)
    if len(runs) != 2:
        return redirect("training:run-compare")
    base, run = runs
    words, wanted = request.GET.get("words") == "1", _wanted(request)
    row = whole_number(str(prompt))
    found = None if row is None else reader.read(base, run, row, words)
    if found is None:
        raise Http404("Neither run has this prompt.")
    kept, moves = wanted._asdict(), reads.moves(base, run, reads.tallies(runs)).fitting(*wanted)
    ids = [base.pk, run.pk]
    context = {
        "base": base,
        "run": run,
        "found": found,
        "sides": [(end, [shown(one) for one in end.judgements]) for end in (found.before, found.now)],
        "beside": _beside(ids, moves, prompt, kept | {"words": int(words)}),
        "filtered": any(wanted),
        "words": words,
        "turn_words": address(ids, "run-changed", [prompt], **kept, words=int(not words)),
        "list": address(ids, "run-changes", **kept),
        "lineage": reader.lineage(found),
    }
    return render(request, "training/compare_item.html", context)


class Beside(NamedTuple):
    """The addresses of the items before and after one in the filter, its place from 1 (0: not in it), how many."""

    previous: str
    next: str
    place: int
    total: int


def _beside(ids: list[int], moves: Moves, prompt: int, kept: dict[str, Any]) -> Beside:
    at = moves.place(prompt)
    if at is None:
        return Beside("", "", 0, len(moves))
    before, after = moves.prompts[:at][-1:].tolist(), moves.prompts[at + 1 :][:1].tolist()
    previous, following = (
        "".join(address(ids, "run-changed", [one], **kept) for one in some) for some in (before, after)
    )
    return Beside(previous, following, at + 1, len(moves))
