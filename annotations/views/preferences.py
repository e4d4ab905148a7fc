"""Preference sets: what there is, bringing one in, reading its pairs under filters, putting it away."""

from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from django.contrib import messages
from django.db.models.fields.json import KT
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import access, tasks
from annotations.access import AUTHORS, WORKERS, for_roles
from annotations.core.storable import storable
from annotations.forms.preferences import PreferenceForm
from annotations.forms.uploads import Keeper, receive
from annotations.models import PreferenceSet, User
from annotations.models.people import ADMIN
from annotations.queries import pair_filter, pair_lineage
from annotations.queries import preferences as reads
from annotations.queries.pair_filter import Filter
from annotations.services import leakage, preferences
from annotations.services.chores import ChoreProblem
from annotations.services.preferences import PreferenceProblem
from annotations.web import filter_query, numbered, page_or_fragment, paged, refused

FORM = "annotations/preference_form.html"
PAIRS, SHOWN_PROBLEMS, SHOWN_CONFIGS = 20, 100, 10
HEAVY = ("problems", "figures", "about", "manifest", "settings", "leaks")


class Choice(NamedTuple):
    """A filter of pairs as a field to choose from: its name in the address, what is chosen, its label.

    `options` are values of the address, words for them, and how many pairs each has.
    """

    name: str
    chosen: str
    label: str
    options: list[tuple[str, str, int]]


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


@require_safe
@for_roles(*WORKERS)
def preference_list(request: HttpRequest) -> HttpResponse:
    """Every preference set the person may read, the newest first."""
    checked = {name: KT(f"leaks__{name}") for name in ("state", "exact", "near")}
    told = {f"leaks_{name}": value for name, value in checked.items()}
    page = paged(request, access.preference_sets(_person(request)).defer(*HEAVY).annotate(**told), size=25)
    may_add = bool(access.roles(_person(request)) & {*AUTHORS, ADMIN})
    return render(request, "annotations/preference_list.html", {"page": page, "may_add": may_add})


@csrf_exempt  # The form carries files, which must be taken in before its token can be read: `_sent` looks at it.
@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*AUTHORS, ADMIN)
def preference_new(request: HttpRequest) -> HttpResponse:
    """The form; once it is right, the pairs are read: small files at once, others by a worker."""
    if request.method != "POST":
        return render(request, FORM, {"form": PreferenceForm(_person(request))})
    keeper = receive(request)
    try:
        return _sent(request, keeper)
    finally:
        keeper.drop()


@csrf_protect
def _sent(request: HttpRequest, keeper: Keeper) -> HttpResponse:
    form = PreferenceForm(_person(request), request.POST, keeper=keeper)
    if not form.is_valid() or form.upload is None:
        return refused(request, FORM, {"form": form})
    names = ("organisation", "title", "about", "licence", "source", "taxonomy")
    said = {name: form.cleaned_data[name] for name in names}
    row = preferences.start(upload=form.upload, actor=_person(request), **said)
    tasks.begin(row, quick=preferences.is_quick(row))
    return redirect("annotations:preference-detail", row.pk)


@require_safe
@for_roles(*WORKERS)
def preference_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is; once it is there, what is known of it and its pairs. htmx asks while it works."""
    row = access.preference_set_for_reader(_person(request), pk)
    context = {
        "row": row,
        "may_write": access.may_run(_person(request), row.organisation_id),
        "problems": row.problems[:SHOWN_PROBLEMS],
        "lineage": pair_lineage.steps(row),
        **(_pairs(request, row) if row.sha256 else {}),
    }
    return page_or_fragment(request, "annotations/preference_detail.html", "annotations/_preference_live.html", context)


def _pairs(request: HttpRequest, row: PreferenceSet) -> dict[str, Any]:
    wanted = asked(request)
    configs = row.figures.get("configs", [])
    pairs = reads.pairs(row, wanted)
    return {
        "page": numbered(request, pairs, size=PAIRS),
        "filtered": any(wanted),
        "wanted": wanted,
        "query": query(wanted),
        "choices": _choices(row, wanted),
        "configs": configs[:SHOWN_CONFIGS],
        "more_configs": row.figures.get("config_count", 0) - len(configs[:SHOWN_CONFIGS]),
        "file_there": preferences.path(row).is_file(),
        "leaks": leakage.found(row),
        "newer": leakage.newer(row),
        "why_not": preferences.why_not_train(row),
        "heuristic": any(judge["heuristic"] for judge in row.manifest.get("judges", ())),
    }


def asked(request: HttpRequest) -> Filter:
    """The filter that the address asks for."""
    return Filter(**{name: storable(request.GET.get(name, "")).strip() for name in Filter._fields})


def query(wanted: Filter) -> str:
    """The filter as the end of an address, "" for everything."""
    return filter_query(wanted._asdict())


def _choices(row: PreferenceSet, wanted: Filter) -> list[Choice]:
    """The fields of the filter: what there is more than one of, with how many pairs each has."""
    figures = row.figures
    gaps = [(value, value, amount) for value, amount in figures.get("gaps", ())]
    special = ((pair_filter.UNSCORED, "unscored"), (pair_filter.NOT_BETTER, "not_better"))
    gaps += [(word, gettext(_GAPS[word]), figures[name]) for word, name in special if figures.get(name)]
    every = [
        Choice("split", wanted.split, gettext("Split"), [(name, name, amount) for name, amount in row.splits.items()]),
        Choice("mode", wanted.mode, gettext("Mode"), _named(figures.get("modes", ()))),
        Choice("config", wanted.config, gettext("Config"), _named(figures.get("configs", ()))),
        Choice("origin", wanted.origin, gettext("Origin"), _named(figures.get("origins", ()))),
        Choice("gap", wanted.gap, gettext("Difference"), gaps),
    ]
    return [choice for choice in every if len(choice.options) > 1 or choice.chosen]


_GAPS = {pair_filter.UNSCORED: _("without both errors"), pair_filter.NOT_BETTER: _("none, or the wrong way")}


def _named(counts: Iterable[tuple[str, int]]) -> list[tuple[str, str, int]]:
    return [(name, name, amount) for name, amount in counts]


@require_POST
@for_roles(*AUTHORS, ADMIN)
def preference_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop reading, and nothing of the files stays; or stop comparing, and the pairs stay."""
    row = access.preference_set_for_author(_person(request), pk)
    try:
        preferences.give_up(row=row, actor=_person(request))
    except ChoreProblem as problem:
        messages.error(request, str(problem))
    return redirect("annotations:preference-detail", row.pk)


@require_POST
@for_roles(*AUTHORS, ADMIN)
def preference_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the set away: it is offered no more, and its file stays. A box says that the person means it."""
    row = access.preference_set_for_author(_person(request), pk)
    if not request.POST.get("sure"):
        messages.error(request, gettext("Tick the box that says you mean it, then archive."))
        return redirect("annotations:preference-detail", row.pk)
    try:
        preferences.archive(row=row, actor=_person(request))
    except PreferenceProblem as problem:
        messages.error(request, str(problem))
        return redirect("annotations:preference-detail", row.pk)
    messages.success(request, gettext("“%(title)s” is archived.") % {"title": row.title})
    return redirect("annotations:preference-list")
