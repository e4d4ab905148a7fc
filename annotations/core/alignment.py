"""Which items of two sequences are the same ones, in order: sure places first, then the shortest edit between them.

A stretch is worked on in steps. Equal items at its two ends are matched. Then places that are certain: a key (such as
a whole line) or a group of eight items that each side has exactly once; the longest run of them in the same order cuts
the stretch into smaller ones. What is left goes to Myers' greedy search for the shortest edit script, which finds the
true minimum as long as at most MOST_EDITS items differ in that stretch; where more differ, groups of two cut it again.

At the bounds: a stretch that shares no group and has more than MOST_EDITS differing items counts as different
throughout, and so does everything left once EFFORT steps of the search are spent on the whole pair. The answer is then
still true (what it matches is equal and in order), only no longer the shortest. Time is O(n log n) plus these bounds.
Sources: Myers 1986, "An O(ND) difference algorithm"; the patience method of Bram Cohen for the certain places.
"""

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from typing import TypeAlias

MOST_EDITS, EFFORT = 160, 120_000
GROUPS = (8, 2)

Pair: TypeAlias = tuple[int, int]
Keys: TypeAlias = tuple[Sequence[Hashable], Sequence[Hashable]]
_Stretch: TypeAlias = tuple[int, int, int, int]


def pairs(old: Sequence[Hashable], new: Sequence[Hashable], *keys: Keys) -> list[Pair]:
    """The indices (old, new) of matched items, both rising: each item of either side is in at most one pair.

    `keys` are further certain places to try first, one entry per item on each side, None where the item is no such
    place; items with equal keys must be equal themselves.
    """
    ladder = [
        *keys,
        (_groups(old, GROUPS[0]), _groups(new, GROUPS[0])),
        None,
        (_groups(old, GROUPS[1]), _groups(new, GROUPS[1])),
        None,
    ]
    return sorted(_Search(old, new, ladder).run())


def rising(numbers: Sequence[int]) -> list[int]:
    """The places of a longest strictly rising run in `numbers`, in order; O(n log n)."""
    ends: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for place, number in enumerate(numbers):
        at = bisect_left(ends, number)
        ends[at : at + 1] = [number]
        places[at : at + 1] = [place]
        before.append(places[at - 1] if at else -1)
    found, place = [], places[-1] if places else -1
    while place >= 0:
        found.append(place)
        place = before[place]
    return found[::-1]


class _Search:
    """One comparison: the stretches still to do, the pairs found, and the effort left."""

    def __init__(self, old: Sequence[Hashable], new: Sequence[Hashable], ladder: Sequence[Keys | None]) -> None:
        self.old, self.new, self.ladder, self.effort = old, new, ladder, EFFORT
        self.found: list[Pair] = []
        self.todo: list[tuple[_Stretch, int]] = [((0, len(old), 0, len(new)), 0)]

    def run(self) -> list[Pair]:
        while self.todo:
            stretch, rung = self.todo.pop()
            rest = self._cut_ends(stretch)
            if rest[0] < rest[1] and rest[2] < rest[3] and rung < len(self.ladder):
                self._divide(rest, rung)
        return self.found

    def _cut_ends(self, stretch: _Stretch) -> _Stretch:
        low, high, new_low, new_high = stretch
        while low < high and new_low < new_high and self.old[low] == self.new[new_low]:
            self.found.append((low, new_low))
            low, new_low = low + 1, new_low + 1
        while low < high and new_low < new_high and self.old[high - 1] == self.new[new_high - 1]:
            high, new_high = high - 1, new_high - 1
            self.found.append((high, new_high))
        return low, high, new_low, new_high

    def _divide(self, stretch: _Stretch, rung: int) -> None:
        keys = self.ladder[rung]
        if keys is None:
            edited = self._edit(stretch)
            if edited is None:
                self.todo.append((stretch, rung + 1))
            else:
                self.found += edited
            return
        low, high, new_low, new_high = stretch
        certain = _certain(keys, stretch)
        for place, new_place in certain:
            self.found.append((place, new_place))
            self.todo.append(((low, place, new_low, new_place), rung + 1))
            low, new_low = place + 1, new_place + 1
        self.todo.append(((low, high, new_low, new_high), rung + 1))

    def _edit(self, stretch: _Stretch) -> list[Pair] | None:
        """The matches of the shortest edit script of a stretch; None when it is beyond the bounds."""
        low, high, new_low, new_high = stretch
        old, new = self.old[low:high], self.new[new_low:new_high]
        reach, trace = {1: 0}, []
        for edits in range(min(MOST_EDITS, len(old) + len(new)) + 1):
            trace.append(reach.copy())
            if self.effort <= 0:
                return None
            if self._step(old, new, reach, edits):
                return [(low + x, new_low + y) for x, y in _way_back(trace, len(old), len(new))]
        return None

    def _step(self, old: Sequence[Hashable], new: Sequence[Hashable], reach: dict[int, int], edits: int) -> bool:
        """Moves every diagonal on by one more edit; True when the far corner is reached."""
        width, height = len(old), len(new)
        for diagonal in range(-edits, edits + 1, 2):
            x = start = _entry(reach, diagonal)
            y = x - diagonal
            while x < width and y < height and old[x] == new[y]:
                x, y = x + 1, y + 1
            reach[diagonal] = x
            self.effort -= 1 + x - start
            if x >= width and y >= height:
                return True
        return False


def _entry(reach: dict[int, int], diagonal: int) -> int:
    """Where a diagonal goes on: straight down from the one above it or right from the one below, what is farther."""
    left, above = reach.get(diagonal - 1, -1), reach.get(diagonal + 1, -1)
    return above if left < above else left + 1


def _way_back(trace: list[dict[int, int]], x: int, y: int) -> list[Pair]:
    found = []
    for edits in range(len(trace) - 1, -1, -1):
        start = _entry(trace[edits], x - y)
        while x > start:
            x, y = x - 1, y - 1
            found.append((x, y))
        if edits:
            came_down = start == trace[edits].get(x - y + 1)
            x, y = (x, y - 1) if came_down else (x - 1, y)
    return found


def _certain(keys: Keys, stretch: _Stretch) -> list[Pair]:
    low, high, new_low, new_high = stretch
    old, new = _once(keys[0], low, high), _once(keys[1], new_low, new_high)
    both = sorted((place, new[key]) for key, place in old.items() if place >= 0 and new.get(key, -1) >= 0)
    return [both[at] for at in rising([new_place for _, new_place in both])]


def _once(keys: Sequence[Hashable], low: int, high: int) -> dict[Hashable, int]:
    found: dict[Hashable, int] = {}
    for place in range(low, high):
        key = keys[place]
        if key is not None:
            found[key] = -1 if key in found else place
    return found


def _groups(items: Sequence[Hashable], size: int) -> list[Hashable]:
    groups: list[Hashable] = list(zip(*(items[start:] for start in range(size)), strict=False))
    return groups + [None] * (len(items) - len(groups))
