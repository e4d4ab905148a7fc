"""People in campaigns: who may come in, who leaves, and which items one of them alone gets."""

import pytest

from annotations.core.gold import Gold
from annotations.models import Assignment, AuditEvent, Rating
from annotations.services import campaign_gold, enrolments, slots
from annotations.services.enrolments import EnrolmentProblem
from tests.databases import at_once
from tests.factories import make_person
from tests.rating_desk import enrol, make_campaign, rate

pytestmark = pytest.mark.django_db


def add(campaign, *names, **more):
    people = [make_person(name) for name in names]
    return enrolments.add(campaign=campaign, people=people, actor=make_person("lea"), **more)


def kept(enrolment) -> int:
    return Assignment.objects.filter(state="open", rater=enrolment.rater).count()


def last_event() -> AuditEvent:
    return AuditEvent.objects.order_by("-pk")[0]


def test_people_get_a_place_once():
    campaign = make_campaign(1)
    assert [str(row.rater) for row in add(campaign, "ada", "carol", quota=30)] == ["Ada", "Carol"]
    assert add(campaign, "carol") == [] and campaign.enrolments.count() == 2
    assert campaign.enrolments.get(rater__username="ada").quota == 30 and last_event().action == "enrol"


@pytest.mark.parametrize("name", ["lea", "bob", "grace", "mallory"])
def test_who_reads_what_is_said_or_is_a_stranger_cannot_be_added(name):
    campaign = make_campaign(1)
    with pytest.raises(EnrolmentProblem, match="cannot rate here"):
        add(campaign, "carol", name)
    assert not campaign.enrolments.exists()


def test_nobody_is_added_to_a_closed_campaign():
    with pytest.raises(EnrolmentProblem, match="closed"):
        add(make_campaign(0, state="closed"), "carol")


def test_who_leaves_gives_back_what_they_hold_and_keeps_what_they_said():
    campaign = make_campaign(4)
    rate(carol := enrol(campaign))
    slots.turn(carol), slots.turn(carol, ahead=True)
    enrolments.remove(enrolment=carol, actor=make_person("lea"))
    assert Rating.objects.count() == 1 and last_event().after["given_back"] == 2
    assert Assignment.objects.filter(state="open", rater=None).count() == 3
    with pytest.raises(EnrolmentProblem, match="faster"):
        enrolments.remove(enrolment=carol, actor=make_person("lea"))


def test_gold_that_was_kept_for_somebody_goes_with_them_and_comes_back_with_them():
    campaign = make_campaign(2)
    carol = enrol(campaign)
    item = campaign.items.order_by("pk")[0]
    campaign_gold.set_gold(item=item, gold=Gold(3, 5, True, "So."), actor=make_person("lea"))
    enrolments.remove(enrolment=carol, actor=make_person("lea"))
    assert not item.assignments.exists()
    assert add(campaign, "carol") == [carol] and item.assignments.get().rater == carol.rater


def test_a_quota_a_pause_and_going_on_are_one_persons_alone():
    campaign = make_campaign(3)
    carol, lea = enrol(campaign), make_person("lea")
    enrolments.set_quota(enrolment=carol, quota=1, actor=lea)
    rate(carol)
    assert slots.turn(carol).why == "quota"
    carol.refresh_from_db()
    enrolments.set_quota(enrolment=carol, quota=None, actor=lea)
    enrolments.pause(enrolment=carol, actor=lea)
    assert slots.turn(carol).why == "paused"
    with pytest.raises(EnrolmentProblem, match="faster"):
        enrolments.pause(enrolment=carol, actor=lea)
    enrolments.go_on(enrolment=carol, actor=lea)
    assert slots.turn(carol).assignment


@pytest.mark.parametrize("quota", [0, -1, 100_001])
def test_a_quota_out_of_bounds_is_refused(quota):
    with pytest.raises(EnrolmentProblem, match="between 1"):
        enrolments.set_quota(enrolment=enrol(make_campaign(1)), quota=quota, actor=make_person("lea"))


def test_two_leads_at_one_quota_the_second_reads_of_the_first():
    seen = enrol(make_campaign(1))
    lea = make_person("lea")
    enrolments.set_quota(enrolment=type(seen).objects.get(pk=seen.pk), quota=5, actor=lea)
    with pytest.raises(EnrolmentProblem, match="faster"):
        enrolments.set_quota(enrolment=seen, quota=9, actor=lea)


def test_items_kept_for_ada_are_handed_to_her_alone_and_go_back_to_everybody():
    campaign = make_campaign(8)
    ada, carol = enrol(campaign, "ada"), enrol(campaign, "carol")
    assert enrolments.assign(enrolment=ada, number=5, actor=make_person("lea")) == 5
    hers = set(Assignment.objects.filter(rater=ada.rater).values_list("item", flat=True))
    his = {rate(carol).item_id for _ in range(3)}
    assert slots.turn(carol).why == "nothing" and not his & hers
    assert {rate(ada).item_id for _ in range(2)} <= hers
    assert enrolments.unassign(enrolment=ada, actor=make_person("lea")) == 3 and kept(ada) == 0
    assert slots.turn(carol).assignment


def test_an_item_is_kept_for_a_person_once_and_none_they_have_had_is():
    campaign = make_campaign(3, overlap=3)
    rate(carol := enrol(campaign))
    assert enrolments.assign(enrolment=carol, number=50, actor=make_person("lea")) == 2
    assert enrolments.assign(enrolment=carol, number=50, actor=make_person("lea")) == 0


def test_released_items_leave_gold_where_it_is():
    campaign = make_campaign(3)
    carol = enrol(campaign)
    gold = {"item": campaign.items.order_by("pk")[0], "gold": Gold(3, 5, True, "So."), "actor": make_person("lea")}
    campaign_gold.set_gold(**gold)
    enrolments.assign(enrolment=carol, number=2, actor=make_person("lea"))
    assert enrolments.unassign(enrolment=carol, actor=make_person("lea")) == 2 and kept(carol) == 1


def test_how_many_items_can_be_kept_does_not_tell_what_somebody_declined():
    tagged, plain = make_campaign(4, risks=["drugs"]), make_campaign(4)
    shy = [enrol(campaign, declined=["drugs"]) for campaign in (tagged, plain)]
    assert {enrolments.assign(enrolment=one, number=3, actor=make_person("lea")) for one in shy} == {3}


def test_what_somebody_would_be_handed_is_kept_for_them_first():
    campaign = make_campaign(3, risks=["drugs"])
    plain = make_campaign(3).items.all()
    plain.update(campaign=campaign)
    Assignment.objects.update(campaign=campaign)
    carol = enrol(campaign, declined=["drugs"])
    enrolments.assign(enrolment=carol, number=3, actor=make_person("lea"))
    assert set(Assignment.objects.filter(rater=carol.rater).values_list("tagged", flat=True)) == {False}


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_items_kept_for_two_people_while_they_ask_are_each_persons_once():
    campaign, lea = make_campaign(12, overlap=2), make_person("lea")
    ada, carol = enrol(campaign, "ada"), enrol(campaign, "carol")
    keep = lambda one: enrolments.assign(enrolment=one, number=6, actor=lea)  # noqa: E731
    jobs = [lambda: keep(ada), lambda: keep(carol), lambda: slots.turn(ada), lambda: slots.turn(carol)]
    first, second, *turns = at_once(*jobs)
    assert all(turn.assignment for turn in turns) and {first, second} <= {5, 6}
    for one in (ada, carol):
        mine = list(Assignment.objects.filter(rater=one.rater).values_list("item", flat=True))
        assert len(mine) == len(set(mine)) in (5, 6, 7)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_a_person_added_twice_at_once_has_one_place():
    campaign = make_campaign(1)
    make_person("carol"), make_person("lea")
    made = at_once(*[lambda: add(campaign, "carol") for _ in range(3)])
    assert sorted(map(len, made)) == [0, 0, 1] and campaign.enrolments.count() == 1
