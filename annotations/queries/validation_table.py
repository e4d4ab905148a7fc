"""Prompts with what was said of them, as the lead's list, reader and download show it. Raters are numbers."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from annotations.core.batches import batches
from annotations.models import Benchmark, Prompt, PromptCheck, User
from annotations.queries.agreement import rater_numbers
from annotations.queries.validation import same_text, with_validation

AT_ONCE = 500
COLUMNS = (
    "prompt", "config", "text", "kind", "situation", "state", "labels", "against", "unsure", "ruled",
    "labels_by_rater", "situations_by_rater",
)  # fmt: skip


class Line(NamedTuple):
    """A prompt with its validation, and its labels in the order they came."""

    prompt: Any
    labels: list[PromptCheck]


class Said(NamedTuple):
    """A label, the number of its rater, and whether that is the reader."""

    check: PromptCheck
    number: int
    own: bool


class Beside(NamedTuple):
    """The prompts before and after one in a list, None at its ends; its place from 1, None outside of the list."""

    previous: UUID | None
    next: UUID | None
    place: int | None
    total: int


def lines(ids: Sequence[int]) -> list[Line]:
    """The prompts with these ids in this order, each with the labels in force."""
    found = with_validation(Prompt.objects.filter(pk__in=ids)).select_related("config", "benchmark")
    prompts = found.in_bulk()
    kept = _labels([prompt.uid for prompt in prompts.values()])
    return [Line(prompts[pk], kept[prompts[pk].uid, prompts[pk].digest]) for pk in ids if pk in prompts]


def _labels(uids: list[UUID]) -> dict[tuple[UUID, str], list[PromptCheck]]:
    kept: dict[tuple[UUID, str], list[PromptCheck]] = defaultdict(list)
    rows = PromptCheck.objects.filter(prompt__uid__in=uids, withdrawn_at=None).select_related("prompt").order_by("pk")
    for check in rows:
        kept[check.prompt.uid, check.prompt.digest].append(check)
    return kept


def labels(benchmark: Benchmark, prompt: Prompt, reader: User) -> list[Said]:
    """Every label of the prompt's text, withdrawn ones too, in the order they came."""
    numbers = rater_numbers(benchmark)
    rows = same_text(prompt).select_related("version").order_by("pk")
    return [Said(check, numbers.get(check.rater_id, 0), check.rater_id == reader.pk) for check in rows]


def beside(ids: list[int], pk: int) -> Beside:
    """What stands before and after the prompt in that order."""
    if pk not in ids:
        return Beside(None, None, None, len(ids))
    place = ids.index(pk)
    around = [ids[place - 1] if place else None, ids[place + 1] if place + 1 < len(ids) else None]
    uids = dict(Prompt.objects.filter(pk__in=[one for one in around if one]).values_list("pk", "uid"))
    before, after = (uids.get(one) if one else None for one in around)
    return Beside(before, after, place + 1, len(ids))


def rows(benchmark: Benchmark, ids: list[int]) -> Iterator[list[Any]]:
    """A row of COLUMNS for each prompt, in this order, some hundred of them in memory at a time."""
    numbers = rater_numbers(benchmark)
    for some in batches(ids, AT_ONCE):
        for prompt, said in lines(some):
            yield [*_facts(prompt), *_by_rater(said, numbers)]


def _facts(prompt: Any) -> list[Any]:
    about = [str(prompt.uid), prompt.config.title, prompt.text, prompt.kind, prompt.situation, prompt.validation]
    return [*about, prompt.labels, prompt.against, prompt.unsure, prompt.ruled]


def _by_rater(said: list[PromptCheck], numbers: dict[int, int]) -> list[dict[str, Any]]:
    kinds = {f"rater {numbers[one.rater_id]}": one.kind or "unsure" for one in said}
    situations = {f"rater {numbers[one.rater_id]}": one.situation for one in said if one.situation}
    return [kinds, situations]
