"""The order of a leaderboard, and the published figures beside it; without a database."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from annotations.core import folder
from training.compare import share
from training.scores import RunScores

_DATA, _FILE = "training.data", "published.toml"
COLUMNS = ("score", "helpful_safe", "helpful_unsafe", "unhelpful_safe", "unscored", "n", "cost", "finished")
LOWER_FIRST = frozenset({"helpful_unsafe", "unscored", "cost"})
"""Columns of which little is good, so that the smallest stands first unless it is turned round."""


class Figures(NamedTuple):
    """What a row of a leaderboard is sorted by; shares 0..1 are unweighted means over configs.

    `cost` is in micros, None when a call had no price; `finished` in seconds. None stands last in any order.
    """

    score: float | None
    helpful_safe: float | None
    helpful_unsafe: float | None
    unhelpful_safe: float | None
    unscored: int
    n: int
    cost: int | None
    finished: float | None


def figures(scores: RunScores, cost: int | None, finished: float | None) -> Figures:
    """The figures of one run; `n` counts its items."""
    return Figures(
        scores.mean,
        share(scores, "helpful_safe"),
        share(scores, "helpful_unsafe"),
        share(scores, "unhelpful_safe"),
        scores.overall.n_total - scores.overall.n_scored,
        scores.overall.n_total,
        cost,
        finished,
    )


class Order(NamedTuple):
    """A column and whether its best stands first, as the address names it: `score`, or `-score` turned round."""

    column: str
    turned: bool

    @property
    def word(self) -> str:
        """The order as an address names it."""
        return f"{'-' if self.turned else ''}{self.column}"

    @property
    def best_is_low(self) -> bool:
        """True for a column of which little is good."""
        return self.column in LOWER_FIRST

    def turn(self, column: str) -> str:
        """The order that a press on a column's heading asks for."""
        return Order(column, column == self.column and not self.turned).word

    def place(self, row: Figures) -> tuple[bool, float]:
        """Where a row stands, smaller first; one without the figure last."""
        value = getattr(row, self.column)
        if value is None:
            return True, 0.0
        return False, value if self.best_is_low != self.turned else -value


def order(word: str) -> Order:
    """The order that an address asks for; the best score first for an unknown one."""
    column = word.removeprefix("-")
    return Order(column, word.startswith("-")) if column in COLUMNS else Order("score", False)


class Published(NamedTuple):
    """A row of a paper: the table it stands in, what was evaluated, score -1..1 and shares 0..1 as published."""

    table: str
    setup: str
    score: float
    helpful_safe: float
    helpful_unsafe: float


class ReferenceSet(NamedTuple):
    """Published rows over one benchmark, best score first, with their source."""

    slug: str
    title: str
    about: str
    source: str
    rows: tuple[Published, ...]


@cache
def references() -> dict[str, ReferenceSet]:
    """The sets of published rows by their slug, in the order of the file. Source: the file's own `source`."""
    data = tomllib.loads(folder.text(_DATA, _FILE))
    return {one["slug"]: _set(one, data["table"], data["source"]) for one in data["set"]}


def _set(about: Mapping[str, str], tables: Iterable[Mapping[str, Any]], source: str) -> ReferenceSet:
    rows = [
        Published(table["title"], setup, score, safe / 100, unsafe / 100)
        for table in tables
        for setup, score, safe, unsafe in table.get(about["slug"], ())
    ]
    best = tuple(sorted(rows, key=lambda row: -row.score))
    return ReferenceSet(about["slug"], about["title"], about["about"], source, best)
