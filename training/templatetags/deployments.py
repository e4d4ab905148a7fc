"""Deployments, keys and calls in words, on every page."""

from django import template

from annotations.marks import Mark, mark
from training import deployment_words

register = template.Library()


@register.filter
def deployment_mark(state: str) -> Mark:
    """Glyph, word and tone of a deployment's state."""
    return mark(deployment_words.MARKS, state)


@register.filter
def call_outcome(outcome: str) -> str:
    """How a call ended, in words."""
    return deployment_words.OUTCOME_WORDS.get(outcome, outcome)
