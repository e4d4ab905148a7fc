"""The shapes in which training programs read preference pairs: as TRL does, as supervised examples, as CoSAlign-Train.

Source for the eleven columns and for one supervised example per prompt: Zhang et al. 2025, CoSAlign-Train.
"""

from collections.abc import Iterator
from itertools import chain, starmap
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from annotations.core.preference_pairs import COLUMNS, PUBLISHED, TYPES
from annotations.exports import Row, _pair_rows
from annotations.exports._pair_rows import SPLIT

PAIRS, LAST, LOWEST = "pairs", "last", "lowest"
TARGETS = {LAST: "the last chosen response of each prompt", LOWEST: "the chosen response with the lowest error"}
"""Which chosen response a supervised example takes, where several pairs have its system prompt and prompt."""


class Column(NamedTuple):
    """A column of a shape: its name, one of exports.TYPES, and what it holds."""

    name: str
    type: str
    about: str


class Make(Protocol):
    """What a shape makes of the values it reads: one value for each of its columns."""

    def __call__(self, *values: Any) -> Row: ...


class Shape(NamedTuple):
    """Columns without the split; `reads` are the columns of a pair that `make` takes. `one_each`: one row a prompt.

    `formats` are the names of the formats that can hold it.
    """

    label: str
    about: str
    columns: tuple[Column, ...]
    reads: tuple[str, ...]
    make: Make
    formats: tuple[str, ...] = ("jsonl", "parquet", "hf_folder")
    one_each: bool = False


class Wanted(NamedTuple):
    """What is to be taken out of a file of pairs. `split` "" is all of them, `target` one of TARGETS."""

    shape: str = PAIRS
    target: str = LAST
    split: str = ""


class Taken(NamedTuple):
    """The rows with the name of their split in front, and how many there are of each."""

    rows: Iterator[list[Any]]
    counts: dict[str, int]


def _as_it_is(*values: Any) -> Row:
    return values


def _preference(system: str | None, prompt: str | None, chosen: str | None, rejected: str | None) -> Row:
    return [_turns(system, prompt), [_turn("assistant", chosen)], [_turn("assistant", rejected)]]


def _conversation(system: str | None, prompt: str | None, chosen: str | None) -> Row:
    return [[*_turns(system, prompt), _turn("assistant", chosen)]]


def _completion(system: str | None, prompt: str | None, chosen: str | None) -> Row:
    return [_turns(system, prompt), [_turn("assistant", chosen)]]


def _turns(system: str | None, prompt: str | None) -> list[dict[str, str]]:
    """What a model is asked, also where the system prompt is empty: so it is asked when it is evaluated."""
    return [_turn("system", system), _turn("user", prompt)]


def _turn(role: str, text: str | None) -> dict[str, str]:
    return {"role": role, "content": text or ""}


ABOUT = {
    "system_prompt": "what the model is told: the config",
    "prompt": "what a user asks",
    "chosen_response": "the better response under the config",
    "rejected_response": "the worse one",
    "spec_i": "the categories the config allows, as -A-B-",
    "spec_j": "the categories the prompt carries",
    "mode": "how the config was made from the prompt's categories; rated: people compared the responses",
    "chosen_cat": "the risks found in the chosen response; empty where nobody looked for any",
    "rejected_cat": "the risks found in the rejected response; empty where nobody looked for any",
    "chosen_category_error_score": "the error of the chosen response, lower is better",
    "rejected_category_error_score": "the error of the rejected response",
    "origin": "where the pair comes from: uploaded, built, rating or adjudication",
    "prompt_id": "the number of the prompt in the database it comes from",
    "chosen_id": "the number of the chosen response there",
    "rejected_id": "the number of the rejected response there",
    "template": "the name of the words that the config was told with",
}
KINDS = dict(zip(COLUMNS, TYPES, strict=True))
EVERY = tuple(Column(name, KINDS[name], ABOUT[name]) for name in COLUMNS if name != SPLIT)
ASKED = Column("prompt", "messages", "the system prompt, then what a user asks")
BOTH, ONE = ("chosen_response", "rejected_response"), ("chosen_response",)
TABULAR = ("csv", "hf_folder", "jsonl", "parquet")
SHAPES = {
    PAIRS: Shape(
        "Pairs with their lineage",
        "Every column that is kept of a pair.",
        EVERY,
        tuple(column.name for column in EVERY),
        _as_it_is,
        TABULAR,
    ),
    "trl": Shape(
        "TRL preference",
        "What DPOTrainer of TRL reads: conversations with their prompt apart.",
        (
            ASKED,
            Column("chosen", "messages", "the better response under the config"),
            Column("rejected", "messages", "the worse one"),
        ),
        (*_pair_rows.ASKED, *BOTH),
        _preference,
    ),
    "sft": Shape(
        "SFT messages",
        "One conversation for each system prompt and prompt.",
        (Column("messages", "messages", "the system prompt, what a user asks, and the response to learn"),),
        (*_pair_rows.ASKED, *ONE),
        _conversation,
        one_each=True,
    ),
    "sft_completion": Shape(
        "SFT prompt and completion",
        "One example for each system prompt and prompt; SFTTrainer of TRL learns the completion alone.",
        (ASKED, Column("completion", "messages", "the response to learn")),
        (*_pair_rows.ASKED, *ONE),
        _completion,
        one_each=True,
    ),
    "cosalign": Shape(
        "CoSAlign-Train",
        "The eleven columns of the published set.",
        tuple(column for column in EVERY if column.name in PUBLISHED),
        PUBLISHED,
        _as_it_is,
        TABULAR,
    ),
}


def columns(file: Path, shape: str) -> tuple[Column, ...]:
    """The columns that the file has in that shape: of whole pairs only those that are kept in it."""
    if shape != PAIRS:
        return SHAPES[shape].columns
    there = set(_pair_rows.columns(file))
    return tuple(column for column in EVERY if column.name in there)


def take(file: Path, wanted: Wanted) -> Taken:
    """The rows of a file of pairs in that shape, the splits one after the other as the file begins them.

    Whatever the number of pairs, some hundred texts are in memory, and 100 bytes or so for each prompt where a prompt
    has one row. Within a split, rows stand in the order of the file.
    """
    shape, reads = SHAPES[wanted.shape], _reads(file, wanted.shape)
    if shape.one_each:
        found = _pair_rows.targets(file, lowest=wanted.target == LOWEST)
        kept = {name: places for name, places in found.items() if wanted.split in ("", name)}
        parts = ((name, _pair_rows.rows(file, reads, places=places)) for name, places in kept.items())
        counts = {name: len(places) for name, places in kept.items()}
    else:
        counts = {name: n for name, n in _pair_rows.splits(file).items() if wanted.split in ("", name)}
        parts = ((name, _pair_rows.rows(file, reads, split=name)) for name in counts)
    return Taken(chain.from_iterable(_made(name, shape, rows) for name, rows in parts), counts)


def _reads(file: Path, shape: str) -> tuple[str, ...]:
    return tuple(column.name for column in columns(file, shape)) if shape == PAIRS else SHAPES[shape].reads


def _made(split: str, shape: Shape, rows: Iterator[tuple[Any, ...]]) -> Iterator[list[Any]]:
    return ([split, *row] for row in starmap(shape.make, rows))
