"""Cells whose ground says how much: the steps of the shade, and a square of agreement between every two."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from annotations.core.pairwise import Pair

Key = TypeVar("Key", bound=Hashable)
SHADES = 5
"""Steps of the shade above none; text can be read on the darkest of them in both themes."""


class Party(NamedTuple):
    """One of those compared: a short name for the column, the whole one for the row; `heuristic` for a program."""

    short: str
    label: str
    heuristic: bool = False
    url: str = ""


class Square(NamedTuple):
    """What two of them come to: kappa -1..1 over `n`; None in the middle of the square, and without a figure."""

    kappa: float | None
    n: int
    shade: int
    of: Party
    oneself: bool


class SquareRow(NamedTuple):
    """One of those compared beside each of them, in the same order."""

    party: Party
    squares: tuple[Square, ...]


def shade(share: float | None) -> int:
    """The step of a share 0..1: 0 for nothing, None or less than nothing, 1 up to a fifth, 5 above four fifths."""
    if share is None or share <= 0:
        return 0
    return min(math.ceil(round(share * SHADES, 9)), SHADES)


def squares(
    parties: Mapping[Key, Party], pairs: Mapping[tuple[Key, Key], Pair], fewest: int = 1
) -> tuple[SquareRow, ...]:
    """A row for each party in their order; pairs with fewer than `fewest` in common keep their count and no figure."""
    order = list(parties.items())
    return tuple(
        SquareRow(party, tuple(_square(key, other, of, pairs, fewest) for other, of in order)) for key, party in order
    )


def _square(key: Key, other: Key, of: Party, pairs: Mapping[tuple[Key, Key], Pair], fewest: int) -> Square:
    if key == other:
        return Square(None, 0, 0, of, True)
    kappa, n = pairs.get((key, other)) or Pair(None, 0)
    shown = kappa if n >= fewest else None
    return Square(shown, n, shade(shown), of, False)


def compared(rows: Sequence[SquareRow]) -> bool:
    """True when any two have something in common."""
    return any(square.n for row in rows for square in row.squares)
