"""Digests of files: made while they are read, and looked at again only when a file may have changed since."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

PIECE = 1 << 20
REMEMBERED = 1_000
_known: dict[tuple[str, int, int, int], str] = {}


class Content(NamedTuple):
    """What a file holds: the SHA-256 as 64 hexadecimal digits, and how many bytes."""

    sha256: str
    size: int


class Counting:
    """Pieces on their way somewhere else, whose digest and number of bytes are known afterwards."""

    def __init__(self, pieces: Iterable[bytes]):
        self.pieces, self.digest, self.size = pieces, hashlib.sha256(), 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            self.digest.update(piece)
            self.size += len(piece)
            yield piece

    @property
    def content(self) -> Content:
        """What came so far."""
        return Content(self.digest.hexdigest(), self.size)


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    """The rest of the file, at most a megabyte at a time."""
    while piece := file.read(PIECE):
        yield piece


def of(path: Path) -> Content:
    """What the file holds; every byte is read. Raises OSError."""
    with path.open("rb") as file:
        return of_open(file)


def of_open(file: IO[bytes]) -> Content:
    """What the rest of the open file holds; every byte is read. Raises OSError."""
    counting = Counting(pieces(file))
    for _ in counting:
        pass
    return counting.content


def is_whole(path: Path, sha256: str, size: int | None = None) -> bool:
    """True when the file has that digest, and that many bytes where it is said how many. Raises OSError.

    A file that this process has read before is read again only when its inode, its size or its time changed since.
    """
    state = path.stat()
    if size is not None and state.st_size != size:
        return False
    seen = (str(path), state.st_ino, state.st_size, state.st_mtime_ns)
    if seen not in _known:
        found = of(path).sha256
        while len(_known) >= REMEMBERED:
            _known.pop(next(iter(_known)), None)
        _known[seen] = found
    return _known.get(seen) == sha256


def forget() -> None:
    """Nothing; every file is read again the next time."""
    _known.clear()
