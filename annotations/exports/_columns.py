"""What the columns of a table hold: typed values for formats whose columns have a type."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from annotations.exports import Row

LARGEST_GROUP_ROWS, LARGEST_GROUP_SIGNS = 5000, 4_000_000


def groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows in lists of some thousand, fewer where they are long."""
    some: list[Row] = []
    signs = 0
    for row in rows:
        some.append(row)
        signs += sum(map(_signs, row))
        if len(some) >= LARGEST_GROUP_ROWS or signs >= LARGEST_GROUP_SIGNS:
            yield some
            some, signs = [], 0
    if some:
        yield some


def _signs(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    turns = value if isinstance(value, list) else ()
    return sum(len(turn["content"]) for turn in turns if isinstance(turn, dict) and "content" in turn)


def kinds(columns: Sequence[str], rows: Sequence[Row]) -> tuple[str, ...]:
    """One of exports.TYPES for each column, as these rows need it; a column without any value is text."""
    return tuple(_kind([row[at] for row in rows if row[at] is not None]) for at in range(len(columns)))


def _kind(values: list[Any]) -> str:
    found = {type(value) for value in values}
    if found <= {list, tuple} and found:
        return "texts" if all(isinstance(part, str) for value in values for part in value) else "json"
    if found & {list, tuple, dict} or len(found - {int, float}) > 1 or (found & {int, float} and found - {int, float}):
        return "json"
    if found <= {int, float} and found:
        return "float" if float in found else "int"
    return "bool" if found == {bool} else "text"


def value(kind: str, held: Any) -> Any:
    """The value as its column holds it: text of whatever is not text, JSON of an object, None as it is."""
    if held is None:
        return None
    if kind == "json":
        return json.dumps(held, ensure_ascii=False, sort_keys=True, default=str)
    if kind == "text":
        return held if isinstance(held, str) else str(held)
    return list(held) if kind in ("texts", "messages") else held
