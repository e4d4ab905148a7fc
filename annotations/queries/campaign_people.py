"""The people of a campaign as its leads see them. What somebody declined is theirs alone: nothing here tells it."""

from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from annotations.campaign_access import possible_raters
from annotations.models import Assignment, Campaign, CampaignItem, Enrolment, Membership, RaterGroup, User
from annotations.models.people import EXPERT
from annotations.models.ratings import HELD, OPEN


class Place(NamedTuple):
    """One person in the campaign: how many items they hold now, and how many a lead keeps for them alone.

    `opens_runs` is True for somebody who may open the runs that the responses come from.
    """

    enrolment: Enrolment
    holds: int
    kept: int
    opens_runs: bool


class Possible(NamedTuple):
    """Somebody who could be added."""

    person: User
    opens_runs: bool


def enrolled(campaign: Campaign) -> QuerySet[Enrolment]:
    """Who is in the campaign, by name."""
    rows = campaign.enrolments.filter(removed_at=None).select_related("rater", "group")
    return rows.order_by("rater__first_name", "rater__last_name", "rater__username")


def places(campaign: Campaign, rows: Iterable[Enrolment]) -> list[Place]:
    """The enrolments with what is counted of each, in the order given; three queries, however many."""
    found = list(rows)
    raters = [row.rater_id for row in found]
    mine = Assignment.objects.filter(campaign=campaign, rater__in=raters).order_by().values_list("rater")
    holds = dict(mine.filter(state=HELD).annotate(Count("pk")))
    shared = CampaignItem.objects.filter(campaign=campaign, gold_follows=None).values("pk")
    kept = dict(mine.filter(state=OPEN, item__in=shared).annotate(Count("pk")))
    experts = _experts(campaign, raters)
    return [Place(row, holds.get(row.rater_id, 0), kept.get(row.rater_id, 0), row.rater_id in experts) for row in found]


def possible(campaign: Campaign) -> list[Possible]:
    """Who may be added, by name."""
    there = campaign.enrolments.filter(removed_at=None).values("rater")
    people = list(possible_raters(campaign.organisation_id).exclude(pk__in=there))
    experts = _experts(campaign, [person.pk for person in people])
    return [Possible(person, person.pk in experts) for person in people]


def _experts(campaign: Campaign, people: list[int]) -> set[int]:
    rows = Membership.objects.filter(organisation=campaign.organisation_id, role=EXPERT, user__in=people)
    return set(rows.values_list("user", flat=True))


def groups_of(campaign: Campaign) -> QuerySet[RaterGroup]:
    """The groups in the campaign, with how many places came by each as `people`."""
    return _with_people(campaign, campaign.groups.all())


def other_groups(campaign: Campaign) -> QuerySet[RaterGroup]:
    """The groups of its organisation that are not in the campaign, with their number of members as `people`."""
    mine = RaterGroup.objects.filter(organisation=campaign.organisation_id)
    return mine.exclude(campaigns=campaign).annotate(people=Count("members")).order_by("name")


def _with_people(campaign: Campaign, groups: QuerySet[RaterGroup]) -> QuerySet[RaterGroup]:
    by_it = campaign.enrolments.filter(removed_at=None, group=OuterRef("pk")).order_by().values("group")
    number = Subquery(by_it.annotate(number=Count("pk")).values("number"))
    return groups.annotate(people=Coalesce(number, 0)).order_by("name")


def listed(groups: QuerySet[RaterGroup]) -> QuerySet[RaterGroup]:
    """The groups with `people` and `used`, the numbers of members and of campaigns, by organisation and name."""
    counted = groups.annotate(people=Count("members", distinct=True), used=Count("campaigns", distinct=True))
    return counted.order_by("organisation__name", "name")


def outside(group: RaterGroup) -> QuerySet[User]:
    """Who could join the group, by name."""
    return possible_raters(group.organisation_id).exclude(rater_groups=group)
