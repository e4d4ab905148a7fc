"""Prompts on their way out: the rows of a benchmark or of a release in one of the shapes, some thousand at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from annotations.core import manifest
from annotations.core.batches import batches
from annotations.exports import Table
from annotations.models import Benchmark, ConfigVersion, Prompt, PromptCheck, PromptRuling, SafetyConfig
from annotations.models.benchmarks import PromptQuerySet
from annotations.models.configs import APPROVED
from annotations.queries import prompt_shapes
from annotations.queries.prompt_shapes import CHECKS, SHAPES, SPLIT, Column, ConfigFacts, Line, Shape, Splits
from annotations.queries.validation import VALIDATED, with_validation

CHUNK = 2000
FIELDS = (
    *("pk", "position", "uid", "digest", "config", "text", "kind", "situation"),
    *("risks", "rule", "why", "language", "source", "extra"),
)
NOBODY = {"validated": False, "labels": 0, "against": 0, "unsure": 0, "ruled": ""}
"""What is said of a prompt that nobody labelled."""


class Wanted(NamedTuple):
    """Which prompts in which shape; what is empty leaves everything in. `config` is a row's id."""

    shape: str = "plain"
    columns: Sequence[str] = ()
    kind: str = ""
    config: int | None = None
    language: str = ""
    validated: bool = False


def matching(benchmark: Benchmark, wanted: Wanted) -> PromptQuerySet:
    """The current prompts that are wanted, whatever their validation."""
    given = {"kind": wanted.kind, "config": wanted.config, "language": wanted.language}
    return benchmark.prompts.current().filter(**{name: value for name, value in given.items() if value})


def number_of(benchmark: Benchmark, wanted: Wanted) -> int:
    """How many rows the table will have."""
    found = matching(benchmark, wanted)
    if SHAPES[wanted.shape].categorical:
        found = found.filter(config__categorical=True)
    if wanted.validated:
        spoken = [Q(uid__in=said.values("prompt__uid")) for said in _spoken(benchmark)]
        found = with_validation(found.filter(spoken[0] | spoken[1])).filter(validation=VALIDATED)
    return found.count()


def left_out(benchmark: Benchmark, wanted: Wanted) -> int:
    """How many prompts match, but their config cannot be written in this shape."""
    if not SHAPES[wanted.shape].categorical:
        return 0
    return matching(benchmark, wanted).filter(config__categorical=False).count()


def facts(benchmark: Benchmark) -> list[ConfigFacts]:
    """The configs of the current prompts in the order they were made, with the newest approved text of each.

    A config without an approved version has its newest text, whatever the state of that version.
    """
    mine = Prompt.objects.current().filter(benchmark=benchmark, config=OuterRef("pk"))
    configs = SafetyConfig.objects.filter(Exists(mine)).select_related("organisation").order_by("pk")
    versions = ConfigVersion.objects.filter(config__in=[config.pk for config in configs]).order_by("number")
    newest: dict[int, tuple[int, str]] = {}
    for pk, config, state in versions.values_list("pk", "config", "state"):
        if state == APPROVED or newest.get(config, (0, ""))[1] != APPROVED:
            newest[config] = (pk, state)
    texts = {version.config_id: version for version in versions.filter(pk__in=[pk for pk, _ in newest.values()])}
    return [_facts(config, texts.get(config.pk)) for config in configs]


def _facts(config: SafetyConfig, version: ConfigVersion | None) -> ConfigFacts:
    return ConfigFacts(
        key=config.pk,
        slug=config.slug,
        organisation=config.organisation.slug,
        title=config.title,
        text=version.text if version else "",
        version=version.number if version else None,
        allowed=frozenset(version.allowed if version else ()) if config.categorical else None,
    )


def table(benchmark: Benchmark, wanted: Wanted, *, card: str = "", divided: bool = True) -> Table:
    """The benchmark's prompts as they are now; its rows are read while somebody goes through them.

    Shapes with splits have their name in the first column, unless `divided` is False: then it is left out.
    """
    shape, configs = SHAPES[wanted.shape], facts(benchmark)
    columns = prompt_shapes.chosen(shape, wanted.columns)
    known = {config.key: config for config in configs if shape.takes(config)}
    look = wanted.validated or any(column.name in CHECKS for column in columns)
    prompts = matching(benchmark, wanted)
    parts = _in_order(prompts) if shape.split is None else _by_config(prompts, list(known))
    lines = _looked_at(parts, known, benchmark) if look else _lines(parts, known)
    if wanted.validated:
        lines = (line for line in lines if line.validated)
    return _table(shape, columns, lines, name=benchmark.slug, card=card, divided=divided)


def from_rows(
    rows: Iterable[manifest.Row],
    configs: Mapping[tuple[str, str], ConfigFacts],
    *,
    shape: str = "plain",
    columns: Sequence[str] = (),
    name: str = "",
    card: str = "",
    divided: bool = True,
) -> Table:
    """The frozen rows of a release in that shape; `configs` by organisation and slug, `key` of each just that pair.

    For shapes with splits, the rows have to come in the order of their configs.
    """
    kind = SHAPES[shape]
    known = {pair: config._replace(key=pair) for pair, config in configs.items() if kind.takes(config)}
    pairs = ((row, known.get((row.organisation, row.config))) for row in rows)
    lines = (_frozen(row, config) for row, config in pairs if config)
    return _table(kind, prompt_shapes.chosen(kind, columns), lines, name=name, card=card, divided=divided)


def _frozen(row: manifest.Row, config: ConfigFacts) -> Line:
    return Line(
        *(row.id, config, row.text, row.kind, row.situation, list(row.risks), row.rule, row.why),
        *(row.language, row.source, row.extra, row.validated),
    )


def _table(
    shape: Shape, columns: Sequence[Column], lines: Iterable[Line], *, name: str, card: str, divided: bool
) -> Table:
    split = SPLIT if shape.split is not None and divided else ""
    front = [split] if split else []
    return Table(
        columns=(*front, *(column.name for column in columns)),
        rows=prompt_shapes.rows(lines, columns, Splits(shape) if split else None),
        name=name,
        split=split,
        card=card,
        types=(*(["text"] if split else []), *(column.type for column in columns)),
    )


def _lines(parts: Iterable[list[Any]], known: Mapping[int, ConfigFacts]) -> Iterator[Line]:
    for some in parts:
        for _, _, uid, _, config, text, *rest in some:
            yield Line(str(uid), known[config], text, *rest)


def _looked_at(parts: Iterable[list[Any]], known: Mapping[int, ConfigFacts], benchmark: Benchmark) -> Iterator[Line]:
    """The lines with what people said of each; where nobody ever said anything, nobody is asked."""
    anybody = any(said.exists() for said in _spoken(benchmark))
    for some in parts:
        said = _said(some) if anybody else {}
        for (pk, *_), line in zip(some, _lines([some], known), strict=True):
            yield line._replace(**said.get(pk, NOBODY))


def _spoken(benchmark: Benchmark) -> tuple[QuerySet[Any], QuerySet[Any]]:
    """The labels and the rulings in force on its prompts."""
    models = (PromptCheck.objects, PromptRuling.objects)
    checks, rulings = (rows.filter(prompt__benchmark=benchmark, withdrawn_at=None).order_by() for rows in models)
    return checks, rulings


def _in_order(prompts: PromptQuerySet) -> Iterator[list[Any]]:
    """The prompts by position; each part is a query of its own, which finds its place without reading the rest."""
    ordered, last = prompts.order_by("position").values_list(*FIELDS), -1
    while some := list(ordered.filter(position__gt=last)[:CHUNK]):
        yield some
        last = some[-1][1]


def _by_config(prompts: PromptQuerySet, configs: Sequence[int]) -> Iterator[list[Any]]:
    """The prompts of one config after the other, each by position; what is held of all of them is their ids."""
    for config in configs:
        ids = list(prompts.filter(config=config).order_by("position").values_list("pk", flat=True))
        for some in batches(ids, CHUNK):
            part = Prompt.objects.filter(pk__in=some)
            yield list(part.order_by("position").values_list(*FIELDS))


def _said(some: Sequence[Any]) -> dict[int, dict[str, Any]]:
    """What was said of each prompt, by row; only of those about which anybody said anything."""
    uids = {row[2] for row in some}
    spoken = {
        uid
        for model in (PromptCheck, PromptRuling)
        for uid in model.objects.filter(prompt__uid__in=uids, withdrawn_at=None).values_list("prompt__uid", flat=True)
    }
    ids = [row[0] for row in some if row[2] in spoken]
    if not ids:
        return {}
    names = [name for name in NOBODY if name != "validated"]
    found = with_validation(Prompt.objects.filter(pk__in=ids)).values("pk", "validation", *names)
    return {
        row["pk"]: {"validated": row["validation"] == VALIDATED} | {name: row[name] for name in names} for row in found
    }
