"""Lists of which a page is read in a handful of queries, and sequences that are no query."""

from collections.abc import Sequence
from typing import Any, cast

from django.http import HttpRequest
from rest_framework import serializers

from annotations.api.paging import DEFAULT_SIZE, Page, address, signer, told
from annotations.api.shapes import Shown
from annotations.models import User

KIND = "place"


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
    signed = signer(request, KIND)
    start, most = int(told(signed, cursor)) if cursor else 0, size or DEFAULT_SIZE
    end, before = start + most, max(0, start - most)
    return Page(
        list(rows[start:end]),
        address(request, signed, end) if end < len(rows) else None,
        address(request, signed, before) if start else None,
    )
