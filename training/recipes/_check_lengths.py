"""How long texts are in tokens: counted into fixed bins, with what is in the middle, near the end and at the end."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

UP_TO = (64, 128, 192, 256, 320, 384, 448, 512, 640, 768, 1024, 1536, 2048, 4096, 8192, 16384)
"""The longest text of each bin, in tokens; one more bin holds what is longer."""


def summary(lengths: Sequence[int]) -> dict[str, Any]:
    """Counts by bin, mean, median, 95th percentile and longest; None where there is no text.

    A percentile is a length that is there: the smallest that so many are not longer than.
    """
    counts = [0] * (len(UP_TO) + 1)
    for length in lengths:
        counts[bisect_left(UP_TO, length)] += 1
    ordered = sorted(lengths)
    mean = sum(ordered) / len(ordered) if ordered else None
    told = {"median": _at(ordered, 50), "p95": _at(ordered, 95), "max": ordered[-1] if ordered else None}
    return {"counts": counts, "n": len(ordered), "mean": mean, **told}


def _at(ordered: Sequence[int], percent: int) -> int | None:
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else None
