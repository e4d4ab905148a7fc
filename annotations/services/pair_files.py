"""Files of preference pairs: Parquet below the preference folder, named by the digest of their bytes."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from annotations.core import preference_pairs
from annotations.core.preference_pairs import COLUMNS, TYPES, Pair
from annotations.exports import _dictionaries

AT_ONCE = 500
SAID = ("split", "mode", "origin", "template")
GROUP_ROWS, GROUP_SIGNS = 1_000, 4_000_000
"""A row group is small, so that a page of pairs from all over the file does not read much else."""


class Written(NamedTuple):
    """A file that was written: the SHA-256 of its bytes, how many there are, and how many pairs."""

    sha256: str
    size: int
    rows: int


def path(sha256: str) -> Path:
    """Where the file of that digest lies, whether or not it is there."""
    return Path(settings.PREFERENCES_DIR) / f"{sha256}.parquet"


def part(name: str, fence: int) -> Path:
    """Where a file lies while it is written by a worker with that fence; what others left of it is gone."""
    file = Path(settings.PREFERENCES_DIR) / f"part-{name}-{fence}"
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in file.parent.glob(f"part-{name}-*"):  # by a worker that died, or that lost its hold
        left.unlink(missing_ok=True)
    return file


def write(file: Path, rows: Iterable[Pair]) -> Written:
    """What was written into `file`; the same pairs in the same order give the same bytes."""
    found, size, count = hashlib.sha256(), 0, 0

    def counted() -> Iterator[list[Pair]]:
        nonlocal count
        for some in _groups(rows):
            count += len(some)
            yield some

    with file.open("wb") as out:
        for piece in _dictionaries.write(COLUMNS, TYPES, counted(), SAID):
            out.write(piece)
            found.update(piece)
            size += len(piece)
    return Written(found.hexdigest(), size, count)


def keep(file: Path, written: Written) -> None:
    """Nothing; the file has its name, and whoever asks for its digest finds it."""
    file.replace(path(written.sha256))


def read(file: Path) -> Iterator[Pair]:
    """Every pair of the file in order, some hundred in memory at a time; columns it does not have are None."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        for group in range(opened.num_row_groups):
            for batch in opened.iter_batches(batch_size=AT_ONCE, row_groups=[group]):
                yield from map(preference_pairs.of, batch.to_pylist())


def column(file: Path, name: str) -> Iterator[str]:
    """The texts of one column in order, "" for None; the others are not read."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        for batch in opened.iter_batches(batch_size=10 * AT_ONCE, columns=[name]):
            for text in batch.column(0).to_pylist():
                yield text or ""


def _groups(rows: Iterable[Pair]) -> Iterator[list[Pair]]:
    some: list[Pair] = []
    signs = 0
    for row in rows:
        some.append(row)
        signs += sum(len(text or "") for text in row[1:5])
        if len(some) >= GROUP_ROWS or signs >= GROUP_SIGNS:
            yield some
            some, signs = [], 0
    if some:
        yield some
