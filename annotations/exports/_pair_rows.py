"""Rows of a file of preference pairs: some hundred at a time, those of one split, or one for each prompt."""

import hashlib
import math
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet

SPLIT = "split"
ASKED = ("system_prompt", "prompt")
ERROR = "chosen_category_error_score"
AT_ONCE, AT_ONCE_NARROW = 500, 5_000


def columns(file: Path) -> tuple[str, ...]:
    """The names of the columns that the file has."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        return tuple(opened.schema_arrow.names)


def splits(file: Path) -> dict[str, int]:
    """How many pairs each split has, in the order in which the file begins them."""
    found: dict[str, int] = {}
    for batch in _narrow(file, [SPLIT]):
        for counted in batch.column(SPLIT).value_counts().to_pylist():
            found[counted["values"]] = found.get(counted["values"], 0) + counted["counts"]
    return found


def targets(file: Path, *, lowest: bool = False) -> dict[str, "array[int]"]:
    """The places, from 0 and rising, of one pair for each split, system prompt and prompt; by split.

    It is the last pair of its prompt, or with `lowest` the one whose chosen response has the lowest error: the last of
    these where several have it, and one that is unscored only where none is scored. Texts are not kept, only 32 bytes
    for each prompt.
    """
    best: dict[str, dict[bytes, tuple[int, float]]] = {}
    start = 0
    for batch in _narrow(file, [SPLIT, *ASKED, ERROR]):
        asked = map(bytes.__add__, *(_digests(batch.column(name)) for name in ASKED))
        rows = zip(batch.column(SPLIT).to_pylist(), asked, batch.column(ERROR).to_pylist(), strict=True)
        for place, (split, key, error) in enumerate(rows, start):
            here, cost = best.setdefault(split, {}), _cost(error) if lowest else 0.0
            if key not in here or cost <= here[key][1]:
                here[key] = place, cost
        start += batch.num_rows
    return {split: array("q", sorted(place for place, _ in kept.values())) for split, kept in best.items()}


def rows(
    file: Path, names: Sequence[str], *, split: str | None = None, places: Sequence[int] | None = None
) -> Iterator[tuple[Any, ...]]:
    """The values of these columns of every pair in order; of one split only, or only of those at these rising places.

    Row groups in which there is nothing to find are not read.
    """
    import pyarrow.parquet as pq

    wanted = [*dict.fromkeys((*names, *([SPLIT] if split is not None else [])))]
    with pq.ParquetFile(file) as opened:
        start = 0
        for group in range(opened.num_row_groups):
            end = start + opened.metadata.row_group(group).num_rows
            if _may_hold(opened, group, split) and (places is None or _within(places, start, end)):
                for batch in opened.iter_batches(
                    batch_size=AT_ONCE, row_groups=[group], columns=wanted, use_threads=False
                ):
                    kept = _kept(batch, start, split, places)
                    start += batch.num_rows
                    yield from zip(*(kept.column(name).to_pylist() for name in names), strict=True)
            start = end


def _narrow(file: Path, names: Sequence[str]) -> Iterator["pyarrow.RecordBatch"]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        for group in range(opened.num_row_groups):
            yield from opened.iter_batches(
                batch_size=AT_ONCE_NARROW, row_groups=[group], columns=list(names), use_threads=False
            )


def _digests(texts: "pyarrow.Array") -> list[bytes]:
    """16 bytes for each text; equal ones, of which there are many, are read once."""
    coded = texts.dictionary_encode()
    known = [hashlib.blake2b((text or "").encode(), digest_size=16).digest() for text in coded.dictionary.to_pylist()]
    nothing = hashlib.blake2b(digest_size=16).digest()
    return [nothing if at is None else known[at] for at in coded.indices.to_pylist()]


def _cost(error: float | None) -> float:
    return math.inf if error is None or math.isnan(error) else error


def _may_hold(opened: "pyarrow.parquet.ParquetFile", group: int, split: str | None) -> bool:
    """False where the file itself says that the row group has other splits only."""
    if split is None:
        return True
    said = opened.metadata.row_group(group).column(opened.schema_arrow.get_field_index(SPLIT)).statistics
    return said is None or not said.has_min_max or said.min <= split <= said.max


def _within(places: Sequence[int], start: int, end: int) -> Sequence[int]:
    return places[bisect_left(places, start) : bisect_left(places, end)]


def _kept(
    batch: "pyarrow.RecordBatch", start: int, split: str | None, places: Sequence[int] | None
) -> "pyarrow.RecordBatch":
    import pyarrow as pa
    import pyarrow.compute as pc

    if places is not None:
        here = _within(places, start, start + batch.num_rows)
        batch = batch.take(pa.array([place - start for place in here], pa.int64()))
    return batch if split is None else batch.filter(pc.equal(batch.column(SPLIT), split))
