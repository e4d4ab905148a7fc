"""The figures of agreement of a campaign as rows to take away: one row for each figure of each group of items."""

from collections.abc import Iterator
from typing import Any

from annotations.core.agreement import Agreement
from annotations.models import Campaign, SafetyConfig
from annotations.queries.rating_agreement import OF_ALL, OF_PART, Comparison, report

COLUMNS = (
    "campaign", "group", "of", "question", "figure", "value", "low", "high", "items", "answers", "raters",
    "items_with_one_answer", "resamples", "resamples_left_out", "undefined",
)  # fmt: skip
FOLLOWS, POINTS = "follows_config", "points"


def rows(campaign: Campaign) -> Iterator[list[Any]]:
    """A row of COLUMNS for each figure of the whole campaign, of each config and of each kind."""
    found = report(campaign).agreements
    titles = dict(SafetyConfig.objects.filter(pk__in=found.configs).values_list("pk", "title"))
    yield from _of_group(campaign, "whole", "", found.whole, OF_ALL.resamples)
    for pk, one in found.configs.items():
        yield from _of_group(campaign, "config", titles.get(pk, str(pk)), one, OF_PART.resamples)
    for kind, one in found.kinds.items():
        yield from _of_group(campaign, "kind", kind, one, OF_PART.resamples)


def _of_group(campaign: Campaign, group: str, of: str, found: Comparison, resamples: int) -> Iterator[list[Any]]:
    kappa = f"{found.kappa_name.lower()} kappa"
    for question, figure, one in (
        (FOLLOWS, "percent agreement", found.percent),
        (FOLLOWS, kappa, found.kappa),
        (FOLLOWS, "gwet ac1", found.ac1),
        (FOLLOWS, "krippendorff alpha nominal", found.alpha),
        (POINTS, f"{kappa} quadratic", found.points_kappa),
        (POINTS, "krippendorff alpha ordinal", found.points_alpha),
        (POINTS, "gwet ac2 quadratic", found.points_ac2),
    ):
        yield [campaign.title, group, of, question, figure, *_numbers(one, resamples)]


def _numbers(found: Agreement, resamples: int) -> list[Any]:
    low, high = found.interval or (None, None)
    counts = [found.n_units, found.n_ratings, found.n_raters, found.n_single]
    drawn = [resamples, found.n_left_out] if found.interval else [None, None]
    return [found.value, low, high, *counts, *drawn, found.undefined or None]
