"""Query parameters, declared once: checked, given to the query, and described in the document."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.http import QueryDict
from rest_framework import serializers

from annotations.api.problems import Problem
from annotations.api.shapes import LARGEST_ID


class Filter(NamedTuple):
    """One query parameter. `lookup` is what it means for the query; without one the view reads `self.asked[name]`."""

    name: str
    words: str
    read: Callable[[str], Any]
    schema: Mapping[str, Any]
    lookup: str = ""


def number(name: str, words: str, *, lookup: str = "", low: int = 1, high: int = LARGEST_ID) -> Filter:
    """A whole number between `low` and `high`."""
    field = serializers.IntegerField(min_value=low, max_value=high)
    return _of(name, words, field, {"type": "integer", "minimum": low, "maximum": high}, lookup)


def choice(name: str, words: str, choices: tuple[str, ...], *, lookup: str = "") -> Filter:
    """One word of several."""
    return _of(name, words, serializers.ChoiceField(choices), {"type": "string", "enum": list(choices)}, lookup)


def text(name: str, words: str, *, lookup: str = "", longest: int = 200) -> Filter:
    """Some words."""
    schema = {"type": "string", "maxLength": longest, "minLength": 1}
    return _of(name, words, serializers.CharField(max_length=longest), schema, lookup)


def flag(name: str, words: str, *, lookup: str = "") -> Filter:
    """true or false."""
    schema = {"type": "string", "enum": ["true", "false"]}
    chosen = serializers.ChoiceField(("true", "false"))
    return Filter(name, words, lambda said: chosen.run_validation(said) == "true", schema, lookup)


def moment(name: str, words: str, *, lookup: str = "") -> Filter:
    """A moment in ISO 8601, such as 2026-05-04T10:00:00Z."""
    field = serializers.DateTimeField()

    def read(said: str) -> datetime:
        try:
            found: datetime = field.run_validation(said)
        except OverflowError as far:
            raise serializers.ValidationError("This moment is out of range.") from far
        return found

    return Filter(name, words, read, {"type": "string", "format": "date-time"}, lookup)


def _of(name: str, words: str, field: serializers.Field[Any, Any, Any, Any], schema: Any, lookup: str) -> Filter:
    return Filter(name, words, field.run_validation, schema, lookup)


CURSOR = text("cursor", "Where the page begins: comes with `next` and `previous` of a page.", longest=4000)
PAGE_SIZE = number("page_size", "The most rows of a page; 50 without it.", high=200)


def read(query: QueryDict, filters: tuple[Filter, ...]) -> dict[str, Any]:
    """The values that were asked for, by name; None where nothing was. Raises Problem (400) for all else."""
    known = {one.name: one for one in filters}
    if unknown := sorted(set(query) - set(known)):
        takes = ", ".join(known) or "none"
        said = f"There is no such query parameter here; there are: {takes}."
        raise Problem(400, said, errors={name[:100]: [said] for name in unknown[:20]})
    if twice := [name for name in query if len(query.getlist(name)) > 1]:
        raise Problem(400, f"{twice[0]} is given twice.", errors={twice[0]: ["Give it once."]})
    return {name: _value(one, str(query[name])) if name in query else None for name, one in known.items()}


def _value(one: Filter, said: str) -> Any:
    try:
        return one.read(said)
    except serializers.ValidationError as wrong:
        sentences = [str(sentence) for sentence in wrong.detail]
        raise Problem(400, f"{one.name}: {' '.join(sentences)}", errors={one.name: sentences}) from wrong


def lookups(filters: tuple[Filter, ...], asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the values mean for the query."""
    return {one.lookup: asked[one.name] for one in filters if one.lookup and asked[one.name] is not None}
