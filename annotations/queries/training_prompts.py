"""Reads over sets of training prompts: how many there are, in which languages, where from, and what builds on them."""

from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from annotations.core.storable import storable
from annotations.models import Benchmark, Organisation, Prompt, PromptImport
from annotations.models.benchmarks import PromptQuerySet

MOST_SOURCES, MOST_LANGUAGES = 8, 30


def with_counts(sets: QuerySet[Benchmark], mine: QuerySet[Organisation]) -> QuerySet[Benchmark]:
    """The sets, newest first, with `prompt_count`, `recipe_count` (recipes of these organisations) and `state`.

    `state` is that of their import; sets that came in another way are finished.
    """
    here = Prompt.objects.current().filter(benchmark=OuterRef("pk")).order_by().values("benchmark")
    recipes = Benchmark.objects.filter(pk=OuterRef("pk"), recipes__archived_at=None, recipes__organisation__in=mine)
    states = PromptImport.objects.filter(benchmark=OuterRef("pk")).order_by("-pk").values("state")[:1]
    return sets.order_by("-pk").annotate(
        prompt_count=Coalesce(Subquery(here.annotate(number=Count("pk")).values("number")), 0),
        recipe_count=Coalesce(Subquery(recipes.order_by().values("pk").annotate(n=Count("recipes")).values("n")), 0),
        state=Subquery(states),
    )


def latest_import(prompts: Benchmark) -> PromptImport | None:
    """How the set came in; None for one that was made in another way."""
    return prompts.imports.select_related("created_by").order_by("-pk").first()


def prompts(of: Benchmark, *, words: str = "", language: str = "") -> PromptQuerySet:
    """The set's prompts in order, those with these words and of this language."""
    found = of.prompts.current().order_by("position")
    if words:
        found = found.filter(text__icontains=storable(words))
    return found.filter(language=language) if language.isprintable() and language else found


def languages(of: Benchmark) -> list[tuple[str, int]]:
    """How many prompts there are of each language, the most frequent first, at most MOST_LANGUAGES."""
    return _by(of, "language", MOST_LANGUAGES)


def sources(of: Benchmark) -> list[tuple[str, int]]:
    """Where the prompts come from, by how many, at most MOST_SOURCES; "" for those that do not say it."""
    return _by(of, "source", MOST_SOURCES)


def _by(of: Benchmark, field: str, most: int) -> list[tuple[str, int]]:
    counted = of.prompts.current().order_by().values_list(field).annotate(number=Count("pk"))
    return list(counted.order_by("-number", field)[:most])


def recipes(of: Benchmark, mine: QuerySet[Organisation]) -> list[Any]:
    """The recipes of these organisations that build from the set, newest first, each with `pk` and `title`."""
    return list(of.recipes.filter(archived_at=None, organisation__in=mine).order_by("-pk"))
