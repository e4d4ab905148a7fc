"""Reads over keys: how each stands, and what it has used of its month."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from annotations import access as people_access
from annotations.core.storable import whole_number
from annotations.marks import Mark
from annotations.models import Organisation, User
from annotations.models.people import ADMIN, LEAD
from training.models import ApiKey, Deployment
from training.services.deploy.keys import Call, calls
from training.services.deploy.traffic import used_by_keys

FILTERS = ("organisation", "state", "deployment")
ACTIVE, EXPIRED, REVOKED = STATES = ("active", "expired", "revoked")
MARKS = {
    ACTIVE: Mark("●", _("active"), "teal"),
    EXPIRED: Mark("⧗", _("expired"), "amber"),
    REVOKED: Mark("⊘", _("revoked"), "grey"),
}
MOST_ON_PAGE, MOST_CHOICES = 20, 200
SHORT = (
    "Even the shortest call reserves {tokens:,} tokens before it begins (its texts' bytes and {answer}), and {left:,} "
    "are left of this month."
)


class Row(NamedTuple):
    """A key, how it stands, the tokens it has used since the month began (UTC), and what a call with it reserves.

    `call` is None for a key without a quota, and one that opens nothing any more.
    """

    key: ApiKey
    state: str
    used: int
    call: Call | None = None

    @property
    def short(self) -> str:
        """What is to be known of a quota that has less left than a call reserves, in words; "" where enough is left."""
        quota, call = self.key.tokens_per_month, self.call
        if quota is None or call is None or quota - self.used >= call.usual:
            return ""
        left = max(quota - self.used, 0)
        if left < call.least:
            return SHORT.format(tokens=call.least, answer="an answer", left=left) + " Calls are refused."
        said = SHORT.format(tokens=call.usual, answer="the longest answer", left=left)
        return f"{said} Calls that ask for no shorter answer are refused."

    @property
    def mark(self) -> Mark:
        """Glyph and word of its state."""
        return MARKS[self.state]


def state_of(key: ApiKey, now: datetime) -> str:
    """One of STATES."""
    if key.revoked_at is not None:
        return REVOKED
    return EXPIRED if key.expires_at is not None and key.expires_at <= now else ACTIVE


def rows(keys: Iterable[ApiKey]) -> list[Row]:
    """The keys, each with what it has used this month; one query for all of them, and two more for quotas."""
    page, now = list(keys), timezone.now()
    used = used_by_keys([key.pk for key in page], now)
    states = {key.pk: state_of(key, now) for key in page}
    told = calls(key for key in page if key.tokens_per_month is not None and states[key.pk] == ACTIVE)
    return [Row(key, states[key.pk], used[key.pk].tokens if key.pk in used else 0, told.get(key.pk)) for key in page]


def listed(found: QuerySet[ApiKey], wanted: dict[str, str]) -> QuerySet[ApiKey]:
    """The keys under the filters, the newest first. A deployment has its own keys and those of its organisation."""
    home, deployment = whole_number(wanted["organisation"]), whole_number(wanted["deployment"])
    over = Q(expires_at__lte=timezone.now())
    if wanted["state"] == REVOKED:
        found = found.exclude(revoked_at=None)
    elif wanted["state"] == EXPIRED:
        found = found.filter(over, revoked_at=None)
    elif wanted["state"] != "all":
        found = found.filter(Q(expires_at=None) | ~over, revoked_at=None)
    if home is not None:
        found = found.filter(organisation=home)
    if deployment is not None:
        its = Deployment.objects.filter(pk=deployment).values("organisation")
        whole = Q(deployment=None, organisation__in=its)
        found = found.filter(whole | Q(deployment=deployment))
    return found.order_by("-pk")


def organisations(found: QuerySet[ApiKey]) -> QuerySet[Organisation]:
    """The organisations that have keys among these, for a filter."""
    mine = found.order_by().values("organisation")
    return Organisation.objects.filter(pk__in=mine).only("name").order_by("name", "pk")[:MOST_CHOICES]


def homes(person: User) -> QuerySet[Organisation]:
    """The organisations for whose deployments the person gives keys: all for admins, else those whose lead one is."""
    if ADMIN in people_access.roles(person):
        return Organisation.objects.order_by("name", "pk")
    return Organisation.objects.filter(memberships__user=person, memberships__role=LEAD).order_by("name", "pk")
