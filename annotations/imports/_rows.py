"""What the formats share: reading the values of a row, and going on after a row that is wrong."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from annotations.core import categorical
from annotations.core.storable import tidy
from annotations.core.taxonomies import Taxonomy
from annotations.imports import ImportProblem, Table

Values = Mapping[str, Any]
Made = TypeVar("Made")
SPLIT_COLUMNS = ("split", "config")
KIND_WORDS = {
    "safe": ("safe", "benign", "harmless", "unharmful"),
    "allowed": ("allowed", "allow", "allows", "fully allowed", "permitted"),
    "partial": ("partial", "partly", "partially", "partial allowed", "partly allowed", "partially allowed"),
    "disallowed": ("disallowed", "disallow", "fully disallowed", "not allowed", "forbidden", "prohibited"),
}
KIND_BY_WORD = {word: kind for kind, words in KIND_WORDS.items() for word in words}


class Wrong(Exception):
    """What is wrong with one value of a row; column "" is the whole row."""

    def __init__(self, column: str, what: str):
        super().__init__(what)
        self.column, self.what = column, what


def each(tables: Sequence[Table], make: Callable[[Table, int, Values], Made]) -> Iterator[Made | ImportProblem]:
    """What `make` makes of every row, or what is wrong with the row."""
    for table in tables:
        for found in table.rows():
            if isinstance(found, ImportProblem):
                yield found
                continue
            try:
                yield make(table, *found)
            except Wrong as wrong:
                yield ImportProblem(found[0], wrong.column, wrong.what, table.name)


def has(tables: Sequence[Table], *columns: str) -> bool:
    """True when there is a table and each of them has all these columns."""
    return bool(tables) and all(set(columns) <= set(table.columns) for table in tables)


def text(values: Values, column: str, empty: bool = False) -> str:
    """The text of a column as the file has it. Raises Wrong when it is none, or blank where that is not `empty`."""
    value = "" if missing(values.get(column)) else values[column]
    if not isinstance(value, str):
        raise Wrong(column, f"There is {_called(value)} where a text is wanted. Write one text.")
    if not empty and not value.strip():
        raise Wrong(column, "The text is empty. Fill it in, or take the row out.")
    return value


def word(values: Values, column: str) -> str:
    """The label of a column without white space around; "" without any. Raises Wrong for a list or an object."""
    value = values.get(column)
    if missing(value):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, str | int | float):
        raise Wrong(column, f"There is {_called(value)} where a word is wanted. Write one word.")
    return str(value).strip()


def missing(value: Any) -> bool:
    """True for what stands for no value: None, and the not-a-number that tables of numbers have in its place."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def yes(values: Values, column: str) -> bool:
    """True or False, however a file writes them. Raises Wrong for anything else."""
    said = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    found = said.get(word(values, column).lower())
    if found is None:
        raise Wrong(column, f"{shown(values, column)} stands where true or false is wanted. Write one of them.")
    return found


def kind(values: Values, column: str) -> str:
    """The kind of prompt that a column names, in whatever case and spacing; "" when it is empty. Raises Wrong."""
    written = word(values, column)
    found = KIND_BY_WORD.get(" ".join(re.sub(r"[\W_]+", " ", written.lower()).split()), "")
    if written and not found:
        raise Wrong(column, f"{shown(values, column)} is no kind. Write one of {', '.join(KIND_WORDS)}.")
    return found


def categories(written: str, column: str, taxonomy: Taxonomy | None = None) -> frozenset[str]:
    """The slugs of the risk categories that a text names; None is the built-in taxonomy. Raises Wrong."""
    try:
        return _read(written, taxonomy)
    except categorical.UnknownCategory as unknown:
        raise Wrong(column, str(unknown)) from unknown


_read = lru_cache(maxsize=4096)(categorical.read)


def shown(values: Values, column: str) -> str:
    """A label in quotation marks, cut to what fits into a sentence."""
    written = str(values.get(column, "")).strip()
    return f"“{written[:40]}…”" if len(written) > 40 else f"“{written}”"


def split(table: Table, values: Values, columns: Sequence[str] = SPLIT_COLUMNS) -> str:
    """The split a row belongs to: what its split column says, or else the name of its table. Raises Wrong."""
    for column in columns:
        if column in table.columns:
            return text(values, column).strip()
    return table.name


def originals(values: Values, *columns: str) -> dict[str, Any]:
    """The texts of these columns which tidying would change, by column: what an export needs to write them back."""
    found = {column: values.get(column) for column in columns}
    return {column: value for column, value in found.items() if isinstance(value, str) and tidy(value) != value}


def _called(value: Any) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", bytes: "bytes"}
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else names.get(type(value), "something else")
