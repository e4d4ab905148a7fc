"""The versions of a campaign's guideline: how many answers each was given, and what its next one could mend."""

from django.db.models import Count, Q, QuerySet

from annotations.models import Adjudication, Campaign, Guideline


def versions(campaign: Campaign, *, texts: bool = False) -> QuerySet[Guideline]:
    """The versions, newest first, each with `answers`, the answers in force given by it; with their `texts` if wanted.

    Practice and gold answers count too: they were given by a guideline like all others.
    """
    found = campaign.guidelines.select_related("created_by").order_by("-number")
    counted = found.annotate(answers=Count("ratings", filter=Q(ratings__withdrawn_at=None)))
    return counted if texts else counted.defer("text")


def causes(campaign: Campaign) -> list[tuple[str, int]]:
    """Why raters differed in words, as the decisions in force say, and how often; the most frequent cause first."""
    decided = Adjudication.objects.filter(item__campaign=campaign, withdrawn_at=None).order_by()
    counted = decided.values_list("cause").annotate(n=Count("pk"))
    return [(cause.replace("_", " "), n) for cause, n in sorted(counted, key=lambda one: (-one[1], one[0]))]
