"""Prompts like a text, out of everything the person may read: by their letters and by meaning."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef

from annotations import access
from annotations.core import meaning
from annotations.core.config_text import digest
from annotations.core.excerpt import Differences, differences
from annotations.core.minilm import Numbers
from annotations.core.similarity import Match, normalise
from annotations.models import Benchmark, Prompt, SafetyConfig, User
from annotations.models.benchmarks import PromptQuerySet
from annotations.models.similarity import LETTERS, MEANING
from annotations.queries.similar_index import (
    MOST,
    MOST_IN_ALL,
    Print,
    StillReading,
    by_meaning,
    compared,
    numbers,
    print_of,
    prints,
    shelves,
    vectors,
)

AT_LEAST = {LETTERS: 0.8, MEANING: 0.7}
_WIDER = 4
READING = "The prompts are being read for the first time. Go on writing; they are there in a moment."
NOT_ALL = f"Of an organisation with more than {MOST:,} prompts, or very long ones, only the newest are compared."
NOT_EVERYONE = "There are too many prompts: those of some other organisations are not compared."


class Hit(NamedTuple):
    """A prompt that is like the text. `same_text`: it reads the same, up to case, signs and spaces."""

    prompt: Prompt
    score: float
    same_text: bool
    other_config: bool

    @property
    def fine(self) -> bool:
        """True for the same prompt under another config: each config may treat it in its own way."""
        return self.same_text and self.other_config

    @property
    def score_shown(self) -> float:
        """The score, 0.99 where it would be rounded to 1."""
        return two_digits(self.score)


class Found(NamedTuple):
    """Prompts, the most similar first, and sentences about what was not looked at."""

    hits: list[Hit]
    notes: list[str]


class Asked(NamedTuple):
    """What is looked for, and where it stands or will stand; the prompt `without` is left out."""

    text: str
    config: SafetyConfig | None = None
    benchmark: Benchmark | None = None
    without: UUID | None = None


def readable(user: User) -> PromptQuerySet:
    """The prompts that are in a benchmark the person may read, now."""
    return Prompt.objects.current().filter(benchmark__in=access.benchmarks(user))


def similar(user: User, text: str, config: SafetyConfig | None = None, most: int = 5, **where: Any) -> Found:
    """The prompts that have nearly the letters of the text, at most so many, none below 0.8.

    All organisations are looked at whose benchmarks the person may read. `where` may name the `benchmark` the text is
    written for and the uid of the prompt that is being edited, `without`. Empty for an empty text.
    """
    asked = Asked(text, config, **where)
    if not normalise(text):
        return Found([], [])
    prompts = readable(user)
    there = prints(prompts)
    looked = _looked_at(there, asked.benchmark)
    shelved = shelves(looked)
    try:
        indexes = [shelf.index(there[one]) for one, shelf in zip(looked, shelved, strict=True)]
    except StillReading:
        return Found([], [READING])
    notes = [] if all(shelf.whole for shelf in shelved) else [NOT_ALL]
    notes += [NOT_EVERYONE] if len(looked) < len(there) else []
    if asked.without:
        prompts = prompts.exclude(uid=asked.without)
    ask = _WIDER * most
    while True:
        matches = [match for index in indexes for match in index.similar(text, AT_LEAST[LETTERS], ask)]
        best = sorted(matches, key=lambda match: -match.score)[:ask]
        hits = _hits(asked, prompts, {match.key.pk: match for match in reversed(best)})
        if len(hits) >= most or len(best) < ask:
            return Found(hits[:most], notes)
        ask *= _WIDER


def _looked_at(there: Mapping[int, Print], benchmark: Benchmark | None) -> list[int]:
    """The organisations whose prompts are looked at: the benchmark's own first, as many as a process remembers."""
    own = benchmark.organisation_id if benchmark else None
    total = 0
    found: list[int] = []
    for one in sorted(there, key=lambda one: (one != own, one)):
        total += min(there[one].rows, MOST)
        if total <= MOST_IN_ALL or not found:
            found.append(one)
    return found


def _hits(asked: Asked, prompts: PromptQuerySet, matches: Mapping[int, Match[Any]]) -> list[Hit]:
    rows = prompts.filter(pk__in=matches).select_related("benchmark__organisation", "config")
    found = [_hit(asked, row, matches[row.pk].score) for row in rows if row.digest == matches[row.pk].key.digest]
    return sorted(found, key=lambda hit: (-hit.score, not hit.fine, hit.prompt.pk))


def _hit(asked: Asked, prompt: Prompt, score: float) -> Hit:
    return Hit(
        prompt,
        score,
        normalise(prompt.text) == normalise(asked.text),
        asked.config is not None and prompt.config_id != asked.config.pk,
    )


def like(user: User, text: str, config: SafetyConfig | None = None, most: int = 5, **where: Any) -> Found:
    """The prompts that mean nearly what the text means, as `similar` gives them, none below 0.7.

    Only prompts with a stored vector can be found, and the notes say how many have none. The vector of a stored text is
    not made anew. Nothing but a note without the sentence model. Raises BadWeights when its files are broken.
    """
    asked = Asked(text, config, **where)
    if (missing := meaning.available()) or not normalise(text):
        return Found([], [missing] if missing else [])
    prompts = readable(user)
    vector = _vector(text)
    try:
        index = by_meaning().index(print_of(compared()))
    except StillReading:
        return Found([], [READING])
    others = prompts.exclude(uid=asked.without) if asked.without else prompts
    ask = _WIDER * most
    while True:
        best = index.similar(vector, AT_LEAST[MEANING], ask)
        hits = _meant(asked, others, {match.key.digest: match for match in best})
        if len(hits) >= most or len(best) < ask:
            return Found(hits[:most], _coverage(prompts))
        ask *= _WIDER


def _meant(asked: Asked, prompts: PromptQuerySet, matches: Mapping[str, Match[Any]]) -> list[Hit]:
    rows = prompts.filter(digest__in=matches).select_related("benchmark__organisation", "config")
    found = [_hit(asked, row, matches[row.digest].score) for row in rows]
    return sorted(found, key=lambda hit: (-hit.score, hit.prompt.pk))


def _vector(text: str) -> Numbers:
    stored = vectors().filter(digest=digest(text)).values_list("vector", flat=True)
    return numbers(stored[0]) if stored else meaning.encode([text])[0]


def without_vector(prompts: PromptQuerySet) -> PromptQuerySet:
    """Those of the prompts whose text has no stored vector of this model."""
    return prompts.filter(~Exists(vectors().filter(digest=OuterRef("digest"))))


def _coverage(prompts: PromptQuerySet) -> list[str]:
    count, without = prompts.count(), without_vector(prompts).count()
    if not without:
        return []
    found = f"{without:,} of {count:,} prompts have not been read for their meaning yet and cannot be found by it."
    return [f"{found} A report by meaning reads them."]


class Shown(NamedTuple):
    """A hit and what differs; removed words stand in the prompt that is there, added ones in the text."""

    hit: Hit
    differs: Differences


def shown(text: str, hits: Iterable[Hit]) -> list[Shown]:
    """The hits with what differs between each of them and the text."""
    return [Shown(hit, differences(hit.prompt.text, text)) for hit in hits]


def two_digits(score: float) -> float:
    """The score as it is shown: 1 is the same and nothing else."""
    return score if score == 1 else min(score, 0.99)
