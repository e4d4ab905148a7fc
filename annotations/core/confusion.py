"""Two lists of verdicts on the same items side by side, and how a judge's yes and no stand against a person's."""

from collections import Counter
from collections.abc import Hashable, Sequence
from statistics import NormalDist
from typing import NamedTuple

from annotations.core.agreement import Agreement, Resampling, cohen_kappa
from annotations.core.intervals import Interval
from annotations.core.student import wilson


class Confusion(NamedTuple):
    """How often the first list has labels[row] where the second has labels[column]; n items, n_missing left out."""

    labels: tuple[Hashable, ...]
    counts: tuple[tuple[int, ...], ...]
    n: int
    n_missing: int


class Share(NamedTuple):
    """`hits` of `n` as value 0..1 with its interval; value and interval None with the reason in words if n is 0."""

    value: float | None
    hits: int
    n: int
    undefined: str
    interval: Interval | None


class Check(NamedTuple):
    """A judge's yes and no against a person's: rates, kappa, and what always saying the person's usual word would get.

    `sensitivity` is the judge's yes among the person's yes (TPR), `specificity` its no among the person's no (TNR),
    `agreement` the share of equal verdicts, to be read beside `majority`. `confusion` has the person in its rows.
    """

    confusion: Confusion
    sensitivity: Share
    specificity: Share
    agreement: Share
    majority: Share
    kappa: Agreement


def confusion(a: Sequence[Hashable], b: Sequence[Hashable], labels: Sequence[Hashable]) -> Confusion:
    """The table of two lists of verdicts on the same items, labels in the given order; an item with a None is missing.

    Raises ValueError for lists of unequal length, a label that is given twice, or a verdict that is no label.
    """
    if len(a) != len(b) or len(set(labels)) < len(labels):
        raise ValueError(f"Give one verdict of each side per item and each label once; got {len(a)} and {len(b)}.")
    pairs = [pair for pair in zip(a, b, strict=True) if None not in pair]
    strange = {verdict for pair in pairs for verdict in pair} - set(labels)
    if strange:
        raise ValueError(f"These verdicts are not among the labels: {', '.join(sorted(map(repr, strange)))}.")
    times = Counter(pairs)
    counts = tuple(tuple(times[row, column] for column in labels) for row in labels)
    return Confusion(tuple(labels), counts, len(pairs), len(a) - len(pairs))


def check(person: Sequence[bool | None], judge: Sequence[bool | None], resampling: Resampling | None = None) -> Check:
    """How the judge's verdicts stand against the person's on the same items, in the same order; None is missing.

    Intervals of shares are 95 % Wilson intervals, or of the level of `resampling`, which gives kappa its interval.
    Raises ValueError for lists of unequal length. Source of kappa: Cohen 1960.
    """
    table = confusion(person, judge, (True, False))
    (both_yes, missed), (wrong_yes, both_no) = table.counts
    yes, no = both_yes + missed, wrong_yes + both_no
    level = resampling.level if resampling else 0.95
    rows = [
        (item, who, said) for item, pair in enumerate(zip(person, judge, strict=True)) for who, said in enumerate(pair)
    ]
    return Check(
        table,
        share(both_yes, yes, "The person never said yes, so there is no yes for the judge to find.", level),
        share(both_no, no, "The person never said no, so there is no no for the judge to find.", level),
        share(both_yes + both_no, table.n, "No item has a verdict of both.", level),
        share(max(yes, no), table.n, "No item has a verdict of both.", level),
        cohen_kappa(rows, resampling=resampling),
    )


def share(hits: int, n: int, undefined: str, level: float = 0.95) -> Share:
    """hits / n with its Wilson interval, which keeps a width at 0 of n and n of n; None for the reason given if n is 0.

    It takes the n items for independent. Raises ValueError unless 0 <= hits <= n and 0 < level < 1.
    Source: Wilson 1927.
    """
    if not 0 <= hits <= n or not 0 < level < 1:
        raise ValueError(f"A share needs 0 to n hits and a level between 0 and 1; got {hits} of {n}, {level}.")
    if not n:
        return Share(None, 0, 0, undefined, None)
    return Share(hits / n, hits, n, "", wilson(hits, n, NormalDist().inv_cdf((1 + level) / 2)))
