"""Who gave which value to which unit, as arrays: what every figure of agreement starts from."""

import math
from collections.abc import Container, Hashable, Iterable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Row = tuple[Hashable, Hashable, Hashable | None]
Floats = NDArray[np.float64]
Places = NDArray[np.intp]
_Name = TypeVar("_Name", bound=Hashable)


class RatingTable(NamedTuple):
    """Ratings without the missing ones, in the order of unit and value; the arrays hold places in the three lists.

    `values` are in rising order, numbers by size and all else by its words, so that a table of the same ratings in
    another order has the same figures.
    """

    units: Sequence[Hashable]
    raters: Sequence[Hashable]
    values: Sequence[Hashable]
    unit_of: Places
    rater_of: Places
    value_of: Places
    n_missing: int


def read(ratings: Iterable[Row] | RatingTable) -> RatingTable:
    """The table of rows (unit, rater, value); a value of None is missing: left out and counted. A table stays itself.

    Raises ValueError for two values of one rater on one unit and for a value that is not a number (nan).
    """
    if isinstance(ratings, RatingTable):
        return ratings
    rows = list(ratings)
    kept = [row for row in rows if row[2] is not None]
    columns = [[row[place] for row in kept] for place in range(3)]
    units, raters, values = list(dict.fromkeys(columns[0])), _sorted(columns[1]), _sorted(columns[2])
    _refuse_nan(values)
    unit_of, rater_of, value_of = map(_places, columns, (units, raters, values))
    _refuse_doubles(units, raters, unit_of, rater_of)
    order = np.lexsort((value_of, unit_of))
    missing = len(rows) - len(kept)
    return RatingTable(units, raters, values, unit_of[order], rater_of[order], value_of[order], missing)


def comparable(table: RatingTable) -> RatingTable:
    """The table without the units that have one rating only."""
    sizes = np.bincount(table.unit_of, minlength=len(table.units))
    return _kept(table, sizes[table.unit_of] >= 2)


def only(table: RatingTable, units: Container[Hashable]) -> RatingTable:
    """The table of these units alone, as if no other had been read; missing values are not counted."""
    chosen = np.array([unit in units for unit in table.units], dtype=bool)
    return _kept(table, chosen[table.unit_of])._replace(n_missing=0)


def _kept(table: RatingTable, keep: NDArray[np.bool_]) -> RatingTable:
    """The table of the ratings to keep; its lists hold what is left of units, raters, values."""
    columns = [column[keep] for column in (table.unit_of, table.rater_of, table.value_of)]
    (units, unit_of), (raters, rater_of), (values, value_of) = map(
        _squeezed, (table.units, table.raters, table.values), columns
    )
    return RatingTable(units, raters, values, unit_of, rater_of, value_of, table.n_missing)


def counts(table: RatingTable, scale: Sequence[Hashable] | None = None) -> Floats:
    """How many ratings of each unit have each value, shape (units, values), or (units, scale) if a scale is given.

    Raises ValueError for a value that the scale does not have, or a scale that has a value twice.
    """
    values = table.values if scale is None else scale
    place = {value: at for at, value in enumerate(values)}
    strange = [value for value in table.values if value not in place]
    if strange or len(place) < len(values):
        raise ValueError(f"The scale needs every value once; got {list(values)}, not on it: {strange}.")
    of_value = np.array([place[value] for value in table.values], dtype=np.intp)
    cells = table.unit_of * len(values) + of_value[table.value_of]
    found = np.bincount(cells, minlength=len(table.units) * len(values))
    return found.reshape(len(table.units), len(values)).astype(float)


def numbers(values: Sequence[Hashable]) -> Floats:
    """The values as numbers. Raises ValueError for a value that is no finite number."""
    wrong = [value for value in values if not isinstance(value, int | float) or not math.isfinite(value)]
    if wrong:
        raise ValueError(f"Distances need values that are numbers; got {wrong[0]!r}. Without an order use nominal.")
    return np.array(values, dtype=float)


def _sorted(names: Iterable[Hashable]) -> list[Hashable]:
    different = set(names)
    numbered = [name for name in different if isinstance(name, int | float)]
    return [*sorted(numbered), *sorted((name for name in different if not isinstance(name, int | float)), key=repr)]


def _places(column: Sequence[Hashable], names: Sequence[Hashable]) -> Places:
    place = {name: at for at, name in enumerate(names)}
    return np.fromiter(map(place.__getitem__, column), np.intp, len(column))


def numbered(names: Sequence[_Name]) -> tuple[list[_Name], Places]:
    """The different names in the order of their first place, and which of them stands at each place."""
    different = list(dict.fromkeys(names))
    return different, _places(names, different)


def _squeezed(names: Sequence[Hashable], places: Places) -> tuple[list[Hashable], Places]:
    used, squeezed = np.unique(places, return_inverse=True)
    return [names[at] for at in used], squeezed


def _refuse_nan(values: Sequence[Hashable]) -> None:
    if any(value != value for value in values):
        raise ValueError("A value is nan, which is not a number; give None where a rating is missing.")


def _refuse_doubles(units: Sequence[Hashable], raters: Sequence[Hashable], unit_of: Places, rater_of: Places) -> None:
    cells, times = np.unique(unit_of * len(raters) + rater_of, return_counts=True)
    if (times > 1).any():
        unit = units[cells[times > 1][0] // len(raters)]
        raise ValueError(f"One rater has two values for the unit {unit!r}; give the one that counts.")
