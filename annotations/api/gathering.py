"""Lists of which a page is read in a handful of queries, and sequences that are no query."""

from collections.abc import Sequence
from typing import Any, cast

from django.core import signing
from django.http import HttpRequest
from rest_framework import serializers

from annotations.api.paging import DEFAULT_SIZE, Page
from annotations.api.problems import malformed
from annotations.api.shapes import Shown
from annotations.models import User


class Together(serializers.ListSerializer[Any]):
    """Rows that learn together what is counted of each."""

    def to_representation(self, data: Any) -> list[Any]:
        """The rows as JSON."""
        rows = cast(Gathered, self.child).together(list(data), self.context["request"].user)
        return super().to_representation(rows)


class Gathered(Shown):
    """Something of which more is counted for all rows of a page at once."""

    class Meta:
        list_serializer_class = Together

    @classmethod
    def together(cls, rows: list[Any], asker: User) -> list[Any]:
        """The rows as the fields read them, in their order."""
        return rows


def part(request: HttpRequest, rows: Sequence[Any], *, cursor: str | None, size: int | None) -> Page:
    """The page of a sequence that stays as it is; its cursors are signed places in it.

    Raises Problem (400) for a cursor that this list did not give.
    """
    start, most = _place(request, cursor) if cursor else 0, size or DEFAULT_SIZE
    end, before = start + most, max(0, start - most)
    return Page(
        list(rows[start:end]),
        _address(request, end) if end < len(rows) else None,
        _address(request, before) if start else None,
    )


def _signer(request: HttpRequest) -> signing.Signer:
    return signing.Signer(salt=f"api.place:{request.path}")


def _place(request: HttpRequest, cursor: str) -> int:
    try:
        place = _signer(request).unsign_object(cursor)
    except (signing.BadSignature, ValueError) as wrong:
        raise malformed("This cursor does not belong to this list. Begin without one.", "cursor") from wrong
    return int(place)


def _address(request: HttpRequest, place: int) -> str:
    query = request.GET.copy()
    query["cursor"] = _signer(request).sign_object(place)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
