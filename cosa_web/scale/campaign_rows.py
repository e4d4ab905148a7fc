"""Campaigns of the made-up installation: items, slots, answers, what raters passed on, what leads decided."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast
from uuid import UUID

from annotations.core.batches import batches
from annotations.models import (
    Adjudication,
    Assignment,
    Campaign,
    CampaignItem,
    Enrolment,
    Flag,
    Guideline,
    Rating,
    Response,
    Skip,
)
from annotations.models.people import ANNOTATOR, LEAD
from annotations.services import slots
from cosa_web.scale.ground import Ground
from cosa_web.scale.plan import Plan, draw, moment
from cosa_web.scale.run_rows import Made
from cosa_web.scale.store import first_free, put

CAMPAIGNS, OVERLAP, FREE = 40, 2, 20
"""So many campaigns beside the big one; each item is rated twice, but one in twenty is still to be rated."""


class Rated(NamedTuple):
    """A campaign, and its items in order with their first slots."""

    campaign: Campaign
    guideline: int
    raters: list[int]
    responses: list[int]
    items: range
    slots: range
    positions: list[int]
    tags: list[str]


def make(plan: Plan, ground: Ground, runs: list[Made]) -> list[Campaign]:
    """Campaigns with the planned ratings over the responses of their organisation's runs, the big one first."""
    number = max(1, min(CAMPAIGNS, plan.ratings // 100))
    sizes = [plan.ratings // 10, *[(plan.ratings - plan.ratings // 10) // number] * number]
    made = []
    for place, ratings in enumerate(sizes):
        home = ground.organisations[place % len(ground.organisations)].pk
        pool = [pk for one in runs if one.place.organisation == home for pk in one.responses]
        items = min(len(pool), ratings // OVERLAP * FREE // (FREE - 1) + 1)
        start = place * 7919 % max(1, len(pool) - items)
        made.append(_campaign(ground, home, place, pool[start : start + items]))
    return made


def _campaign(ground: Ground, home: int, number: int, responses: list[int]) -> Campaign:
    at, lead = moment(number, CAMPAIGNS), ground.people[home, LEAD][0]
    told = {"title": f"Campaign {number + 1}", "support_contact": "Talk to the lead.", "created_by_id": lead}
    closed = {"state": "closed", "closed_at": at + timedelta(days=9)} if number % 3 == 2 else {"state": "open"}
    campaign = Campaign.objects.create(
        organisation_id=home, seed=number, overlap=OVERLAP, created_at=at, opened_at=at, **told, **closed
    )
    guideline = Guideline.objects.create(campaign=campaign, number=1, text="Read twice.", created_by_id=lead)
    staff = ground.people[home, ANNOTATOR]
    raters = staff if number == 0 else [staff[(number + n) % len(staff)] for n in range(min(12, len(staff)))]
    responses = sorted(responses, key=lambda pk: (slots.place(number, pk), pk))
    free = [first_free(CampaignItem), first_free(Assignment)]
    rated = Rated(
        campaign,
        guideline.pk,
        raters,
        responses,
        range(free[0], free[0] + len(responses)),
        range(free[1], free[1] + OVERLAP * len(responses)),
        [slots.place(number, pk) for pk in responses],
        _tags(responses),
    )
    _fill(rated, lead)
    return campaign


def _tags(responses: list[int]) -> list[str]:
    found: dict[int, list[str]] = {}
    for some in batches(responses, 1000):
        found |= dict(Response.objects.filter(pk__in=some).values_list("pk", "prompt__risks"))
    return [f",{','.join(found[pk])}," if found[pk] else "" for pk in responses]


def _fill(rated: Rated, lead: int) -> None:
    """Nothing; all that hangs on the campaign is stored."""
    fixed = rated.campaign.pk, rated.campaign.opened_at
    put(CampaignItem, ("id", "campaign_id", "response_id", "position", "needed", "tags", "created_at"), _items(rated))
    put(Assignment, _SLOT, (row[0] for row in _both(rated)))
    put(Rating, _RATING, (row[1] for row in _both(rated) if row[1]))
    done = len(rated.items) * OVERLAP * (FREE - 1) // FREE // len(rated.raters)
    people = ((fixed[0], rater, fixed[1], fixed[1], done, done, fixed[1]) for rater in rated.raters)
    put(Enrolment, ("campaign_id", "rater_id", "created_at", "accepted_at", "handed", "done", "seen_at"), people)
    put(Adjudication, _RULING, _rulings(rated, lead))
    asides = [(item, rated.raters[(n + 5) % len(rated.raters)]) for n, item in enumerate(rated.items) if n % 100 == 7]
    put(Flag, ("item_id", "rater_id", "text"), ((*aside, "Is this a quotation?") for aside in asides))
    put(Skip, ("item_id", "rater_id", "reason"), ((*aside, "unclear") for aside in asides))


def _items(rated: Rated) -> Iterator[tuple[Any, ...]]:
    opened = rated.campaign.opened_at
    for n, pk in enumerate(rated.items):
        yield (pk, rated.campaign.pk, rated.responses[n], rated.positions[n], OVERLAP, rated.tags[n], opened)


_SLOT = (
    *("id", "campaign_id", "item_id", "n", "key", "position", "tags", "tagged", "state", "rater_id"),
    *("held_at", "shown_at", "done_at", "active_seconds"),
)
_RATING = (
    *("assignment_id", "item_id", "rater_id", "guideline_id", "token", "points", "follows_config", "seconds"),
    "created_at",
)


def _both(rated: Rated) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...] | None]]:
    """Each slot, and the answer it has unless it is still open."""
    opened = cast(datetime, rated.campaign.opened_at)
    for n, slot in enumerate(rated.slots):
        place, number = divmod(n, OVERLAP)
        item, key, at = rated.items[place], UUID(int=(7 << 96) + slot), opened + timedelta(seconds=20 * place)
        tags = rated.tags[place]
        fixed = (slot, rated.campaign.pk, item, number + 1, key, rated.positions[place], tags, bool(tags))
        if place % FREE == FREE - 1:
            yield (*fixed, "open", None, None, None, None, 0.0), None
            continue
        rater, (points, follows) = rated.raters[(place + number) % len(rated.raters)], _said(item, number)
        slot_row = (*fixed, "done", rater, at, at, at, 20.0)
        yield slot_row, (slot, item, rater, rated.guideline, key, points, follows, 20.0, at)


def _said(item: int, number: int) -> tuple[int, bool]:
    """What the rater says: mostly what the other one says too."""
    points, moved = draw(item) % 6, draw(item, number + 1) % 8 == 0
    follows = draw(item, 5) % 10 > 1
    return (min(5, points + 1) if moved else points), (not follows if draw(item, number + 9) % 15 == 0 else follows)


_RULING = ("item_id", "points", "follows_config", "cause", "created_by_id")


def _rulings(rated: Rated, lead: int) -> Iterator[tuple[Any, ...]]:
    """A decision on every tenth item about which its raters differ."""
    for place, item in enumerate(rated.items):
        first, second = _said(item, 0), _said(item, 1)
        if place % FREE != FREE - 1 and first[1] != second[1] and draw(item, 3) % 10 == 0:
            yield (item, *first, "slip", lead)
