"""Responses that were made elsewhere: a row for each, with the prompt it answers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from annotations.core.gold import Gold, GoldProblem, checked
from annotations.imports import ImportProblem, Table, Unreadable
from annotations.imports._rows import Values, Wrong, each, missing, shown, text, word, yes

FIELDS = {
    "uid": ("prompt_id", "uid", "id"),
    "prompt": ("prompt", "text", "question", "instruction"),
    "config": ("config", "config_slug"),
    "response": ("response", "answer", "output", "completion"),
    "source": ("source", "model", "model_name"),
    "version": ("version", "config_version"),
    "low": ("gold_low",),
    "high": ("gold_high",),
    "follows": ("gold_follows",),
    "why": ("gold_why",),
    "practice": ("practice",),
    "tokens_in": ("tokens_in", "prompt_tokens"),
    "tokens_out": ("tokens_out", "completion_tokens"),
}
"""What a row may say, and the columns in which it is looked for; the first one there counts."""
GOLD = ("low", "high", "follows", "why")
LONGEST_RESPONSE, LONGEST_SOURCE = 200_000, 200


class ResponseRow(NamedTuple):
    """A row as it would come in: which prompt, by id or by its text under a config; what was answered, and by whom.

    What the file does not say is "" or None.
    """

    row: int
    table: str
    uid: str
    prompt: str
    config: str
    response: str
    source: str
    version: int | None
    gold: Gold | None
    tokens_in: int | None = None
    tokens_out: int | None = None


def columns(table: Table) -> dict[str, str]:
    """The column of each field that the table has."""
    known = {re.sub(r"[\W_]+", "_", column.strip().lower()): column for column in reversed(table.columns)}
    found = ((field, next((known[name] for name in names if name in known), "")) for field, names in FIELDS.items())
    return {field: column for field, column in found if column}


def read_responses(tables: Sequence[Table]) -> Iterator[ResponseRow | ImportProblem]:
    """Every row, or what is wrong with it. Raises Unreadable for a table without the columns that are needed."""
    for table in tables:
        there = columns(table)
        lacks = "response" if "response" not in there else "" if {"uid", "prompt"} & set(there) else "prompt_id"
        if lacks:
            has = ", ".join(table.columns)[:200] or "none"
            what = f"“{table.name}” has no column “{lacks}”; its columns are: {has}. Name it so in the heading."
            raise Unreadable(ImportProblem(0, lacks, what, table.name))
        yield from each([table], partial(_response, there))


def _response(there: Mapping[str, str], table: Table, row: int, values: Values) -> ResponseRow:
    has = {field: column for field, column in there.items() if not _empty(values.get(column))}
    said = text(values, there["response"])
    if len(said) > LONGEST_RESPONSE:
        what = f"A response has at most {LONGEST_RESPONSE:,} characters; this has {len(said):,}."
        raise Wrong(there["response"], what)
    source = " ".join(word(values, has["source"]).split()) if "source" in has else ""
    if len(source) > LONGEST_SOURCE:
        raise Wrong(has["source"], f"At most {LONGEST_SOURCE} characters say whose it is; these are {len(source):,}.")
    if not {"uid", "prompt"} & set(has):
        raise Wrong(there.get("uid", there.get("prompt", "")), "The row does not say which prompt it answers.")
    return ResponseRow(
        row=row,
        table=table.name,
        uid=word(values, has["uid"]) if "uid" in has else "",
        prompt=text(values, has["prompt"]) if "prompt" in has else "",
        config=word(values, has["config"]) if "config" in has else "",
        response=said,
        source=source,
        version=_number(values, has["version"]) if "version" in has else None,
        gold=_gold(has, values),
        **{name: _number(values, has[name]) for name in ("tokens_in", "tokens_out") if name in has},
    )


def _empty(value: object) -> bool:
    return missing(value) or (isinstance(value, str) and not value.strip())


def _number(values: Values, column: str) -> int:
    written = word(values, column).removeprefix("v")
    if not (written.isascii() and written.isdecimal() and len(written) < 7):
        raise Wrong(column, f"{shown(values, column)} is no whole number. Write one such as 3.")
    return int(written)


def _gold(has: Mapping[str, str], values: Values) -> Gold | None:
    """The right answer; None where nothing of it is said. One number for helpfulness stands for both ends."""
    if not set(GOLD) & set(has):
        if "practice" in has and yes(values, has["practice"]):
            raise Wrong(has["practice"], "A practice item needs its right answer: gold_low, gold_follows, gold_why.")
        return None
    if lacks := next((name for name in ("low", "follows", "why") if name not in has), ""):
        raise Wrong(f"gold_{lacks}", f"A right answer is given whole: gold_{lacks} is empty here.")
    low = _number(values, has["low"])
    high = _number(values, has["high"]) if "high" in has else low
    practice = "practice" in has and yes(values, has["practice"])
    try:
        return checked(Gold(low, high, yes(values, has["follows"]), text(values, has["why"]), practice))
    except GoldProblem as problem:
        raise Wrong(has.get(problem.field, f"gold_{problem.field}"), str(problem)) from problem
