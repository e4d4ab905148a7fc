"""How far each two of several people or judges say the same: Cohen's kappa of every pair over what both answered."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from itertools import combinations
from typing import NamedTuple, TypeVar

Who = TypeVar("Who", bound=Hashable)


class Pair(NamedTuple):
    """Two who answered the same `n` units; `kappa` is at most 1, None without any or when both only ever said one."""

    kappa: float | None
    n: int


def pairwise(rows: Iterable[tuple[Hashable, Who, Hashable]]) -> dict[tuple[Who, Who], Pair]:
    """Every two who have a unit in common, both ways round, out of rows (unit, who, value); None is no value.

    Of several values of one on one unit the last counts. Source of kappa: Cohen 1960.
    """
    said: dict[Hashable, dict[Who, Hashable]] = defaultdict(dict)
    for unit, who, value in rows:
        if value is not None:
            said[unit][who] = value
    place: dict[Who, int] = {}
    times: dict[tuple[Who, Who], Counter[tuple[Hashable, Hashable]]] = defaultdict(Counter)
    for values in said.values():
        for who in values:
            place.setdefault(who, len(place))
        for one, other in combinations(sorted(values, key=place.__getitem__), 2):
            times[one, other][values[one], values[other]] += 1
    found = {pair: Pair(kappa(counts), counts.total()) for pair, counts in times.items()}
    return found | {(other, one): pair for (one, other), pair in found.items()}


def kappa(times: Mapping[tuple[Hashable, Hashable], int]) -> float | None:
    """Cohen's kappa of two out of how often they said each two values; None when chance alone would always agree."""
    first, second = Counter[Hashable](), Counter[Hashable]()
    for (one, other), number in times.items():
        first[one] += number
        second[other] += number
    n = first.total()
    same = sum(number for (one, other), number in times.items() if one == other)
    chance = sum(number * second[value] for value, number in first.items())
    return None if chance == n * n else (n * same - chance) / (n * n - chance)
