"""Lists in pages by cursor: a page begins after a row, not at a number, so that new rows move nothing."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.core import signing
from django.db.models import QuerySet
from django.http import HttpRequest

from annotations.api.problems import malformed
from annotations.keyset import Step, behind, value_of

DEFAULT_SIZE, KIND = 50, "cursor"


class Page(NamedTuple):
    """Rows, and the addresses of the pages beside them."""

    rows: list[Any]
    next: str | None
    previous: str | None


class Cursor(NamedTuple):
    """The row a page lies beside, by its values in the order, and whether the page lies before it."""

    values: list[Any]
    back: bool


def page(request: HttpRequest, rows: QuerySet[Any], order: Sequence[str], *, cursor: str | None, size: int) -> Page:
    """The page of `rows` in this order. The order ends with something unique, and nothing in it is ever null.

    Raises Problem (400) for a cursor that this list did not give.
    """
    here = _read(request, cursor) if cursor else None
    back = here is not None and here.back
    ahead = [Step(name.removeprefix("-"), name.startswith("-"), None) for name in order]
    steps = [step.turned for step in ahead] if back else ahead
    asked = rows.order_by(*(step.ordering for step in steps))
    if here is not None:
        asked = asked.filter(behind(steps, here.values))
    found = list(asked[: size + 1])
    more, found = len(found) > size, found[:size]
    if back:
        found.reverse()
    before, after = (more, True) if back else (here is not None, more)
    return Page(
        found,
        _beside(request, found[-1], ahead, back=False) if found and after else None,
        _beside(request, found[0], ahead, back=True) if found and before else None,
    )


def signer(request: HttpRequest, kind: str) -> signing.Signer:
    """Cursors are signed, and each list has its own: one that fits holds values that fit its order."""
    return signing.Signer(salt=f"api.{kind}:{request.path}")


def told(signed: signing.Signer, cursor: str) -> Any:
    """What the cursor holds. Raises Problem (400) for one that this list did not give."""
    try:
        return signed.unsign_object(cursor)
    except (signing.BadSignature, ValueError) as wrong:
        raise malformed("This cursor does not belong to this list. Begin without one.", "cursor") from wrong


def address(request: HttpRequest, signed: signing.Signer, holds: Any) -> str:
    """The address of the page that a cursor holding this leads to, all else in it as it was asked."""
    query = request.GET.copy()
    query["cursor"] = signed.sign_object(holds)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _read(request: HttpRequest, cursor: str) -> Cursor:
    values, back = told(signer(request, KIND), cursor)
    return Cursor(values, back)


def _beside(request: HttpRequest, row: Any, order: Sequence[Step], *, back: bool) -> str:
    values = [value_of(row, step.path) for step in order]
    return address(request, signer(request, KIND), [values, back])
