"""Candidates and strategies in words, on every page."""

from django import template
from django.utils.translation import gettext

from annotations.models import Candidate
from training import candidate_words, strategies

register = template.Library()


@register.filter
def strategy(name: str) -> str:
    """What people read for the strategy of that name."""
    return gettext(strategies.label(name))


@register.filter
def candidate(one: Candidate) -> str:
    """The model and its strategy in one line."""
    return candidate_words.candidate_words(one)


@register.filter
def strategy_settings(one: Candidate) -> list[tuple[str, str]]:
    """The settings of the candidate's strategy, (label, value)."""
    return [(gettext(label), gettext(value)) for label, value in strategies.said(one.strategy, one.settings)]
