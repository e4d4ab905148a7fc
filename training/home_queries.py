"""What machines do now and where they wait, as a person's home shows it."""

from datetime import timedelta
from typing import Any, NamedTuple

from django.db.models import F, QuerySet, Value
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from annotations import access as people
from annotations.models import User
from annotations.models.people import ADMIN, LEAD
from annotations.models.work import OPEN_STATES, WAITING, Work
from annotations.queries.numbers import numbers
from training import access, deployment_queries
from training.deployment_words import STOPPED
from training.models import Worker
from training.models.nodes import SILENT
from training.services.workers import SILENT_SECONDS
from training.worker_queries import KINDS, OF_ALL

SHOWN, SOON = 12, timedelta(days=7)
STOPPED_ONES = {**dict.fromkeys(deployment_queries.FILTERS, ""), "state": STOPPED}
WORDS = {
    "capabilityrun": _("Run on tasks of general capability %(number)s"),
    "judgetrial": _("Trial of a judge %(number)s"),
    "preferenceset": _("Preference set %(number)s"),
    "promptimport": _("Import of prompts %(number)s"),
    "promptmap": _("Map of prompts %(number)s"),
    "similarityreport": _("Look for similar prompts %(number)s"),
    "stage": _("Step of a recipe %(number)s"),
    "trainingloop": _("Training loop %(number)s"),
    "trainingrun": _("Training run %(number)s"),
}
"""What each sort of work is called, with its number."""
OF_ADMINS = frozenset({"trainingrun", "trainingloop", "capabilityrun"})
"""Kinds of work that go on only when an admin says so."""


class AtWork(NamedTuple):
    """Long work that is queued, running or waiting for a decision: in words, how far it is, and its page."""

    what: str
    state: str
    done: int
    total: int
    url: str
    of_admins: bool


def at_work(user: User) -> list[AtWork]:
    """The long work besides runs that is not over and that the person may look at, the newest twelve; one query."""
    mine = people.organisations(user).order_by().values("pk")
    parts = [_part(kind, mine) for kind in Work.__subclasses__() if kind._meta.model_name in KINDS]
    rows = parts[0].union(*parts[1:], all=True).order_by("-created_at")[:SHOWN]
    return [_at_work(row) for row in rows]


def _part(kind: type[Work], mine: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    name = str(kind._meta.model_name)
    before = KINDS[name][2]
    rows = kind._default_manager.filter(state__in=(*OPEN_STATES, WAITING))
    if name not in OF_ALL:
        rows = rows.filter(organisation__in=mine)
    named = {"sort": Value(name), "above": F(before) if before else Value(0)}
    return rows.order_by().values("pk", "state", "done", "total", "created_at", **named)


def _at_work(row: dict[str, Any]) -> AtWork:
    _what, page, before = KINDS[row["sort"]]
    words = gettext(WORDS[row["sort"]]) % {"number": row["pk"]}
    url = reverse(page, args=[row["above"], row["pk"]] if before else [row["pk"]])
    return AtWork(words, row["state"], row["done"], row["total"], url, row["sort"] in OF_ADMINS)


def troubles(user: User) -> dict[str, int]:
    """How many deployments are stopped, keys end about now, workers and nodes are silent; one query for all of them.

    Keys are for leads and admins, the rest for admins alone; nobody else is told anything.
    """
    now, held = timezone.now(), people.roles(user)
    rows: dict[str, QuerySet[Any, Any]] = {}
    if held & {ADMIN, LEAD}:
        keys = access.api_keys(user).filter(revoked_at=None, expires_at__range=(now - SOON, now + SOON))
        rows["keys"] = keys
    if ADMIN in held:
        rows["deployments"] = deployment_queries.listed(access.deployments(user), STOPPED_ONES)
        rows["workers"] = Worker.objects.filter(ended_at=None, seen_at__lt=now - timedelta(seconds=SILENT_SECONDS))
        rows["nodes"] = access.nodes().filter(seen_at__lt=now - SILENT)
    return numbers(user, **rows)
