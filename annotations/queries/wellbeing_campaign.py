"""What a lead may know of how a campaign's people fare: sums over groups, never a person.

What somebody chose not to be handed is in none of these figures: where everybody chose alike, a sum would say so of
each of them.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from typing import NamedTuple

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, QuerySet, Sum, Window
from django.db.models.functions import Lag

from annotations.core.taxonomy import Category, categories
from annotations.models import Assignment, Campaign, CampaignItem, Enrolment, Flag, Rating, Skip
from annotations.models.ratings import DISTRESSING, DONE, OPEN, SKIP_REASONS
from annotations.queries.wellbeing import slugs
from annotations.services.holds import SESSION_ENDS

FEWEST = 3
"""Of fewer people nothing is summed up: a sum over two tells each what the other did."""
PAUSE = timedelta(minutes=5)
REASON_WORDS = {
    "unclear": "unclear",
    "distressing": "too distressing",
    "broken": "broken text",
    "not_qualified": "not qualified",
}
MOST_ITEMS = 200


class OfCategory(NamedTuple):
    """What the people of a campaign read and passed on in one category; None where fewer than FEWEST people did."""

    category: Category
    read: int | None
    people: int | None
    passed_on: int | None

    @property
    def each(self) -> float | None:
        """Items a person read, in the mean over those who read any."""
        return self.read / self.people if self.read is not None and self.people else None


class Work(NamedTuple):
    """Answers, those with a measured time and that time in seconds, sittings, and pauses inside of them."""

    answers: int
    measured: int
    seconds: float
    sittings: int
    pauses: int


class Care(NamedTuple):
    """How the people of a campaign fare, summed over all who have begun.

    A reason to pass on has no number where fewer than FEWEST people gave it.
    """

    begun: int
    read: int
    tagged: int
    of_category: list[OfCategory]
    reasons: list[tuple[str, int | None]]
    work: Work


Tally = dict[int, Counter[str]]


def begun(campaign: Campaign) -> int:
    """How many people have begun the campaign, those who left it included."""
    return campaign.enrolments.exclude(accepted_at=None).count()


def care(campaign: Campaign) -> Care | None:
    """How the people of the campaign fare; None while fewer than FEWEST have read anything."""
    done, passed = _by_person(_answered(campaign)), _by_person(_passed_on(campaign))
    both = {rater: done.get(rater, Counter()) + passed.get(rater, Counter()) for rater in {*done, *passed}}
    if len(both) < FEWEST:
        return None
    everything: Counter[str] = sum(both.values(), Counter())
    return Care(
        begun=begun(campaign),
        read=sum(everything.values()),
        tagged=sum(everything.values()) - everything[""],
        of_category=[_of_category(one, both, passed) for one in categories()],
        reasons=_reasons(campaign),
        work=_work(campaign),
    )


def _answered(campaign: Campaign) -> Iterable[tuple[int, str, int]]:
    done = Assignment.objects.filter(campaign=campaign, state=DONE).order_by()
    return done.values_list("rater", "tags").annotate(n=Count("pk"))


def _passed_on(campaign: Campaign) -> Iterable[tuple[int, str, int]]:
    return (
        Skip.objects.filter(item__campaign=campaign)
        .order_by()
        .values_list("rater", "item__tags")
        .annotate(n=Count("pk"))
    )


def _by_person(rows: Iterable[tuple[int, str, int]]) -> Tally:
    found: Tally = defaultdict(Counter)
    for rater, tags, items in rows:
        found[rater][tags] += items
    return found


def _of_category(category: Category, both: Tally, passed: Tally) -> OfCategory:
    of = _counter_of(category.slug)
    read = [items for items in map(of, both.values()) if items]
    skipped = [items for items in map(of, passed.values()) if items]
    enough = len(read) >= FEWEST
    return OfCategory(
        category,
        sum(read) if enough else None,
        len(read) if enough else None,
        sum(skipped) if len(skipped) >= FEWEST else None,
    )


def _counter_of(slug: str) -> Callable[[Counter[str]], int]:
    return lambda found: sum(items for tags, items in found.items() if slug in slugs(tags))


def _reasons(campaign: Campaign) -> list[tuple[str, int | None]]:
    rows = Skip.objects.filter(item__campaign=campaign).order_by().values_list("reason")
    counted = rows.annotate(n=Count("pk"), people=Count("rater", distinct=True))
    found = {reason: n if people >= FEWEST else None for reason, n, people in counted}
    return [(REASON_WORDS[reason], found.get(reason)) for reason in SKIP_REASONS]


def _work(campaign: Campaign) -> Work:
    """Sittings end where SESSION_ENDS pass between two answers of one person, pauses are shorter than that."""
    told = Rating.objects.filter(guideline__campaign=campaign, withdrawn_at=None).aggregate(
        n=Count("pk"), measured=Count("seconds"), seconds=Sum("seconds")
    )
    before = Window(Lag("done_at"), partition_by="rater", order_by="done_at")
    done = Assignment.objects.filter(campaign=campaign, state=DONE).order_by().annotate(before=before)
    gaps = done.annotate(gap=ExpressionWrapper(F("done_at") - F("before"), output_field=DurationField()))
    sittings = gaps.filter(Q(before=None) | Q(gap__gt=SESSION_ENDS)).count()
    pauses = gaps.filter(gap__gte=PAUSE, gap__lte=SESSION_ENDS).count()
    return Work(told["n"], told["measured"], told["seconds"] or 0.0, sittings, pauses)


class PassedOn(NamedTuple):
    """An item several people passed on, or all who could still answer it: how many, why, and their notes.

    `notes` are empty while fewer than FEWEST people have begun, `reasons` while fewer passed on this item: of fewer,
    who answered it tells which of them is whose. So a note to what was too distressing stands beside reasons alone.
    """

    item: CampaignItem
    people: int
    nobody_left: bool
    reasons: list[tuple[str, int]]
    notes: list[str]


def passed_on(campaign: Campaign) -> list[PassedOn]:
    """The items at least two people passed on, or everybody who could still answer them; nobody left comes first.

    At most MOST_ITEMS, those most people passed on. What people left out beforehand is not looked at.
    """
    several = begun(campaign) >= FEWEST
    skips = _skips_in_force(campaign)
    counts = Counter(skip.item_id for skip in skips)
    stuck = _stuck(campaign, skips)
    chosen = [item for item, people in counts.most_common() if people > 1 or item in stuck][:MOST_ITEMS]
    items = CampaignItem.objects.select_related("response__prompt").in_bulk(chosen)
    rows = [_row(items[pk], [skip for skip in skips if skip.item_id == pk], pk in stuck, several) for pk in chosen]
    return sorted(rows, key=lambda row: (not row.nobody_left, -row.people))


def _skips_in_force(campaign: Campaign) -> list[Skip]:
    mine = Skip.objects.filter(item__campaign=campaign, withdrawn_at=None, item__taken_out_at=None)
    return list(mine.order_by("pk"))


def _stuck(campaign: Campaign, skips: Collection[Skip]) -> set[int]:
    """The items that need another answer and that all passed on or answered who rate here or may still begin."""
    working = campaign.enrolments.filter(removed_at=None, paused_at=None)
    people = set(working.values_list("rater", flat=True))
    left = {skip.item_id: set(people) for skip in skips}
    for skip in skips:
        left[skip.item_id].discard(skip.rater_id)
    theirs = Assignment.objects.filter(item__in=left, state=DONE).values_list("item", "rater")
    for item, rater in theirs:
        left[item].discard(rater)
    free = Assignment.objects.filter(item__in=left, state=OPEN, rater=None).values_list("item", flat=True)
    return {item for item in free if not left[item]}


def _row(item: CampaignItem, skips: list[Skip], stuck: bool, several: bool) -> PassedOn:
    enough = len(skips) >= FEWEST
    why = Counter(skip.reason for skip in skips if enough)
    reasons = [(REASON_WORDS[reason], why[reason]) for reason in SKIP_REASONS if why[reason]]
    notes = [skip.note for skip in skips if skip.note and several and (enough or skip.reason != DISTRESSING)]
    return PassedOn(item, len(skips), stuck, reasons, notes)


def flags(campaign: Campaign) -> QuerySet[Flag]:
    """The flags of the campaign's items, those nobody has answered first, then the newest."""
    mine = Flag.objects.filter(item__campaign=campaign).select_related("item__response__prompt", "answered_by")
    return mine.order_by(F("answered_at").desc(nulls_first=True), "-pk")


def unanswered(campaign: Campaign) -> int:
    """How many flags wait for an answer."""
    return Flag.objects.filter(item__campaign=campaign, answered_at=None).count()


def not_begun(campaign: Campaign) -> int:
    """How many people are asked to rate in the campaign and have not begun."""
    return Enrolment.objects.filter(campaign=campaign, removed_at=None, accepted_at=None).count()
