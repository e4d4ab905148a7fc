"""Reads over people's data: configs and benchmarks with their counts."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery

from annotations.core.taxonomy import KINDS
from annotations.models import Benchmark, ConfigVersion, Prompt, RiskCategory, SafetyConfig


def configs_with_versions(configs: QuerySet[SafetyConfig]) -> QuerySet[SafetyConfig]:
    """The configs with `all_versions` (newest first) and `prompt_count` on each."""
    newest = Prefetch("versions", ConfigVersion.objects.order_by("-number"), to_attr="all_versions")
    counted = Prompt.objects.filter(config=OuterRef("pk")).order_by().values("config").annotate(n=Count("pk"))
    return (
        configs.select_related("organisation")
        .prefetch_related(newest)
        .annotate(prompt_count=Subquery(counted.values("n")))
        .order_by("organisation__name", "title")
    )


def benchmarks_with_counts(benchmarks: QuerySet[Benchmark]) -> QuerySet[Benchmark]:
    """The benchmarks with `prompt_count`, `config_count` and one `n_<kind>` for each kind."""
    kinds = {f"n_{kind}": Count("prompts", filter=Q(prompts__kind=kind)) for kind in KINDS}
    return benchmarks.select_related("organisation").annotate(
        prompt_count=Count("prompts"), config_count=Count("prompts__config", distinct=True), **kinds
    )


class Cell(NamedTuple):
    """How many prompts of one kind there are."""

    kind: str
    prompts: int


class Coverage(NamedTuple):
    """Prompts by kind and in all: of one config in a benchmark, or in one benchmark for a config."""

    of: SafetyConfig | Benchmark
    cells: tuple[Cell, ...]
    total: int


def coverage(benchmark: Benchmark) -> list[Coverage]:
    """One row for each config of the benchmark, by title."""
    configs = SafetyConfig.objects.select_related("organisation")
    return _coverage(benchmark.prompts.values_list("config", "kind"), configs)


def config_coverage(config: SafetyConfig) -> list[Coverage]:
    """One row for each benchmark that has prompts for the config, by title."""
    return _coverage(config.prompts.values_list("benchmark", "kind"), Benchmark.objects.all())


def _coverage(pairs: QuerySet[Prompt, tuple[int, str]], owners: QuerySet[Any]) -> list[Coverage]:
    counts = {(owner, kind): number for owner, kind, number in pairs.order_by().annotate(number=Count("pk"))}
    found = []
    for owner in owners.filter(pk__in={pk for pk, _ in counts}).order_by("title"):
        cells = tuple(Cell(kind, counts.get((owner.pk, kind), 0)) for kind in KINDS)
        found.append(Coverage(owner, cells, sum(cell.prompts for cell in cells)))
    return found


def whole_number(text: str) -> int | None:
    """The row id that a filter's text names; None for anything else, however long."""
    return int(text) if text.isdecimal() and len(text) < 19 else None


def prompts(benchmark: Benchmark, *, config: str = "", kind: str = "", words: str = "") -> QuerySet[Prompt]:
    """The benchmark's prompts that match; unknown or empty filter values match everything."""
    found = benchmark.prompts.select_related("config").order_by("position")
    if (config_id := whole_number(config)) is not None:
        found = found.filter(config=config_id)
    if kind in KINDS:
        found = found.filter(kind=kind)
    return found.filter(text__icontains=words) if words else found


def categories(slugs: Iterable[str]) -> list[RiskCategory]:
    """The risk categories with these slugs, in the order of the taxonomy."""
    return list(RiskCategory.objects.filter(slug__in=list(slugs)))
