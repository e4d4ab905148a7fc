"""Reads over benchmarks and their prompts."""

from typing import Any, NamedTuple, cast

from django.db.models import Count, Q, QuerySet, TextField
from django.db.models.functions import Cast

from annotations.core.storable import storable, whole_number
from annotations.core.taxonomy import KINDS, SLUGS
from annotations.models import Benchmark, Prompt, SafetyConfig
from annotations.models.benchmarks import PromptQuerySet
from annotations.queries.label_states import in_state
from annotations.queries.validation import STATES, with_validation

NO_RULE, NO_RISK = "none", "none"


def benchmarks_with_counts(benchmarks: QuerySet[Benchmark]) -> QuerySet[Benchmark]:
    """The benchmarks with `prompt_count`, `config_count` and one `n_<kind>` for each kind."""
    now = Q(prompts__archived_at=None)
    kinds = {f"n_{kind}": Count("prompts", filter=now & Q(prompts__kind=kind)) for kind in KINDS}
    return benchmarks.select_related("organisation").annotate(
        prompt_count=Count("prompts", filter=now),
        config_count=Count("prompts__config", filter=now, distinct=True),
        **kinds,
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
    return _coverage(benchmark.prompts.current().values_list("config", "kind"), configs)


def config_coverage(config: SafetyConfig) -> list[Coverage]:
    """One row for each benchmark that has prompts for the config, by title."""
    return _coverage(config.prompts.current().values_list("benchmark", "kind"), Benchmark.objects.all())


def _coverage(pairs: QuerySet[Prompt, tuple[int, str]], owners: QuerySet[Any]) -> list[Coverage]:
    counts = {(owner, kind): number for owner, kind, number in pairs.order_by().annotate(number=Count("pk"))}
    found = []
    for owner in owners.filter(pk__in={pk for pk, _ in counts}).order_by("title"):
        cells = tuple(Cell(kind, counts.get((owner.pk, kind), 0)) for kind in KINDS)
        found.append(Coverage(owner, cells, sum(cell.prompts for cell in cells)))
    return found


def prompts(
    benchmark: Benchmark,
    *,
    config: str = "",
    kind: str = "",
    words: str = "",
    rule: str = "",
    language: str = "",
    risk: str = "",
    validation: str = "",
) -> PromptQuerySet:
    """The benchmark's prompts that match, in order, each with what `with_validation` says of it.

    Empty or unknown filter values match all; rule=NO_RULE those without a rule, risk=NO_RISK those without a risk.
    """
    found = with_validation(benchmark.prompts.current().select_related("config").order_by("position"))
    if (config_id := whole_number(config)) is not None:
        found = found.filter(config=config_id)
    if kind in KINDS:
        found = found.filter(kind=kind)
    if rule.isprintable() and rule:
        found = found.filter(rule="" if rule == NO_RULE else rule)
    if language.isprintable() and language:
        found = found.filter(language=language)
    if validation in STATES:
        found = found.filter(pk__in=in_state(benchmark.pk, validation))
    return _with_risk(found, risk).filter(text__icontains=storable(words)) if words else _with_risk(found, risk)


def _with_risk(found: PromptQuerySet, risk: str) -> PromptQuerySet:
    """SQLite cannot look into a list of JSON; written out, a slug in quotes is itself and no part of another one."""
    if risk == NO_RISK:
        return found.filter(risks=[])
    if risk not in SLUGS:
        return found
    return cast(PromptQuerySet, found.alias(written=Cast("risks", TextField())).filter(written__contains=f'"{risk}"'))


def configs_of(benchmark: Benchmark) -> QuerySet[SafetyConfig]:
    """The configs that current prompts of the benchmark are written for, by title."""
    written = benchmark.prompts.current().order_by().values("config")
    return SafetyConfig.objects.filter(pk__in=written).order_by("title", "pk")


def languages_of(benchmark: Benchmark) -> list[str]:
    """The languages of its current prompts, in alphabetical order."""
    return list(benchmark.prompts.current().order_by("language").values_list("language", flat=True).distinct())
