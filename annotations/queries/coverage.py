"""Reads for the coverage of a benchmark: a handful of queries, however many prompts it has."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery

from annotations.core import coverage
from annotations.core.coverage import Group, Lengths, Row, Share
from annotations.models import Benchmark, BenchmarkRelease, ConfigVersion, SafetyConfig
from annotations.models.benchmarks import PromptQuerySet
from annotations.queries.benchmarks import benchmarks_with_counts
from annotations.queries.validation import VALIDATED, counted

COLUMNS = ("config", "title", "by", "name", "kind", "prompts", "target", "missing", "over", "validated")
AT_ONCE = 2000


class Sizes(NamedTuple):
    """Lengths of a benchmark's prompts; `longest` is the prompt with most characters, None without prompts."""

    characters: Lengths
    words: Lengths
    longest: UUID | None


class Inside(NamedTuple):
    """One config seen from inside; `version` is its newest, None while it has none."""

    config: SafetyConfig
    version: ConfigVersion | None
    rules: tuple[Row, ...]
    risks: tuple[Row, ...]
    situations: tuple[Share, ...]


class Overview(NamedTuple):
    """What a benchmark covers: a row for each of its configs, and languages over all of them."""

    configs: tuple[SafetyConfig, ...]
    rows: tuple[Row, ...]
    languages: tuple[Share, ...]
    versions: Mapping[int, ConfigVersion]

    @property
    def pairs(self) -> list[tuple[SafetyConfig, Row]]:
        """Each config with its row."""
        return list(zip(self.configs, self.rows, strict=True))

    @property
    def prompts(self) -> int:
        """All prompts of the benchmark."""
        return sum(row.prompts for row in self.rows)

    @property
    def validated(self) -> int:
        """How many of them are validated."""
        return sum(row.validated for row in self.rows)

    @property
    def missing(self) -> int:
        """How many prompts are missing to the targets."""
        return sum(row.missing for row in self.rows)

    @property
    def holes(self) -> int:
        """In how many places."""
        return sum(row.holes for row in self.rows)


def overview(benchmark: Benchmark) -> Overview:
    """What the benchmark covers, its configs by title."""
    groups = _coarse(benchmark)
    found = SafetyConfig.objects.filter(pk__in={group.config for group in groups}).order_by("title", "pk")
    configs = tuple(found.select_related("organisation"))
    versions = _newest([config.pk for config in configs])
    targets = {config.pk: _targets(benchmark, config, versions) for config in configs}
    rows = coverage.by_config(groups, targets, _validated(benchmark))
    return Overview(configs, rows, coverage.by_language(groups), versions)


def inside(benchmark: Benchmark, seen: Overview, config: SafetyConfig) -> Inside:
    """The rules, risk categories and situations of one config's prompts."""
    return _inside(_fine(benchmark.prompts.current().filter(config=config)), seen, config)


def _inside(groups: Iterable[Group], seen: Overview, config: SafetyConfig) -> Inside:
    version = seen.versions.get(config.pk)
    mine = list(groups)
    rules = {rule["id"]: rule["kind"] for rule in version.rules} if version else {}
    situations = coverage.by_situation(mine) if config.categorical else ()
    risks = coverage.by_risk(mine, version.allowed if version else ())
    return Inside(config, version, coverage.by_rule(mine, rules), risks, situations)


def _targets(benchmark: Benchmark, config: SafetyConfig, versions: Mapping[int, ConfigVersion]) -> dict[str, int]:
    version = versions.get(config.pk)
    return coverage.possible(benchmark.targets, version.allowed if config.categorical and version else None)


def _coarse(benchmark: Benchmark) -> tuple[Group, ...]:
    """Prompts by config, kind and language alone: few groups, however many prompts."""
    found = benchmark.prompts.current().order_by().values_list("config", "kind", "language")
    counted = found.annotate(number=Count("pk"))
    return tuple(Group(config, kind, "", (), None, tag, number) for config, kind, tag, number in counted)


def _fine(prompts: PromptQuerySet) -> tuple[Group, ...]:
    names = ("config", "kind", "rule", "risks", "situation", "language")
    found = prompts.order_by().values_list(*names).annotate(number=Count("pk"))
    return tuple(
        Group(config, kind, rule, tuple(risks), situation, language, number)
        for config, kind, rule, risks, situation, language, number in found
    )


def _newest(configs: Iterable[int]) -> dict[int, ConfigVersion]:
    """The newest version of each config without its policy; a draft counts."""
    newer = ConfigVersion.objects.filter(config=OuterRef("config"), number__gt=OuterRef("number"))
    found = ConfigVersion.objects.filter(~Exists(newer), config__in=list(configs)).order_by()
    return {version.config_id: version for version in found.only("config_id", "number", "state", "rules", "allowed")}


def _validated(benchmark: Benchmark) -> dict[tuple[int, str], int]:
    found = counted([benchmark])[benchmark.pk]
    return {(one.config, one.kind): one.number for one in found if one.state == VALIDATED}


def listed(benchmarks: QuerySet[Benchmark]) -> list[tuple[Benchmark, int]]:
    """The benchmarks by title, each with how many of its prompts are validated.

    On each are the counts of `benchmarks_with_counts`, `changed` (when its newest prompt came) and of the newest
    release `major`, `minor` and `released` (None without any).
    """
    newest = BenchmarkRelease.objects.filter(benchmark=OuterRef("pk")).order_by("-major", "-minor")
    numbers = {"major": "major", "minor": "minor", "released": "created_at"}
    found = benchmarks_with_counts(benchmarks).annotate(
        changed=Max("prompts__created_at", filter=Q(prompts__pending=False)),
        **{name: Subquery(newest.values(field)[:1]) for name, field in numbers.items()},
    )
    rows = list(found.order_by("title", "pk"))
    states = counted(rows)
    return [(row, sum(one.number for one in states[row.pk] if one.state == VALIDATED)) for row in rows]


def sizes(benchmark: Benchmark) -> Sizes:
    """How long the prompts are, in characters and in words (what stands between white space)."""
    characters: Counter[int] = Counter()
    words: Counter[int] = Counter()
    longest: tuple[int, UUID | None] = (0, None)
    texts = benchmark.prompts.current().order_by().values_list("uid", "text")
    for uid, text in texts.iterator(chunk_size=AT_ONCE):
        characters[len(text)] += 1
        words[len(text.split())] += 1
        longest = (len(text), uid) if len(text) > longest[0] else longest
    return Sizes(coverage.lengths(characters), coverage.lengths(words), longest[1])


def table(benchmark: Benchmark) -> Iterator[list[Any]]:
    """A row of COLUMNS for each config, rule, risk category, situation and language, by kind of prompt.

    Situations and languages are not divided by kind; what is not counted in a row is None.
    """
    seen, groups = overview(benchmark), defaultdict(list)
    for group in _fine(benchmark.prompts.current()):
        groups[group.config].append(group)
    for config, row in seen.pairs:
        about, within = [config.pk, config.title], _inside(groups[config.pk], seen, config)
        yield from _lines([*about, "config"], [row], exact=True)
        yield from _lines([*about, "rule"], within.rules)
        yield from _lines([*about, "risk"], within.risks)
        for by, shares in (("situation", within.situations), ("language", coverage.by_language(groups[config.pk]))):
            yield from ([*about, by, share.key, "", share.prompts, None, None, None, None] for share in shares)


def _lines(about: list[Any], rows: Iterable[Row], *, exact: bool = False) -> Iterator[list[Any]]:
    """The cells of the rows; only a config's own targets can be exceeded."""
    for row in rows:
        for cell in row.cells:
            end = [cell.over if exact else None, cell.validated]
            name = "" if exact else row.key
            yield [*about, name, cell.kind, cell.prompts, cell.target, cell.missing, *end]
