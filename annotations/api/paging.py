"""Lists in pages by cursor: a page begins after a row, not at a number, so that new rows move nothing."""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, NamedTuple
from uuid import UUID

from django.core import signing
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from annotations.api.problems import malformed

DEFAULT_SIZE = 50


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
    steps = [_turned(step) for step in order] if back else list(order)
    asked = rows.order_by(*steps)
    if here is not None:
        asked = asked.filter(_after(steps, here.values))
    found = list(asked[: size + 1])
    more, found = len(found) > size, found[:size]
    if back:
        found.reverse()
    before, after = (more, True) if back else (here is not None, more)
    return Page(
        found,
        _address(request, found[-1], order, back=False) if found and after else None,
        _address(request, found[0], order, back=True) if found and before else None,
    )


def _turned(step: str) -> str:
    return step[1:] if step.startswith("-") else f"-{step}"


def _after(steps: Sequence[str], values: Sequence[Any]) -> Q:
    """What lies after these values: later in the first step, or alike in it and later in the second, and so on."""
    names = [step.removeprefix("-") for step in steps]
    alternatives = []
    for place, step in enumerate(steps):
        alike = Q(**dict(zip(names[:place], values[:place], strict=True)))
        later = "lt" if step.startswith("-") else "gt"
        alternatives.append(alike & Q(**{f"{names[place]}__{later}": values[place]}))
    return reduce(or_, alternatives)


def _signer(request: HttpRequest) -> signing.Signer:
    """Cursors are signed, and each list has its own: one that fits holds values that fit its order."""
    return signing.Signer(salt=f"api.cursor:{request.path}")


def _read(request: HttpRequest, cursor: str) -> Cursor:
    try:
        values, back = _signer(request).unsign_object(cursor)
    except (signing.BadSignature, ValueError) as wrong:
        raise malformed("This cursor does not belong to this list. Begin without one.", "cursor") from wrong
    return Cursor(values, back)


def _address(request: HttpRequest, row: Any, order: Sequence[str], *, back: bool) -> str:
    values = [_plain(_follow(row, step.removeprefix("-"))) for step in order]
    query = request.GET.copy()
    query["cursor"] = _signer(request).sign_object([values, back])
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _follow(row: Any, path: str) -> Any:
    return reduce(getattr, path.split("__"), row)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
