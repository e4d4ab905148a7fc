"""Answers on their way out: the rows of a campaign in one of the shapes, some hundred items at a time."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.text import slugify

from annotations.core.pseudonyms import pseudonym
from annotations.exports import Table
from annotations.models import Adjudication, Campaign, CampaignItem, Candidate, Rating
from annotations.queries.item_values import ratings_of
from annotations.queries.rating_shapes import SHAPES, Decided, Given, ItemFacts, Line

CHUNK = 400
OF_ITEM = (
    *("pk", "needed", "gold_low", "gold_high", "gold_follows", "practice", "taken_out_at", "masked"),
    *("response__prompt__uid", "response__prompt__text", "response__prompt__kind", "response__prompt__risks"),
    *("response__version__config__slug", "response__version__config__title", "response__version__number"),
    *("response__text", "response__candidate", "response__source"),
)
OF_ANSWER = (
    *("pk", "item", "rater", "rater__username", "points", "follows_config", "broken_rules", "risks", "comment"),
    *("guideline__number", "seconds", "created_at", "withdrawn_at"),
)
OF_DECISION = ("item", "points", "follows_config", "broken_rules", "cause", "note")


def rater_name(campaign: int, rater: int) -> str:
    """What a rater is called in a campaign: always the same there, another name in each campaign."""
    return f"r-{pseudonym(settings.SECRET_KEY, 'rater', campaign, rater)[:10]}"


def number_of(campaign: Campaign, shape: str) -> int:
    """How many rows the table will have."""
    return campaign.items.count() if SHAPES[shape].whole else ratings_of(campaign).count()


def tag_counts(campaign: Campaign) -> dict[str, int]:
    """How many items of the campaign carry each risk category."""
    counts: dict[str, int] = defaultdict(int)
    for tags, number in campaign.items.order_by().values_list("tags").annotate(Count("pk")):
        for slug in filter(None, tags.split(",")):
            counts[slug] += number
    return dict(counts)


def table(campaign: Campaign, shape: str, *, user_names: bool = False, card: str = "") -> Table:
    """The answers, or the items, as they are now; they are read while somebody goes through the rows.

    Raters have names of this campaign alone, or with `user_names` those by which they log in.
    """
    columns = SHAPES[shape].columns
    values = [column.value for column in columns]
    return Table(
        columns=tuple(column.name for column in columns),
        rows=([value(line) for value in values] for line in _lines(campaign, SHAPES[shape].whole, user_names)),
        name=f"{slugify(campaign.title)[:60] or 'campaign'}-{campaign.pk}-{shape}",
        card=card,
        types=tuple(column.type for column in columns),
    )


def _lines(campaign: Campaign, whole: bool, user_names: bool) -> Iterator[Line]:
    candidates = _candidates(campaign)

    def name(what: str, pk: int, username: str) -> str:
        if what == "rater":
            return username if user_names else rater_name(campaign.pk, pk)
        return f"a-{pseudonym(settings.SECRET_KEY, what, campaign.pk, pk)}"

    for items in _chunks(campaign, whole):
        given, decided = _given(items), _decided(items) if whole else {}
        for item in items:
            called = candidates.get(item.candidate or 0, (item.source, ""))
            groups: Iterable[Any] = [given[item.pk]] if whole else ([one] for one in given[item.pk])
            for group in groups:
                yield Line(item, group, decided.get(item.pk), *called, name)


def _candidates(campaign: Campaign) -> dict[int, tuple[str, str]]:
    """The name of each candidate, and how it samples."""
    used = campaign.items.order_by().values("response__candidate")
    found = Candidate.objects.filter(pk__in=used).select_related("model")
    return {one.pk: (str(one), _sampling(one)) for one in found}


def _sampling(candidate: Candidate) -> str:
    drawn = f"temperature {candidate.temperature:g}, top_p {candidate.top_p:g}"
    return f"{drawn}, at most {candidate.max_tokens} tokens, seed {candidate.seed}"


def _chunks(campaign: Campaign, whole: bool) -> Iterator[list[ItemFacts]]:
    """The items by their ids; each part is a query of its own, which finds its place without reading the rest."""
    found: QuerySet[CampaignItem] = CampaignItem.objects.filter(campaign=campaign).order_by("pk")
    if not whole:
        found = found.filter(Exists(Rating.objects.filter(item=OuterRef("pk"))))
    last = 0
    while some := [ItemFacts(*row) for row in found.filter(pk__gt=last).values_list(*OF_ITEM)[:CHUNK]]:
        yield some
        last = some[-1].pk


def _given(items: list[ItemFacts]) -> dict[int, list[Given]]:
    """Every answer on each of the items, in the order they came."""
    ids = [item.pk for item in items]
    given: dict[int, list[Given]] = {pk: [] for pk in ids}
    for row in Rating.objects.filter(item__in=ids).order_by("pk").values_list(*OF_ANSWER):
        one = Given(*row)
        given[one.item].append(one)
    return given


def _decided(items: list[ItemFacts]) -> dict[int, Decided]:
    found = Adjudication.objects.filter(item__in=[item.pk for item in items], withdrawn_at=None)
    return {row[0]: Decided(*row) for row in found.values_list(*OF_DECISION)}
