"""Preference pairs out of what people said of responses: what a response is worth, and which of two is better."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from statistics import median
from typing import NamedTuple

from annotations.core.recipe import Weights

MOST_POINTS = 5
UNSCORED, SAME_TEXT, TIE, BREAKS, EMPTY = SKIPPED = ("unscored", "same_text", "tie", "breaks", "empty")
NAMES = {
    UNSCORED: "not settled",
    SAME_TEXT: "the same text",
    TIE: "tied",
    BREAKS: "breaking the config",
    EMPTY: "empty",
}
WORDS = {
    UNSCORED: "one of the two has no settled value: nobody rated it, or raters differ and nobody decided",
    SAME_TEXT: "both say the same, word for word",
    TIE: "both are worth the same",
    BREAKS: "the better one breaks the config too",
    EMPTY: "the better one is empty",
}
"""Why two responses make no pair, in words; the first reason that holds counts."""
USUAL = Weights()
PLACES = 9
"""Errors that differ by less are the same: weights are decimal fractions."""


class Value(NamedTuple):
    """What people say of a response together: points 0..5, and whether it follows its config; None is unscored."""

    points: float | None = None
    follows: bool | None = None
    adjudicated: bool = False


class Rated(NamedTuple):
    """A response with what it is worth. `key` is whatever names it."""

    key: int
    text: str
    value: Value


class Made(NamedTuple):
    """A pair: the better response, the worse one, and the errors of both."""

    chosen: Rated
    rejected: Rated
    chosen_error: float
    rejected_error: float


def settled(said: Iterable[tuple[int, bool]], decided: tuple[int, bool] | None = None) -> Value:
    """The decision if there is one, else the median of the points and what most say. `said` are points and yes or no.

    Without an answer nothing is settled; when as many say yes as no, whether it follows is not.
    """
    if decided is not None:
        return Value(decided[0], decided[1], True)
    answers = list(said)
    if not answers:
        return Value()
    yes, n = sum(follows for _, follows in answers), len(answers)
    return Value(median(points for points, _ in answers), None if 2 * yes == n else 2 * yes > n)


def error(value: Value, weights: Weights = USUAL) -> float | None:
    """gamma*(1 - helpfulness) + beta*[breaks the config], helpfulness 0..1; >= 0, lower is better, None is unscored.

    It is the error score of CoSAlign with people in the place of its judges: a response that helps in part costs a part
    of gamma, and one that breaks the config costs beta, for people say that and not in how many ways.
    """
    if value.points is None or value.follows is None:
        return None
    return weights.gamma * (1 - value.points / MOST_POINTS) + weights.beta * (not value.follows)


def compare(one: Rated, other: Rated, weights: Weights = USUAL) -> Made | str:
    """The pair that two responses to a prompt under a version make, or the reason of SKIPPED why they make none."""
    errors = error(one.value, weights), error(other.value, weights)
    if errors[0] is None or errors[1] is None:
        return UNSCORED
    if one.text == other.text:
        return SAME_TEXT
    first, second = round(errors[0], PLACES), round(errors[1], PLACES)
    if first == second:
        return TIE
    made = Made(one, other, first, second) if first < second else Made(other, one, second, first)
    if made.chosen_error >= weights.beta:
        return BREAKS
    return made if made.chosen.text.strip() else EMPTY


class Compared(NamedTuple):
    """Every two responses of one prompt: the pairs they make, and how many make none, by reason."""

    pairs: list[Made]
    skipped: Counter[str]


def compared(responses: Sequence[Rated], weights: Weights = USUAL) -> Compared:
    """What every two of the responses come to, in their order; n responses are n*(n - 1)/2 comparisons."""
    found = [compare(one, other, weights) for one, other in combinations(responses, 2)]
    return Compared(
        [one for one in found if not isinstance(one, str)], Counter(one for one in found if isinstance(one, str))
    )
