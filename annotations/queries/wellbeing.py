"""What a person who rates may know of their own work: what the queue holds, what they have read, what bounds it.

Everything here is asked by one person about themselves, or about a queue as a whole.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime
from typing import NamedTuple, TypeVar

from django.db.models import Case, Count, QuerySet, Sum, When
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.crypto import salted_hmac

from annotations.core.answers import mask
from annotations.core.confusion import Share, share
from annotations.core.taxonomy import Category, categories
from annotations.models import Assignment, Campaign, CampaignItem, Enrolment, Flag, Rating, Skip
from annotations.models.ratings import DONE
from annotations.services.holds import SESSION_ENDS

Row = TypeVar("Row", Skip, Flag)
MOST_DAYS = 31
"""So many days of the own exposure are listed one by one."""
NO_GOLD = "None of your answers was on a response whose right answer is known, so there is no accuracy to show."


class OfQueue(NamedTuple):
    """How many of a queue's items carry a category, and of how many."""

    category: Category
    items: int
    of: int

    @property
    def part(self) -> float:
        """The part of the queue, 0..1; 0 for an empty queue."""
        return self.items / self.of if self.of else 0.0


class Queue(NamedTuple):
    """What a campaign holds for its raters: `total` items, `tagged` of them with a category, and each category."""

    total: int
    tagged: int
    shares: list[OfQueue]
    by_tags: dict[str, int]

    @property
    def tagged_share(self) -> float | None:
        """The part of the items with any category, 0..1; None for an empty queue."""
        return self.tagged / self.total if self.total else None

    def left(self, declined: Collection[str]) -> int:
        """How many items are left for somebody who does not want these categories."""
        out = set(declined)
        return sum(items for tags, items in self.by_tags.items() if out.isdisjoint(slugs(tags)))


def slugs(tags: str) -> list[str]:
    """The categories of an item's tags, `,drugs,violence,` as stored."""
    return [slug for slug in tags.split(",") if slug]


def queue(campaign: Campaign) -> Queue:
    """What the campaign holds now, items that were taken out left out."""
    return queues([campaign.pk])[campaign.pk]


def queues(campaigns: Collection[int]) -> dict[int, Queue]:
    """What each of the campaigns holds, by its id; two ways to be tagged alike are one row of the database's answer."""
    rows = CampaignItem.objects.filter(campaign__in=campaigns, taken_out_at=None).order_by()
    by_tags: dict[int, dict[str, int]] = {pk: {} for pk in campaigns}
    for pk, tags, items in rows.values_list("campaign", "tags").annotate(n=Count("pk")):
        by_tags[pk][tags] = items
    return {pk: _queue(found) for pk, found in by_tags.items()}


def _queue(by_tags: dict[str, int]) -> Queue:
    total, carried = sum(by_tags.values()), _carried(by_tags.items())
    shares = [OfQueue(one, carried[one.slug], total) for one in categories()]
    return Queue(total, total - by_tags.get("", 0), shares, by_tags)


def _carried(rows: Iterable[tuple[str, int]]) -> Counter[str]:
    """How many items carry each category: an item counts in every one it carries."""
    carried: Counter[str] = Counter()
    for tags, items in rows:
        carried.update(dict.fromkeys(slugs(tags), items))
    return carried


class Day(NamedTuple):
    """What a person read on one day: items in all, tagged ones, and of each category, in the order asked for."""

    day: date | None
    items: int
    tagged: int
    of_category: list[int]


class Exposure(NamedTuple):
    """What a person has had before them, answered or passed on, by day (newest first) and in all."""

    categories: list[Category]
    days: list[Day]
    total: Day
    older: int

    def __bool__(self) -> bool:
        return bool(self.total.items)


def exposure(enrolment: Enrolment) -> Exposure:
    """What this person answered or passed on in the campaign. `older` days are in the total and not listed.

    An item that came back to them and was read again counts again.
    """
    by_day: dict[date, Counter[str]] = defaultdict(Counter)
    for day, tags, items in _read(enrolment):
        by_day[day][tags] += items
    total: Counter[str] = sum(by_day.values(), Counter())
    carried = _carried(total.items())
    shown = [one for one in categories() if carried[one.slug]]
    days = [_day(day, by_day[day], shown) for day in sorted(by_day, reverse=True)]
    return Exposure(shown, days[:MOST_DAYS], _day(None, total, shown), len(days[MOST_DAYS:]))


def _read(enrolment: Enrolment) -> Iterator[tuple[date, str, int]]:
    done = Assignment.objects.filter(campaign=enrolment.campaign_id, rater=enrolment.rater_id, state=DONE)
    passed = Skip.objects.filter(item__campaign=enrolment.campaign_id, rater=enrolment.rater_id)
    counted = Count("pk")
    yield from done.order_by().values_list(TruncDate("done_at"), "tags").annotate(n=counted)
    yield from passed.order_by().values_list(TruncDate("created_at"), "item__tags").annotate(n=counted)


def _day(day: date | None, found: Counter[str], shown: list[Category]) -> Day:
    carried, items = _carried(found.items()), sum(found.values())
    return Day(day, items, items - found[""], [carried[one.slug] for one in shown])


class Bound(NamedTuple):
    """How many tagged items a person has been handed of those they may be; `most` is None without a bound."""

    what: str
    had: int
    most: int | None

    @property
    def reached(self) -> bool:
        """True when no tagged item is handed to them before this begins anew."""
        return self.most is not None and self.had >= self.most


def bounds(enrolment: Enrolment, now: datetime | None = None) -> list[Bound]:
    """Today's, this session's and the present row's tagged items of this person, against the campaign's bounds.

    Items fetched ahead count as handed. A day or a session that is over counts nothing.
    """
    now = now or timezone.now()
    campaign, row = enrolment.campaign, enrolment
    here = row.seen_at is not None and now - row.seen_at <= SESSION_ENDS
    return [
        Bound("today", row.tagged_day if row.day == timezone.localdate(now) else 0, campaign.day_cap),
        Bound("in this session", row.tagged_session if here else 0, campaign.session_cap),
        Bound("one after the other", row.tagged_row, campaign.tagged_in_row),
    ]


class Work(NamedTuple):
    """The own answers in force: how many, how many of them have a measured time, and that time in seconds."""

    answers: int
    measured: int
    seconds: float

    @property
    def each(self) -> float | None:
        """Seconds an answer took in the mean; None when none was measured."""
        return self.seconds / self.measured if self.measured else None


def work(enrolment: Enrolment) -> Work:
    """How many answers of this person are in force, and the active time of those that could be measured."""
    told = answers(enrolment).aggregate(n=Count("pk"), measured=Count("seconds"), seconds=Sum("seconds"))
    return Work(told["n"], told["measured"], told["seconds"] or 0.0)


def answers(enrolment: Enrolment) -> QuerySet[Rating]:
    """The answers of this person that are in force, practice and items taken out left out."""
    mine = Rating.objects.filter(item__campaign=enrolment.campaign_id, rater=enrolment.rater_id, withdrawn_at=None)
    return mine.filter(item__practice=False, item__taken_out_at=None).order_by()


def skips(enrolment: Enrolment) -> QuerySet[Skip]:
    """What this person passed on and is not handed again, newest first."""
    mine = Skip.objects.filter(item__campaign=enrolment.campaign_id, rater=enrolment.rater_id, withdrawn_at=None)
    return mine.filter(item__taken_out_at=None).select_related("item__response__prompt").order_by("-pk")


def flags(enrolment: Enrolment) -> QuerySet[Flag]:
    """The own flags, those with an answer that was not read first, then newest first."""
    mine = Flag.objects.filter(item__campaign=enrolment.campaign_id, rater=enrolment.rater_id)
    unread = Case(When(read_at=None, answered_at__isnull=False, then=1), default=0)
    return mine.annotate(unread=unread).select_related("item__response__prompt").order_by("-unread", "-pk")


def outside_name(row: Skip | Flag) -> str:
    """The name of an own skip or flag outside: ids of rows would tell how much others do."""
    return salted_hmac("annotations.wellbeing", f"{row._meta.model_name}:{row.pk}").hexdigest()[:20]


def of_name(rows: QuerySet[Row], name: str) -> Row | None:
    """The one of these own rows that has this name outside; None for an unknown one."""
    return next((row for row in rows if outside_name(row) == name), None)


class Gold(NamedTuple):
    """An own answer on an item whose right answer is known."""

    rating: Rating
    right: bool

    @property
    def response(self) -> str:
        """The response as its rater read it: a name that was hidden stays hidden."""
        item = self.rating.item
        return mask(item.response.text, item.names_model) if item.masked else item.response.text


class Accuracy(NamedTuple):
    """The own answers on gold items, and the share that is right, with its interval; undefined without any."""

    answers: list[Gold]
    share: Share


def accuracy(enrolment: Enrolment) -> Accuracy:
    """How this person did where the right answer was known, practice left out. Ask only for a closed campaign.

    Right is the same yes or no, and points within the item's bounds.
    """
    known = answers(enrolment).exclude(item__gold_follows=None)
    found = [Gold(row, _right(row)) for row in known.select_related("item__response__prompt").order_by("pk")]
    return Accuracy(found, share(sum(one.right for one in found), len(found), NO_GOLD))


def _right(rating: Rating) -> bool:
    item = rating.item
    inside = (item.gold_low or 0) <= rating.points <= (item.gold_high or 0)
    return inside and rating.follows_config == item.gold_follows
