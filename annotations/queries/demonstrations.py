"""Reads of demonstrations: those of a config in their order, and those a preference set offers for an allowed set."""

from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from django.db.models import QuerySet

from annotations.core import categorical
from annotations.core.storable import tidy
from annotations.models import Demonstration, PreferenceSet, SafetyConfig
from annotations.services.preferences import path

POOL = 200
"""The most demonstrations a run keeps of a preference set for one config version."""
AT_ONCE = 5_000
READ = ("prompt", "chosen_response", "spec_i", "spec_j")

Row = dict[str, str]


class Found(NamedTuple):
    """A demonstration of a set, with what decides whether it is drawn: by its prompt first, then among its answers."""

    by_prompt: bytes
    by_answer: bytes
    row: Row


def current(config: SafetyConfig) -> QuerySet[Demonstration]:
    """The demonstrations of the config in their order, those taken out left out."""
    return config.demonstrations.filter(archived_at=None).select_related("created_by").order_by("position", "pk")


def taken_out(config: SafetyConfig) -> QuerySet[Demonstration]:
    """The demonstrations that were taken out, the last one first."""
    return config.demonstrations.exclude(archived_at=None).order_by("-archived_at", "-pk")


def pool(source: PreferenceSet, allowed: frozenset[str], seed: int) -> list[Row]:
    """At most POOL prompts with a chosen answer, of the set's pairs whose config allows just `allowed`.

    Each prompt comes once; `kind` follows from its risks. Seed and texts decide which come, not their place in the
    file. Empty when no pair fits.
    """
    return [dict(row) for row in _pool(path(source), allowed, seed)]


@lru_cache(16)
def _pool(file: Path, allowed: frozenset[str], seed: int) -> tuple[Row, ...]:
    """As pool; kept, since an estimate asks for the same before a run does. The file's name is its digest."""
    kept: dict[str, Found] = {}
    for row in _fitting(file, allowed):
        found = Found(_draw(seed, row["prompt"]), _draw(seed, row["prompt"], row["response"]), row)
        if row["prompt"] not in kept or found < kept[row["prompt"]]:
            kept[row["prompt"]] = found
        if len(kept) > 10 * POOL:
            kept = dict(sorted(kept.items(), key=lambda pair: pair[1].by_prompt)[:POOL])
    return tuple(found.row for found in sorted(kept.values(), key=lambda found: found.by_prompt)[:POOL])


def _draw(seed: int, *texts: str) -> bytes:
    # the lengths keep two different lists of texts from being the same text
    whole = "".join(f"{len(text)}:{text}" for text in (str(seed), *texts))
    return sha256(whole.encode()).digest()


def _fitting(file: Path, allowed: frozenset[str]) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        for batch in opened.iter_batches(batch_size=AT_ONCE, columns=list(READ)):
            fits = pa.array([_set(spec) == allowed for spec in batch.column("spec_i").to_pylist()], pa.bool_())
            for values in batch.filter(fits).to_pylist():
                if (risks := _set(values["spec_j"])) is None:
                    continue
                kind = categorical.kind(categorical.situation(risks, allowed), risks)
                row = {"kind": kind, "prompt": tidy(values["prompt"]), "response": tidy(values["chosen_response"])}
                if row["prompt"] and row["response"]:
                    yield row


@lru_cache(4096)
def _set(written: str | None) -> frozenset[str] | None:
    """The slugs in a set as a file writes it; the same few hundred come again and again.

    None where it says nothing, or names categories of another taxonomy, which no config here allows.
    """
    if not written:
        return None
    try:
        return categorical.read(written)
    except categorical.UnknownCategory:
        return None
