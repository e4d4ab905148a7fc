"""Differences between raters as the lead's list shows them: each with its prompt, and the points in rising order."""

from collections import defaultdict
from typing import NamedTuple

from annotations.models import CampaignItem, Rating, SafetyConfig
from annotations.queries.adjudication import Difference


class Line(NamedTuple):
    """A difference with its item and the points that were given, in rising order: who gave which is not said."""

    difference: Difference
    item: CampaignItem
    points: list[int]


class Totals(NamedTuple):
    """How many differences are open and decided, and how many of the open ones leave their item unscored."""

    open: int
    decided: int
    tied: int


def lines(rows: list[Difference]) -> list[Line]:
    """The differences in this order, with two queries."""
    ids = [row.item for row in rows]
    items = CampaignItem.objects.select_related("response__prompt", "response__version__config").in_bulk(ids)
    given: dict[int, list[int]] = defaultdict(list)
    said = Rating.objects.filter(item__in=ids, withdrawn_at=None).order_by("points")
    for item, points in said.values_list("item", "points"):
        given[item].append(points)
    return [Line(row, items[row.item], given[row.item]) for row in rows if row.item in items]


def totals(rows: list[Difference]) -> Totals:
    """The counts of these differences."""
    decided = sum(row.decided for row in rows)
    return Totals(len(rows) - decided, decided, sum(row.tied and not row.decided for row in rows))


def configs(rows: list[Difference]) -> list[SafetyConfig]:
    """The configs of these differences, by title."""
    return list(SafetyConfig.objects.filter(pk__in={row.config for row in rows}).order_by("title", "pk"))
