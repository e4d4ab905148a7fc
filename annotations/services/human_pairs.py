"""Preference pairs out of what people said: every two responses to one prompt under one version, the better first."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext

from annotations.core import categorical
from annotations.core.preference_pairs import ADJUDICATION, RATING, TRAIN, Pair
from annotations.core.rated_pairs import SKIPPED, USUAL, Made, compared
from annotations.core.recipe import Weights
from annotations.core.storable import tidy
from annotations.models import Campaign, ConfigVersion, PreferenceSet, SystemPrompt, User
from annotations.models.campaigns import CLOSED
from annotations.models.preferences import PEOPLE
from annotations.queries import rated_responses
from annotations.queries.rated_responses import Group
from annotations.services import audit
from annotations.services.chores import ChoreProblem

RATED = "rated"
"""The mode of these pairs: no mode made their config, people wrote it."""
UNKNOWN = ""
"""What stands for the risks of a response that no judge looked at: neither some nor none."""
LONGEST_SOURCE, SMALL_PAIRS = 300, 5_000
RUNNING = "“{title}” is not closed yet, and its answers may still change. Close it, or leave it out."


class HumanPairsProblem(ChoreProblem):
    """Why no pairs come out of these campaigns, and what to do about it."""


class Census(NamedTuple):
    """What the campaigns come to: every two responses make a pair or are `skipped` by reason.

    `prompts` counts prompts under a version that have a response, `alone` those of them that have only one.
    """

    prompts: int
    alone: int
    comparisons: int
    pairs: int
    skipped: dict[str, int]

    @property
    def law(self) -> dict[str, Any]:
        """In = out + dropped by reason + failed by reason, over every two responses."""
        return {"in": self.comparisons, "out": self.pairs, "dropped": self.skipped, "failed": {}}


class _Count:
    def __init__(self) -> None:
        self.prompts = self.alone = self.pairs = 0
        self.skipped = Counter[str]()

    def add(self, group: Group, weights: Weights) -> list[Made]:
        """The pairs of the group, counted."""
        found = compared(group.responses, weights)
        self.prompts += 1
        self.alone += len(group.responses) == 1
        self.pairs += len(found.pairs)
        self.skipped += found.skipped
        return found.pairs

    def census(self) -> Census:
        """What was counted so far."""
        skipped = {reason: self.skipped[reason] for reason in SKIPPED if self.skipped[reason]}
        return Census(self.prompts, self.alone, self.pairs + self.skipped.total(), self.pairs, skipped)


def census(campaigns: Collection[int], weights: Weights = USUAL) -> Census:
    """How many pairs the campaigns (ids) come to, and why other responses make none."""
    count = _Count()
    for group in rated_responses.groups(campaigns):
        count.add(group, weights)
    return count.census()


def rows(campaigns: Collection[int], weights: Weights = USUAL) -> Iterator[Pair]:
    """The pairs of the campaigns (ids) by prompt and version, always in the same order, some hundred in memory.

    They are all for training: a mixture may put them elsewhere. Raises HumanPairsProblem, at once, unless every one of
    the campaigns is closed.
    """
    _check_closed(campaigns)
    return _rows(campaigns, weights, _Count())


def of_set(row: PreferenceSet) -> Iterator[Pair]:
    """The pairs of a set that is made of people's answers alone, as its settings ask for them.

    Afterwards its settings, which are not saved here, say what every two responses came to. Raises HumanPairsProblem.
    """
    asked, count = row.settings, _Count()
    _check_closed(asked["campaigns"])
    yield from _rows(asked["campaigns"], Weights(**asked["weights"]), count)
    found = count.census()
    row.settings = {**asked, "prompts": found.prompts, "alone": found.alone, "comparisons": found.law}


def _rows(campaigns: Collection[int], weights: Weights, count: _Count) -> Iterator[Pair]:
    told = _Told(campaigns)
    for group in rated_responses.groups(campaigns):
        for made in count.add(group, weights):
            yield told.pair(made, group)


class _Told:
    """What models were told: system prompts by digest, and versions; each is read once."""

    def __init__(self, campaigns: Collection[int]) -> None:
        self.versions: Mapping[int, ConfigVersion] = rated_responses.versions(campaigns)
        self.texts: dict[str, str] = {}

    def pair(self, made: Made, group: Group) -> Pair:
        """The pair with the words around it."""
        version, better, worse = self.versions[group.asked.version], made.chosen, made.rejected
        return Pair(
            split=TRAIN,
            system_prompt=self._system_prompt({group.system_prompts[one.key] for one in (better, worse)}, version),
            prompt=group.asked.text,
            chosen_response=better.text,
            rejected_response=worse.text,
            spec_i=categorical.legacy(version.allowed),
            spec_j=categorical.legacy(group.asked.risks),
            mode=RATED,
            chosen_cat=UNKNOWN,
            rejected_cat=UNKNOWN,
            chosen_category_error_score=made.chosen_error,
            rejected_category_error_score=made.rejected_error,
            origin=ADJUDICATION if better.value.adjudicated or worse.value.adjudicated else RATING,
            prompt_id=group.asked.prompt,
            chosen_id=better.key,
            rejected_id=worse.key,
        )

    def _system_prompt(self, digests: set[str | None], version: ConfigVersion) -> str:
        """What both responses were told; the version's own words where that differs, or is not kept."""
        (digest,) = digests if len(digests) == 1 else (None,)
        if digest is None:
            return version.system_prompt(None)
        if digest not in self.texts:
            self.texts[digest] = SystemPrompt.objects.get(pk=digest).text
        return self.texts[digest]


def _check_closed(campaigns: Collection[int]) -> None:
    running = Campaign.objects.filter(pk__in=campaigns).exclude(state=CLOSED).order_by("pk").first()
    if running:
        raise HumanPairsProblem(RUNNING.format(title=running.title))


@transaction.atomic
def start(
    *, campaigns: Iterable[Campaign], title: str, actor: User, about: str = "", licence: str = ""
) -> PreferenceSet:
    """The preference set, whose pairs are still to be made out of the answers of these campaigns.

    Raises HumanPairsProblem unless all of them are closed and of one organisation, and come to at least one pair.
    """
    chosen = sorted(campaigns, key=lambda campaign: campaign.pk)
    numbers = [campaign.pk for campaign in chosen]
    _check_closed(numbers)
    if len({campaign.organisation_id for campaign in chosen}) != 1:
        raise HumanPairsProblem(gettext("Choose campaigns of one organisation: a set belongs to one."))
    if not (pairs := census(numbers).pairs):
        raise HumanPairsProblem(gettext("These answers make no pair. Choose other campaigns; the page says why."))
    titles = [campaign.title for campaign in chosen]
    row = PreferenceSet.objects.create(
        organisation=chosen[0].organisation,
        origin=PEOPLE,
        settings={"campaigns": numbers, "titles": titles, "weights": asdict(USUAL)},
        title=tidy(title),
        about=tidy(about),
        licence=tidy(licence),
        source=f"Answers of people: {', '.join(titles)}"[:LONGEST_SOURCE],
        created_by=actor,
        total=pairs,
    )
    audit.record(actor=actor, action="create", obj=row, after={"title": row.title, "campaigns": numbers})
    return row


def is_quick(row: PreferenceSet) -> bool:
    """True when a person can wait until the pairs are made."""
    return row.total <= SMALL_PAIRS
