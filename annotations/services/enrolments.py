"""People in campaigns: who is added, how much they rate, who pauses or leaves, and which items one of them alone gets.

Every change happens under a lock on the campaign; what touches one person's holds also under one on their enrolment.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from annotations.campaign_access import possible_raters
from annotations.core.batches import batches
from annotations.models import Assignment, Campaign, CampaignItem, Enrolment, RaterGroup, Skip, User
from annotations.models import campaigns as states
from annotations.models.ratings import HELD, OPEN
from annotations.services import audit, slots
from annotations.services.campaign_items import lock
from annotations.services.campaign_slots import AT_ONCE, fill, reserve

MOST_QUOTA, MOST_ASSIGNED = 100_000, 10_000
CLOSED = "This campaign is closed: nobody rates in it any more."
GONE = "Somebody was faster: this person is not in the campaign any more."


class EnrolmentProblem(ValueError):
    """Why a person's place in a campaign was not changed, in words for the lead."""


@transaction.atomic
def add(
    *,
    campaign: Campaign,
    people: Iterable[User],
    actor: User,
    group: RaterGroup | None = None,
    quota: int | None = None,
) -> list[Enrolment]:
    """The places of those who were not in the campaign yet, in order; `group` is the one they came by.

    Who was removed comes back with what they had accepted. Raises EnrolmentProblem for a closed campaign, and for
    somebody who may not rate in it.
    """
    campaign = _open_to_change(campaign)
    wanted = {person.pk: person for person in people}
    may = set(possible_raters(campaign.organisation_id).filter(pk__in=wanted).values_list("pk", flat=True))
    if refused := [str(person) for pk, person in wanted.items() if pk not in may]:
        raise EnrolmentProblem(
            gettext("%(value)s cannot rate here: who leads, reviews or administers reads what is said.")
            % {"value": refused[0]}
        )
    _check_quota(quota)
    there = {row.rater_id: row for row in campaign.enrolments.select_for_update(no_key=True)}
    missing = [person for pk, person in wanted.items() if pk not in there or there[pk].removed_at]
    made = [_place(campaign, person, there.get(person.pk), group, quota) for person in missing]
    reserve(campaign, [row for row in made if row.accepted_at])
    for row in made:
        after = {"campaign": campaign.pk, "person": str(row.rater), "group": str(group or ""), "quota": quota}
        audit.record(actor=actor, action="enrol", obj=row, after=after)
    return made


def _place(
    campaign: Campaign, person: User, before: Enrolment | None, group: RaterGroup | None, quota: int | None
) -> Enrolment:
    row = before or Enrolment(campaign=campaign, rater=person)
    row.rater, row.group, row.quota, row.removed_at, row.paused_at = person, group, quota, None, None
    row.save()
    return row


def _open_to_change(campaign: Campaign) -> Campaign:
    campaign = lock(campaign)
    if campaign.state == states.CLOSED:
        raise EnrolmentProblem(CLOSED)
    return campaign


def _check_quota(quota: int | None) -> None:
    if quota is not None and not 1 <= quota <= MOST_QUOTA:
        raise EnrolmentProblem(
            gettext("A quota lies between 1 and %(most_quota)s; leave it empty for the campaign's own.")
            % {"most_quota": f"{MOST_QUOTA:,}"}
        )


@transaction.atomic
def set_quota(*, enrolment: Enrolment, quota: int | None, actor: User) -> None:
    """Nothing; so many responses are asked of this person, None for as many as the campaign asks of everybody.

    `enrolment` is as the lead saw it. Raises EnrolmentProblem.
    """
    _check_quota(quota)
    _change(enrolment, only={"quota": enrolment.quota}, to={"quota": quota})
    before = {"quota": enrolment.quota}
    audit.record(actor=actor, action="set_quota", obj=enrolment, before=before, after={"quota": quota})


@transaction.atomic
def pause(*, enrolment: Enrolment, actor: User) -> None:
    """Nothing; the person is handed nothing more until `go_on`; what they hold they may answer. Raises."""
    campaign = _change(enrolment, only={"paused_at": None}, to={"paused_at": timezone.now()})
    audit.record(actor=actor, action="pause", obj=enrolment, after={"campaign": campaign.pk})


@transaction.atomic
def go_on(*, enrolment: Enrolment, actor: User) -> None:
    """Nothing; the person is handed items again. Raises EnrolmentProblem."""
    campaign = _change(enrolment, only={"paused_at__isnull": False}, to={"paused_at": None})
    audit.record(actor=actor, action="resume", obj=enrolment, after={"campaign": campaign.pk})


def _change(enrolment: Enrolment, *, only: Mapping[str, Any], to: Mapping[str, Any]) -> Campaign:
    campaign = _open_to_change(enrolment.campaign)
    if not Enrolment.objects.filter(pk=enrolment.pk, removed_at=None, **only).update(**to):
        raise EnrolmentProblem(gettext("Somebody was faster: look at this person's place again."))
    return campaign


@transaction.atomic
def remove(*, enrolment: Enrolment, actor: User) -> None:
    """Nothing; the person is out: what they held or was kept for them goes to others, what they answered stays.

    Raises EnrolmentProblem when they were out already.
    """
    campaign = lock(enrolment.campaign)
    if not Enrolment.objects.filter(pk=enrolment.pk, removed_at=None).update(removed_at=timezone.now()):
        raise EnrolmentProblem(GONE)
    mine = Assignment.objects.filter(campaign=campaign, rater=enrolment.rater_id, state__in=(OPEN, HELD))
    after = {"campaign": campaign.pk, "person": str(enrolment.rater), "given_back": _to_all(campaign, mine)}
    audit.record(actor=actor, action="remove", obj=enrolment, after=after)


def _to_all(campaign: Campaign, kept: QuerySet[Assignment]) -> int:
    """How many slots went from one person to everybody; as many as an item needs stay, of a gold item none."""
    rows = list(kept.select_for_update().values_list("pk", "item"))
    opened: dict[str, Any] = {"state": OPEN, "rater": None, "until": None, "held_at": None, "shown_at": None}
    for some in batches(rows, AT_ONCE):
        slots_of = Assignment.objects.filter(pk__in=[pk for pk, _ in some])
        slots_of.update(**opened, seen_at=None, active_seconds=0)
        fill(campaign, campaign.items.filter(pk__in=[item for _, item in some]))
    return len(rows)


@transaction.atomic
def assign(*, enrolment: Enrolment, number: int, actor: User) -> int:
    """How many items, at most `number`, are kept for this person: nobody else is handed these slots before them.

    They are items they have not had, taken from an own place of the shuffle on. Raises EnrolmentProblem.
    """
    if not 1 <= number <= MOST_ASSIGNED:
        raise EnrolmentProblem(
            gettext("Between 1 and %(most_assigned)s items can be kept for a person at once.")
            % {"most_assigned": f"{MOST_ASSIGNED:,}"}
        )
    campaign = _open_to_change(enrolment.campaign)
    row = _held(enrolment)
    taken = 0
    for some in batches(_chosen(campaign, row, number), AT_ONCE):
        taken += Assignment.objects.filter(pk__in=some, state=OPEN, rater=None).update(rater=row.rater_id)
    after = {"campaign": campaign.pk, "person": str(enrolment.rater), "items": taken}
    audit.record(actor=actor, action="assign", obj=row, after=after)
    return taken


def _held(enrolment: Enrolment) -> Enrolment:
    """The person's place under a lock, so that they are handed nothing meanwhile."""
    row = Enrolment.objects.select_for_update(no_key=True).filter(pk=enrolment.pk, removed_at=None).first()
    if row is None:
        raise EnrolmentProblem(GONE)
    return row


def _chosen(campaign: Campaign, row: Enrolment, number: int) -> list[int]:
    """A free slot of each of so many items.

    What the person would not be handed comes last, and is not left out: how few are left would tell what it is.
    """
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for pk, item, tags in _free_for(campaign, row):
        avoided = any(f",{slug}," in tags for slug in row.declined)
        (last if avoided else first).setdefault(item, pk)
        if len(first) == number:
            break
    return list((first | last).values())[:number]


def _free_for(campaign: Campaign, row: Enrolment) -> Iterator[tuple[int, int, str]]:
    """Slots that nobody has, of items that this person neither has nor passed on, from an own place of theirs on."""
    had = Assignment.objects.filter(campaign=campaign, rater=row.rater_id).values("item")
    passed = Skip.objects.filter(rater=row.rater_id, withdrawn_at=None).values("item")
    free = Assignment.objects.filter(campaign=campaign, state=OPEN, rater=None)
    free = free.exclude(item__in=had).exclude(item__in=passed).order_by("position", "item", "n")
    pivot = slots.place(campaign.seed, row.rater_id, row.handed)
    for part in (free.filter(position__gte=pivot), free.filter(position__lt=pivot)):
        yield from part.values_list("pk", "item", "tags").iterator(AT_ONCE)


@transaction.atomic
def unassign(*, enrolment: Enrolment, actor: User) -> int:
    """How many items that were kept for the person are there for everybody again; gold items stay theirs.

    Raises EnrolmentProblem.
    """
    campaign = _open_to_change(enrolment.campaign)
    row = _held(enrolment)
    freed = _to_all(campaign, kept_for(campaign, row.rater_id))
    after = {"campaign": campaign.pk, "person": str(enrolment.rater), "items": freed}
    audit.record(actor=actor, action="unassign", obj=row, after=after)
    return freed


def kept_for(campaign: Campaign, rater: int) -> QuerySet[Assignment]:
    """The open slots that a lead assigned to this person; what is kept for everybody, gold, is not among them."""
    shared = CampaignItem.objects.filter(campaign=campaign, gold_follows=None).values("pk")
    return Assignment.objects.filter(campaign=campaign, rater=rater, state=OPEN, item__in=shared)
