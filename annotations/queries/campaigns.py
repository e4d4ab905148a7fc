"""How campaigns stand: what is missing, how far they are, who has what in hand, what waits for their leads.

Everything is counted by the database in a handful of queries, however many items there are. Practice and gold items
are everybody's to answer, so they are counted apart; items taken out count nowhere.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from annotations.models import (
    Adjudication,
    Assignment,
    Campaign,
    CampaignItem,
    ConfigVersion,
    Enrolment,
    Flag,
    Rating,
    Skip,
)
from annotations.models.ratings import DISTRESSING, DONE, HELD, SKIP_REASONS
from annotations.queries.item_values import COUNTING
from annotations.services.campaign_items import NO_CONTACT

AN_HOUR, A_WHILE = timedelta(hours=1), timedelta(minutes=5)
MOST_HELD = 50
NO_ITEMS = "It has no item yet: choose the responses to rate."
NO_RATERS = "Nobody rates in it yet: add people."
NO_GUIDELINE = "It has no guideline yet: write what raters should go by."


class Missing(NamedTuple):
    """One thing a draft needs before it can open, the name of the page that gives it, and what one does there."""

    sentence: str
    page: str
    action: str


class Tally(NamedTuple):
    """Answers of a campaign, or of a part of it: `done`, `held` in somebody's hand now, and `left` for anybody."""

    done: int = 0
    held: int = 0
    left: int = 0

    @property
    def total(self) -> int:
        """All answers that are asked for."""
        return self.done + self.held + self.left

    @property
    def parts(self) -> list[tuple[str, int]]:
        """What is not done yet, in words."""
        return [(_("in hand"), self.held), (_("left"), self.left)]


class Listed(NamedTuple):
    """A campaign of a list: its items, the people who rate, and the answers given of those asked for."""

    campaign: Campaign
    items: int
    people: int
    done: int
    total: int


class Row(NamedTuple):
    """A config of a campaign, or None for its practice and gold items, and how far it is."""

    title: str | None
    tally: Tally


class Standing(NamedTuple):
    """How a campaign stands now: `rows` by config, all together, answers of the last hour, and the seconds left.

    `per_hour` and `seconds_left` are None while nothing was answered within the hour.
    """

    rows: list[Row]
    all: Tally
    last_hour: int
    per_hour: float | None
    seconds_left: float | None


class Person(NamedTuple):
    """Who rates: answers done (practice left out), slots in hand, what their quota leaves; None without a quota."""

    enrolled: Enrolment
    done: int
    held: int
    left: int | None

    @property
    def state(self) -> str:
        """What stands in the way of being handed items; empty when nothing does."""
        row = self.enrolled
        found = ((row.removed_at, "taken out"), (row.paused_at, "paused"), (not row.accepted_at, "has not begun"))
        return next((word for holds, word in found if holds), "")


class InHand(NamedTuple):
    """How many slots are held now, and the moment until which the last one is; None for none."""

    number: int
    until: datetime | None


class Waits(NamedTuple):
    """What a campaign asks its lead for: flags without an answer, items on which two answers say yes and no."""

    campaign: Campaign
    flags: int
    differences: int


def missing(campaign: Campaign) -> list[Missing]:
    """What a draft needs before it can open; empty when nothing does."""
    items, raters = campaign.items.filter(taken_out_at=None), campaign.enrolments.filter(removed_at=None)
    asked = (
        (not items.exists(), Missing(NO_ITEMS, "annotations:campaign-items", "Choose items")),
        (not raters.exists(), Missing(NO_RATERS, "annotations:campaign-people", "Add people")),
        (not campaign.guidelines.exists(), Missing(NO_GUIDELINE, "annotations:guideline-new", "Write the guideline")),
        (needs_contact(campaign), Missing(NO_CONTACT, "annotations:campaign-edit", "Give a support contact")),
    )
    return [one for lacks, one in asked if lacks]


def needs_contact(campaign: Campaign) -> bool:
    """True when items carry risk categories and nobody is named to whom a rater could turn."""
    return not campaign.support_contact and campaign.items.exclude(tags="").exists()


def listed(campaigns: Sequence[Campaign]) -> list[Listed]:
    """These campaigns with their counts, three queries for all of them."""
    items = CampaignItem.objects.filter(campaign__in=campaigns, taken_out_at=None).order_by()
    people = Enrolment.objects.filter(campaign__in=campaigns, removed_at=None).order_by()
    slots = Assignment.objects.filter(campaign__in=campaigns, item__taken_out_at=None).order_by().values("campaign")
    counted = slots.annotate(total=Count("pk"), done=Count("pk", filter=Q(state=DONE)))
    answers = {row["campaign"]: (row["done"], row["total"]) for row in counted}
    numbers = [dict(rows.values_list("campaign").annotate(Count("pk"))) for rows in (items, people)]
    return [
        Listed(one, numbers[0].get(one.pk, 0), numbers[1].get(one.pk, 0), *answers.get(one.pk, (0, 0)))
        for one in campaigns
    ]


def in_hand(campaign: Campaign) -> InHand:
    """What raters hold now, as they see it or fetched ahead."""
    held = campaign.assignments.filter(state=HELD, until__gte=timezone.now())
    return InHand(**held.order_by().aggregate(number=Count("pk"), until=Max("until")))


def standing(campaign: Campaign) -> Standing:
    """How the campaign stands now, in two queries. A hold that ran out is left for anybody."""
    now = timezone.now()
    counted = list(_by_version(campaign, now))
    versions = ConfigVersion.objects.filter(pk__in={row["version"] for row in counted})
    configs = {pk: (title, config) for pk, config, title in versions.values_list("pk", "config", "config__title")}
    tallies: dict[tuple[str, int] | None, Tally] = defaultdict(Tally)
    for row in counted:
        part = None if row["gold"] is not None else configs[row["version"]]
        tallies[part] = Tally(*map(sum, zip(tallies[part], (row["done"], row["held"], row["left"]), strict=True)))
    in_order = sorted(tallies.items(), key=lambda one: (one[0] is None, one[0] or ("", 0)))
    everything = Tally(*map(sum, zip(*tallies.values(), strict=True))) if tallies else Tally()
    recent = sum(row["recent"] for row in counted)
    rows = [Row(part[0] if part else None, tally) for part, tally in in_order]
    return Standing(rows, everything, recent, *_pace(campaign, everything, recent, now))


def _by_version(campaign: Campaign, now: datetime) -> Iterable[dict[str, Any]]:
    """The slots counted by config version and by whether their item is gold."""
    held = Q(state=HELD, until__gte=now)
    slots = campaign.assignments.filter(item__taken_out_at=None).order_by()
    parts = slots.values(version=F("item__response__version"), gold=F("item__gold_follows"))
    counted: Any = parts.annotate(
        done=Count("pk", filter=Q(state=DONE)),
        held=Count("pk", filter=held),
        left=Count("pk", filter=~Q(state=DONE)) - Count("pk", filter=held),
        recent=Count("pk", filter=Q(state=DONE, done_at__gte=now - AN_HOUR)),
    )
    return cast(Iterable[dict[str, Any]], counted)


def _pace(campaign: Campaign, tally: Tally, recent: int, now: datetime) -> tuple[float | None, float | None]:
    """Answers in an hour, and the seconds that the rest takes at that pace; None while nobody answers."""
    if not recent or campaign.opened_at is None:
        return None, None
    since = min(max(now - campaign.opened_at, A_WHILE), AN_HOUR)
    per_second = recent / since.total_seconds()
    return per_second * AN_HOUR.total_seconds(), (tally.total - tally.done) / per_second


def people(campaign: Campaign) -> list[Person]:
    """Everybody who rates or has rated in the campaign, by name, in three queries."""
    now = timezone.now()
    enrolled = list(campaign.enrolments.select_related("rater"))
    raters = [row.rater_id for row in enrolled]
    mine = Assignment.objects.filter(campaign=campaign, rater__in=raters).order_by().values("rater")
    done = dict(mine.filter(state=DONE).values_list("rater").annotate(Count("pk")))
    practised = dict(mine.filter(state=DONE, item__practice=True).values_list("rater").annotate(Count("pk")))
    held = dict(mine.filter(state=HELD, until__gte=now).values_list("rater").annotate(Count("pk")))
    rows = []
    for row in enrolled:
        answers = done.get(row.rater_id, 0) - practised.get(row.rater_id, 0)
        rows.append(_person(row, campaign.quota, answers, held.get(row.rater_id, 0)))
    return sorted(rows, key=lambda one: (one.enrolled.removed_at is not None, str(one.enrolled.rater).casefold()))


def _person(enrolled: Enrolment, quota: int | None, done: int, held: int) -> Person:
    most = enrolled.quota or quota
    return Person(enrolled, done, held, None if most is None else max(0, most - done))


def held(campaign: Campaign) -> list[Assignment]:
    """The slots in somebody's hand, those that end first first; at most MOST_HELD."""
    slots = campaign.assignments.filter(state=HELD, until__gte=timezone.now()).select_related("rater")
    return list(slots.order_by("until", "pk")[:MOST_HELD])


def skips(campaign: Campaign) -> list[tuple[str, int]]:
    """How often raters passed on an item, by reason in words; reasons that nobody gave are left out.

    What was too distressing is left out too: beside the names of who holds what, it would be somebody's.
    """
    passed = Skip.objects.filter(item__campaign=campaign, withdrawn_at=None).exclude(reason=DISTRESSING).order_by()
    counted = dict(passed.values_list("reason").annotate(Count("pk")))
    return [(reason.replace("_", " "), counted[reason]) for reason in SKIP_REASONS if reason in counted]


def several(campaign: Campaign) -> QuerySet[CampaignItem]:
    """The items that get more than one rating: the seeded share."""
    return campaign.items.filter(needed__gt=1, taken_out_at=None, gold_follows=None)


def waiting(campaigns: QuerySet[Campaign]) -> list[Waits]:
    """The campaigns that ask their lead for something, in three queries; those that ask for nothing are left out."""
    flagged = Flag.objects.filter(item__campaign__in=campaigns, answered_at=None).order_by()
    flags = dict(flagged.values_list("item__campaign").annotate(Count("pk")))
    differ = dict(_differing(campaigns).values_list("campaign").annotate(Count("pk")))
    rows = campaigns.filter(pk__in={*flags, *differ}).order_by("-pk")
    return [Waits(one, flags.get(one.pk, 0), differ.get(one.pk, 0)) for one in rows]


def _differing(campaigns: QuerySet[Campaign]) -> QuerySet[CampaignItem]:
    """The items on which one answer in force says yes and another no, and nobody has decided."""
    said = Rating.objects.filter(item=OuterRef("pk"), withdrawn_at=None)
    decided = Adjudication.objects.filter(item=OuterRef("pk"), withdrawn_at=None)
    items = CampaignItem.objects.filter(campaign__in=campaigns, **COUNTING).order_by()
    yes, no = (Exists(said.filter(follows_config=follows)) for follows in (True, False))
    return items.filter(yes, no, ~Exists(decided))
