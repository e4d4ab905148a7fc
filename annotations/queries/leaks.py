"""Reads of what of a preference set stands in benchmarks too: the two prompts side by side."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from annotations.models import PreferenceSet, Prompt
from annotations.queries import preferences as reads
from annotations.services.leakage import Match


class Leak(NamedTuple):
    """A prompt of the set and the one it is like; `theirs` None where nobody may see it any more.

    `number` is the first of its `pairs`; `own` its text, "" without the set's file.
    """

    number: int
    pairs: int
    own: str
    match: Match
    theirs: Prompt | None


def leaks(row: PreferenceSet, rows: Sequence[dict[str, Any]]) -> list[Leak]:
    """Some of the first leaks that the set keeps, with both texts; one query."""
    texts = reads.prompts(row, [one["number"] for one in rows])
    prompts = Prompt.objects.select_related("benchmark").in_bulk([one["prompt"] for one in rows])
    matches = [Match(**{name: one[name] for name in Match._fields}) for one in rows]
    return [
        Leak(one["number"], one["pairs"], texts.get(one["number"], ""), match, prompts.get(match.prompt))
        for one, match in zip(rows, matches, strict=True)
    ]
