"""How many pairs of two kinds a set takes so that they stand in the shares that were asked for."""

from fractions import Fraction
from typing import NamedTuple


class Taken(NamedTuple):
    """How many built pairs and how many of people's a set takes."""

    built: int
    people: int


def taken(built: int, people: int, built_share: float, people_share: float) -> Taken:
    """The largest set out of so many built pairs and so many of people's that has these shares and repeats no pair.

    Shares are >= 0 and need not add up to 1; one of 0 takes nothing of its kind. Nothing at all is taken where a kind
    with a share has no pair. Raises ValueError when both shares are 0 or one is negative.
    """
    of_built, of_people = Fraction(str(built_share)), Fraction(str(people_share))
    if min(of_built, of_people) < 0 or not of_built + of_people:
        raise ValueError(f"Shares are not negative, and one is above 0; these are {built_share} and {people_share}.")
    wholes = [amount / share for amount, share in ((built, of_built), (people, of_people)) if share]
    return Taken(int(min(wholes) * of_built), int(min(wholes) * of_people))
