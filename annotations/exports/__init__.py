"""Formats for taking rows away: one file each, with what `Format` lists below."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, cast

from annotations.core import folder

Row = Sequence[Any]
TYPES = ("text", "int", "float", "bool", "texts", "messages", "json")
"""What a column may hold besides None; texts is a list of text, messages a conversation as models read it, a list of
`{"role": …, "content": …}`; json is anything else, written as JSON text."""


class Table(NamedTuple):
    """Rows to take away; each has a value for each column. `rows` is gone through once, one row at a time.

    `split` is the column that divides the rows, which then come in order of it; "" is one table. `name` is a slug,
    `card` the dataset card in Markdown. A format takes what it needs of all this.
    """

    columns: tuple[str, ...]
    rows: Iterable[Row]
    name: str = "rows"
    split: str = ""
    card: str = ""
    types: tuple[str, ...] = ()
    """One of TYPES for each column; without them, the first rows decide what the columns hold."""
    counts: Mapping[str, int] = MappingProxyType({})
    """How many rows each split has, where somebody knows: a folder of files then says so, and cuts long splits."""


class Format(Protocol):
    """A file of this folder. However many rows there are, it holds some thousand at a time.

    `DATASET` says that its columns have types, so that it suits data sets and not lists of mixed values, `SPLITS`
    that each split gets a file of its own.
    """

    LABEL: str
    SUFFIX: str
    CONTENT_TYPE: str
    DATASET: bool
    SPLITS: bool

    def pieces(self, table: Table) -> Iterator[bytes]:
        """The file piece by piece; the same rows always give the same bytes."""


def names() -> list[str]:
    """The formats there are, in alphabetical order."""
    return folder.names(__name__)


def choices(*, dataset: bool) -> list[tuple[str, str]]:
    """Names and labels of the formats that suit a data set, or of those that suit any list."""
    return [(name, load(name).LABEL) for name in names() if dataset or not load(name).DATASET]


def load(name: str) -> Format:
    """The format of that name. Raises NoSuchEntry."""
    return cast(Format, folder.module(__name__, name))
