"""Files of preference pairs: Parquet in the store of artifacts, named by the digest of their bytes."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from annotations.core import preference_pairs
from annotations.core.preference_pairs import COLUMNS, TYPES, Pair
from annotations.exports import _dictionaries
from annotations.models import Artifact
from annotations.models.artifacts import PREFERENCES
from annotations.services import artifact_places, artifacts, file_digests
from annotations.services.artifact_places import Folder, Place
from annotations.services.artifacts import ArtifactDamaged, ArtifactMissing, ArtifactProblem
from annotations.services.file_digests import Counting

log = logging.getLogger(__name__)
KEY = PREFERENCES + "/{sha256}.parquet"
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
    """Where the file of that digest lies on this machine, its digest checked; where nothing is when there is none.

    It may come from the store of artifacts first, which takes as long as that. `why_not` says what is wrong.
    """
    try:
        return _found(sha256)
    except ArtifactProblem as problem:
        log.warning("the file of pairs %s is not at hand: %s", sha256, type(problem).__name__)
        return Path(settings.PREFERENCES_DIR) / "nowhere" / f"{sha256}.parquet"


def why_not(sha256: str) -> str:
    """Why the file of that digest cannot be read, in words; "" when it can."""
    try:
        _found(sha256)
    except ArtifactProblem as problem:
        return str(problem)
    return ""


def artifact(sha256: str) -> Artifact:
    """The file of that digest as the store knows it; the row is not stored, and says nothing of its size."""
    return Artifact(key=KEY.format(sha256=sha256), kind=PREFERENCES, sha256=sha256)


def source(sha256: str, size: int) -> tuple[Place, Artifact]:
    """Where the bytes of the file of that digest are read from, here or in the store, and what they have to be."""
    earlier = Folder(Path(settings.PREFERENCES_DIR))
    if earlier.size(name := f"{sha256}.parquet") is not None:
        return earlier, Artifact(key=name, kind=PREFERENCES, sha256=sha256, bytes=size)
    found = artifact(sha256)
    found.bytes = size
    return artifact_places.current(), found


def _found(sha256: str) -> Path:
    """The file in the store, or where files lay before there was one."""
    if not sha256:
        raise ArtifactMissing("The pairs are not complete.")
    earlier = Path(settings.PREFERENCES_DIR) / f"{sha256}.parquet"
    if earlier.is_file():
        if file_digests.is_whole(earlier, sha256):
            return earlier
        raise ArtifactDamaged(artifacts.DAMAGED.format(key=earlier.name))
    return artifacts.local(artifact(sha256))


def part(name: str, fence: int) -> Path:
    """Where a file lies while it is written by a worker with that fence; what others left of it is gone."""
    file = Path(settings.PREFERENCES_DIR) / f"part-{name}-{fence}"
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in file.parent.glob(f"part-{name}-*"):  # by a worker that died, or that lost its hold
        left.unlink(missing_ok=True)
    return file


def write(file: Path, rows: Iterable[Pair]) -> Written:
    """What was written into `file`; the same pairs in the same order give the same bytes."""
    count = 0

    def counted() -> Iterator[list[Pair]]:
        nonlocal count
        for some in _groups(rows):
            count += len(some)
            yield some

    written = Counting(_dictionaries.write(COLUMNS, TYPES, counted(), SAID))
    with file.open("wb") as out:
        out.writelines(written)
    return Written(*written.content, count)


def keep(file: Path, written: Written) -> Artifact:
    """The artifact, by which whoever asks for its digest finds the file. Raises ArtifactProblem."""
    made = artifacts.keep(file, PREFERENCES, KEY)
    if made.sha256 != written.sha256:
        raise ArtifactDamaged(artifacts.DAMAGED.format(key=made.key))
    return made


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
