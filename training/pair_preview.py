"""What becomes of a prompt's responses under its configs: each term of an error, each pair, and why others are none."""

from collections.abc import Mapping
from typing import NamedTuple

from annotations.core import pairing
from annotations.core.pairing import MADE, Considered, Scored, Sorted, Terms
from annotations.core.recipe import Weights
from annotations.core.synthesis import lost_its_point
from annotations.core.taxonomies import Taxonomy
from training.services.building.pair_material import Asked, Material, Ranking

Numbers = Mapping[int, int]
"""The number of each response on the page, by its id."""


class Line(NamedTuple):
    """A response category under a config: its responses by number, what was found in them, and their error as a sum."""

    numbers: tuple[int, ...]
    risks: str
    addressed: bool
    terms: str
    error: float


class PairLine(NamedTuple):
    """A pair that arises: the responses by number, both errors, and how much more the rejected one has.

    `chosen_of` and `rejected_of` are the numbers that each of the two was drawn from.
    """

    chosen: int
    rejected: int
    chosen_error: float
    rejected_error: float
    gap: float
    chosen_of: tuple[int, ...]
    rejected_of: tuple[int, ...]


class Skipped(NamedTuple):
    """Two response categories that make no pair: their responses by number, the better's error, and why."""

    better: tuple[int, ...]
    worse: tuple[int, ...]
    better_error: float
    reason: str


class Ranked(NamedTuple):
    """A config and everything that follows from it. `allows` is in words; `lost` says that its mode lost its point."""

    config: Ranking
    allows: str
    lost: bool
    lines: tuple[Line, ...]
    pairs: tuple[PairLine, ...]
    skipped: tuple[Skipped, ...]

    @property
    def mode_word(self) -> str:
        """The mode as words in a sentence."""
        return self.config.mode.replace("_", " ")


class Shown(NamedTuple):
    """All of a prompt: the outcome (one of `pairing.OUTCOMES`), each config, and by number why a response is left out.

    `used` is how many responses can be paired.
    """

    outcome: str
    ranked: tuple[Ranked, ...]
    dropped: Mapping[int, str]
    used: int

    @property
    def pairs(self) -> int:
        """Pairs under all configs."""
        return sum(len(each.pairs) for each in self.ranked)


def show(asked: Asked, material: Material) -> Shown:
    """What becomes of the prompt's responses, by the function that the step which builds pairs uses.

    A response's number is its place among them, from 1.
    """
    found, numbers = pairing.sort_out(asked.candidates), _numbers(asked)
    made = [(config, material.pairing(asked, config, found)) for config in asked.configs]
    ranked = tuple(_ranked(asked, config, pairs, material, numbers) for config, pairs in made)
    dropped = {numbers[one.id]: why for one, why in found.dropped}
    return Shown(pairing.outcome(found, [pairs for _, pairs in made]), ranked, dropped, found.used)


def outcome(asked: Asked, material: Material) -> tuple[str, int, Sorted]:
    """What becomes of the prompt in short: one of `pairing.OUTCOMES`, how many pairs, and its responses sorted out."""
    found = pairing.sort_out(asked.candidates)
    made = [material.pairing(asked, config, found) for config in asked.configs]
    return pairing.outcome(found, made), sum(each.totals[MADE] for each in made), found


def spelled(terms: Terms, weights: Weights, taxonomy: Taxonomy) -> str:
    """The error of a response category as a sum: `γ 1 (not addressed) + β 3 × 2 (Violence, Weapons)`."""
    parts = [] if terms.addressed else [f"γ {weights.gamma:g} (not addressed)"]
    if terms.permitted:
        parts.append(f"α {weights.alpha:g} × {len(terms.permitted)} ({taxonomy.names(terms.permitted)})")
    if terms.forbidden:
        parts.append(f"β {weights.beta:g} × {len(terms.forbidden)} ({taxonomy.names(terms.forbidden)})")
    return " + ".join(parts) or "addressed, no risk"


def _numbers(asked: Asked) -> dict[int, int]:
    return {one.id: place for place, one in enumerate(asked.candidates, start=1)}


def _ranked(asked: Asked, config: Ranking, pairs: pairing.Pairing, material: Material, numbers: Numbers) -> Ranked:
    return Ranked(
        config=config,
        allows=material.taxonomy.names(config.allowed) if config.allowed else "nothing",
        lost=lost_its_point(asked.risks, config.mode),
        lines=tuple(_line(one, material, numbers) for one in pairs.scored),
        pairs=tuple(_pair(one, numbers) for one in pairs.considered if one.pair),
        skipped=tuple(_skipped(one, numbers) for one in pairs.considered if not one.pair),
    )


def _members(one: Scored, numbers: Numbers) -> tuple[int, ...]:
    return tuple(sorted(numbers[member.id] for member in one.category.members))


def _line(one: Scored, material: Material, numbers: Numbers) -> Line:
    risks, terms = material.taxonomy.names(one.category.risks), one.terms
    words = spelled(terms, material.settings.weights, material.taxonomy)
    return Line(_members(one, numbers), risks, terms.addressed, words, terms.error)


def _pair(one: Considered, numbers: Numbers) -> PairLine:
    if one.pair is None:
        raise ValueError("only a pair that was made is shown as one")
    chosen, rejected, low, high = one.pair
    drawn = _members(one.better, numbers), _members(one.worse, numbers)
    return PairLine(numbers[chosen.id], numbers[rejected.id], low, high, round(high - low, 6), *drawn)


def _skipped(one: Considered, numbers: Numbers) -> Skipped:
    members = _members(one.better, numbers), _members(one.worse, numbers)
    return Skipped(*members, one.better.terms.error, one.reason)
