"""What stands behind a preference set: one pair, its card and manifest, and what of it stands in benchmarks."""

from bisect import bisect_left
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from annotations import access, tasks
from annotations.access import AUTHORS, WORKERS, for_roles
from annotations.core import dataset_card, manifest
from annotations.forms.overrule import OverruleForm
from annotations.models import PreferenceSet, User
from annotations.models.people import ADMIN
from annotations.queries import leaks as leak_reads
from annotations.queries import pair_lineage, preference_card
from annotations.queries import preferences as reads
from annotations.services import leakage, preferences
from annotations.services.preferences import PreferenceProblem
from annotations.views.preferences import asked, query
from annotations.web import numbered, refused

LEAKS = "annotations/preference_leaks.html"
ON_A_PAGE = 25


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


@require_safe
@for_roles(*WORKERS)
def preference_pair(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One pair whole, what is known of it, and where it comes from; beside it the next one the filter leaves."""
    row = access.preference_set_for_reader(_person(request), pk)
    every, wanted = reads.pairs(row), asked(request)
    if not 1 <= number <= len(every):
        raise Http404(f"There is no pair {number} in this set.")
    pair = every[number - 1]
    context = {
        "row": row,
        "pair": pair,
        "wanted": wanted,
        "query": query(wanted),
        "beside": _beside(reads.pairs(row, wanted), number),
        "origin": pair_lineage.of_pair(row, pair.values),
        "lineage": pair_lineage.steps(row),
    }
    return render(request, "annotations/preference_pair.html", context)


def _beside(pairs: reads.Pairs, number: int) -> dict[str, int]:
    """The numbers of the pairs before and after among those the filter leaves, its place there, how many there are."""
    places, at = pairs.places, bisect_left(pairs.places, number - 1)
    here = at < len(places) and places[at] == number - 1
    after = at + 1 if here else at
    return {
        "before": int(places[at - 1]) + 1 if at else 0,
        "after": int(places[after]) + 1 if after < len(places) else 0,
        "place": at + 1 if here else 0,
        "count": len(places),
    }


@require_safe
@for_roles(*WORKERS)
def preference_leaks(request: HttpRequest, pk: int) -> HttpResponse:
    """Which prompts of the set stand in which benchmarks, both texts side by side, and the form that overrules."""
    row = access.preference_set_for_reader(_person(request), pk)
    return render(request, LEAKS, _leaks(request, row, OverruleForm(row)))


def _leaks(request: HttpRequest, row: PreferenceSet, form: OverruleForm) -> dict[str, Any]:
    page = numbered(request, row.leaks.get("first", []), size=ON_A_PAGE)
    return {
        "row": row,
        "page": page,
        "rows": leak_reads.leaks(row, page.object_list),
        "leaks": leakage.found(row),
        "newer": leakage.newer(row),
        "words": leakage.words(row),
        "form": form,
        "may_write": access.may_run(_person(request), row.organisation_id),
    }


@require_POST
@for_roles(*AUTHORS, ADMIN)
def preference_overrule(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the set be trained on although prompts of it stand in benchmarks, for a reason in words."""
    row = access.preference_set_for_author(_person(request), pk)
    form = OverruleForm(row, request.POST)
    if not (form.is_valid() and form.overrule(_person(request))):
        return refused(request, LEAKS, _leaks(request, row, form))
    messages.success(request, gettext("It may be trained on. Your words stay with the set."))
    return redirect("annotations:preference-detail", row.pk)


@require_POST
@for_roles(*AUTHORS, ADMIN)
def preference_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Compare the set's prompts with the benchmarks as they are now; a worker does it."""
    row = access.preference_set_for_author(_person(request), pk)
    try:
        preferences.check_again(row=row, actor=_person(request))
    except PreferenceProblem as problem:
        messages.error(request, str(problem))
    else:
        tasks.hint(row)
    return redirect("annotations:preference-detail", row.pk)


@require_safe
@for_roles(*WORKERS)
def preference_card_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The dataset card and the manifest to read, or with `?file=` one of them to take away."""
    row = access.preference_set_for_reader(_person(request), pk)
    if not row.sha256:
        raise Http404("Its pairs are not there yet, so there is nothing to say of them.")
    card = preference_card.card(row)
    if (name := request.GET.get("file")) is not None:
        return _file(row, name, card)
    body = dataset_card.body(card)
    context = {
        "row": row,
        "card": body,
        "head": card.removesuffix(body),
        "as_json": manifest.file_of(preference_card.manifest(row)).decode(),
        "lineage": pair_lineage.steps(row),
    }
    return render(request, "annotations/preference_card.html", context)


def _file(row: PreferenceSet, name: str, card: str) -> HttpResponse:
    files = {
        "README.md": ("text/markdown; charset=utf-8", card.encode()),
        "manifest.json": ("application/json", manifest.file_of(preference_card.manifest(row))),
    }
    if name not in files:
        raise Http404(f"There is no file {name[:40]!r}; there are: {', '.join(files)}.")
    kind, data = files[name]
    slug = slugify(row.title)[:60] or f"preferences-{row.pk}"
    return HttpResponse(
        data, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{slug}-{name}"'}
    )
