"""Which slot a rater is handed next: in a seeded order that differs by person, within everybody's bounds."""

from functools import lru_cache
from hashlib import blake2b

from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet

from annotations.models import Assignment, Enrolment, Skip
from annotations.models import campaigns as states
from annotations.models.campaigns import SEEDS
from annotations.models.ratings import HELD, OPEN
from annotations.prepared import Given, Prepared
from annotations.services.holds import Held, too_many

NOT_ACCEPTED, NOT_OPEN, CLOSED, PAUSED, QUOTA = "not_accepted", "not_open", "closed", "paused", "quota"
ROW, SESSION, DAY, NOTHING = "row", "session", "day", "nothing"
WHY_NOTHING = {
    NOT_ACCEPTED: "Read first what this campaign holds, and begin it from there.",
    NOT_OPEN: "This campaign is not open at the moment. What you have sent is kept.",
    CLOSED: "This campaign is closed. Thank you: what you have sent is kept.",
    PAUSED: "The lead has paused your work in this campaign. What you have sent is kept.",
    QUOTA: "Quota reached: you have rated as many responses as this campaign asks of one person. Thank you.",
    ROW: "Only items about harmful subjects are left, and you have had several in a row. Take a break, then go on.",
    SESSION: "You have had as many items about harmful subjects as one session may hold. Come back after a rest.",
    DAY: "You have had as many items about harmful subjects as one day may hold. Come back tomorrow.",
    NOTHING: "Nothing waits for you here now. Items that come back, and new ones, appear here.",
}
PRACTICE, LAPSED, AFTER, BEFORE = "practice", "lapsed", "after", "before"


def place(seed: int, *names: int) -> int:
    """A place from 0 to SEEDS - 1 that a seed and some ids decide: of an item in the shuffle, of a rater's next look.

    A rater's n-th item is the first free one after their n-th place, so that everybody has an own order, and finding
    it costs one step into an index.
    """
    digest = blake2b(":".join(map(str, (seed, *names))).encode(), digest_size=8).digest()
    return int.from_bytes(digest) % SEEDS


def find(held: Held, holding: int) -> Assignment | str:
    """The slot for a rater who holds `holding` others, locked; or a key of WHY_NOTHING.

    Practice comes before all else, then what somebody let lapse, then this rater's own order.
    """
    row = held.enrolled
    if why := _closed_to(held, holding):
        return why
    barred = _barred(row)
    if row.practised_at is None:
        if slot := _look(held, PRACTICE):
            return barred if barred and slot.tagged else slot
        row.practised_at = held.now
    if slot := _lapsed(held, barred) or _in_order(held, barred):
        return slot
    left = barred and (_lapsed(held, "") or _in_order(held, ""))
    return barred if left else NOTHING


def _closed_to(held: Held, holding: int) -> str:
    row, campaign = held.enrolled, held.campaign
    quota = row.quota or campaign.quota
    rules = (
        (campaign.state == states.CLOSED, CLOSED),
        (campaign.state != states.OPEN, NOT_OPEN),
        (row.accepted_at is None, NOT_ACCEPTED),
        (row.paused_at is not None, PAUSED),
        (quota is not None and row.done + holding >= quota, QUOTA),
    )
    return next((why for broken, why in rules if broken), "")


def _barred(row: Enrolment) -> str:
    """Why this rater may have no item with risk categories now; empty when they may."""
    campaign = row.campaign
    bounds = (
        (campaign.day_cap, row.tagged_day, DAY),
        (campaign.session_cap, row.tagged_session, SESSION),
        (campaign.tagged_in_row, row.tagged_row, ROW),
    )
    return next((why for most, had, why in bounds if most is not None and had >= most), "")


def _lapsed(held: Held, barred: str) -> Assignment | None:
    """The slot whose hold ran out first. One that its item needs no more goes, and the next one is looked for."""
    while (slot := _look(held, LAPSED, barred)) and too_many(slot):
        slot.delete()
    return slot


def _in_order(held: Held, barred: str) -> Assignment | None:
    pivot = place(held.campaign.seed, held.enrolled.rater_id, held.enrolled.handed)
    return _look(held, AFTER, barred, pivot) or _look(held, BEFORE, barred, pivot)


def _look(held: Held, where: str, barred: str = "", pivot: int = 0) -> Assignment | None:
    row = held.enrolled
    query = _query(where, not barred, tuple(row.declined))
    return query.first(me=row.rater_id, campaign=row.campaign_id, now=held.now, pivot=pivot)


@lru_cache(maxsize=512)
def _query(where: str, tagged: bool, declined: tuple[str, ...]) -> Prepared[Assignment]:
    found = _there(where, _free(tagged, declined))
    return Prepared(lambda: found.select_for_update(of=("self",), skip_locked=True)[:1])


def _free(tagged: bool, declined: tuple[str, ...]) -> QuerySet[Assignment]:
    """The slots of items this rater neither has nor passed on nor declined; without `tagged` none with risks."""
    had = Assignment.objects.filter(item=OuterRef("item"), rater=Given("me")).exclude(pk=OuterRef("pk"))
    passed = Skip.objects.filter(item=OuterRef("item"), rater=Given("me"), withdrawn_at=None)
    found = Assignment.objects.filter(~Exists(had), ~Exists(passed), campaign=Given("campaign"))
    for slug in declined:
        found = found.exclude(tags__contains=f",{slug},")
    return found if tagged else found.filter(tagged=False)


def _there(where: str, free: QuerySet[Assignment]) -> QuerySet[Assignment]:
    me = Given("me")
    if where == PRACTICE:
        return free.filter(state=OPEN, rater=me, item__practice=True).order_by("tagged", "position")
    if where == LAPSED:
        past = free.filter(state=HELD, until__lt=Given("now", DateTimeField()), item__gold_follows=None)
        return past.exclude(rater=me).order_by("until")
    opened = free.filter(Q(rater=None) | Q(rater=me), state=OPEN).order_by("position")
    side = {AFTER: Q(position__gte=Given("pivot")), BEFORE: Q(position__lt=Given("pivot"))}
    return opened.filter(side[where]).only("key", "item", "tagged", "rater")
