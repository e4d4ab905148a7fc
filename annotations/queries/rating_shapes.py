"""The shapes in which answers are taken away: a row for each answer, or for each item."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import combinations
from math import fsum
from typing import Any, NamedTuple
from uuid import UUID

from annotations.models.campaigns import MOST_POINTS


class ItemFacts(NamedTuple):
    """An item of a campaign with its prompt, config and response; in the order in which it is read."""

    pk: int
    needed: int
    gold_low: int | None
    gold_high: int | None
    gold_follows: bool | None
    practice: bool
    taken_out_at: datetime | None
    masked: bool
    uid: UUID
    prompt: str
    kind: str
    risks: list[str]
    config: str
    config_title: str
    version: int
    response: str
    candidate: int | None
    source: str


class Given(NamedTuple):
    """An answer as it is stored; in the order in which it is read."""

    pk: int
    item: int
    rater: int
    username: str
    points: int
    follows_config: bool
    broken_rules: list[str]
    risks: list[str] | None
    comment: str
    guideline: int
    seconds: float | None
    created_at: datetime
    withdrawn_at: datetime | None


class Decided(NamedTuple):
    """The adjudication in force; in the order in which it is read."""

    item: int
    points: int
    follows_config: bool
    broken_rules: list[str]
    cause: str
    note: str


class Line(NamedTuple):
    """What a row is made of. `given` is one answer, or all of an item; `name` gives a rater's and an answer's name."""

    item: ItemFacts
    given: Sequence[Given]
    decided: Decided | None
    candidate: str
    sampling: str
    name: Callable[[str, int, str], str]

    @property
    def answer(self) -> Given:
        """The answer of a row that is one."""
        return self.given[0]

    @property
    def standing(self) -> list[Given]:
        """The answers that were not changed since."""
        return [one for one in self.given if one.withdrawn_at is None]


class Column(NamedTuple):
    """A column: its name, one of exports.TYPES, what it holds in words, and how a line gives it."""

    name: str
    type: str
    about: str
    value: Callable[[Line], Any]


class Shape(NamedTuple):
    """Columns that belong together; `whole` when a row is an item with all its answers."""

    label: str
    about: str
    columns: tuple[Column, ...]
    whole: bool = False


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="seconds") if at else None


def _share(points: float) -> float:
    return points / MOST_POINTS


def _mean(line: Line) -> float | None:
    standing = line.standing
    return sum(one.points for one in standing) / len(standing) / MOST_POINTS if standing else None


def _yes(line: Line) -> int:
    return sum(one.follows_config for one in line.standing)


def _majority(line: Line) -> bool | None:
    twice, number = 2 * _yes(line), len(line.standing)
    return None if twice == number else twice > number


def _helpfulness(line: Line) -> float | None:
    return _share(line.decided.points) if line.decided else _mean(line)


def _follows(line: Line) -> bool | None:
    return line.decided.follows_config if line.decided else _majority(line)


def _of_pairs(line: Line, distance: Callable[[Given, Given], float]) -> float | None:
    gaps = [distance(*pair) for pair in combinations(line.standing, 2)]
    return fsum(gaps) / len(gaps) if gaps else None


def _same(line: Line) -> float | None:
    return _of_pairs(line, lambda one, other: float(one.follows_config == other.follows_config))


def _apart(line: Line) -> float | None:
    return _of_pairs(line, lambda one, other: abs(one.points - other.points))


ITEM = Column("item", "int", "the item's number in this application", lambda line: line.item.pk)
ABOUT = (
    Column("gold", "bool", "whether its right answer was set beforehand", lambda line: line.item.gold_low is not None),
    Column(
        "practice", "bool", "whether it was practice, right answer shown afterwards", lambda line: line.item.practice
    ),
    Column("taken_out", "bool", "whether a lead took the item out", lambda line: line.item.taken_out_at is not None),
    Column("config", "text", "the config it was answered under, as its slug", lambda line: line.item.config),
    Column("config_title", "text", "the config's title", lambda line: line.item.config_title),
    Column("config_version", "int", "the version of the config's text", lambda line: line.item.version),
    Column("kind", "text", "safe, allowed, partial or disallowed", lambda line: line.item.kind),
    Column("prompt_risks", "texts", "slugs of the risks a harmful answer carries", lambda line: line.item.risks),
    Column("prompt_id", "text", "stays with the prompt through all its wordings", lambda line: str(line.item.uid)),
    Column("prompt", "text", "what a user asked", lambda line: line.item.prompt),
    Column("response", "text", "what was answered", lambda line: line.item.response),
    Column("masked", "bool", "whether the model's name in it was hidden from raters", lambda line: line.item.masked),
    Column("candidate", "text", "the model and its strategy, or whose the answer is", lambda line: line.candidate),
    Column("sampling", "text", "how the model sampled; empty for an uploaded answer", lambda line: line.sampling),
)
ANSWER = (
    Column("answer", "text", "the answer's name", lambda line: line.name("answer", line.answer.pk, "")),
    ITEM,
    Column(
        "rater",
        "text",
        "a name for the person, in this campaign alone; the user name where a lead asked for it",
        lambda line: line.name("rater", line.answer.rater, line.answer.username),
    ),
    Column(
        "standing",
        "text",
        "stands, or changed: its rater sent another answer later",
        lambda line: "changed" if line.answer.withdrawn_at else "stands",
    ),
    Column("points", "int", "how helpful, 0 to 5", lambda line: line.answer.points),
    Column("helpfulness", "float", "the points as 0 to 1", lambda line: _share(line.answer.points)),
    Column("follows_config", "bool", "whether it follows the config", lambda line: line.answer.follows_config),
    Column("broken_rules", "texts", "the rules it breaks, such as r2", lambda line: line.answer.broken_rules),
    Column("risks", "texts", "risk categories found; empty where not asked", lambda line: line.answer.risks),
    Column("comment", "text", "what the person wrote", lambda line: line.answer.comment),
    Column("guideline", "int", "the version of the guideline they read", lambda line: line.answer.guideline),
    Column("seconds", "float", "time worked on it; empty where not measured", lambda line: line.answer.seconds),
    Column("created_at", "text", "when it was sent, UTC", lambda line: _moment(line.answer.created_at)),
    Column(
        "changed_at", "text", "when it was changed, UTC; else empty", lambda line: _moment(line.answer.withdrawn_at)
    ),
    *ABOUT,
)
WHOLE = (
    ITEM,
    Column("answers", "int", "how many answers stand", lambda line: len(line.standing)),
    Column("changed", "int", "how many more were changed later", lambda line: len(line.given) - len(line.standing)),
    Column("needed", "int", "how many answers it should get", lambda line: line.item.needed),
    Column("helpfulness", "float", "its value, 0 to 1: the decision's, else the mean; empty: none", _helpfulness),
    Column("follows_config", "bool", "its value: the decision's, else the majority; empty: tie or none", _follows),
    Column("mean_helpfulness", "float", "the mean of the answers, 0 to 1", _mean),
    Column("majority", "bool", "what most answers say of the config; empty: tie or none", _majority),
    Column("yes", "int", "how many answers say that it follows the config", _yes),
    Column("agreement", "float", "the share of two answers with one yes or no; empty below two", _same),
    Column("points_apart", "float", "the mean difference of two answers in points; empty below two", _apart),
    Column("decided", "bool", "whether a lead's decision is in force", lambda line: line.decided is not None),
    Column("decided_points", "int", "its points, 0 to 5", lambda line: line.decided and line.decided.points),
    Column(
        "decided_follows_config", "bool", "its yes or no", lambda line: line.decided and line.decided.follows_config
    ),
    Column(
        "decided_broken_rules", "texts", "the rules it names", lambda line: line.decided and line.decided.broken_rules
    ),
    Column(
        "cause", "text", "why the answers differed, by the decision", lambda line: line.decided and line.decided.cause
    ),
    Column("note", "text", "what the lead wrote", lambda line: line.decided and line.decided.note),
    Column("gold_low", "int", "the fewest right points of a gold item", lambda line: line.item.gold_low),
    Column("gold_high", "int", "the most right points of a gold item", lambda line: line.item.gold_high),
    Column("gold_follows", "bool", "the right yes or no of a gold item", lambda line: line.item.gold_follows),
    *ABOUT,
)
SHAPES = {
    "answers": Shape("One row for each answer", "Every answer ever stored, those that were changed later too.", ANSWER),
    "items": Shape("One row for each item", "Every item, rated or not, with what its answers come to.", WHOLE, True),
}
