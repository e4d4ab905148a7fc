"""How well a benchmark covers its configs: prompts against targets, what is missing, languages, lengths."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from statistics import median
from typing import Any, NamedTuple

from annotations.core.taxonomy import KINDS, OTHER, SLUGS

SITUATIONS = (1, 2, 3)
MOST_BINS = 12
RULE_NEEDS = {"allow": ("allowed",), "disallow": ("disallowed",), "conditional": ("allowed", "disallowed")}
"""The kinds of prompt that test a rule of each kind first: what it opens, what it closes, or both sides of it."""


class Group(NamedTuple):
    """So many prompts that are alike in all that coverage asks about; `rule` and `risks` may be empty."""

    config: int
    kind: str
    rule: str
    risks: tuple[str, ...]
    situation: int | None
    language: str
    prompts: int


class Cell(NamedTuple):
    """The prompts of one kind in one row; a target of 0 is no target. `validated` None: nobody asked."""

    kind: str
    prompts: int
    target: int = 0
    validated: int | None = None

    @property
    def missing(self) -> int:
        """How many prompts are missing to the target."""
        return max(self.target - self.prompts, 0)

    @property
    def scale(self) -> int:
        """What a full bar stands for: the target, or all prompts where they are more."""
        return max(self.target, self.prompts)

    @property
    def validated_share(self) -> float | None:
        """The validated part of the prompts, 0..1; None without prompts, or when nobody asked."""
        return self.validated / self.prompts if self.prompts and self.validated is not None else None

    @property
    def over(self) -> int:
        """How many prompts there are above the target; 0 without a target."""
        return max(self.prompts - self.target, 0) if self.target else 0


class Row(NamedTuple):
    """One config, rule or risk category (`key`, "" for prompts without) with a cell for each kind.

    `known` is False for a rule that only prompts name.
    """

    key: int | str
    cells: tuple[Cell, ...]
    known: bool = True

    @property
    def prompts(self) -> int:
        """All prompts of the row."""
        return sum(cell.prompts for cell in self.cells)

    @property
    def target(self) -> int:
        """The sum of the targets."""
        return sum(cell.target for cell in self.cells)

    @property
    def missing(self) -> int:
        """The sum of what is missing in each cell: what one kind has too many fills no hole of another."""
        return sum(cell.missing for cell in self.cells)

    @property
    def holes(self) -> int:
        """How many cells are below their target."""
        return sum(1 for cell in self.cells if cell.missing)

    @property
    def validated(self) -> int:
        """How many prompts of the row are validated."""
        return sum(cell.validated or 0 for cell in self.cells)

    @property
    def validated_share(self) -> float | None:
        """The validated part of the row's prompts, 0..1; None without prompts."""
        return self.validated / self.prompts if self.prompts else None


class Share(NamedTuple):
    """How many prompts have one language or situation, and their part of all, 0..1."""

    key: int | str | None
    prompts: int
    share: float


class Bin(NamedTuple):
    """How many prompts are `low` to `high` long, both included; high None: `low` and longer."""

    low: int
    high: int | None
    prompts: int


class Lengths(NamedTuple):
    """Lengths of prompts; median and longest are None without any."""

    median: float | None
    longest: int | None
    bins: tuple[Bin, ...]

    @property
    def tallest(self) -> int:
        """The most prompts any bin has."""
        return max((bin.prompts for bin in self.bins), default=0)


def possible(targets: Mapping[str, int], allowed: Collection[str] | None = None) -> dict[str, int]:
    """The targets by kind, every kind named. `allowed` is what a categorical config opens, None for any other config.

    A categorical config that opens nothing can have neither allowed nor partial prompts: their target is 0.
    """
    closed = allowed is not None and not allowed
    return {kind: 0 if closed and kind in ("allowed", "partial") else targets.get(kind, 0) for kind in KINDS}


def by_config(
    groups: Iterable[Group],
    targets: Mapping[int, Mapping[str, int]],
    validated: Mapping[tuple[int, str], int],
) -> tuple[Row, ...]:
    """One row for each config of `targets`, in that order; `validated` counts by config and kind."""
    counts: Counter[tuple[int, str]] = Counter()
    for group in groups:
        counts[group.config, group.kind] += group.prompts
    return tuple(
        Row(key, tuple(Cell(kind, counts[key, kind], wanted[kind], validated.get((key, kind), 0)) for kind in KINDS))
        for key, wanted in targets.items()
    )


def by_rule(groups: Iterable[Group], rules: Mapping[str, str]) -> tuple[Row, ...]:
    """The rules (kind of rule by id, in order) with one prompt of each kind that tests them as the target.

    Then come rules that only prompts name, and prompts without a rule, both without targets.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for group in groups:
        counts[group.rule, group.kind] += group.prompts
    strays = sorted({rule for rule, _ in counts} - set(rules) - {""}, key=lambda rule: (len(rule), rule))
    nameless = [""] if any(rule == "" for rule, _ in counts) else []
    needs = {rule: RULE_NEEDS.get(kind, ()) for rule, kind in rules.items()}
    return tuple(_row(rule, counts, needs.get(rule, ()), rule in rules) for rule in [*rules, *strays, *nameless])


def by_risk(groups: Iterable[Group], allowed: Collection[str]) -> tuple[Row, ...]:
    """The risk categories, then prompts without any; a prompt with two categories counts in both rows.

    The target is one prompt on the category's own side: allowed for one the config opens, disallowed for one that
    stays closed. `other` is no subject of its own and has none.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for group in groups:
        for slug in group.risks or ("",):
            counts[slug, group.kind] += group.prompts
    sides = {slug: ("allowed",) if slug in allowed else ("disallowed",) for slug in SLUGS if slug != OTHER}
    nameless = [""] if any(slug == "" for slug, _ in counts) else []
    return tuple(_row(slug, counts, sides.get(slug, ()), True) for slug in [*SLUGS, *nameless])


def _row(key: str, counts: Mapping[tuple[str, str], int], needs: Collection[str], known: bool) -> Row:
    return Row(key, tuple(Cell(kind, counts.get((key, kind), 0), int(kind in needs)) for kind in KINDS), known)


def by_situation(groups: Iterable[Group]) -> tuple[Share, ...]:
    """How many prompts are in each situation, 1 to 3; those without one last, if there are any."""
    counts: Counter[int | None] = Counter()
    for group in groups:
        counts[group.situation] += group.prompts
    return _shares(counts, [*SITUATIONS, *([None] if counts[None] else [])])


def by_language(groups: Iterable[Group]) -> tuple[Share, ...]:
    """How many prompts are in each language, the most frequent first."""
    counts: Counter[str] = Counter()
    for group in groups:
        counts[group.language] += group.prompts
    return _shares(counts, sorted(counts, key=lambda tag: (-counts[tag], tag)))


def _shares(counts: Mapping[Any, int], order: Iterable[Any]) -> tuple[Share, ...]:
    total = sum(counts.values())
    return tuple(Share(key, counts[key], counts[key] / total if total else 0.0) for key in order)


def largest_hole(rows: Iterable[Row]) -> tuple[Row, Cell] | None:
    """The cell that misses most prompts, the first of equals, with its row; None when nothing is missing."""
    cells = [(row, cell) for row in rows for cell in row.cells if cell.missing]
    return max(cells, key=lambda pair: pair[1].missing, default=None)


def lengths(counts: Mapping[int, int]) -> Lengths:
    """Median, longest and a histogram of lengths, which are given as how many prompts have each.

    Bins are 1, 2, 5, 10, 20 … wide, so that ten of them hold 95 % of the prompts; a long tail is one open bin.
    """
    values = [length for length in sorted(counts) for _ in range(counts[length])]
    if not values:
        return Lengths(None, None, ())
    usual = values[(len(values) * 95 + 99) // 100 - 1]
    width = _width(usual)
    whole = max(-(-values[-1] // width), 1)
    closed = whole if whole <= MOST_BINS else -(-usual // width)
    found: Counter[int] = Counter()
    for value, number in counts.items():
        found[min((max(value, 1) - 1) // width, closed)] += number
    bins = [Bin(place * width + 1, (place + 1) * width, found[place]) for place in range(closed)]
    tail = [Bin(closed * width + 1, None, found[closed])] if found[closed] else []
    return Lengths(float(median(values)), values[-1], (*bins, *tail))


def _width(usual: int) -> int:
    width = 1
    while True:
        for step in (1, 2, 5):
            if step * width * 10 >= usual:
                return step * width
        width *= 10
