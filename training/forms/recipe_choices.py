"""What the form of a recipe begins with."""

from decimal import Decimal
from typing import Any

from annotations.core import recipe as core
from annotations.core.recipe import RecipeSettings
from training.models import Recipe


def first_choices(settings: RecipeSettings) -> dict[str, Any]:
    """The first choices of a form with these settings."""
    label, reading = settings.labelling, settings.reading
    told = {name: getattr(label, name) for name in ("judge", "cap", "least", "drop_all_risks", "dev_share")}
    told |= {name: getattr(settings.weights, name) for name in ("alpha", "beta", "gamma")}
    dollars = settings.budget_dollars
    return told | {
        "judge_model": label.model,
        "trained": list(label.trained),
        "modes": list(settings.modes),
        "templates": list(settings.templates),
        "sources": settings.sources,
        "risks": reading.risks,
        "addressed": reading.addressed,
        "reader_model": reading.model,
        "samples": reading.samples,
        "built": settings.mixture.built,
        "people": settings.mixture.people,
        "campaigns": list(settings.mixture.campaigns),
        "seed": settings.seed,
        "anew": not settings.use_cache,
        "budget_tokens": settings.budget_tokens,
        "budget_dollars": None if dollars is None else Decimal(str(dollars)),
    }


def as_is(recipe: Recipe) -> dict[str, Any]:
    """The first choices of a form that changes this recipe."""
    kept = {name: getattr(recipe, f"{name}_id") for name in ("benchmark", "taxonomy")}
    return kept | {"title": recipe.title, "about": recipe.about} | first_choices(settings_of(recipe))


def settings_of(recipe: Recipe) -> RecipeSettings:
    """The recipe's settings, or those that every recipe begins with where they cannot be read any more."""
    try:
        return core.read(recipe.settings)
    except core.BadRecipe:
        return RecipeSettings()
