"""What people wrote, found by words. Each answer is an unread queryset; whoever shows it takes as much as they show."""

from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from annotations.core.found_words import spellings
from annotations.models import Benchmark, Campaign, ConfigVersion, Prompt, SafetyConfig

LATEST = 20_000
"""So many prompts are read for words, the newest; a text in the middle of another one has no index."""
SHORTEST = 3
"""So many letters one word has at least, before prompts are read for it."""


def with_words(rows: QuerySet[Any], words: tuple[str, ...], *fields: str) -> QuerySet[Any]:
    """The rows in which every word stands in one of these fields, whatever its case."""
    for word in words:
        said = Q()
        for field in fields:
            for each in spellings(word):
                said |= Q(**{f"{field}__icontains": each})
        rows = rows.filter(said)
    return rows


def configs(mine: QuerySet[SafetyConfig], words: tuple[str, ...]) -> QuerySet[SafetyConfig]:
    """Those with the words in title, slug, organisation or newest policy, which is `newest_policy`; by title."""
    newest = ConfigVersion.objects.filter(config=OuterRef("pk")).order_by("-number")
    told = mine.select_related("organisation").annotate(newest_policy=Subquery(newest.values("policy")[:1]))
    return with_words(told, words, "title", "slug", "organisation__name", "newest_policy").order_by("title", "pk")


def benchmarks(mine: QuerySet[Benchmark], words: tuple[str, ...]) -> QuerySet[Benchmark]:
    """Those with the words in title, slug or description."""
    found = with_words(mine.select_related("organisation"), words, "title", "slug", "about")
    return found.defer("card", "targets").order_by("title", "pk")


def prompts(mine: QuerySet[Benchmark], words: tuple[str, ...]) -> QuerySet[Prompt]:
    """The current prompts of these benchmarks with the words in their text, newest first, among the LATEST."""
    if max(map(len, words), default=0) < SHORTEST:
        return Prompt.objects.none()
    current = Prompt.objects.current().filter(benchmark__in=mine.order_by().values("pk"))
    latest = Prompt.objects.filter(pk__in=current.order_by("-pk").values("pk")[:LATEST])
    return with_words(latest, words, "text").select_related("benchmark").order_by("-pk")


def campaigns(mine: QuerySet[Campaign], words: tuple[str, ...]) -> QuerySet[Campaign]:
    """Those with the words in their title, newest first."""
    return with_words(mine, words, "title").order_by("-pk")


def versions_called(mine: QuerySet[SafetyConfig], digest: str) -> QuerySet[ConfigVersion]:
    """The versions whose digest begins so."""
    found = ConfigVersion.objects.filter(config__in=mine, **begins("digest", digest))
    return found.select_related("config").defer("policy", "rules", "allowed", "note").order_by("-pk")


def prompts_called(mine: QuerySet[Benchmark], name: str) -> QuerySet[Prompt]:
    """The current prompts of that uid, or whose digest begins so, among the first fifty that are called so at all.

    These are looked up alone: together with the rest, a database takes another index than that of the digests.
    """
    try:
        called = Q(uid=UUID(name))
    except ValueError:
        called = Q(**begins("digest", name))
    there = list(Prompt.objects.filter(called).order_by().values_list("pk", flat=True)[:50])
    current = Prompt.objects.current().filter(pk__in=there, benchmark__in=mine.order_by().values("pk"))
    return current.select_related("benchmark").order_by("-pk")


def begins(field: str, digest: str) -> dict[str, str]:
    """A filter for digests that begin so, as a range that an index answers."""
    return {f"{field}__gte": digest.lower(), f"{field}__lt": digest.lower() + "g"}
