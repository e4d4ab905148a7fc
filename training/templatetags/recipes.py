"""The steps of a recipe in words, on every page."""

from django import template
from django.utils.translation import gettext

from training.services.building.stages import WORDS

register = template.Library()


@register.filter
def step(kind: str) -> str:
    """What people read for a step of that kind."""
    return gettext(WORDS.get(kind, kind))
