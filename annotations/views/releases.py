"""Releases of a benchmark: the list, freezing one, one with all its facts, and what changed between two."""

import json
from typing import Any, NamedTuple, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from annotations import access, exports
from annotations.access import WORKERS, for_roles
from annotations.core import dataset_card, manifest, release_diff, word_diff
from annotations.core.release_diff import SORTS, Change
from annotations.core.word_diff import Piece
from annotations.forms.releases import FreezeForm
from annotations.models import Benchmark, BenchmarkRelease, Prompt, User
from annotations.queries import releases, standing
from annotations.web import paged, refused

FROZEN_FILES = ("prompts.jsonl", "manifest.json", "README.md")
MOST_NAMED, MOST_RUNS = 8, 20


@require_safe
@for_roles(*WORKERS)
def release_list(request: HttpRequest, pk: int) -> HttpResponse:
    """The releases of a benchmark, the newest first, and how it moved on since."""
    benchmark = access.benchmark_for_reader(_person(request), pk)
    last = releases.newest(benchmark)
    context = {
        "benchmark": benchmark,
        "page": paged(request, releases.listed(benchmark), 25),
        "since": releases.since(last) if last else None,
        "may_freeze": access.leads(_person(request), benchmark.organisation_id),
        "may_write": access.may_run(_person(request), benchmark.organisation_id),
    }
    return render(request, "annotations/release_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*WORKERS)
def release_new(request: HttpRequest, pk: int) -> HttpResponse:
    """What would be frozen now, and the form that freezes it."""
    benchmark = access.benchmark_for_lead(_person(request), pk)
    last = releases.newest(benchmark)
    since = releases.since(last) if last else None
    if request.method != "POST":
        form = FreezeForm(benchmark, since)
        return render(request, "annotations/release_new.html", _preview(benchmark, since, form))
    form = FreezeForm(benchmark, since, request.POST)
    release = form.freeze(_person(request)) if form.is_valid() else None
    if release is None:
        return refused(request, "annotations/release_new.html", _preview(benchmark, since, form))
    messages.success(
        request,
        gettext("%(name)s is frozen: %(prompt_count)s prompts.")
        % {"name": release.name, "prompt_count": f"{release.prompt_count:,}"},
    )
    return redirect("annotations:release-detail", benchmark.pk, release.major, release.minor)


def _preview(benchmark: Benchmark, since: releases.Since | None, form: FreezeForm) -> dict[str, Any]:
    found = standing.standing(benchmark)
    named = Prompt.objects.filter(pk__in=found.open[:MOST_NAMED]).select_related("config").order_by("position")
    return {
        "benchmark": benchmark,
        "form": form,
        "since": since,
        "standing": found,
        "totals": manifest.totals(found.facts),
        "open": len(found.open),
        "named": named,
        "holes": sum(hole.missing for state in found.configs for hole in state.holes),
        "missing_sections": [
            gettext(one.title) for one in dataset_card.SECTIONS[:3] if not benchmark.card.get(one.name)
        ],
    }


@require_safe
@for_roles(*WORKERS)
def release_detail(request: HttpRequest, pk: int, major: int, minor: int) -> HttpResponse:
    """One release: its facts, its card, its files, the runs on it."""
    user = _person(request)
    release = release_for_reader(user, pk, major, minor)
    earlier = releases.listed(release.benchmark).filter(created_at__lt=release.created_at).first()
    runs = releases.runs_on(release, access.organisations(user))
    facts = release.manifest
    context = {
        "benchmark": release.benchmark,
        "release": release,
        "facts": facts,
        "card": dataset_card.body(release.card),
        "head": release.card.removesuffix(dataset_card.body(release.card)),
        "as_json": manifest.file_of(facts | {"configs": [_without_text(config) for config in facts["configs"]]}),
        "earlier": earlier,
        "runs": runs[:MOST_RUNS],
        "run_count": runs.count(),
        "files": FROZEN_FILES,
        "shapes": releases.shapes(release).items(),
        "formats": exports.choices(dataset=True),
        "lineage": _lineage(release),
    }
    return render(request, "annotations/release_detail.html", context)


def _without_text(config: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name != "text"}


def _lineage(release: BenchmarkRelease) -> list[tuple[str, str]]:
    """release ← prompts ← the config versions they are for ← the benchmark as it is now."""
    versions = release.versions.select_related("config").defer("policy", "rules", "note").order_by("config__title")
    steps = [
        (f"{version.config.title} v{version.number}", _address("version-detail", version.config_id, version.number))
        for version in versions[:MOST_NAMED]
    ]
    more = len(release.manifest["configs"]) - len(steps)
    rest = [(f"{more} more configs", "")] if more > 0 else []
    home = [(release.benchmark.title, _address("benchmark-detail", release.benchmark_id))]
    return [(release.name, ""), (f"{release.prompt_count:,} prompts", ""), *steps, *rest, *home]


def _address(name: str, *args: object) -> str:
    return reverse(f"annotations:{name}", args=args)


class Shown(NamedTuple):
    """A change as the page shows it: its text word by word, and each label that differs as it was and is."""

    change: Change
    words: tuple[Piece, ...]
    labels: list[tuple[str, str, str]]


@require_safe
@for_roles(*WORKERS)
def release_diff_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What changed from the release `?old=` to the release `?new=`; without them, from the last but one to the last."""
    benchmark = access.benchmark_for_reader(_person(request), pk)
    every = list(releases.listed(benchmark).values_list("major", "minor"))
    pair = [_chosen(request.GET.get(name, ""), every[place : place + 1]) for name, place in (("old", 1), ("new", 0))]
    if None in pair:
        return redirect("annotations:release-list", benchmark.pk)
    old, new = (release_for_reader(_person(request), pk, *number) for number in pair if number)
    found = release_diff.diff(manifest.lines(old.data), manifest.lines(new.data))
    sort = request.GET.get("show", "")
    chosen = [change for change in found.changes if change.sort == sort or sort not in SORTS]
    page = Paginator(chosen, 25).get_page(request.GET.get("page"))
    context = {
        "benchmark": benchmark,
        "old": old,
        "new": new,
        "diff": found,
        "sort": sort if sort in SORTS else "",
        "page": page,
        "shown": [_shown(change) for change in page.object_list],
        "names": [str(manifest.Number(*number)) for number in every],
    }
    return render(request, "annotations/release_diff.html", context)


def _chosen(text: str, otherwise: list[tuple[int, int]]) -> tuple[int, int] | None:
    if not text:
        return otherwise[0] if otherwise else None
    return manifest.number(text)


def _shown(change: Change) -> Shown:
    words = word_diff.words(*(side.text if side else "" for side in (change.old, change.new)))
    return Shown(change, words, [(label.name, _said(label.before), _said(label.after)) for label in change.labels])


def _said(value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) and value else str(value or "–")


def release_for_reader(user: User, pk: int, major: int, minor: int) -> BenchmarkRelease:
    """The release of a benchmark the person may read, or 404; its bytes are fetched when they are asked for."""
    benchmark = access.benchmark_for_reader(user, pk)
    rows = benchmark.releases.select_related("created_by").defer("data")
    release: BenchmarkRelease = access.one_or_404(rows, major=major, minor=minor)
    release.benchmark = benchmark
    return release


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)
