"""The right answer of an item by which raters are measured: a range of helpfulness, whether it follows, and why."""

from typing import NamedTuple

from annotations.core.answers import MOST_POINTS
from annotations.core.storable import storable

LONGEST_WHY = 2_000


class GoldProblem(ValueError):
    """What is wrong with a right answer; `field` says which part of it."""

    def __init__(self, field: str, words: str):
        super().__init__(words)
        self.field = field


class Gold(NamedTuple):
    """Points from `low` to `high`, 0..5, count as right, and `follows` does. `practice` shows the answer afterwards."""

    low: int
    high: int
    follows: bool
    why: str
    practice: bool = False


def checked(gold: Gold) -> Gold:
    """The right answer with its reason tidied. Raises GoldProblem for an empty range and for no reason."""
    if not 0 <= gold.low <= MOST_POINTS:
        raise GoldProblem("low", f"The lowest right helpfulness lies between 0 and {MOST_POINTS}.")
    if not gold.low <= gold.high <= MOST_POINTS:
        raise GoldProblem("high", f"The highest right helpfulness lies between the lowest one and {MOST_POINTS}.")
    why = storable(gold.why).replace("\r\n", "\n").strip()
    if not why:
        raise GoldProblem("why", "Say why this is the right answer: raters of practice items read it.")
    if len(why) > LONGEST_WHY:
        raise GoldProblem("why", f"At most {LONGEST_WHY:,} characters; these are {len(why):,}.")
    return gold._replace(why=why)
