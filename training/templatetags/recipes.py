"""The steps of a recipe in words, on every page."""

from django import template

from training.services.building.stages import WORDS

register = template.Library()


@register.filter
def step(kind: str) -> str:
    """What people read for a step of that kind."""
    return WORDS.get(kind, kind)
