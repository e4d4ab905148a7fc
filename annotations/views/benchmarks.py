"""Benchmarks: the list, and one with its prompts."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotations import access
from annotations.access import WORKERS, for_roles
from annotations.core.taxonomy import KINDS, SLUGS
from annotations.models import Benchmark, User
from annotations.models.people import ADMIN
from annotations.queries.benchmarks import configs_of, languages_of, prompts
from annotations.queries.coverage import listed
from annotations.queries.validation import STATES
from annotations.web import page_or_fragment, paged

FILTERS = ("config", "kind", "rule", "risk", "language", "validation", "words")


@require_safe
@for_roles(*WORKERS)
def benchmark_list(request: HttpRequest) -> HttpResponse:
    """Every benchmark the person may read, and the archived ones that the person may put back."""
    user = cast(User, request.user)
    page = paged(request, access.benchmarks(user).order_by("title", "pk"))
    context = {
        "page": page,
        "rows": listed(Benchmark.objects.filter(pk__in=[benchmark.pk for benchmark in page])),
        "may_make": bool(access.roles(user) & {*access.AUTHORS, ADMIN}),
        "may_build": bool(access.roles(user) & access.AUTHORS),
        "kinds": KINDS,
        "archived": access.archived_benchmarks(user)[:50],
    }
    return render(request, "annotations/benchmark_list.html", context)


@require_safe
@for_roles(*WORKERS)
def benchmark_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A benchmark's prompts, filtered by everything that is said of a prompt."""
    user = cast(User, request.user)
    benchmark = access.benchmark_for_reader(user, pk)
    wanted = {name: request.GET.get(name, "").strip() for name in FILTERS}
    context = {
        "benchmark": benchmark,
        "may_write": access.may_run(user, benchmark.organisation_id),
        "configs": configs_of(benchmark),
        "languages": languages_of(benchmark),
        "kinds": KINDS,
        "risks": SLUGS,
        "states": STATES,
        "wanted": wanted,
        "filtered": any(wanted.values()),
        "page": paged(request, prompts(benchmark, **wanted)),
    }
    return page_or_fragment(request, "annotations/benchmark_detail.html", "annotations/_prompts.html", context)
