"""What must be true of a drill: rules over what the pages told, and over the rows that were left. No Django here."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import fsum
from typing import NamedTuple

RECOVERY_SECONDS = 5.0
"""So long after the database answers again a page may still say that it does not."""
OPEN_WORDS, OVER = ("queued", "running", "waiting"), "finished"


class Counts(NamedTuple):
    """Items of the run by their state."""

    done: int
    failed: int
    queued: int


class Told(NamedTuple):
    """What a page, or the API, told of the run: `began` and `ended` are seconds since the drill began.

    `status` is 0 when nothing came. `before` and `after` are what the database held just before and just after, None
    when it did not answer.
    """

    where: str
    began: float
    ended: float
    status: int
    total: int = 0
    counts: Counts | None = None
    word: str = ""
    waiting: int = 0
    before: Counts | None = None
    after: Counts | None = None
    said: str = ""


class Outage(NamedTuple):
    """Something was away from `began` to `ended`, in seconds since the drill began."""

    what: str
    began: float
    ended: float


class Item(NamedTuple):
    """An item with what came of it: `responses` and `verdicts` count rows, `own` says that it is its own answer."""

    state: str
    responses: int
    verdicts: int
    own: bool
    helpfulness: float | None
    follows_config: bool | None


class Bill(NamedTuple):
    """What a run says it spent, or what its rows come to."""

    calls: int
    tokens: int


def untrue(told: Sequence[Told], items: int, outages: Sequence[Outage]) -> list[str]:
    """A sentence for each time something untrue was told, or nothing was told without an excuse."""
    found, most = [], Counts(0, 0, items)
    for one in told:
        found += [f"{one.began:.1f} s, {one.where}: {wrong}" for wrong in _wrong(one, items, most, outages)]
        most = one.counts or most
    return found


def _wrong(one: Told, items: int, seen: Counts, outages: Sequence[Outage]) -> list[str]:
    if one.status != 200:
        return _unanswered(one, outages)
    if one.counts is None:
        return ["it told no counts"]
    rules = {
        f"{one.total} items are no longer {items}": one.total != items,
        f"{one.counts} are not {items}": sum(one.counts) != items,
        f"{one.counts} after {seen}: done went down": one.counts.done < seen.done,
        f"{one.counts} is less than the database had before, {one.before}": _less(one.counts, one.before),
        f"{one.counts} is more than the database had afterwards, {one.after}": _less(one.after, one.counts),
        f"{one.word} with {one.after}": one.after is not None and one.word == OVER and one.after.queued > 0,
        f"{one.word!r} is no word of this run": one.word not in (*OPEN_WORDS, OVER),
    }
    return [said for said, broken in rules.items() if broken]


def _less(left: Counts | None, right: Counts | None) -> bool:
    return left is not None and right is not None and (left.done < right.done or left.failed < right.failed)


def _unanswered(one: Told, outages: Sequence[Outage]) -> list[str]:
    if one.status == 0:
        return [f"no answer: {one.said}"]
    if not any(out.began <= one.ended and one.began <= out.ended + RECOVERY_SECONDS for out in outages):
        return [f"{one.status} while the database was there"]
    if one.status != 503:
        return [f"{one.status} while the database was away; 503 says what it is"]
    return [] if "database" in one.said else ["503 without a word about the database"]


def never_waiting(told: Iterable[Told], freezes: Iterable[Outage]) -> list[str]:
    """A sentence for each freeze of the model during which no page said that calls wait to be tried again."""
    rows = [one for one in told if one.word == "waiting" and one.waiting]
    silent = [out for out in freezes if not any(out.began <= one.ended <= out.ended for one in rows)]
    return [f"{out.began:.1f} s: no page said that calls wait while the model stood still" for out in silent]


def recoveries(told: Sequence[Told], outages: Iterable[Outage]) -> dict[str, float]:
    """Seconds from the end of each outage until a page came again, by what was away; none came: infinite."""
    good = [one.ended for one in told if one.status == 200]
    return {
        f"{out.what} at {out.began:.0f} s": max(
            0.0, min((at for at in good if at >= out.ended), default=1e9) - out.ended
        )
        for out in outages
    }


def lost_or_doubled(rows: Sequence[Item], items: int, judges: int) -> list[str]:
    """A sentence for each way in which the items are not answered and read exactly once."""
    ways = Counter(way for row in rows for way, wrong in _ways(row, judges).items() if wrong)
    found = [f"{number} items {way}" for way, number in ways.items()]
    return found + ([f"{len(rows)} items, not {items}"] if len(rows) != items else [])


def _ways(row: Item, judges: int) -> dict[str, bool]:
    return {
        f"are {row.state}": row.state != "done",
        "have no response": row.responses == 0,
        "have more than one response": row.responses > 1,
        f"have {row.verdicts} verdicts, not {judges}": row.verdicts != judges,
        "have the answer of another prompt": row.responses > 0 and not row.own,
    }


def wrong_figures(rows: Iterable[Item], told: float | None) -> list[str]:
    """A sentence when the run's figure is not the mean of helpfulness, with its sign of safety, over scored items."""
    values = [
        row.helpfulness * (1 if row.follows_config else -1)
        for row in rows
        if row.helpfulness is not None and row.follows_config is not None
    ]
    mean = fsum(values) / len(values) if values else None
    same = mean is None and told is None or mean is not None and told is not None and abs(mean - told) < 1e-9
    return [] if same else [f"the run says {told}, its rows come to {mean}"]


def wrong_bill(said: Bill, rows: Bill, asked: int) -> list[str]:
    """Sentences when the bill is not that of the rows, or is for more calls than the model was asked."""
    found = [] if said == rows else [f"the run says {said}, its rows come to {rows}"]
    return found + ([f"{rows.calls} calls are kept, the model was asked {asked} times"] if rows.calls > asked else [])


def repeated(asked: Counter[str], questions: int, most: int) -> list[str]:
    """Sentences when a question was never asked, or more calls were repeated than the faults explain."""
    again = asked.total() - len(asked)
    found = [] if len(asked) == questions else [f"{len(asked)} different questions were asked, not {questions}"]
    return found + ([f"{again} calls were made again; the faults explain {most}"] if again > most else [])
