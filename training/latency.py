"""Times in buckets that grow by a fifth, so that percentiles come from counts: within 9 % of the true time."""

from collections.abc import Mapping
from math import ceil, log2

STEPS = 4
"""Buckets for each doubling."""
HIGHEST = 120
"""Beyond 17 minutes nothing is told apart."""


def bucket(milliseconds: float) -> int:
    """The number of the bucket, 1 (up to a millisecond) to HIGHEST."""
    return min(HIGHEST, max(1, 1 + ceil(STEPS * log2(max(milliseconds, 1.0)))))


def milliseconds(number: int) -> float:
    """The middle of a bucket, on the scale of its borders; the whole of bucket 1 is told as 1 ms."""
    return 1.0 if number <= 1 else float(2 ** ((number - 1.5) / STEPS))


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """The milliseconds under which that share (0 to 1) of the calls stayed; None without calls. Bucket 0 is no time."""
    timed = {number: count for number, count in counts.items() if number and count > 0}
    wanted, seen = share * sum(timed.values()), 0
    for number in sorted(timed):
        seen += timed[number]
        if seen >= wanted:
            return milliseconds(number)
    return None
