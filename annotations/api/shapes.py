"""What goes in and out, field by field. Each field says what it is: the document and the viewer show it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers

LARGEST_ID = 2**63 - 1


class Shown(serializers.Serializer[Any]):
    """Something the API gives: fields alone, no logic."""


class Said(serializers.Serializer[Any]):
    """Something the API takes. A field it does not know is refused, so that a misspelt one is noticed.

    Of a PATCH, which may leave out every other field, those of `needed` have to be there.
    """

    needed: ClassVar[tuple[str, ...]] = ()

    def to_internal_value(self, data: Any) -> Any:
        """The checked values. Raises ValidationError."""
        if self.partial and isinstance(data, Mapping) and (lacks := [name for name in self.needed if name not in data]):
            raise serializers.ValidationError({name: ["This field is required."] for name in lacks})
        if isinstance(data, Mapping) and (unknown := sorted(set(data) - set(self.fields))):
            takes = ", ".join(self.fields) or "none"
            raise serializers.ValidationError(
                {name[:100]: [f"There is no such field; there are: {takes}."] for name in unknown[:20]}
            )
        if isinstance(data, Mapping) and (wrong := self._wrong_types(data)):
            raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)

    def _wrong_types(self, data: Mapping[str, Any]) -> dict[str, list[str]]:
        """What is not of the type the document names: "12" is no number, and 12 is no text."""
        given = ((name, field, data[name]) for name, field in self.fields.items() if data.get(name) is not None)
        return {name: [said] for name, field, value in given if (said := _wrong_type(field, value))}


_TYPES: tuple[tuple[type[Any], tuple[type, ...], str], ...] = (
    (serializers.BooleanField, (bool,), "This is to be true or false."),
    (serializers.IntegerField, (int,), "This is to be a whole number."),
    (serializers.FloatField, (int, float), "This is to be a number."),
    (serializers.CharField, (str,), "This is to be text."),
    (serializers.ListField, (list,), "This is to be a list."),
)


def _wrong_type(field: serializers.Field[Any, Any, Any, Any], value: Any) -> str:
    for kind, types, sentence in _TYPES:
        if isinstance(field, kind):
            fits = isinstance(value, types) and (bool in types or not isinstance(value, bool))
            return "" if fits else sentence
    return ""


class Id(serializers.IntegerField):
    """The id of something, as the API gave it."""

    def __init__(self, **options: Any):
        super().__init__(**{"min_value": 1, "max_value": LARGEST_ID} | options)


class Person(Shown):
    """A person, by the name the pages show."""

    id = Id(help_text="Id of the person.", source="pk")
    name = serializers.CharField(help_text="Name as the pages show it.", source="__str__")


class ProblemDetails(Shown):
    """What went wrong, after RFC 9457."""

    type = serializers.CharField(help_text="Kind of problem, a URN that never changes.")
    title = serializers.CharField(help_text="The kind in words.")
    status = serializers.IntegerField(help_text="The HTTP status.")
    detail = serializers.CharField(help_text="What happened and what to do.")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="Sentences by field; parts of a list or an object are named as in rules.0.text.",
    )


def page_of(shown: type[Shown]) -> type[Shown]:
    """The shape of a page of these."""
    where: dict[str, Any] = {"read_only": True, "allow_null": True}
    fields = {
        "__doc__": f"A page of a list: {shown.__doc__}",
        "next": serializers.URLField(help_text="Address of the next page, null on the last one.", **where),
        "previous": serializers.URLField(help_text="Address of the page before, null on the first one.", **where),
        "results": shown(many=True, help_text="The rows of this page."),
    }
    return type(f"{shown.__name__}Page", (Shown,), fields)
