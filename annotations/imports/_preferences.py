"""CoSAlign-Train, the shape of preference pairs: eleven columns, one pair a row."""

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from annotations.core import preference_pairs
from annotations.core.taxonomies import Taxonomy
from annotations.core.taxonomy import OTHER
from annotations.imports import ImportProblem, Table, Unreadable
from annotations.imports._rows import Values, Wrong, categories, each, has, shown, split, text, word

COLUMNS = preference_pairs.PUBLISHED


class PairRow(NamedTuple):
    """One pair as it would come in; `table` is its split. `values` are the eleven as the file has them, as in COLUMNS.

    `allowed` is what the config opens (`spec_i`), `risks` what the prompt carries (`spec_j`); then the risks found in
    either response, whether it addresses the prompt (both None where the file does not say), and its error (None:
    unscored).
    """

    row: int
    table: str
    values: tuple[Any, ...]
    system_prompt: str
    prompt: str
    chosen: str
    rejected: str
    allowed: frozenset[str]
    risks: frozenset[str]
    mode: str
    chosen_risks: frozenset[str] | None
    rejected_risks: frozenset[str] | None
    chosen_addressed: bool | None
    rejected_addressed: bool | None
    chosen_error: float | None
    rejected_error: float | None


class Labelled(NamedTuple):
    """What a category column says of a response; None is that it says nothing, which is not the same as no risk."""

    risks: frozenset[str] | None
    addressed: bool | None


def fits(tables: Sequence[Table]) -> bool:
    """True when every table has the eleven columns."""
    return has(tables, *COLUMNS)


def read_pairs(tables: Sequence[Table], taxonomy: Taxonomy | None = None) -> Iterator[PairRow | ImportProblem]:
    """Every pair of every table in order, or what is wrong with it. Risks are those of the taxonomy; None: built in.

    Raises Unreadable, at once when a column lacks.
    """
    for table in tables:
        if lacking := [column for column in COLUMNS if column not in table.columns]:
            what = f"The table “{table.name}” lacks {', '.join(lacking)}. A preference set has eleven columns."
            raise Unreadable(ImportProblem(0, "", what, table.name))
    return each(tables, partial(_pair, taxonomy))


def _pair(taxonomy: Taxonomy | None, table: Table, row: int, values: Values) -> PairRow:
    chosen, rejected = (labelled(values, name, taxonomy) for name in ("chosen_cat", "rejected_cat"))
    return PairRow(
        row=row,
        table=split(table, values, ("split",)),
        values=tuple(values.get(column) for column in COLUMNS),
        system_prompt=text(values, "system_prompt", empty=True),
        prompt=text(values, "prompt"),
        chosen=text(values, "chosen_response"),
        rejected=text(values, "rejected_response", empty=True),
        allowed=_allowed(values, taxonomy),
        risks=categories(text(values, "spec_j"), "spec_j", taxonomy),
        mode=word(values, "mode"),
        chosen_risks=chosen.risks,
        rejected_risks=rejected.risks,
        chosen_addressed=chosen.addressed,
        rejected_addressed=rejected.addressed,
        chosen_error=_error(values, "chosen_category_error_score"),
        rejected_error=_error(values, "rejected_category_error_score"),
    )


def _allowed(values: Values, taxonomy: Taxonomy | None) -> frozenset[str]:
    allowed = categories(text(values, "spec_i"), "spec_i", taxonomy)
    if OTHER in allowed:
        raise Wrong("spec_i", "Other harms are among the allowed, which no config can allow. Take them out.")
    return allowed


def labelled(values: Values, column: str, taxonomy: Taxonomy | None = None) -> Labelled:
    """What the category column of a row says of its response. Raises Wrong."""
    written = text(values, column, empty=True)
    if not written.strip():
        return Labelled(None, None)
    risks, addressed = preference_pairs.category(written)
    return Labelled(categories(risks, column, taxonomy), addressed)


def _error(values: Values, column: str) -> float | None:
    written = word(values, column)
    if not written:
        return None
    try:
        number = float(written)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Wrong(column, f"{shown(values, column)} stands where a number is wanted. Write one, or nothing.")
    if number < 0:
        raise Wrong(column, f"{shown(values, column)} stands where an error is wanted, which is 0 or more.")
    return number
