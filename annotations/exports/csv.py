"""CSV as spreadsheets read it: every value quoted where needed, and none of them run as a formula."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

LABEL = "CSV"
SUFFIX = ".csv"
CONTENT_TYPE = "text/csv; charset=utf-8"
FORMULA = re.compile(r"[=+@\t\r]|-(?!\d*\.?\d+(?:e[+-]?\d+)?\Z)")


class _Echo:
    def write(self, text: str) -> str:
        """The text, so that the writer gives back what it would have written."""
        return text


def lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The heading, then a line for each row. Lists and objects are JSON; None is empty."""
    writer = csv.writer(_Echo())
    yield str(writer.writerow(columns))
    for row in rows:
        yield str(writer.writerow([_cell(value) for value in row]))


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO) -> None:
    """The whole file into `out`."""
    out.writelines(lines(columns, rows))


def _cell(value: Any) -> str:
    """The value as text. A spreadsheet would run what begins like a formula; a leading apostrophe keeps it text."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str).strip('"')
    return f"'{text}" if FORMULA.match(text) else text
