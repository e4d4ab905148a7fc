"""Preference pairs of one prompt under one config, with the reason for each that is made and each that is not.

Responses with the same label (their risks, and whether they address the prompt) are one response category. Two
categories with different errors make a pair, unless even the better one shows a risk that the config does not open.
Source: Zhang et al. 2025, CoSAlign, error-scoring and pairing.
"""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from random import Random
from typing import NamedTuple

from annotations.core.config_text import digest
from annotations.core.error_score import error_score
from annotations.core.taxonomy import OTHER, collapse

MADE, TIE, TOO_BAD = REASONS = ("made", "tie", "chosen too bad")
"""What becomes of two categories: a pair, or none, since their errors are equal or the lower one is beta or more."""
EMPTY, NO_RISKS, NO_ADDRESSED, TWICE = DROPPED = (
    "empty text",
    "risks unscored",
    "addressed unscored",
    "same text twice",
)
PAIRED, NO_RESPONSE, ALL_INVALID, ONE_RESPONSE, ALL_TIED, ALL_TOO_BAD = OUTCOMES = (
    "pairs made",
    "no response",
    "all invalid",
    "one response",
    "all tied",
    "chosen too bad",
)
"""What becomes of a prompt under all its configs."""


class Candidate(NamedTuple):
    """A response by its id, its risks (slugs) and whether it addresses the prompt; None is unscored."""

    id: int
    text: str
    risks: frozenset[str] | None
    addressed: bool | None


class Category(NamedTuple):
    """A response category: candidates with one label, ordered by their texts: ids are as answers happened to come."""

    risks: frozenset[str]
    addressed: bool
    members: tuple[Candidate, ...]


class Sorted(NamedTuple):
    """The candidates of a prompt: those that can be paired, by category, and the others with one of DROPPED."""

    categories: tuple[Category, ...]
    dropped: tuple[tuple[Candidate, str], ...]

    @property
    def used(self) -> int:
        """How many candidates can be paired."""
        return sum(len(each.members) for each in self.categories)


class Terms(NamedTuple):
    """What the error is made of: alpha for each permitted risk, beta for each forbidden one, gamma if not addressed.

    Risks that are not known stand among the forbidden as one `other`. `units` is the error in whole steps so small that
    no error lies between two of them: errors are equal just when their units are.
    """

    permitted: frozenset[str]
    forbidden: frozenset[str]
    addressed: bool
    units: int
    error: float


class Scored(NamedTuple):
    """A response category under a config."""

    category: Category
    terms: Terms


class Pair(NamedTuple):
    """One response of each of two categories; the chosen one has the lower error."""

    chosen: Candidate
    rejected: Candidate
    chosen_error: float
    rejected_error: float


class Considered(NamedTuple):
    """Two different categories, the error of `better` not above that of `worse`, and what becomes of them.

    `reason` is one of REASONS, `pair` is there when it is MADE.
    """

    better: Scored
    worse: Scored
    reason: str
    pair: Pair | None


class Pairing(NamedTuple):
    """A prompt under one config: its categories, the lowest error first, the pairs, and how many two came to what.

    `totals` has every one of REASONS.
    """

    scored: tuple[Scored, ...]
    pairs: tuple[Pair, ...]
    totals: dict[str, int]

    @property
    def considered(self) -> tuple[Considered, ...]:
        """Every two categories, the pairs among them in the order of `pairs`."""
        made = iter(self.pairs)
        whose = {one: two for two in self.scored for one in two.category.members}
        found, pair = [], next(made, None)
        for better, worse in combinations(self.scored, 2):
            if pair and whose[pair.chosen] is better and whose[pair.rejected] is worse:
                found.append(Considered(better, worse, MADE, pair))
                pair = next(made, None)
            else:
                found.append(Considered(better, worse, TIE if _tied(better, worse) else TOO_BAD, None))
        return tuple(found)


def _tied(one: Scored, two: Scored) -> bool:
    return one.terms.units == two.terms.units


class Weights(NamedTuple):
    """Alpha, beta and gamma in whole steps, of which `steps` are 1."""

    alpha: int
    beta: int
    gamma: int
    steps: int


@lru_cache(maxsize=256)
def whole(alpha: float, beta: float, gamma: float) -> Weights:
    """The weights as whole numbers of steps, so that sums of them are exact: 0.1, 3 and 1 are 1, 30 and 10.

    Raises ValueError unless 0 <= alpha < gamma < beta and all are finite.
    """
    error_score((), (), True, (), alpha, beta, gamma)
    if not math.isfinite(beta):
        raise ValueError(f"The weight beta must be a number; it is {beta}.")
    parts = [Fraction(str(float(each))) for each in (alpha, beta, gamma)]
    steps = math.lcm(*(part.denominator for part in parts))
    a, b, g = (int(part * steps) for part in parts)
    return Weights(a, b, g, steps)


def seed_for(seed: int, prompt: str, mode: str) -> str:
    """The seed of one prompt (its text) under the config of one mode, in a recipe with that seed."""
    return f"{seed}/{digest(prompt)}/{mode}"


def sort_out(candidates: Iterable[Candidate]) -> Sorted:
    """The candidates by category, whatever order they come in; those without text or verdict, and doubles, aside.

    Of equal texts, white space around them aside, the one with the lowest id stays.
    """
    found: dict[tuple[frozenset[str], bool], list[Candidate]] = {}
    seen: set[str] = set()
    dropped: list[tuple[Candidate, str]] = []
    for each in sorted(candidates, key=lambda one: one.id):
        why = _why_dropped(each, seen)
        if why or each.risks is None or each.addressed is None:
            dropped.append((each, why))
            continue
        seen.add(each.text.strip())
        found.setdefault((frozenset(each.risks), bool(each.addressed)), []).append(each)
    labels = sorted(found, key=lambda label: (sorted(label[0]), label[1]))
    members = {label: tuple(sorted(found[label], key=lambda one: one.text)) for label in labels}
    return Sorted(tuple(Category(*label, members[label]) for label in labels), tuple(dropped))


def _why_dropped(candidate: Candidate, seen: set[str]) -> str:
    text = candidate.text.strip()
    if not text:
        return EMPTY
    if candidate.risks is None:
        return NO_RISKS
    if candidate.addressed is None:
        return NO_ADDRESSED
    return TWICE if text in seen else ""


class Scale:
    """What errors are measured by: what the config opens, which risks are known, and the weights."""

    def __init__(self, allowed: frozenset[str], known: frozenset[str], weights: Weights) -> None:
        self.allowed, self.known, self.weights = allowed, known, weights


_scale = lru_cache(maxsize=1000)(Scale)


@lru_cache(maxsize=20_000)
def terms(scale: Scale, risks: frozenset[str], addressed: bool) -> Terms:
    """What the error of a response category is made of."""
    alpha, beta, gamma, steps = scale.weights
    shown = collapse(risks, scale.known)
    permitted = shown & (scale.allowed - {OTHER})
    units = int(error_score(scale.allowed, risks, addressed, scale.known, alpha, beta, gamma))
    return Terms(permitted, shown - permitted, addressed, units, units / steps)


def explain(
    found: Sorted,
    allowed: Iterable[str],
    known: Iterable[str],
    *,
    seed: int | str = 0,
    alpha: float = 0.1,
    beta: float = 3.0,
    gamma: float = 1.0,
) -> Pairing:
    """Every two categories of a prompt under the config that allows these risks, and the pairs that come of them.

    `known` are the risks that training draws its configs from. Equal errors make no pair, and neither do two of which
    the better one has beta or more; otherwise the lower error is chosen, and one response of each category is drawn,
    the same ones for the same seed. Raises ValueError unless 0 <= alpha < gamma < beta.
    """
    weights = whole(alpha, beta, gamma)
    scale = _scale(frozenset(allowed), frozenset(known), weights)
    scored = [Scored(each, terms(scale, each.risks, each.addressed)) for each in found.categories]
    scored.sort(key=lambda one: one.terms.units)
    return Pairing(tuple(scored), *_paired(scored, weights.beta, _Draw(seed)))


def _paired(scored: list[Scored], beta: int, draw: "_Draw") -> tuple[tuple[Pair, ...], dict[str, int]]:
    """The pairs of categories that come the lowest error first, and how many two came to what."""
    made: list[Pair] = []
    ties = too_bad = 0
    for place, (category, (*_, units, error)) in enumerate(scored, start=1):
        worse = [each for each in scored[place:] if each.terms.units > units]
        ties += len(scored) - place - len(worse)
        if units >= beta:
            too_bad += len(worse)
            continue
        for other, bad in worse:
            made.append(Pair(draw.one(category.members), draw.one(other.members), error, bad.error))
    return tuple(made), {MADE: len(made), TIE: ties, TOO_BAD: too_bad}


class _Draw:
    """One member of a category at random; the generator is made when there is something to choose."""

    def __init__(self, seed: int | str) -> None:
        self.seed = seed
        self.rng: Random | None = None

    def one(self, of: Sequence[Candidate]) -> Candidate:
        if len(of) == 1:
            return of[0]
        if self.rng is None:
            self.rng = Random(self.seed)  # noqa: S311
        return self.rng.choice(of)


def pairs(
    candidates: Iterable[Candidate],
    allowed: Iterable[str],
    known: Iterable[str],
    *,
    seed: int | str = 0,
    alpha: float = 0.1,
    beta: float = 3.0,
    gamma: float = 1.0,
) -> list[Pair]:
    """The preference pairs of one prompt's candidates under a config, as `explain` says."""
    weights = {"alpha": alpha, "beta": beta, "gamma": gamma}
    return list(explain(sort_out(candidates), allowed, known, seed=seed, **weights).pairs)


def outcome(found: Sorted, pairings: Iterable[Pairing]) -> str:
    """What becomes of a prompt under all its configs, one of OUTCOMES; without a pair, what stood in its way last."""
    if not found.used:
        return ALL_INVALID if found.dropped else NO_RESPONSE
    if found.used == 1:
        return ONE_RESPONSE
    totals = [each.totals for each in pairings]
    if any(each[MADE] for each in totals):
        return PAIRED
    return ALL_TOO_BAD if any(each[TOO_BAD] for each in totals) else ALL_TIED
