"""What changed between two texts, word by word: as one run of pieces, or as two columns of lines.

Both views come from one comparison and always add up to the two texts exactly. Texts of 20,000 signs with hundreds of
scattered changes are aligned word by word. At the bounds, where two stretches share no two words in a row and differ
in more than `alignment.MOST_EDITS` places, or the whole pair has cost `alignment.EFFORT`, each is one block.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Literal, NamedTuple, TypeAlias

from annotations.core import comparison
from annotations.core.alignment import Pair
from annotations.core.comparison import Comparison, Run, Side, Span, gap
from annotations.core.readable import readable, slid
from annotations.core.tokens import SPACES

Kind: TypeAlias = Literal["same", "removed", "added"]
Status: TypeAlias = Literal["same", "changed", "added", "removed"]
Partners: TypeAlias = dict[int, int]
# Two lines are one changed line when they share a third of the shorter one.
_LIKENESS = 3


class Piece(NamedTuple):
    """A stretch of text that both versions have, or only the old or the new one; never empty."""

    kind: Kind
    text: str


class Line(NamedTuple):
    """A row of the view in two columns; numbers count from 1, None where that side has no line here.

    `left` is made of same and removed pieces, `right` of same and added ones; the line break belongs to neither.
    """

    old_number: int | None
    new_number: int | None
    status: Status
    left: tuple[Piece, ...]
    right: tuple[Piece, ...]


def compare(old: str, new: str) -> Comparison:
    """The comparison that `words_of` and `lines_of` show, made once for both."""
    return slid(comparison.compare(old, new))


def words(old: str, new: str) -> tuple[Piece, ...]:
    """What changed word by word: same and removed pieces joined are `old`, same and added ones `new`, exactly.

    In each change the removed piece stands before the added one; neighbours are never of one kind; no piece is empty.
    """
    return words_of(compare(old, new))


def lines(old: str, new: str) -> tuple[Line, ...]:
    """The rows of the view in two columns, every line of either text in exactly one row, in order.

    A row with two numbers holds one line as it was and as it is; a difference in the line breaks alone does not show.
    """
    return lines_of(compare(old, new))


def words_of(compared: Comparison) -> tuple[Piece, ...]:
    """The pieces of a comparison, as `words` gives them."""
    span = Span(0, len(compared.old.texts), 0, len(compared.new.texts))
    return tuple(_pieces(compared, compared.runs, span))


def lines_of(compared: Comparison) -> tuple[Line, ...]:
    """The rows of a comparison, as `lines` gives them."""
    partners = {run.old + n: run.new + n for run in compared.runs for n in range(run.size)}
    found: list[Line] = []
    row, new_row = 0, 0
    for pair in _line_pairs(compared, partners):
        between = zip_longest(range(row, pair[0]), range(new_row, pair[1]))
        found += [_line(compared, partners, *numbers) for numbers in [*between, pair]]
        row, new_row = pair[0] + 1, pair[1] + 1
    rest = zip_longest(range(row, len(compared.old.lines)), range(new_row, len(compared.new.lines)))
    return tuple(found + [_line(compared, partners, *numbers) for numbers in rest])


def _pieces(compared: Comparison, shared: Sequence[Run], span: Span) -> Iterator[Piece]:
    last = None
    kept = readable(compared, shared, span) if shared else []
    for run in [*kept, Run(span.high, span.new_high, 0)]:
        change = gap(last, run, span)
        removed = "".join(compared.old.texts[change.low : change.high])
        added = "".join(compared.new.texts[change.new_low : change.new_high])
        same = "".join(compared.old.texts[run.old : run.old + run.size])
        yield from (Piece(*piece) for piece in _kinds(removed, added, same) if piece[1])
        last = run


def _kinds(removed: str, added: str, same: str) -> tuple[tuple[Kind, str], ...]:
    return ("removed", removed), ("added", added), ("same", same)


def _line(compared: Comparison, partners: Partners, row: int | None, new_row: int | None) -> Line:
    span = Span(*_bounds(compared.old, row), *_bounds(compared.new, new_row))
    left, right = _cells(compared, partners, span)
    status: Status = "added" if row is None else "removed" if new_row is None else _status(left, right)
    return Line(_number(row), _number(new_row), status, left, right)


def _cells(compared: Comparison, partners: Partners, span: Span) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    old = compared.old.texts[span.low : span.high]
    if old == compared.new.texts[span.new_low : span.new_high]:
        same = (Piece("same", "".join(old)),) if old else ()
        return same, same
    found = ((at, partners.get(at, -1)) for at in range(span.low, span.high))
    shared = comparison.runs(pair for pair in found if span.new_low <= pair[1] < span.new_high)
    pieces = tuple(_pieces(compared, shared, span))
    left = tuple(piece for piece in pieces if piece.kind != "added")
    return left, tuple(piece for piece in pieces if piece.kind != "removed")


def _bounds(side: Side, row: int | None) -> tuple[int, int]:
    return (0, 0) if row is None else side.lines[row]


def _number(row: int | None) -> int | None:
    return None if row is None else row + 1


def _status(left: Sequence[Piece], right: Sequence[Piece]) -> Status:
    return "same" if left == right else "changed"


def _line_pairs(compared: Comparison, partners: Partners) -> list[Pair]:
    """The lines that stand in one row: rising on both sides, and together they share the most.

    The likely pairs come in order, never falling on either side. So the ones that exclude a pair stand right before it,
    and the best choice up to each pair is the best one without it or with it and what stands before those.
    """
    firsts: dict[tuple[str, int], int] = {}
    before, best = [0], [0]
    likely = _likely_pairs(compared, partners)
    for place, ((row, new_row), shared) in enumerate(likely):
        free = min(firsts.setdefault(("old", row), place), firsts.setdefault(("new", new_row), place))
        before.append(free)
        best.append(max(best[-1], best[free] + shared))
    found, place = [], len(likely)
    while place:
        taken = best[place] > best[place - 1]
        found += [likely[place - 1][0]] if taken else []
        place = before[place] if taken else place - 1
    return found[::-1]


def _likely_pairs(compared: Comparison, partners: Partners) -> list[tuple[Pair, int]]:
    """Pairs of lines with the weight they share, where that is a third of the lighter line or both are blank."""
    rows, new_rows = _rows(compared.old), _rows(compared.new)
    shared: Counter[Pair] = Counter()
    for at, new_at in partners.items():
        shared[rows[at], new_rows[new_at]] += 0 if compared.old.kinds[at] in SPACES else len(compared.old.texts[at])
    weights, new_weights = _line_weights(compared.old), _line_weights(compared.new)
    lighter = {pair: min(weights[pair[0]], new_weights[pair[1]]) for pair in shared}
    blank_pairs = {pair for pair in shared if weights[pair[0]] == new_weights[pair[1]] == 0}
    likely = {pair: 1 if pair in blank_pairs else weight for pair, weight in shared.items()}
    return [(pair, weight) for pair, weight in likely.items() if weight and weight * _LIKENESS >= lighter[pair]]


def _rows(side: Side) -> list[int]:
    """The line of each token, its line break included."""
    starts = [low for low, _ in side.lines]
    ends = [*starts[1:], len(side.texts)] if starts else []
    return [row for row, (low, end) in enumerate(zip(starts, ends, strict=True)) for _ in range(low, end)]


def _line_weights(side: Side) -> list[int]:
    return [side.weight[high] - side.weight[low] for low, high in side.lines]
