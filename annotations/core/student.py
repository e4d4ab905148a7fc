"""Student's t for intervals from few values, and the score interval of a share that was not simply counted."""

from math import sqrt
from statistics import NormalDist

from annotations.core.intervals import Interval


def quantile(freedom: float, level: float = 0.95) -> float:
    """The t that holds the share `level` in the middle of Student's distribution; `freedom` may be no whole number.

    Within 1 % of the exact value from 3 degrees of freedom on; fewer are taken for 3. Raises ValueError for a level
    outside 0..1. Source: Abramowitz and Stegun 1964, 26.7.5.
    """
    if not 0 < level < 1:
        raise ValueError(f"Use a level between 0 and 1; got {level}.")
    z, nu = NormalDist().inv_cdf((1 + level) / 2), max(freedom, 3.0)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / nu**power for power, term in enumerate(terms, start=1))


def share_interval(share: float, size: float, t: float) -> Interval:
    """Wilson's interval of a share 0..1 that is as sure as one of `size` independent yes or no, with t in z's place.

    Source: Wilson 1927; the effective size in the place of n: Franco, Little, Louis and Slud 2019.
    """
    return wilson(share * size, size, t)


def wilson(hits: float, n: float, z: float) -> Interval:
    """Wilson's interval of the share hits / n, held in 0..1; n is above 0. Source: Wilson 1927."""
    middle, half = (hits + z * z / 2) / (n + z * z), z * sqrt(hits * (n - hits) / n + z * z / 4) / (n + z * z)
    return Interval(max(0.0, middle - half), min(1.0, middle + half))
