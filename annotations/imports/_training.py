"""Tables of training prompts: a column of texts, and a language, a source and an id where a table has them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from annotations.imports import ImportProblem, PromptRow, Table, Unreadable
from annotations.imports._rows import Values, each, missing, text, word

FIELDS = ("text", "language", "source", "id")
ALSO_CALLED = {
    "text": ("prompt", "question", "instruction", "query", "user_prompt", "request", "input", "goal", "user"),
    "language": ("lang", "locale"),
    "source": ("origin", "dataset"),
    "id": ("prompt_id", "uid", "uuid", "key"),
}
SHOWN = 200
"""Characters of a list of columns in a sentence."""


def guess(tables: Sequence[Table]) -> dict[str, str]:
    """The likely column of each field, out of those that all tables have; fields without one are left out.

    The only column there is holds the prompts, whatever it is called.
    """
    shared = [column for column in tables[0].columns if all(column in table.columns for table in tables)]
    known = {re.sub(r"[\W_]+", "_", column.strip().lower()).strip("_"): column for column in reversed(shared)}
    wanted = ((field, (field, *ALSO_CALLED[field])) for field in FIELDS)
    found = ((field, next((known[name] for name in names if name in known), "")) for field, names in wanted)
    guessed = {field: column for field, column in found if column}
    return {"text": shared[0]} | guessed if len(shared) == 1 else guessed


def columns(tables: Sequence[Table], named: str = "") -> dict[str, str]:
    """The column of each field; `named` is the one of the texts that a person named, "" to find it out.

    Raises Unreadable when no column holds the texts, or a table lacks the one that was named.
    """
    if not any(table.columns for table in tables):
        raise Unreadable(_nothing(tables))
    for table in tables:
        if named and named not in table.columns:
            what = f"“{table.name}” has no column “{named[:40]}”; it has {_named(table)}. Name one of these."
            raise Unreadable(ImportProblem(0, named, what, table.name))
    found = {field: column for field, column in guess(tables).items() if column != named}
    found |= {"text": named} if named else {}
    if "text" not in found:
        there = _named(tables[0])
        what = f"No column is called as prompts usually are; there are {there}. Name the one of the prompts."
        raise Unreadable(ImportProblem(0, "", what))
    return found


def read(tables: Sequence[Table], found: Mapping[str, str]) -> Iterator[PromptRow | ImportProblem]:
    """Every row as a prompt without a kind, or what is wrong with it; `found` is column by field. May raise Unreadable.

    An id is kept as `extra`.
    """
    return each(tables, partial(_prompt, found))


def _named(table: Table) -> str:
    whole = ", ".join(table.columns)
    return whole if len(whole) <= SHOWN else f"{whole[:SHOWN]}…"


def _nothing(tables: Sequence[Table]) -> ImportProblem:
    """Why no row says which columns there are."""
    first = next((found for table in tables for found in table.rows() if isinstance(found, ImportProblem)), None)
    what = f"Row {first.row:,}: {first.what}" if first else "The rows are empty."
    return ImportProblem(0, "", f"No row of the file could be read, so that no column is known. {what}")


def _prompt(found: Mapping[str, str], table: Table, row: int, values: Values) -> PromptRow:
    has = {field: column for field, column in found.items() if not missing(values.get(column))}
    return PromptRow(
        row=row,
        table=table.name,
        text=text(values, found["text"]),
        language=word(values, has["language"]) if "language" in has else "",
        source=word(values, has["source"]) if "source" in has else "",
        extra={"id": word(values, has["id"])} if "id" in has else {},
    )
