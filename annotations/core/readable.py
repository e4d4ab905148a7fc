"""A comparison made fit to be read: changes start where a reader starts, and no confetti.

An insertion or deletion that could stand in several places slides to the start of its line, sentence or word. A match
that only interrupts a larger change is given up, so that the change reads as one removed and one added block.
"""

from collections.abc import Sequence

from annotations.core import tokens
from annotations.core.comparison import Comparison, Run, Side, Span, gap

# A match of FIRM weight always stands, and a line break in it counts as BREAK letters. What two stretches share is
# chance when it is less than one part in CHANCE.
FIRM, BREAK, CHANCE = 40, 20, 5
_SENTENCE_ENDS = frozenset(".!?…؟。！？।")


def slid(compared: Comparison) -> Comparison:
    """The same comparison with each pure insertion or deletion moved to where it reads best; texts still add up."""
    old, new = compared.old, compared.new
    found: list[Run] = []
    for run in compared.runs:
        if found and found[-1].old + found[-1].size == run.old:
            found[-1], run = _slide(new, found[-1].new + found[-1].size, run.new, found[-1], run)
        elif found and found[-1].new + found[-1].size == run.new:
            found[-1], run = _slide(old, found[-1].old + found[-1].size, run.old, found[-1], run)
        if found and not found[-1].size:
            found.pop()
        found += [run] if run.size else []
    return Comparison(old, new, found)


def readable(compared: Comparison, shared: Sequence[Run], span: Span) -> list[Run]:
    """The runs of a span without those that only break up a change.

    Given up are runs that are lighter than the change on either side where something is both removed and added, and
    between two firm runs all runs together where they are less than a fifth of what stands there.
    """
    kept: list[Run] = []
    for run in [*shared, _end(span)]:
        while kept and _interrupts(compared, span, kept, run):
            kept.pop()
        kept.append(run)
    return _credible(compared, span, kept[:-1])


def _slide(side: Side, low: int, high: int, before: Run, after: Run) -> tuple[Run, Run]:
    """The two runs around the change low to high of one side, moved by the shift that reads best."""
    texts = side.texts
    best, rank = 0, _rank(side, low)
    left = 0
    while left < before.size and texts[low - 1 - left] == texts[high - 1 - left]:
        left += 1
        if _rank(side, low - left) > rank:
            best, rank = -left, _rank(side, low - left)
    right = 0
    while right < after.size and texts[low + right] == texts[high + right]:
        right += 1
        if _rank(side, low + right) > rank:
            best, rank = right, _rank(side, low + right)
    moved = Run(after.old + best, after.new + best, after.size - best)
    return before._replace(size=before.size + best), moved


def _rank(side: Side, place: int) -> int:
    """How well a change may start here: 4 at the start of a line, 3 of a sentence, 2 of a word, 1 after a mark."""
    if place == 0 or side.kinds[place - 1] in tokens.BREAKS:
        return 4
    if side.kinds[place - 1] in tokens.SPACES:
        return 3 if place > 1 and side.texts[place - 2] in _SENTENCE_ENDS else 2
    return 0 if side.kinds[place - 1] in tokens.WORDS else 1


def _end(span: Span) -> Run:
    return Run(span.high, span.new_high, 0)


def _interrupts(compared: Comparison, span: Span, kept: Sequence[Run], after: Run) -> bool:
    run = kept[-1]
    change, next_change = gap(kept[-2] if len(kept) > 1 else None, run, span), gap(run, after, span)
    removed, added = (change.high - change.low, next_change.high - next_change.low), _added(change, next_change)
    one_sided = not any(removed) or not any(added)
    at_the_rim = not (removed[0] or added[0]) or not (removed[1] or added[1])
    if one_sided or at_the_rim:
        return False
    weight = _run_weight(compared, run)
    return weight < FIRM and weight <= min(compared.weight(change), compared.weight(next_change))


def _added(*changes: Span) -> tuple[int, ...]:
    return tuple(change.new_high - change.new_low for change in changes)


def _run_weight(compared: Comparison, run: Run) -> int:
    end, side = run.old + run.size, compared.old
    breaks = side.kinds.count("n", run.old, end) + side.kinds.count("r", run.old, end)
    return side.weight[end] - side.weight[run.old] + BREAK * breaks


def _credible(compared: Comparison, span: Span, kept: Sequence[Run]) -> list[Run]:
    found: list[Run] = []
    loose: list[Run] = []
    for run in [*kept, _end(span)]:
        if run.size and _run_weight(compared, run) < FIRM:
            loose.append(run)
            continue
        found += [*_unless_chance(compared, gap(found[-1] if found else None, run, span), loose), run]
        loose = []
    return found[:-1]


def _unless_chance(compared: Comparison, stretch: Span, loose: Sequence[Run]) -> Sequence[Run]:
    """The light runs of a stretch; when they are chance, only words right at its two ends."""
    shared, size = sum(_run_weight(compared, run) for run in loose), sum(run.size for run in loose)
    one_sided = size in (stretch.high - stretch.low, stretch.new_high - stretch.new_low)
    if one_sided or shared * CHANCE >= compared.weight(stretch):
        return loose
    return [run for run in loose if _is_a_worded_end(compared, stretch, run)]


def _is_a_worded_end(compared: Comparison, stretch: Span, run: Run) -> bool:
    first = (run.old, run.new) == (stretch.low, stretch.new_low)
    last = (run.old + run.size, run.new + run.size) == (stretch.high, stretch.new_high)
    return (first or last) and not tokens.WORDS.isdisjoint(compared.old.kinds[run.old : run.old + run.size])
