"""The body of a request: JSON in UTF-8, one object, nothing that no database takes."""

import json
from math import isfinite
from typing import Any

from django.http import HttpRequest
from rest_framework.negotiation import BaseContentNegotiation

from annotations.api.problems import Problem, malformed

DEEPEST = 32
NOT_STORABLE = "A text holds NUL or half of a surrogate pair, which no text has."


class AlwaysJson(BaseContentNegotiation):
    """Whatever is accepted: JSON is what there is."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        """The only one."""
        return parsers[0]

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        """The only one, with its media type."""
        return renderers[0], renderers[0].media_type


def json_object(request: HttpRequest) -> dict[str, Any]:
    """The object in the body, {} for an empty body.

    Raises Problem: 415 for another media type, 400 for what is no JSON object or nests deeper than 32.
    """
    raw = request.body
    if not raw.strip():
        return {}
    if request.content_type != "application/json":
        raise Problem(415, "Send the body as application/json.")
    try:
        found = json.loads(raw.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as wrong:
        raise malformed("The body is not JSON in UTF-8.") from wrong
    if not isinstance(found, dict):
        raise malformed("The body is to be a JSON object.")
    _check(found)
    return found


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def _check(found: Any, depth: int = 1) -> None:
    if depth > DEEPEST:
        raise malformed(f"The body nests deeper than {DEEPEST}.")
    if isinstance(found, float) and not isfinite(found):
        raise malformed("A number is too large to be one.")
    if isinstance(found, str):
        if "\0" in found or not _whole(found):
            raise malformed(NOT_STORABLE)
    elif isinstance(found, dict):
        for name, inside in found.items():
            _check(name, depth + 1)
            _check(inside, depth + 1)
    elif isinstance(found, list):
        for inside in found:
            _check(inside, depth + 1)


def _whole(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)
