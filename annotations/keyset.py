"""Lists in pages by the values of a row: a page begins behind a row, not at a number.

New rows move nothing, and the last page of a million rows costs what the first one does.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any, NamedTuple
from uuid import UUID

from django.core import signing
from django.db import connections
from django.db.models import F, OrderBy, Q, QuerySet
from django.http import HttpRequest

MOST_COUNTED = 10_000
"""Rows are counted up to here; where there are more, a page says so."""


class Step(NamedTuple):
    """One value of an order: where it is, whether it falls, and whether rows without it come last (None: none lack)."""

    path: str
    down: bool
    nulls_last: bool | None

    @property
    def turned(self) -> "Step":
        """The same step in the opposite order."""
        return Step(self.path, not self.down, None if self.nulls_last is None else not self.nulls_last)

    @property
    def ordering(self) -> OrderBy:
        """The step as a query takes it."""
        if self.nulls_last is None:
            return OrderBy(F(self.path), descending=self.down)
        last = self.nulls_last or None
        return OrderBy(F(self.path), descending=self.down, nulls_last=last, nulls_first=None if last else True)


class Rows:
    """One page of a list: its rows, and the cursors of the pages beside it, "" where there is none.

    `count` is how many rows the whole list has; when `more` is true there are more than that, and nobody counted them.
    """

    def __init__(self, found: list[Any], next: str, previous: str, count: int) -> None:
        self.object_list, self.next, self.previous = found, next, previous
        self.count, self.more = min(count, MOST_COUNTED), count > MOST_COUNTED

    def __iter__(self) -> Iterator[Any]:
        return iter(self.object_list)

    def __len__(self) -> int:
        return len(self.object_list)

    @property
    def has_other_pages(self) -> bool:
        """True when this is not the whole list."""
        return bool(self.next or self.previous)


def page(request: HttpRequest, rows: QuerySet[Any], size: int) -> Rows:
    """The page of `rows`, in their own order, that the address asks for: `?after=` or `?before=` a row, or the first.

    `?before=` without a row is the last page. A cursor that this list did not give in this order is the first page.
    """
    order = steps(rows)
    signer = signing.Signer(salt=f"keyset:{request.path}:{order}")
    name = "before" if "before" in request.GET else "after"
    values = _read(signer, request.GET.get(name, ""), len(order))
    if name == "before" and (values or not request.GET["before"]):
        found, further = _some(rows, [step.turned for step in order], values, size)
        if further:
            found.reverse()
            behind = _cursor(signer, found[-1], order) if values else ""
            return Rows(found, behind, _cursor(signer, found[0], order), counted(rows))
        values = None
    found, further = _some(rows, order, values if name == "after" else None, size)
    if values and not found:
        values, (found, further) = None, _some(rows, order, None, size)
    first = name == "before" or not values
    ends = (_cursor(signer, found[-1], order) if further else "", "" if first else _cursor(signer, found[0], order))
    return Rows(found, *ends, len(found) if first and not further else counted(rows))


def counted(rows: QuerySet[Any]) -> int:
    """How many rows there are, at most one more than MOST_COUNTED."""
    return rows.order_by().values("pk")[: MOST_COUNTED + 1].count()


def steps(rows: QuerySet[Any]) -> list[Step]:
    """The order of the rows, ended by their id, so that no two rows are alike in it.

    Raises TypeError for an order by anything but fields and annotations.
    """
    query, model = rows.query, rows.model
    asked: Sequence[Any] = query.order_by or (model._meta.ordering if query.default_ordering else ())
    first_nulls = connections[rows.db].features.order_by_nulls_first
    found = [_step(one, rows, first_nulls) for one in asked]
    if "pk" not in {step.path for step in found}:
        found.append(Step("pk", bool(found) and found[-1].down, None))
    return found


def _step(asked: Any, rows: QuerySet[Any], first_nulls: bool) -> Step:
    if isinstance(asked, str):
        asked = OrderBy(F(asked.removeprefix("-")), descending=asked.startswith("-"))
    if isinstance(asked, F):
        asked = OrderBy(asked)
    if not isinstance(asked, OrderBy) or not isinstance(asked.expression, F):
        raise TypeError(f"A list in pages is ordered by fields and annotations, not by {asked}.")
    path, nullable = _place(asked.expression.name, rows)
    last = bool(asked.nulls_last) if asked.nulls_last or asked.nulls_first else first_nulls == asked.descending
    return Step(path, asked.descending, last if nullable else None)


def _place(path: str, rows: QuerySet[Any]) -> tuple[str, bool]:
    """The path, a foreign key by its id and the id as `pk`, and whether a row may lack the value."""
    if path in rows.query.annotations:
        return path, True
    model: Any = rows.model
    nullable, names = False, path.split("__")
    for place, name in enumerate(names):
        field = model._meta.pk if name == "pk" else model._meta.get_field(name)
        nullable, model = nullable or field.null, field.related_model
        if place + 1 == len(names):
            names[-1] = "pk" if field.primary_key else field.attname
    return "__".join(names), nullable


def behind(order: Sequence[Step], values: Sequence[Any]) -> Q:
    """What lies behind a row with these values: later in the first step, or alike in it and later in the second, …

    The first step's bound stands before all of it once more, because an index is entered by that alone.
    """
    ways, alike = [], Q()
    for step, value in zip(order, values, strict=True):
        if (later := _later(step, value)) is not None:
            ways.append(alike & later)
        alike &= Q(**{f"{step.path}__isnull": True} if value is None else {step.path: value})
    first = order[0]
    if first.nulls_last is None and len(order) > 1:
        return Q(**{f"{first.path}__{'lte' if first.down else 'gte'}": values[0]}) & reduce(or_, ways)
    return reduce(or_, ways)


def _later(step: Step, value: Any) -> Q | None:
    """What comes after the value in this step; None when nothing can."""
    lacking = f"{step.path}__isnull"
    if value is None:
        return None if step.nulls_last else Q(**{lacking: False})
    later = Q(**{f"{step.path}__{'lt' if step.down else 'gt'}": value})
    return later | Q(**{lacking: True}) if step.nulls_last else later


def value_of(row: Any, path: str) -> Any:
    """What stands at that path of the row, as JSON has it."""
    value = row[path] if isinstance(row, dict) else reduce(getattr, path.split("__"), row)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID | Decimal) else value


def _some(rows: QuerySet[Any], order: Sequence[Step], values: list[Any] | None, size: int) -> tuple[list[Any], bool]:
    """The first rows behind the values in this order, and whether there are more."""
    asked = rows.order_by(*(step.ordering for step in order))
    found = list((asked.filter(behind(order, values)) if values else asked)[: size + 1])
    return found[:size], len(found) > size


def _read(signer: signing.Signer, cursor: str, length: int) -> list[Any] | None:
    try:
        values = signer.unsign_object(cursor) if cursor else None
    except (signing.BadSignature, ValueError):
        return None
    return values if isinstance(values, list) and len(values) == length else None


def _cursor(signer: signing.Signer, row: Any, order: Sequence[Step]) -> str:
    return signer.sign_object([value_of(row, step.path) for step in order])
