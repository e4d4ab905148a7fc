"""How the answers of a campaign came in by days, and when the rest will be there at the present pace."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from annotations.lines import Day
from annotations.models import Campaign
from annotations.models.campaigns import OPEN
from annotations.models.ratings import DONE
from annotations.queries.moments import DAY, cut

WINDOW, LEAST = timedelta(days=7), timedelta(days=1)
FAR = 3 * 365
IS_THERE = _("Every answer that is asked for is there.")
NOT_OPEN = _("Nobody is handed anything while it is not open, so there is no end to tell.")
TOO_YOUNG = _("It has been open for less than a day, which is too short to tell when it ends.")
NOTHING = _("No answer came in the last 7 days, so there is no end to tell.")


class Pace(NamedTuple):
    """Answers a day over the last `days`, and the day the rest is there by; None with `why` in words."""

    per_day: float | None
    days: float
    ends: date | None
    why: str


class Days(NamedTuple):
    """Every day in UTC from the first answer to today, the answers asked for now, and the pace."""

    rows: tuple[Day, ...]
    asked: int
    pace: Pace


def days(campaign: Campaign, *, now: datetime | None = None) -> Days | None:
    """The days of the campaign, those of items that were taken out left aside; None without an answer. Two queries."""
    now = now or timezone.now()
    slots = campaign.assignments.filter(item__taken_out_at=None).order_by()
    done = slots.filter(state=DONE)
    counted = dict(done.values(day=cut("done_at", DAY)).annotate(n=Count("pk")).values_list("day", "n"))
    if not counted:
        return None
    recent = slots.aggregate(all=Count("pk"), recent=Count("pk", filter=Q(state=DONE, done_at__gte=now - WINDOW)))
    rows = _rows({date.fromisoformat(day): n for day, n in counted.items()}, now.astimezone(UTC).date())
    return Days(rows, recent["all"], pace(campaign, rows[-1].all, recent["all"], recent["recent"], now))


def _rows(counted: dict[date, int], today: date) -> tuple[Day, ...]:
    first, last = min(counted), max(today, *counted)
    rows, before = [], 0
    for place in range((last - first).days + 1):
        day = first + timedelta(place)
        before += counted.get(day, 0)
        rows.append(Day(day, counted.get(day, 0), before))
    return tuple(rows)


def pace(campaign: Campaign, done: int, asked: int, recent: int, now: datetime) -> Pace:
    """The pace of the last 7 days, or since the campaign opened; it says why where no end follows from it."""
    opened = campaign.opened_at
    span = min(now - opened, WINDOW) if opened else timedelta(0)
    known = span / timedelta(days=1)
    per_day = recent / known if span >= LEAST else None
    why = _why(campaign, asked - done, recent, span)
    if why or not per_day:
        return Pace(per_day, known, None, why)
    left = (asked - done) / per_day
    if left > FAR:
        return Pace(per_day, known, None, "At this pace the rest takes more than three years.")
    return Pace(per_day, known, (now + timedelta(days=left)).astimezone(UTC).date(), "")


def _why(campaign: Campaign, left: int, recent: int, span: timedelta) -> str:
    if left <= 0:
        return IS_THERE
    if campaign.state != OPEN:
        return NOT_OPEN
    if span < LEAST:
        return TOO_YOUNG
    return "" if recent else NOTHING
