"""Training runs in words, on every page."""

from django import template
from django.utils.translation import gettext

from training import training_figures
from training.recipes.run_dir import MERGE
from training.training_queries import KIND_WORDS

register = template.Library()
register.filter("curve_figure", training_figures.figure)


@register.filter
def training_kind(kind: str) -> str:
    """What people read for a kind of training."""
    return gettext(KIND_WORDS.get(kind, kind))


@register.filter
def training_noun(kind: str) -> str:
    """What a run of the kind goes through one after the other."""
    return gettext("parts") if kind == MERGE else gettext("steps")
