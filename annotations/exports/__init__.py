"""Formats for taking rows away: one file each, with `LABEL`, `SUFFIX`, `CONTENT_TYPE`, `lines` and `write`."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, TextIO, cast

from annotations.core import folder

Row = Sequence[Any]


class Format(Protocol):
    """A file of this folder. However many rows there are, it holds one at a time."""

    LABEL: str
    SUFFIX: str
    CONTENT_TYPE: str

    def lines(self, columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
        """The file piece by piece; each row has a value for each column."""

    def write(self, columns: Sequence[str], rows: Iterable[Row], out: TextIO) -> None:
        """The whole file into `out`."""


def names() -> list[str]:
    """The formats there are, in alphabetical order."""
    return folder.names(__name__)


def load(name: str) -> Format:
    """The format of that name. Raises NoSuchEntry."""
    return cast(Format, folder.module(__name__, name))
