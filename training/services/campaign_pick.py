"""Choosing the responses of runs that people rate: all that match, or a seeded sample of them."""

from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext

from annotations.models import Campaign, Response, User
from annotations.services import audit, campaign_items, slots
from annotations.services.campaign_items import Added, ItemProblem
from training import strategies
from training.models import EvaluationRun, RunItem
from training.models.runs import FINISHED, ITEM_DONE, RUNNING

STATES = (FINISHED, RUNNING)
MOST_READ = 20_000
"""Of so many responses the texts are read to count those that name their model."""


class Choice(NamedTuple):
    """Which responses of some runs are wanted; what is None or "" asks for nothing. The first three are ids, or a kind.

    `number` is the size of the sample that `seed` draws of those that are not in the campaign yet; None takes all.
    """

    config: int | None = None
    candidate: int | None = None
    kind: str = ""
    number: int | None = None
    seed: int = 0


class Look(NamedTuple):
    """What a choice comes to. Of `matching` responses `known` are in the campaign and `empty` have no text.

    `chosen` are the ids that would be added, and `naming` how many of them name their model: None when they are too
    many to be read for it.
    """

    matching: int
    known: int
    empty: int
    chosen: list[int]
    naming: int | None

    @property
    def rest(self) -> int:
        """How many could be added and are not drawn."""
        return self.matching - self.known - self.empty - len(self.chosen)


def offered(campaign: Campaign, runs: QuerySet[EvaluationRun]) -> QuerySet[EvaluationRun]:
    """Those of the runs a campaign takes responses from: of its organisation, finished or running, newest first.

    A run that withholds by its judges' verdicts gave nobody what it holds: people are asked about the run it filters.
    """
    own = runs.filter(organisation=campaign.organisation_id, state__in=STATES)
    return own.exclude(candidate__strategy__in=strategies.filtering()).order_by("-pk")


def matching(runs: QuerySet[EvaluationRun], choice: Choice) -> QuerySet[Response]:
    """The answered items' responses of these runs that are wanted, whatever the campaign has."""
    given: dict[str, Any] = {
        "version__config": choice.config,
        "prompt__kind": choice.kind,
        "run__candidate": choice.candidate,
    }
    wanted = {name: value for name, value in given.items() if value}
    items = RunItem.objects.filter(run__in=runs.order_by().values("pk"), state=ITEM_DONE, **wanted)
    return Response.objects.filter(pk__in=items.order_by().values("response"))


def look(*, campaign: Campaign, runs: QuerySet[EvaluationRun], choice: Choice) -> Look:
    """What the choice comes to now; nothing is stored."""
    ids, known, empty, free = matching(runs, choice), 0, 0, []
    there = set(campaign.items.values_list("response", flat=True))
    blank = set(ids.filter(text__regex=r"^\s*$").values_list("pk", flat=True))
    for pk in ids.order_by().values_list("pk", flat=True):
        known += pk in there
        empty += pk in blank and pk not in there
        if pk not in there and pk not in blank:
            free.append(pk)
    chosen = drawn(free, choice.number, choice.seed)
    return Look(known + empty + len(free), known, empty, chosen, _naming(chosen))


def drawn(ids: list[int], number: int | None, seed: int) -> list[int]:
    """So many of the ids, drawn by the seed; the same ids and seed give the same ones. All for no number."""
    if number is None:
        return ids
    return sorted(ids, key=lambda pk: (slots.place(seed, pk, 2), pk))[:number]


def _naming(chosen: list[int]) -> int | None:
    if len(chosen) > MOST_READ:
        return None
    return sum(bool(fact.given_away) for fact in campaign_items.facts(Response.objects.all(), chosen))


@transaction.atomic
def add(*, campaign: Campaign, runs: QuerySet[EvaluationRun], choice: Choice, actor: User) -> Added:
    """What came of adding them. Raises ItemProblem when there is none to add, and as `campaign_items.add` does."""
    campaign_items.lock(campaign)
    found = look(campaign=campaign, runs=runs, choice=choice)
    if not found.chosen:
        raise ItemProblem(
            gettext("Nothing matches that is not in the campaign already. Choose other runs, or ask for less.")
        )
    taken = list(runs.values_list("pk", flat=True))
    added = campaign_items.add(campaign=campaign, responses=Response.objects.all(), actor=actor, only=found.chosen)
    after = {"runs": taken, "matching": found.matching, "added": added.new, **choice._asdict()}
    audit.record(actor=actor, action="pick", obj=campaign, after=after)
    return added
