"""Which pairs of a file a filter leaves: only the columns it asks for are read, some thousand rows at a time."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from annotations.core import pair_figures, preference_pairs
from annotations.core.taxonomies import Taxonomy

if TYPE_CHECKING:
    import pyarrow

AT_ONCE = 20_000
UNSCORED, NOT_BETTER = "unscored", "not-better"
"""What a filter by difference asks for besides a number: no difference is known, or it is none."""
ERRORS = ("chosen_category_error_score", "rejected_category_error_score")

Places = NDArray[np.int32]
Mask = Any


class Filter(NamedTuple):
    """What the pairs must be; "" is anything. `config` is a title, `gap` a number or one of the two words above,
    `text` stands in the prompt in whatever case.
    """

    split: str = ""
    mode: str = ""
    config: str = ""
    origin: str = ""
    gap: str = ""
    text: str = ""


EVERYTHING = Filter()


@lru_cache(32)
def places(file: Path, wanted: Filter, taxonomy: Taxonomy) -> Places | None:
    """The places of the pairs, from 0 and rising; None for all. Kept for a while: the file's name is its digest."""
    asked = {name: value for name, value in wanted._asdict().items() if value}
    if not asked:
        return None
    found, start = [np.zeros(0, np.int32)], 0
    for batch in _batches(file, asked):
        kept = np.ones(batch.num_rows, np.bool_)
        for name, value in asked.items():
            kept &= np.asarray(_TESTS[name](batch, value, taxonomy), np.bool_)
        found.append((np.flatnonzero(kept) + start).astype(np.int32))
        start += batch.num_rows
    return np.concatenate(found)


def _batches(file: Path, asked: dict[str, str]) -> Any:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        there = set(opened.schema_arrow.names)
        names = sorted({column for name in asked for column in _COLUMNS[name]} & there)
        # without a column of its own (old files have no origin) the batches still need their length
        yield from opened.iter_batches(batch_size=AT_ONCE, columns=names or ["split"])


def _texts(batch: "pyarrow.RecordBatch", name: str, missing: str) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if name not in batch.schema.names:
        return pa.array([missing] * batch.num_rows, pa.string())
    column = batch.column(name)
    return pc.if_else(pc.equal(pc.fill_null(column, ""), ""), missing, column)


def _is(name: str, missing: str = "") -> Callable[["pyarrow.RecordBatch", str, Taxonomy], Mask]:
    def test(batch: "pyarrow.RecordBatch", value: str, _: Taxonomy) -> Mask:
        import pyarrow.compute as pc

        return pc.equal(_texts(batch, name, missing), value)

    return test


def _config(batch: "pyarrow.RecordBatch", value: str, taxonomy: Taxonomy) -> Mask:
    """Some hundred different sets come again and again: each is read once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    specs = _texts(batch, "spec_i", "")
    same = [each for each in pc.unique(specs).to_pylist() if pair_figures.config_title(each, taxonomy) == value]
    return pc.is_in(specs, value_set=pa.array(same, pa.string()))


def _gap(batch: "pyarrow.RecordBatch", value: str, _: Taxonomy) -> Mask:
    chosen, rejected = (np.asarray(batch.column(name), np.float64) for name in ERRORS)
    gaps = np.array([round(gap, 2) for gap in (rejected - chosen).tolist()])  # as `preference_pairs.gap` rounds
    if value == UNSCORED:
        return np.isnan(gaps)
    return gaps <= 0 if value == NOT_BETTER else gaps == _number(value)


def _number(written: str) -> float:
    try:
        return float(written)
    except ValueError:
        return float("nan")


def _text(batch: "pyarrow.RecordBatch", value: str, _: Taxonomy) -> Mask:
    import pyarrow.compute as pc

    return pc.match_substring(_texts(batch, "prompt", ""), value, ignore_case=True)


_TESTS: dict[str, Callable[["pyarrow.RecordBatch", str, Taxonomy], Mask]] = {
    "split": _is("split"),
    "mode": _is("mode", pair_figures.NOT_SAID),
    "config": _config,
    "origin": _is("origin", preference_pairs.UPLOADED),
    "gap": _gap,
    "text": _text,
}
_COLUMNS = {
    "split": ("split",),
    "mode": ("mode",),
    "config": ("spec_i",),
    "origin": ("origin",),
    "gap": ERRORS,
    "text": ("prompt",),
}
