"""Reading the record of decisions: which events, in which words, about what."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connection
from django.db.models import Exists, Model, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from annotations.models import AuditEvent, ConfigVersion, User
from annotations.models.benchmarks import TRAINING
from annotations.models.configs import RETIRED
from annotations.trail_words import ACTIONS, HEAVY, KINDS, NAMED_BY, PAGES

NOTHING = "–"
FOR_ADMINS = frozenset({"user", "organisation"})
SYSTEM = "system"


def action_words(action: str) -> str:
    """What was done, as a person says it."""
    return ACTIONS.get(action, action.replace("_", " "))


def kind_words(kind: str) -> str:
    """What it was done to, as a person says it."""
    model = _models().get(kind)
    return KINDS.get(kind) or (str(model._meta.verbose_name) if model else kind)


def actions() -> list[str]:
    """Every action of the record, in alphabetical order of its words."""
    return sorted(_different("action"), key=action_words)


def kinds(asked: str = "") -> list[str]:
    """Every kind of object of the record, and `asked` where there is such a kind, in the order of their words."""
    return sorted({*_different("object_type"), *({asked} & set(_models()))}, key=kind_words)


def actors() -> QuerySet[User]:
    """Everybody who did something."""
    done = AuditEvent.objects.filter(actor=OuterRef("pk")).order_by()
    return User.objects.filter(Exists(done)).order_by("first_name", "last_name", "username")


def _different(column: str) -> list[str]:
    """The values that an indexed column of the record has: one step in the index for each, not one for each event."""
    table = AuditEvent._meta.db_table
    least = f'SELECT MIN("{column}") FROM "{table}"'  # noqa: S608
    steps = f'{least} UNION ALL SELECT ({least} WHERE "{column}" > seen.value) FROM seen WHERE seen.value IS NOT NULL'  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"WITH RECURSIVE seen(value) AS ({steps}) SELECT value FROM seen WHERE value IS NOT NULL")  # noqa: S608
        return [value for (value,) in cursor.fetchall()]


def events(
    *,
    person: str = "",
    action: str = "",
    kind: str = "",
    number: int | None = None,
    since: date | None = None,
    until: date | None = None,
    words: str = "",
) -> QuerySet[AuditEvent]:
    """The events that match everything given, newest first. `until` is the last day that counts.

    `person` is an id, or "system" for what nobody did; `number` the id of the object; `words` stand in what changed.
    """
    exact: dict[str, Any] = {"action": action, "object_type": kind, "object_id": number}
    given = {name: value for name, value in exact.items() if value not in ("", None)}
    found = AuditEvent.objects.select_related("actor").filter(**given)
    if person:
        found = found.filter(actor=None if person == SYSTEM else int(person))
    if since or until:
        # By the index of the days alone: in the order of the ids, every day's events would be sorted first.
        found = found.order_by("-at", "-pk")
    if since:
        found = found.filter(at__gte=_begin(since))
    if until:
        found = found.filter(at__lt=_begin(until + timedelta(days=1)))
    return _with_words(found, words) if words else found


def _begin(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _with_words(found: QuerySet[AuditEvent], words: str) -> QuerySet[AuditEvent]:
    """SQLite keeps letters beyond ASCII in JSON as escapes, PostgreSQL as they are: both are looked for."""
    stored = {json.dumps(words)[1:-1], json.dumps(words, ensure_ascii=False)[1:-1]}
    found = found.annotate(was=Cast("before", TextField()), became=Cast("after", TextField()))
    anywhere = Q()
    for text in stored:
        anywhere |= Q(was__icontains=text) | Q(became__icontains=text)
    return found.filter(anywhere)


class Change(NamedTuple):
    """One thing that changed, as text; "–" where there was nothing."""

    name: str
    before: str
    after: str


class Line(NamedTuple):
    """One event for the page: `url` is empty when its object has no page the person may open."""

    event: AuditEvent
    action: str
    kind: str
    label: str
    url: str
    changes: list[Change]


def retirement(version: ConfigVersion) -> AuditEvent | None:
    """Who took the version out of service, when and why; None for one that is not retired."""
    if version.state != RETIRED:
        return None
    mine = AuditEvent.objects.filter(object_type="configversion", object_id=version.pk, action="retire")
    return mine.select_related("actor").order_by("-pk").first()


def lines(found: Iterable[AuditEvent], *, admin: bool) -> list[Line]:
    """The events with their objects' names and pages; one query for each kind of object. `admin` may open people."""
    rows = list(found)
    objects = _objects(rows)
    return [_line(event, objects.get((event.object_type, event.object_id)), admin) for event in rows]


def _line(event: AuditEvent, row: Model | None, admin: bool) -> Line:
    named = _named(event.object_type, row)
    kind = kind_words(named)
    label = str(row) if row is not None else f"{kind} {event.object_id}"
    url = _url(named, row) if admin or event.object_type not in FOR_ADMINS else ""
    return Line(event, action_words(event.action), kind, label, url, changes(event.before, event.after))


def _named(kind: str, row: Any) -> str:
    """The kind of object as people know it: prompts for training stand among the benchmarks in the database alone."""
    if kind == "benchmark" and row is not None and row.purpose == TRAINING:
        return "trainingprompts"
    if kind == "promptimport" and row is not None and row.benchmark.purpose == TRAINING:
        return "trainingimport"
    return kind


def _models() -> dict[str, type[Model]]:
    return {str(model._meta.model_name): model for model in apps.get_models()}


def _objects(rows: list[AuditEvent]) -> dict[tuple[str, int], Model]:
    wanted: dict[str, set[int]] = defaultdict(set)
    for event in rows:
        wanted[event.object_type].add(event.object_id)
    known = _models()
    found: dict[tuple[str, int], Model] = {}
    for kind, ids in wanted.items():
        if kind in known:
            rows_of_kind = known[kind]._base_manager.select_related(*NAMED_BY.get(kind, ())).defer(*HEAVY.get(kind, ()))
            found |= {(kind, row.pk): row for row in rows_of_kind.filter(pk__in=ids)}
    return found


def _url(kind: str, row: Model | None) -> str:
    if row is None or kind not in PAGES or getattr(row, "archived_at", None):
        return ""
    name, path = PAGES[kind]
    try:
        return reverse(name, args=[_follow(row, step) for step in path])
    except NoReverseMatch:
        return ""


def _follow(row: Any, path: str) -> Any:
    for step in path.split("."):
        row = getattr(row, step)
    return row


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """What differs, in the order it was written down."""
    names = [*before, *(name for name in after if name not in before)]
    return [
        Change(name.replace("_", " "), *(_text(side.get(name), is_state=name == "state") for side in (before, after)))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _text(value: Any, *, is_state: bool = False) -> str:
    if value is None or value == "" or value == [] or value == {}:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(part, str | int | float) for part in value):
        return ", ".join(map(str, value))
    if isinstance(value, str):
        return value.replace("_", " ") if is_state else value
    return json.dumps(value, ensure_ascii=False)


COLUMNS = ("at", "user_name", "name", "action", "kind", "object", "before", "after")


def table(found: QuerySet[AuditEvent], *, chunk: int = 2000) -> Iterator[list[Any]]:
    """A row of COLUMNS for each event, with one query and never more than `chunk` of them in memory."""
    who = ("actor__username", "actor__first_name", "actor__last_name")
    what = ("action", "object_type", "object_id", "before", "after")
    for at, username, first, last, *rest in found.values_list("at", *who, *what).iterator(chunk_size=chunk):
        yield [at.isoformat(), username or SYSTEM, f"{first or ''} {last or ''}".strip(), *rest]
