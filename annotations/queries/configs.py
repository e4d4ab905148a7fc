"""Reads over configs and their versions."""

from collections.abc import Iterable

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery

from annotations.models import ConfigVersion, Prompt, Review, RiskCategory, SafetyConfig
from annotations.models.configs import SUBMITTED
from annotations.models.reviews import APPROVE

TEXT = ("policy", "rules", "allowed", "note")
"""What of a version a list does not show, and which can be very long."""


def configs_with_versions(configs: QuerySet[SafetyConfig]) -> QuerySet[SafetyConfig]:
    """The configs with `all_versions` (newest first) and `prompt_count` on each."""
    rows = ConfigVersion.objects.defer("policy", "rules", "note").order_by("-number")
    newest = Prefetch("versions", rows, to_attr="all_versions")
    counted = Prompt.objects.current().filter(config=OuterRef("pk")).order_by().values("config").annotate(n=Count("pk"))
    return (
        configs.select_related("organisation")
        .prefetch_related(newest)
        .annotate(prompt_count=Subquery(counted.values("n")))
        .order_by("organisation__name", "title")
    )


def configs_with_heads(configs: QuerySet[SafetyConfig]) -> QuerySet[SafetyConfig]:
    """The configs with `all_versions` on each: number and state alone, newest first."""
    heads = ConfigVersion.objects.only("config", "number", "state").order_by("-number")
    return configs.select_related("organisation").prefetch_related(Prefetch("versions", heads, to_attr="all_versions"))


def categories(slugs: Iterable[str]) -> list[RiskCategory]:
    """The risk categories with these slugs, in the order of the taxonomy."""
    return list(RiskCategory.objects.filter(slug__in=list(slugs)))


def versions_in_review(configs: QuerySet[SafetyConfig]) -> QuerySet[ConfigVersion]:
    """The versions that wait for a decision, longest first, with `approvals` and `open_threads` on each."""
    approved = Count("reviews", filter=Q(reviews__decision=APPROVE), distinct=True)
    threads = Count("comments", filter=Q(comments__resolved_at=None, comments__parent=None), distinct=True)
    return (
        ConfigVersion.objects.filter(config__in=configs, state=SUBMITTED)
        .defer(*TEXT)
        .select_related("config__organisation", "submitted_by")
        .annotate(approvals=approved, open_threads=threads)
        .order_by("submitted_at")
    )


def decisions(configs: QuerySet[SafetyConfig]) -> QuerySet[Review]:
    """The decisions on versions of these configs, newest first."""
    return (
        Review.objects.filter(version__config__in=configs)
        .select_related("version__config__organisation", "reviewer")
        .defer(*(f"version__{field}" for field in TEXT))
        .order_by("-pk")
    )
