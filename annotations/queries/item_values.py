"""What the answers of a campaign come to for each item: the decision in force, else what its raters say together."""

from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet, Sum

from annotations.models import Adjudication, Campaign, CampaignItem, Rating
from annotations.models.campaigns import MOST_POINTS

COUNTING = {"taken_out_at": None, "practice": False, "gold_follows": None}
"""What an item must have to count in results and agreement: it is in the campaign, and nobody was told its answer."""
STANDING: dict[str, Any] = {"withdrawn_at": None, **{f"item__{name}": value for name, value in COUNTING.items()}}
"""What a rating must have to count: it stands, and so does its item."""


class ItemValue(NamedTuple):
    """What one item comes to; all but the last five are ids, the digest of the prompt's wording, and its kind.

    `n` counts its standing ratings. `helpfulness`, 0..1, and `follows_config` are the decision's if it is
    `adjudicated`, else the mean and the majority of the ratings. None is unscored: without a rating both are, and when
    as many say yes as no `follows_config` is, which is then `undecided`.
    """

    item: int
    response: int
    wording: str
    config: int
    version: int
    kind: str
    n: int
    helpfulness: float | None
    follows_config: bool | None
    adjudicated: bool
    undecided: bool


class _Said(NamedTuple):
    n: int = 0
    points: int = 0
    yes: int = 0


def counting_items(campaign: Campaign) -> QuerySet[CampaignItem]:
    """The items that count in results and agreement: in the campaign, neither practice nor gold."""
    return CampaignItem.objects.filter(campaign=campaign, **COUNTING)


def ratings_of(campaign: Campaign) -> QuerySet[Rating]:
    """Every rating of the campaign, withdrawn ones too, in no order.

    Each was given by a version of its campaign's guideline: that index finds them without reading those of others.
    """
    return Rating.objects.filter(guideline__campaign=campaign, item__campaign=campaign).order_by()


def standing_ratings(campaign: Campaign) -> QuerySet[Rating]:
    """The ratings in force of the items that count, in no order."""
    return ratings_of(campaign).filter(**STANDING)


def values(campaign: Campaign) -> list[ItemValue]:
    """The value of each item that counts, rated or not, in the order of the campaign; three queries."""
    said, decided = _said(campaign), _decided(campaign)
    columns = ("pk", "response", "response__prompt__digest", "response__version__config", "response__version")
    rows = counting_items(campaign).order_by("position", "pk").values_list(*columns, "response__prompt__kind")
    return [ItemValue._make([*row, *_value(said.get(row[0], _Said()), decided.get(row[0]))]) for row in rows]


def _said(campaign: Campaign) -> dict[int, _Said]:
    rows = standing_ratings(campaign).values("item")
    counted = rows.annotate(n=Count("pk"), given=Sum("points"), yes=Count("pk", filter=Q(follows_config=True)))
    return {item: _Said(*numbers) for item, *numbers in counted.values_list("item", "n", "given", "yes")}


def _decided(campaign: Campaign) -> dict[int, tuple[int, bool]]:
    found = Adjudication.objects.filter(item__campaign=campaign, withdrawn_at=None)
    return {item: (points, follows) for item, points, follows in found.values_list("item", "points", "follows_config")}


def _value(said: _Said, decided: tuple[int, bool] | None) -> tuple[int, float | None, bool | None, bool, bool]:
    """n, helpfulness, follows_config, adjudicated, undecided."""
    if decided is not None:
        points, follows = decided
        return said.n, points / MOST_POINTS, follows, True, False
    if not said.n:
        return 0, None, None, False, False
    tied = 2 * said.yes == said.n
    return said.n, said.points / said.n / MOST_POINTS, None if tied else 2 * said.yes > said.n, False, tied
