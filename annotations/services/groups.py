"""Groups of raters: people under one name. Who is in a group has a place in each of its campaigns."""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext

from annotations.campaign_access import possible_raters
from annotations.core.storable import storable
from annotations.models import Campaign, Enrolment, Organisation, RaterGroup, User
from annotations.models import campaigns as states
from annotations.services import audit, enrolments
from annotations.services.enrolments import EnrolmentProblem

LONGEST_NAME = 100
TAKEN = "A group of this organisation has this name already."
CANNOT = "Somebody of these cannot rate for this organisation: who leads, reviews or administers reads what is said."


class GroupProblem(ValueError):
    """Why a group was not made or changed, in words for the lead."""


@transaction.atomic
def create(*, organisation: Organisation, name: str, actor: User) -> RaterGroup:
    """The new group, without members. Raises GroupProblem."""
    group = RaterGroup(organisation=organisation, name=_name(name))
    _save(group)
    audit.record(actor=actor, action="create", obj=group, after={"name": group.name, "of": str(organisation)})
    return group


@transaction.atomic
def rename(*, group: RaterGroup, name: str, actor: User) -> RaterGroup:
    """The group under its new name. Raises GroupProblem."""
    row = _lock(group)
    before, row.name = row.name, _name(name)
    if row.name != before:
        _save(row)
        audit.record(actor=actor, action="edit", obj=row, before={"name": before}, after={"name": row.name})
    return row


def _name(text: str) -> str:
    name = " ".join(storable(text).split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise GroupProblem(
            gettext("Give the group a name of at most %(longest_name)s characters.") % {"longest_name": LONGEST_NAME}
        )
    return name


def _save(group: RaterGroup) -> None:
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as twice:
        raise GroupProblem(TAKEN) from twice


def _lock(group: RaterGroup) -> RaterGroup:
    """The group as it is now, locked. Whoever changes a campaign by a group takes this lock before that campaign's."""
    return RaterGroup.objects.select_for_update(no_key=True).get(pk=group.pk)


@transaction.atomic
def add_members(*, group: RaterGroup, people: Iterable[User], actor: User) -> int:
    """How many joined; they have a place in each of the group's campaigns that is not closed. Raises GroupProblem."""
    row = _lock(group)
    wanted = {person.pk for person in people}
    joining = list(possible_raters(row.organisation_id).filter(pk__in=wanted))
    if len(joining) < len(wanted):
        raise GroupProblem(CANNOT)
    there = set(row.members.values_list("pk", flat=True))
    new = [person for person in joining if person.pk not in there]
    row.members.add(*new)
    for campaign in _campaigns(row):
        _enrol(campaign, new, row, actor)
    if new:
        audit.record(actor=actor, action="add_members", obj=row, after={"people": sorted(map(str, new))})
    return len(new)


@transaction.atomic
def remove_member(*, group: RaterGroup, person: User, actor: User) -> None:
    """Nothing; the person left the group, and the places they have by it. Raises GroupProblem.

    A campaign that has another group of theirs keeps their place.
    """
    row = _lock(group)
    if not row.members.filter(pk=person.pk).exists():
        raise GroupProblem(
            gettext("Somebody was faster: %(person)s is not in this group any more.") % {"person": person}
        )
    row.members.remove(person)
    for campaign in _campaigns(row):
        _leave(campaign, row, campaign.enrolments.filter(rater=person), actor)
    audit.record(actor=actor, action="remove_member", obj=row, after={"person": str(person)})


def _campaigns(group: RaterGroup) -> QuerySet[Campaign]:
    return group.campaigns.exclude(state=states.CLOSED).order_by("pk")


@transaction.atomic
def attach(*, campaign: Campaign, group: RaterGroup, actor: User) -> int:
    """How many got a place: the group's members who may rate and had none. Who joins the group later gets one too.

    Raises GroupProblem for a closed campaign, and for a group that was there already.
    """
    row = _lock(group)
    members = list(possible_raters(campaign.organisation_id).filter(rater_groups=row))
    if row.organisation_id != campaign.organisation_id or campaign.groups.filter(pk=row.pk).exists():
        raise GroupProblem(gettext("Somebody was faster: this group is in the campaign already."))
    made = _enrol(campaign, members, row, actor)
    campaign.groups.add(row)
    audit.record(actor=actor, action="add_group", obj=campaign, after={"group": row.name, "people": made})
    return made


def _enrol(campaign: Campaign, people: Sequence[User], group: RaterGroup, actor: User) -> int:
    try:
        return len(enrolments.add(campaign=campaign, people=people, actor=actor, group=group))
    except EnrolmentProblem as problem:
        raise GroupProblem(str(problem)) from problem


@transaction.atomic
def detach(*, campaign: Campaign, group: RaterGroup, actor: User) -> None:
    """Nothing; the group and the places that came by it are out of the campaign. Raises GroupProblem."""
    row = _lock(group)
    if campaign.state == states.CLOSED:
        raise GroupProblem(enrolments.CLOSED)
    if not campaign.groups.filter(pk=row.pk).exists():
        raise GroupProblem(gettext("Somebody was faster: this group is not in the campaign any more."))
    campaign.groups.remove(row)
    _leave(campaign, row, campaign.enrolments.all(), actor)
    audit.record(actor=actor, action="remove_group", obj=campaign, after={"group": row.name})


def _leave(campaign: Campaign, group: RaterGroup, places: QuerySet[Enrolment], actor: User) -> None:
    """Nothing; each of these places that came by the group goes, or is another group's from now on."""
    for place in places.filter(group=group, removed_at=None).select_related("rater", "campaign").order_by("pk"):
        other = campaign.groups.filter(members=place.rater_id).exclude(pk=group.pk).order_by("name").first()
        if other:
            Enrolment.objects.filter(pk=place.pk).update(group=other)
        else:
            with suppress(EnrolmentProblem):  # somebody removed them a moment ago
                enrolments.remove(enrolment=place, actor=actor)
