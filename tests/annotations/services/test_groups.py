"""Groups of raters: their people have places in their campaigns, and lose those that came by the group."""

import pytest

from annotations.models import AuditEvent, RaterGroup
from annotations.services import enrolments, groups
from annotations.services.groups import GroupProblem
from tests.databases import at_once
from tests.factories import make_organisation, make_person
from tests.rating_desk import make_campaign

pytestmark = pytest.mark.django_db


def made(name: str = "Evening", *people: str) -> RaterGroup:
    lea = make_person("lea")
    group = groups.create(organisation=make_organisation(), name=name, actor=lea)
    groups.add_members(group=group, people=[make_person(one) for one in people], actor=lea)
    return group


def attached(campaign, group) -> int:
    return groups.attach(campaign=campaign, group=group, actor=make_person("lea"))


def names(campaign) -> list[str]:
    return sorted(campaign.enrolments.filter(removed_at=None).values_list("rater__username", flat=True))


def leave(group, name: str) -> None:
    groups.remove_member(group=group, person=make_person(name), actor=make_person("lea"))


def test_a_group_brings_its_people_and_whoever_joins_later():
    campaign, group = make_campaign(1), made("Evening", "carol")
    assert attached(campaign, group) == 1 and names(campaign) == ["carol"]
    groups.add_members(group=group, people=[make_person("ada")], actor=make_person("lea"))
    assert names(campaign) == ["ada", "carol"] and AuditEvent.objects.latest("pk").action == "add_members"


def test_who_leaves_a_group_loses_the_place_that_came_by_it_and_no_other():
    first, second, group = make_campaign(1), make_campaign(1), made("Evening", "carol")
    enrolments.add(campaign=first, people=[make_person("carol")], actor=make_person("lea"))
    attached(first, group), attached(second, group)
    leave(group, "carol")
    assert names(first) == ["carol"] and names(second) == []


def test_another_group_keeps_the_place():
    campaign, one, other = make_campaign(1), made("Evening", "carol"), made("Night", "carol")
    attached(campaign, one), attached(campaign, other)
    leave(one, "carol")
    assert campaign.enrolments.get(removed_at=None).group == other
    leave(other, "carol")
    assert names(campaign) == []


def test_a_closed_campaign_stays_as_it_is():
    campaign, group = make_campaign(1), made("Evening", "carol")
    attached(campaign, group)
    type(campaign).objects.filter(pk=campaign.pk).update(state="closed", closed_at=campaign.opened_at)
    leave(group, "carol")
    groups.add_members(group=group, people=[make_person("ada")], actor=make_person("lea"))
    assert names(campaign) == ["carol"]
    campaign.refresh_from_db()
    with pytest.raises(GroupProblem, match="closed"):
        attached(campaign, made("Night", "ada"))
    with pytest.raises(GroupProblem, match="closed"):
        groups.detach(campaign=campaign, group=group, actor=make_person("lea"))


def test_a_group_that_is_taken_out_takes_its_places_along():
    campaign, group = make_campaign(1), made("Evening", "carol", "ada")
    attached(campaign, group)
    groups.detach(campaign=campaign, group=group, actor=make_person("lea"))
    assert names(campaign) == [] and not campaign.groups.exists()


@pytest.mark.parametrize("name", ["lea", "bob", "grace", "mallory"])
def test_who_may_not_rate_joins_no_group(name):
    with pytest.raises(GroupProblem, match="cannot rate"):
        made("Evening", "carol", name)


@pytest.mark.parametrize("name", ["", " \n", "x" * 101])
def test_a_group_has_a_name(name):
    with pytest.raises(GroupProblem, match="name"):
        made(name)


def test_a_name_is_given_once():
    other = made("Night")
    made("Evening")
    with pytest.raises(GroupProblem, match="already"):
        groups.rename(group=other, name="Evening", actor=make_person("lea"))
    assert groups.rename(group=other, name=" Late  shift ", actor=make_person("lea")).name == "Late shift"


def test_a_group_of_another_organisation_cannot_be_added():
    group = groups.create(organisation=make_organisation("elsewhere"), name="Theirs", actor=make_person("lea"))
    with pytest.raises(GroupProblem):
        attached(make_campaign(1), group)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_a_group_that_is_added_while_somebody_joins_leaves_nobody_without_a_place():
    campaign, group, lea = make_campaign(1), made("Evening", "carol"), make_person("lea")
    ada = make_person("ada")
    join = lambda: groups.add_members(group=group, people=[ada], actor=lea)  # noqa: E731
    at_once(join, lambda: attached(campaign, group))
    assert names(campaign) == ["ada", "carol"]
