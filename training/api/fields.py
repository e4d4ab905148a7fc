"""Fields of machines' shapes beside those that every app has: figures nobody may know, settings, lists of ids."""

from math import isfinite
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotations.api.shapes import Id

LONGEST_SETTING = 2_001


class Known(serializers.FloatField):
    """A number of somebody else's JSON: null where it is none, or not finite."""

    def to_representation(self, value: Any) -> float | None:  # type: ignore[override]
        """The number."""
        known = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
        return float(value) if known else None


@extend_schema_field({"type": ["string", "number", "boolean"], "description": "A text, a number, or true or false."})
class Plain(serializers.Field[Any, Any, Any, Any]):
    """A text, a number or a truth, as settings have them."""

    default_error_messages = {"invalid": "A setting is a text, a number, or true or false."}

    def to_internal_value(self, data: Any) -> Any:
        """The value as it came. Raises ValidationError."""
        if not isinstance(data, str | int | float) or isinstance(data, float) and not isfinite(data):
            self.fail("invalid")
        return data[:LONGEST_SETTING] if isinstance(data, str) else data


def plain(words: str, **options: Any) -> serializers.DictField:
    """Settings by their name."""
    return serializers.DictField(child=Plain(), help_text=words, required=False, **options)


def maybe(words: str, **options: Any) -> serializers.FloatField:
    """A number that nobody may know: null is unscored or unknown, never a zero."""
    return Known(help_text=words, allow_null=True, **options)


def ids(words: str, **options: Any) -> serializers.ListField:
    """A list of ids."""
    return serializers.ListField(child=Id(), help_text=words, max_length=1000, **options)
