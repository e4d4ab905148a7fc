"""How many labels of people an interval of the wanted width needs, with a judge's help and without."""

from collections.abc import Sequence
from typing import NamedTuple

from annotations.core.calibration import Pilot
from annotations.core.prediction_powered import DOUBT, FEWEST, FEWEST_IN_ALL
from annotations.core.student import quantile


class Ground(NamedTuple):
    """What a plan starts from: how many responses of each config can be labelled, and two variances within a config.

    `people` is that of people's value, `error` what of it the judge leaves: (1 - correlation squared) of it.
    """

    sizes: Sequence[int]
    people: float
    error: float


class Need(NamedTuple):
    """Labels per config and in all that give the half-width; None where even all responses are too few.

    A config that has fewer responses gives all of its own, so `total` may be less than `per_config` times the configs.
    """

    per_config: int | None
    total: int | None


class Plan(NamedTuple):
    """What the mean over configs needs, with the judge and by people alone, and the half-width if all were labelled."""

    corrected: Need
    alone: Need
    best: float


def assumed(judge: float, correlation: float) -> Pilot:
    """What labels would tell if people's value varied as the judge's does and the two went together so far.

    Raises ValueError for a correlation outside -1..1. Below 0 the judge counts for nothing.
    """
    if not -1 <= correlation <= 1:
        raise ValueError(f"A correlation lies between -1 and 1, and {correlation} does not.")
    return Pilot(0, judge, (1 - max(correlation, 0.0) ** 2) * judge, correlation)


def ground(sizes: Sequence[int], pilot: Pilot) -> Ground:
    """The ground of a plan: configs of which nothing can be labelled are left out."""
    return Ground([size for size in sizes if size], pilot.people, pilot.error)


def plan(found: Ground, half_width: float) -> Plan | None:
    """The fewest labels, as many of each config, whose 95 % interval of the mean is expected to be so wide to a side.

    None without a config. Monotone: a smaller half-width never needs fewer labels. Raises ValueError unless
    half_width > 0. Source: the variance of `prediction_powered.estimate` with its labels still to come; the share a
    judge saves is its squared correlation with people (Cochran 1977, section 12.7, double sampling for regression).
    """
    if half_width <= 0:
        raise ValueError(f"A half-width is larger than 0, and {half_width} is not.")
    if not found.sizes:
        return None
    return Plan(_need(found, half_width, False), _need(found, half_width, True), expected(found, max(found.sizes)))


def expected(found: Ground, labels: int, alone: bool = False) -> float:
    """The half-width to expect of the mean over configs with so many labels of each, or all of a config that has fewer.

    `alone` is without the judge. At least 2 labels of each config are taken for granted.
    """
    configs = len(found.sizes)
    error = found.people if alone else found.error
    taken = [max(min(labels, size), 2) for size in found.sizes]
    lost = 0.0 if alone or error == found.people else 1 / configs
    parts = [
        error / max(number - lost, 1) + (found.people - error) / max(size, 2) + (lost and DOUBT * lost / number**2)
        for number, size in zip(taken, found.sizes, strict=True)
    ]
    freedom = sum(number - 1 for number in taken) - (lost > 0)
    return float(quantile(freedom) * sum(parts) ** 0.5 / configs)


def _need(found: Ground, half_width: float, alone: bool) -> Need:
    most = max(found.sizes)
    if expected(found, most, alone) > half_width or sum(found.sizes) < FEWEST_IN_ALL:
        return Need(None, None)
    low, high = FEWEST, max(most, FEWEST)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if expected(found, middle, alone) <= half_width else (middle + 1, high)
    while sum(min(low, size) for size in found.sizes) < FEWEST_IN_ALL:
        low += 1
    return Need(low, sum(min(low, size) for size in found.sizes))
