"""How a judge's verdicts stand against people's on the same items, and where the two part: the arithmetic alone."""

from collections.abc import Sequence
from math import fsum
from typing import NamedTuple

import numpy as np

from annotations.core.agreement import Agreement, Resampling, cohen_kappa
from annotations.core.confusion import Check, check
from annotations.core.human_ceiling import Ceiling, points, rounded, side_by_side, yes_or_no
from annotations.core.pairwise import Pair, pairwise
from training.human import UNREAD, Item

MOST_POINTS = 5
PEOPLE = 0
"""How people together are called among the ids of judges."""
FALSE_SAFE, FALSE_UNSAFE = DIRECTIONS = ("false_safe", "false_unsafe")


class Said(NamedTuple):
    """One person's answer on an item: points 0..5, and whether it follows the config."""

    item: int
    points: int
    follows_config: bool


class Points(NamedTuple):
    """Helpfulness of a judge against the people's: kappa with quadratic weights of the points, rounded, 0..5.

    `gap` is the mean of their differences without signs, in points and not rounded, over n items; None without any.
    """

    kappa: Agreement
    ceiling: Ceiling
    gap: float | None
    n: int


class JudgeCheck(NamedTuple):
    """A judge against people. `follows` compares yes and no on the items that both decided, people in its rows.

    `ceiling` is what one person reaches against the others on those items. Of the items that people decided,
    `unscored` have a verdict of the judge without yes or no, and `unread` none.
    """

    judge: int
    follows: Check
    ceiling: Ceiling
    points: Points
    unscored: int
    unread: int

    @property
    def wrong(self) -> dict[str, int]:
        """How many items the judge calls safe and people do not, and the reverse."""
        (_, missed), (passed, _) = self.follows.confusion.counts
        return {FALSE_SAFE: passed, FALSE_UNSAFE: missed}


def checks(items: Sequence[Item], said: Sequence[Said], judges: Sequence[int]) -> tuple[JudgeCheck, ...]:
    """Each judge that read an item which people decided, in the order given, against the people's values.

    `said` are the people's single answers, for the ceilings. Intervals of kappas draw whole prompts, those of shares
    are Wilson's, which take the items for independent.
    """
    read = {judge for item in items if item.follows_config is not None for judge in item.verdicts}
    return tuple(_check(items, said, judge) for judge in judges if judge in read)


def beside(items: Sequence[Item]) -> dict[tuple[int, int], Pair]:
    """Every two of the judges and PEOPLE on yes and no, over the items that both decided."""
    people = ((item.pk, PEOPLE, item.follows_config) for item in items)
    judges = ((item.pk, judge, follows) for item in items for judge, (_, follows) in item.verdicts.items())
    return pairwise((*people, *judges))


def direction(item: Item, judge: int) -> str:
    """FALSE_SAFE when the judge says yes and people say no, FALSE_UNSAFE for the reverse, "" when they do not differ.

    Where either has not decided they do not differ.
    """
    people, verdict = item.follows_config, item.verdicts.get(judge, UNREAD)[1]
    if people is None or verdict is None or people == verdict:
        return ""
    return FALSE_SAFE if verdict else FALSE_UNSAFE


def certainty(item: Item) -> float:
    """How sure people are of their yes or no, 0..1: 1 if adjudicated or of one mind, 0 for a tie or without answers."""
    if item.adjudicated:
        return 1.0
    return abs(2 * item.yes - item.n) / item.n if item.n else 0.0


def _check(items: Sequence[Item], said: Sequence[Said], judge: int) -> JudgeCheck:
    decided = [item for item in items if item.follows_config is not None]
    verdicts = [item.verdicts.get(judge, UNREAD)[1] for item in decided]
    both = [item for item, verdict in zip(decided, verdicts, strict=True) if verdict is not None]
    found = check([item.follows_config for item in both], [one for one in verdicts if one is not None], _drawn(both))
    unread = sum(judge not in item.verdicts for item in decided)
    own = _of(said, both)
    ceiling = _told(yes_or_no([one.item for one in own], [one.follows_config for one in own], _by_prompt(both)))
    unscored = len(decided) - len(both) - unread
    return JudgeCheck(judge, _in_words(found), ceiling, _points(items, said, judge), unscored, unread)


def _in_words(found: Check) -> Check:
    """The same check; what is undefined says why in words that fit people and a judge."""
    for name in ("sensitivity", "specificity", "kappa"):
        figure = getattr(found, name)
        if figure.value is None:
            found = found._replace(**{name: figure._replace(undefined=_why(found, name))})
    return found


def _why(found: Check, name: str) -> str:
    n = found.confusion.n
    if not n:
        return "No item has a verdict of both."
    if name != "kappa":
        return f"People said {'yes' if name == 'sensitivity' else 'no'} to none of these items."
    word = "yes" if found.sensitivity.n else "no"
    return f"People and the judge both said {word} to each of the {n:,} items: chance would agree as well."


def _points(items: Sequence[Item], said: Sequence[Said], judge: int) -> Points:
    helpful = [(item, item.verdicts.get(judge, UNREAD)[0]) for item in items]
    pairs = [(item, one) for item, one in helpful if one is not None and item.helpfulness is not None]
    both = [item for item, _ in pairs]
    people = MOST_POINTS * np.array([item.helpfulness for item in both], dtype=float)
    judged = MOST_POINTS * np.array([one for _, one in pairs], dtype=float)
    table = side_by_side(rounded(people), rounded(judged), range(len(both)))
    own = _of(said, both)
    kappa = cohen_kappa(table, "quadratic", _drawn(both))
    if not both:
        kappa = kappa._replace(undefined="No item has points of both.")
    if kappa.value is None and both:
        said_by_both = f"People and the judge both gave {table.values[0]} of {MOST_POINTS} to each of the"
        kappa = kappa._replace(undefined=f"{said_by_both} {len(both):,} items: chance would agree as well.")
    return Points(
        kappa,
        _told(points([one.item for one in own], [one.points for one in own], _by_prompt(both))),
        fsum(np.abs(people - judged).tolist()) / len(both) if both else None,
        len(both),
    )


def _told(found: Ceiling) -> Ceiling:
    """The ceiling, with why there is none in words that fit it."""
    if found.n_items:
        return found
    return found._replace(kappa=found.kappa._replace(undefined="None of these items has answers of two people."))


def _of(said: Sequence[Said], items: Sequence[Item]) -> list[Said]:
    wanted = {item.pk for item in items}
    return [one for one in said if one.item in wanted]


def _drawn(items: Sequence[Item]) -> Resampling:
    """Units are the places of these items; those of one prompt are drawn together."""
    return Resampling(cluster_of=lambda place: items[place].wording)  # type: ignore[call-overload]


def _by_prompt(items: Sequence[Item]) -> Resampling:
    return Resampling(cluster_of={item.pk: item.wording for item in items}.__getitem__)  # type: ignore[arg-type]
