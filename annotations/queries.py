"""Reads over people's data: configs and benchmarks with their counts."""

from collections.abc import Iterable
from typing import NamedTuple

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
    """How many prompts of one kind a config has in a benchmark."""

    kind: str
    prompts: int


class Coverage(NamedTuple):
    """A config's row in a benchmark: its prompts by kind and in all."""

    config: SafetyConfig
    cells: tuple[Cell, ...]
    total: int


def coverage(benchmark: Benchmark) -> list[Coverage]:
    """One row for each config of the benchmark, by title."""
    rows = Prompt.objects.filter(benchmark=benchmark).order_by().values_list("config", "kind").annotate(n=Count("pk"))
    counts = {(config, kind): n for config, kind, n in rows}
    configs = SafetyConfig.objects.filter(pk__in={config for config, _ in counts}).select_related("organisation")
    return [_coverage(config, counts) for config in configs.order_by("title")]


def _coverage(config: SafetyConfig, counts: dict[tuple[int, str], int]) -> Coverage:
    cells = tuple(Cell(kind, counts.get((config.pk, kind), 0)) for kind in KINDS)
    return Coverage(config, cells, sum(cell.prompts for cell in cells))


class BenchmarkCoverage(NamedTuple):
    """A benchmark's row on a config's page: the config's prompts in it, by kind and in all."""

    benchmark: Benchmark
    cells: tuple[Cell, ...]
    total: int


def config_coverage(config: SafetyConfig) -> list[BenchmarkCoverage]:
    """One row for each benchmark that has prompts for the config, by title."""
    rows = Prompt.objects.filter(config=config).order_by().values_list("benchmark", "kind").annotate(n=Count("pk"))
    counts = {(benchmark, kind): n for benchmark, kind, n in rows}
    found = []
    for benchmark in Benchmark.objects.filter(pk__in={pk for pk, _ in counts}).order_by("title"):
        cells = tuple(Cell(kind, counts.get((benchmark.pk, kind), 0)) for kind in KINDS)
        found.append(BenchmarkCoverage(benchmark, cells, sum(cell.prompts for cell in cells)))
    return found


def prompts(benchmark: Benchmark, *, config: str = "", kind: str = "", words: str = "") -> QuerySet[Prompt]:
    """The benchmark's prompts that match; unknown or empty filter values match everything."""
    found = benchmark.prompts.select_related("config").order_by("position")
    if config.isdecimal():
        found = found.filter(config=int(config))
    if kind in KINDS:
        found = found.filter(kind=kind)
    return found.filter(text__icontains=words) if words else found


def categories(slugs: Iterable[str]) -> list[RiskCategory]:
    """The risk categories with these slugs, in the order of the taxonomy."""
    return list(RiskCategory.objects.filter(slug__in=list(slugs)))
