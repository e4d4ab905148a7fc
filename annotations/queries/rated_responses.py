"""What people say of responses to one prompt under one version, over several campaigns together."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from django.db.models import QuerySet

from annotations.core.rated_pairs import Rated, Value, settled
from annotations.models import Adjudication, Benchmark, CampaignItem, ConfigVersion, Prompt, Rating, Response
from annotations.queries.item_values import COUNTING, STANDING

AT_ONCE = 500
IN_FORCE = {"withdrawn_at": None, **{f"item__{name}": value for name, value in COUNTING.items()}}


class Asked(NamedTuple):
    """A prompt under a version: their ids, the prompt's text, and the risks a harmful answer would carry."""

    prompt: int
    version: int
    text: str
    risks: list[str]


class Group(NamedTuple):
    """The responses to one prompt under one version; the digest of what each was told, None where that is not kept."""

    asked: Asked
    responses: list[Rated]
    system_prompts: dict[int, str | None]


class Part(NamedTuple):
    """A campaign in a set: how many of its responses count, and how many of these have a settled value."""

    campaign: int
    responses: int
    settled: int


def values(campaigns: Collection[int]) -> dict[int, Value]:
    """The value of each response (id) of which somebody said anything in one of the campaigns; two queries.

    The newest decision in force counts, in whichever campaign; without one, all standing ratings count together.
    """
    said: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    ratings = Rating.objects.filter(item__campaign__in=campaigns, **STANDING).order_by()
    for response, points, follows in ratings.values_list("item__response", "points", "follows_config"):
        said[response].append((points, follows))
    decisions = Adjudication.objects.filter(item__campaign__in=campaigns, **IN_FORCE).order_by("pk")
    found = decisions.values_list("item__response", "points", "follows_config")
    decided = {response: (points, follows) for response, points, follows in found}
    return {response: settled(said[response], decided.get(response)) for response in {*said, *decided}}


def groups(campaigns: Collection[int]) -> Iterator[Group]:
    """The responses of the campaigns that count, by prompt and version; some hundred texts are held at a time.

    Practice, gold and items that were taken out do not count: their answers were told, or are not wanted.
    """
    known = values(campaigns)
    rows = _responses(campaigns).order_by("prompt", "version", "pk")
    columns = ("prompt", "version", "prompt__text", "prompt__risks", "pk", "text", "system_prompt")
    every = rows.values_list(*columns).iterator(chunk_size=AT_ONCE)
    for _, some in groupby(every, key=itemgetter(0, 1)):
        found = list(some)
        rated = [Rated(pk, text, known.get(pk, Value())) for *_, pk, text, _ in found]
        yield Group(Asked(*found[0][:4]), rated, {pk: system for *_, pk, _, system in found})


def parts(campaigns: Collection[int]) -> list[Part]:
    """What each of the campaigns brings, in the order of their ids."""
    known = values(campaigns)
    rows = CampaignItem.objects.filter(campaign__in=campaigns, **COUNTING).order_by("campaign")
    every, there = Counter[int](), Counter[int]()
    for campaign, response in rows.values_list("campaign", "response"):
        every[campaign] += 1
        there[campaign] += known.get(response, Value()).follows is not None
    return [Part(campaign, every[campaign], there[campaign]) for campaign in sorted(campaigns)]


def benchmarks(campaigns: Collection[int]) -> list[str]:
    """The titles of the benchmarks whose prompts the responses answer."""
    prompts = Prompt.objects.filter(pk__in=_responses(campaigns).values("prompt"))
    found = Benchmark.objects.filter(pk__in=prompts.values("benchmark")).order_by("title", "pk")
    return list(found.values_list("title", flat=True))


def versions(campaigns: Collection[int]) -> dict[int, ConfigVersion]:
    """The versions under which the responses were given, by id."""
    return ConfigVersion.objects.in_bulk(
        list(_responses(campaigns).order_by().values_list("version", flat=True).distinct())
    )


def _responses(campaigns: Collection[int]) -> QuerySet[Response]:
    items = CampaignItem.objects.filter(campaign__in=campaigns, **COUNTING)
    return Response.objects.filter(pk__in=items.values("response"), version__isnull=False)
