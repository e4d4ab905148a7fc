"""Fields with their description first, as most shapes need them."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from rest_framework import serializers


def text(words: str, **options: Any) -> serializers.CharField:
    """A text, as it was written."""
    return serializers.CharField(help_text=words, **{"trim_whitespace": False} | options)


def whole(words: str, **options: Any) -> serializers.IntegerField:
    """A whole number."""
    return serializers.IntegerField(help_text=words, **options)


def real(words: str, **options: Any) -> serializers.FloatField:
    """A number that need not be whole."""
    return serializers.FloatField(help_text=words, **options)


def yes(words: str, **options: Any) -> serializers.BooleanField:
    """true or false."""
    return serializers.BooleanField(help_text=words, **options)


def moment(words: str, **options: Any) -> serializers.DateTimeField:
    """A moment in ISO 8601, with its zone."""
    return serializers.DateTimeField(help_text=words, **options)


class StrictUid(serializers.UUIDField):
    """A UUID as text: a number is none."""

    def to_internal_value(self, data: Any) -> UUID:
        """The UUID. Raises ValidationError."""
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        found: UUID = super().to_internal_value(data)
        return found


def uid(words: str, **options: Any) -> StrictUid:
    """A UUID."""
    return StrictUid(help_text=words, **options)


def word(words: str, choices: Iterable[Any], **options: Any) -> serializers.ChoiceField:
    """One word of several."""
    return serializers.ChoiceField(choices=tuple(choices), help_text=words, **options)


def texts(words: str, **options: Any) -> serializers.ListField:
    """A list of texts."""
    return serializers.ListField(child=serializers.CharField(), help_text=words, **options)


def counts(words: str, **options: Any) -> serializers.DictField:
    """Whole numbers by name."""
    return serializers.DictField(child=serializers.IntegerField(), help_text=words, **options)


def json(words: str, **options: Any) -> serializers.JSONField:
    """JSON as it is kept."""
    return serializers.JSONField(help_text=words, **options)
