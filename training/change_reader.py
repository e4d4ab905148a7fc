"""Reads of items that two runs share: the rows of the list, and one prompt with all that both runs say of it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.models import Prefetch, QuerySet
from django.urls import reverse

from annotations.core import word_diff
from annotations.core.word_diff import Piece
from annotations.models import ConfigVersion, Prompt, SafetyConfig
from training.compare import Move, Moves
from training.compare_charts import address
from training.lineage import Step
from training.models import EvaluationRun, Judgement, RunItem


class ListedLine(NamedTuple):
    """A prompt that changed, with its item in either run, None where there is none."""

    move: Move
    prompt: Prompt
    config: SafetyConfig
    before: RunItem | None
    now: RunItem | None
    url: str


class End(NamedTuple):
    """One of two runs at a prompt: its item with the response and the judgements, None where it has no such item.

    `pieces` are the words of its response beside the other one's, None unless they are asked for.
    """

    run: EvaluationRun
    item: RunItem | None
    judgements: list[Judgement]
    pieces: tuple[Piece, ...] | None


class Found(NamedTuple):
    """A prompt in two runs. `other` is the version of the base where that is another one than `version`."""

    prompt: Prompt
    config: SafetyConfig
    version: ConfigVersion
    other: ConfigVersion | None
    before: End
    now: End


def lines(base: EvaluationRun, run: EvaluationRun, moves: Sequence[Move], kept: dict[str, Any]) -> list[ListedLine]:
    """The rows of a page of the list, with `kept` in their addresses; three queries, however many there are."""
    prompts = Prompt.objects.select_related("config").in_bulk([move.prompt for move in moves])
    items = {(item.run_id, item.prompt_id): item for item in _items([base, run]).filter(prompt__in=prompts)}
    return [
        ListedLine(
            move=move,
            prompt=prompts[move.prompt],
            config=prompts[move.prompt].config,
            before=items.get((base.pk, move.prompt)),
            now=items.get((run.pk, move.prompt)),
            url=address([base.pk, run.pk], "run-changed", [move.prompt], **kept),
        )
        for move in moves
    ]


def _items(runs: Sequence[EvaluationRun]) -> QuerySet[RunItem]:
    return RunItem.objects.filter(run__in=runs).select_related("response").order_by()


def configs_of(moves: Moves) -> list[SafetyConfig]:
    """The configs in which something moved, by title. One query."""
    return list(SafetyConfig.objects.filter(pk__in=set(moves.configs.tolist())).order_by("title", "pk"))


def read(base: EvaluationRun, run: EvaluationRun, prompt: int, words: bool = False) -> Found | None:
    """A prompt in both runs, with the words in which the responses differ if asked for; None in neither."""
    judgements = Prefetch("judgements", Judgement.objects.select_related("judge__model"))
    found = _items([base, run]).filter(prompt=prompt).select_related("prompt", "version__config", "response")
    items = {item.run_id: item for item in found.prefetch_related(judgements)}
    if not items:
        return None
    before, now = items.get(base.pk), items.get(run.pk)
    item = now or items[base.pk]
    pieces = _pieces(before, now) if words else None
    other = before.version if before and before.version_id != item.version_id else None
    ends = (End(one, had, _judgements(had), pieces) for one, had in ((base, before), (run, now)))
    return Found(item.prompt, item.version.config, item.version, other, *ends)


def _judgements(item: RunItem | None) -> list[Judgement]:
    return list(item.judgements.all()) if item else []


def _pieces(before: RunItem | None, now: RunItem | None) -> tuple[Piece, ...] | None:
    if not (before and now and before.response and now.response):
        return None
    return word_diff.words(before.response.text, now.response.text)


def lineage(found: Found) -> list[Step]:
    """the comparison ← both items ← the version ← the benchmark."""
    config, version = found.config, found.version
    ends = [end for end in (found.before, found.now) if end.item]
    return [
        ("Comparison", address([found.before.run.pk, found.now.run.pk])),
        *((f"Item of run {end.run.pk}", _item_url(end)) for end in ends),
        (
            f"{config.title} v{version.number}",
            reverse("annotations:version-detail", args=[config.pk, version.number]),
        ),
        (found.now.run.benchmark.title, reverse("annotations:benchmark-detail", args=[found.now.run.benchmark_id])),
    ]


def _item_url(end: End) -> str:
    return reverse("training:item-detail", args=[end.run.pk, end.item.pk]) if end.item else ""
