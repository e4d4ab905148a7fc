"""JSON Lines: one object for each row, with everything as it is."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

LABEL = "JSON Lines"
SUFFIX = ".jsonl"
CONTENT_TYPE = "application/jsonl; charset=utf-8"


def lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """A line for each row; a value that JSON does not know is its text."""
    for row in rows:
        yield json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False, default=str) + "\n"


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO) -> None:
    """The whole file into `out`."""
    out.writelines(lines(columns, rows))
