"""Rows a few at a time, where all of them at once are more than one statement takes."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

Row = TypeVar("Row")


def batches(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    """The rows in their order, `size` of them together and the rest last; nothing for no rows.

    Raises ValueError for a size below 1.
    """
    if size < 1:
        raise ValueError("A batch has at least one row.")
    return (rows[start : start + size] for start in range(0, len(rows), size))
