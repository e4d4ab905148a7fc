"""Two texts side by side as tokens, with the runs of tokens they share.

Words and marks are aligned (`alignment`), unchanged whole lines first; spaces and line breaks follow the words beside
them, so that two different sentences do not look alike for their spaces.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate, chain
from typing import NamedTuple

from annotations.core import alignment, tokens
from annotations.core.alignment import Pair


class Run(NamedTuple):
    """`size` tokens that are the same on both sides, from the tokens `old` and `new` on."""

    old: int
    new: int
    size: int


class Span(NamedTuple):
    """The tokens low to high of the old text against those of the new one."""

    low: int
    high: int
    new_low: int
    new_high: int


class Side(NamedTuple):
    """One text as tokens; `weight[n]` weighs the first n of them: letters count one each, spaces and breaks nothing.

    `lines` holds the tokens low to high of each line without its break; a break at the very end starts no line.
    """

    texts: list[str]
    kinds: str
    weight: list[int]
    lines: list[tuple[int, int]]


class Comparison(NamedTuple):
    """Two texts as tokens and the runs they share, rising on both sides, two of them never touching on both."""

    old: Side
    new: Side
    runs: list[Run]

    def weight(self, span: Span) -> int:
        """The weight of the heavier side of a span."""
        removed = self.old.weight[span.high] - self.old.weight[span.low]
        return max(removed, self.new.weight[span.new_high] - self.new.weight[span.new_low])


def compare(old: str, new: str) -> Comparison:
    """The comparison of two texts. The bounds of time are those of `alignment.pairs`."""
    left, right = _side(old), _side(new)
    places, new_places = _unspaced(left), _unspaced(right)
    keys = (_line_keys(left, places), _line_keys(right, new_places))
    signs, new_signs = [left.texts[at] for at in places], [right.texts[at] for at in new_places]
    found = [(places[at], new_places[new_at]) for at, new_at in alignment.pairs(signs, new_signs, keys)]
    return Comparison(left, right, runs(_with_spaces(left, right, found)))


def runs(pairs: Iterable[Pair]) -> list[Run]:
    """The pairs of matched tokens, rising on both sides, as runs."""
    found: list[Run] = []
    old, new, size = 0, 0, 0
    for pair in pairs:
        if pair == (old + size, new + size):
            size += 1
            continue
        found += [Run(old, new, size)] if size else []
        (old, new), size = pair, 1
    return [*found, Run(old, new, size)] if size else found


def gap(before: Run | None, after: Run, span: Span) -> Span:
    """What lies between two runs; without a run before it, from the start of the whole span."""
    low, new_low = (before.old + before.size, before.new + before.size) if before else (span.low, span.new_low)
    return Span(low, after.old, new_low, after.new)


def _side(text: str) -> Side:
    texts, kinds = tokens.split(text)
    weights = [_weight(token, kind) for token, kind in zip(texts, kinds, strict=True)]
    return Side(texts, kinds, list(accumulate(weights, initial=0)), _lines(kinds))


def _weight(token: str, kind: str) -> int:
    if kind in tokens.SPACES:
        return 0
    # A character of a script without spaces says about as much as two letters; an emoji's parts are one sign.
    return len(token) if kind in "wd" else 2 if kind == "c" else 1


def _lines(kinds: str) -> list[tuple[int, int]]:
    breaks = [place for place, kind in enumerate(kinds) if kind in tokens.BREAKS]
    found = list(zip([0, *(place + 1 for place in breaks)], [*breaks, len(kinds)], strict=True))
    return found[:-1] if found[-1][0] == len(kinds) else found


def _unspaced(side: Side) -> list[int]:
    return [place for place, kind in enumerate(side.kinds) if kind not in tokens.SPACES]


def _line_keys(side: Side, places: Sequence[int]) -> list[str | None]:
    """For the first sign of each line that has a word the line's text without its outer spaces; None elsewhere."""
    firsts: dict[int, str] = {}
    for low, high in side.lines:
        first = low + (low < high and side.kinds[low] in tokens.SPACES)
        if not tokens.WORDS.isdisjoint(side.kinds[low:high]):
            firsts[first] = "".join(side.texts[low:high]).strip()
    return [firsts.get(place) for place in places]


def _with_spaces(old: Side, new: Side, pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs with those of the spaces that follow a matched token or lead up to one."""
    found: list[Pair] = []
    low, new_low = 0, 0
    for high, new_high in chain(pairs, [(len(old.texts), len(new.texts))]):
        if low < high and new_low < new_high:
            found += _spaces(old, new, Span(low, high, new_low, new_high))
        found.append((high, new_high))
        low, new_low = high + 1, new_high + 1
    return found[:-1]


def _spaces(old: Side, new: Side, span: Span) -> list[Pair]:
    most = min(span.high - span.low, span.new_high - span.new_low)

    def equal(at: int, new_at: int) -> bool:
        return old.kinds[at] in tokens.SPACES and old.texts[at] == new.texts[new_at]

    head = next((n for n in range(most) if not equal(span.low + n, span.new_low + n)), most)
    tail = next((n for n in range(most - head) if not equal(span.high - 1 - n, span.new_high - 1 - n)), most - head)
    first = [(span.low + n, span.new_low + n) for n in range(head)]
    return first + [(span.high - n, span.new_high - n) for n in range(tail, 0, -1)]
