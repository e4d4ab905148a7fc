"""What a rater may know of their own work, and what a lead may know of everybody's together."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from annotations.models import Assignment, Campaign, CampaignItem, Enrolment, Skip
from annotations.queries import wellbeing
from annotations.queries import wellbeing_campaign as of_all
from tests.factories import make_person
from tests.rating_desk import enrol, make_campaign, rate_item

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, tzinfo=timezone.get_default_timezone())


def tagged(campaign: Campaign, *tags: str) -> list[CampaignItem]:
    """The items of the campaign, tagged one after the other like this."""
    items = list(campaign.items.order_by("pk"))
    for item, some in zip(items, tags, strict=True):
        CampaignItem.objects.filter(pk=item.pk).update(tags=some)
        item.assignments.update(tags=some)
    return list(campaign.items.order_by("pk"))


def answered(item: CampaignItem, who: Enrolment, at: datetime = NOON, **said: object) -> None:
    rating = rate_item(item, who.rater, **said)
    Assignment.objects.filter(pk=rating.assignment_id).update(done_at=at)


def passed(item: CampaignItem, who: Enrolment, reason: str = "unclear", at: datetime = NOON, **more: object) -> None:
    Skip.objects.create(item=item, rater=who.rater, reason=reason, created_at=at, **more)


def test_a_queue_is_counted_by_category_and_an_item_of_two_in_both() -> None:
    campaign = make_campaign(4)
    items = tagged(campaign, "", ",drugs,", ",drugs,violence,", ",violence,")
    CampaignItem.objects.filter(pk=items[3].pk).update(taken_out_at=NOON)
    found = wellbeing.queue(campaign)
    # Three items are left, two of them tagged: drugs on two of three, violence on one.
    assert (found.total, found.tagged) == (3, 2)
    assert {one.category.slug: one.items for one in found.shares if one.items} == {"drugs": 2, "violence": 1}
    assert found.shares[3].part == pytest.approx(2 / 3)
    assert (found.left([]), found.left(["violence"]), found.left(["drugs"])) == (3, 2, 1)


def test_an_empty_queue_has_no_share() -> None:
    found = wellbeing.queue(make_campaign(0))
    assert (found.total, found.tagged_share, found.shares[0].part) == (0, None, 0.0)


def test_what_was_read_is_counted_by_day_answered_or_passed_on() -> None:
    items = tagged(campaign := make_campaign(4), "", ",drugs,", ",drugs,violence,", ",violence,")
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    answered(items[0], carol, NOON - timedelta(days=1))
    answered(items[1], carol)
    passed(items[2], carol, "distressing")
    answered(items[3], dan)
    found = wellbeing.exposure(carol)
    # Yesterday one without a category; today one of drugs, and one of drugs and violence.
    assert [one.slug for one in found.categories] == ["violence", "drugs"]
    rows = [(day.day, day.items, day.tagged, day.of_category) for day in (*found.days, found.total)]
    assert rows == [
        (NOON.date(), 2, 2, [1, 2]),
        (NOON.date() - timedelta(days=1), 1, 0, [0, 0]),
        (None, 3, 2, [1, 2]),
    ]


def test_days_beyond_a_month_are_in_the_sum_alone() -> None:
    items = list((campaign := make_campaign(33)).items.all())
    carol = enrol(campaign)
    for number, item in enumerate(items):
        passed(item, carol, at=NOON - timedelta(days=number))
    found = wellbeing.exposure(carol)
    assert (len(found.days), found.older, found.total.items) == (31, 2, 33)


def test_a_session_and_a_day_that_are_over_count_nothing() -> None:
    campaign = make_campaign(0, day_cap=5, session_cap=None, tagged_in_row=3)
    row = Enrolment(campaign=campaign, tagged_day=5, tagged_session=4, tagged_row=2, day=NOON.date(), seen_at=NOON)
    assert [one.had for one in wellbeing.bounds(row, NOON)] == [5, 4, 2]
    assert [one.reached for one in wellbeing.bounds(row, NOON)] == [True, False, False]
    assert [one.had for one in wellbeing.bounds(row, NOON + timedelta(minutes=31))] == [5, 0, 2]
    assert [one.had for one in wellbeing.bounds(row, NOON + timedelta(days=1))] == [0, 0, 2]


def test_time_is_the_mean_over_the_answers_that_could_be_measured() -> None:
    items = list((campaign := make_campaign(3)).items.all())
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    answered(items[0], dan, seconds=90.0)
    for item, seconds in zip(items, (10.0, 20.0, None), strict=True):
        answered(item, carol, seconds=seconds)
    found = wellbeing.work(carol)
    assert (found.answers, found.measured, found.seconds, found.each) == (3, 2, 30.0, 15.0)


def test_without_a_measured_time_there_is_no_mean() -> None:
    assert wellbeing.work(enrol(make_campaign(0))).each is None


def test_accuracy_counts_gold_items_and_neither_practice_nor_what_was_passed_on() -> None:
    items = list((campaign := make_campaign(5)).items.order_by("pk"))
    gold = {"gold_low": 3, "gold_high": 4, "gold_follows": True, "gold_why": "r1"}
    campaign.items.exclude(pk=items[4].pk).update(**gold)
    campaign.items.filter(pk=items[3].pk).update(practice=True)
    carol = Enrolment.objects.create(campaign=campaign, rater=make_person("carol"))
    for item, said in zip(items, ((4, True), (4, False), (5, True), (0, False), (0, False)), strict=True):
        answered(item, carol, points=said[0], follows=said[1])
    found = wellbeing.accuracy(carol)
    # 4 is inside 3 to 4 and yes is right; then no is wrong; then 5 is outside.
    assert [one.right for one in found.answers] == [True, False, False]
    assert (found.share.hits, found.share.n) == (1, 3)


def test_without_gold_answers_accuracy_says_why_there_is_none() -> None:
    found = wellbeing.accuracy(enrol(make_campaign(1)))
    assert found.share.value is None and "no accuracy" in found.share.undefined


def test_a_name_for_outside_tells_no_id_and_leads_back_to_the_own_row_alone() -> None:
    campaign = make_campaign(2)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    for one in (carol, dan):
        passed(campaign.items.first(), one)
    mine, theirs = wellbeing.skips(carol).get(), wellbeing.skips(dan).get()
    name = wellbeing.outside_name(mine)
    assert wellbeing.of_name(wellbeing.skips(carol), name) == mine
    assert wellbeing.of_name(wellbeing.skips(carol), wellbeing.outside_name(theirs)) is None
    assert len(name) == 20 and name != wellbeing.outside_name(theirs)


def three(campaign: Campaign) -> list[Enrolment]:
    return [enrol(campaign, name) for name in ("carol", "dan", "eve")]


def test_nothing_is_summed_up_over_fewer_than_three_people() -> None:
    items = list((campaign := make_campaign(2)).items.all())
    carol, dan, eve = three(campaign)
    answered(items[0], carol), answered(items[1], carol), passed(items[0], dan, "distressing")
    assert of_all.care(campaign) is None  # three have begun, and two have read anything
    answered(items[1], eve)
    assert of_all.care(campaign).read == 4


def test_a_category_that_fewer_than_three_people_read_is_left_out() -> None:
    items = tagged(campaign := make_campaign(2), ",violence,", ",drugs,")
    people = three(campaign)
    for one in people:
        answered(items[0], one)
    for one in people[:2]:
        passed(items[1], one)
    found = of_all.care(campaign)
    rows = {one.category.slug: (one.read, one.people, one.each, one.passed_on) for one in found.of_category}
    assert (found.read, found.tagged) == (5, 5)
    assert rows["violence"] == (3, 3, 1.0, None) and rows["drugs"] == (None, None, None, None)


def test_a_reason_that_fewer_than_three_people_gave_has_no_number() -> None:
    items = list((campaign := make_campaign(3)).items.all())
    people = three(campaign)
    for one in people:
        passed(items[0], one)
    passed(items[1], people[0]), passed(items[2], people[0], "distressing")
    reasons = [("unclear", 4), ("too distressing", None), ("broken text", None), ("not qualified", None)]
    assert of_all.care(campaign).reasons == reasons


def test_pauses_and_sittings_follow_from_the_times_of_answers() -> None:
    items = list((campaign := make_campaign(5)).items.all())
    carol, dan, eve = three(campaign)
    passed(items[0], eve)
    # Carol: 0, 2, 10 (8 minutes' pause), 60 (away). Dan: one answer. So two sittings and one, and one pause.
    for item, minutes in zip(items, (0, 2, 10, 60), strict=False):
        answered(item, carol, NOON + timedelta(minutes=minutes))
    answered(items[4], dan, NOON + timedelta(minutes=30))
    work = of_all.care(campaign).work
    assert (work.sittings, work.pauses, work.answers, work.measured, work.seconds) == (3, 1, 5, 5, 60.0)


def test_items_that_two_people_passed_on_are_listed_with_notes_and_of_three_with_reasons() -> None:
    items = list((campaign := make_campaign(2)).items.all())
    carol, dan, eve = three(campaign)
    passed(items[0], carol, "broken", note="Half of it is missing.")
    passed(items[0], dan, "distressing", note="I cannot read this.")
    passed(items[1], carol)
    row = of_all.passed_on(campaign)[0]
    assert (row.item, row.people, row.nobody_left) == (items[0], 2, False)
    # Eve's answer would tell that these two passed it on, and the reasons that one of them is Dan's.
    assert (row.reasons, row.notes) == ([], ["Half of it is missing."])
    assert len(of_all.passed_on(campaign)) == 1
    passed(items[0], eve)
    row = of_all.passed_on(campaign)[0]
    assert row.reasons == [("unclear", 1), ("too distressing", 1), ("broken text", 1)]
    assert row.notes == ["Half of it is missing.", "I cannot read this."]


def test_an_item_is_listed_when_nobody_is_left_who_could_answer_it() -> None:
    item = (campaign := make_campaign(1, overlap=2)).items.get()
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    passed(item, carol)
    assert of_all.passed_on(campaign) == []
    answered(item, dan)
    row = of_all.passed_on(campaign)[0]
    assert (row.nobody_left, row.reasons, row.notes) == (True, [], [])


def test_what_people_left_out_changes_none_of_a_leads_figures() -> None:
    items = tagged(campaign := make_campaign(2), ",violence,", ",drugs,")
    people = three(campaign)
    for one in people:
        answered(items[0], one), passed(items[1], one)
    before = Counter(map(str, (of_all.care(campaign), of_all.passed_on(campaign))))
    campaign.enrolments.update(declined=["violence", "drugs"], folds=True)
    assert Counter(map(str, (of_all.care(campaign), of_all.passed_on(campaign)))) == before


def test_an_item_that_needs_no_more_answers_is_not_listed_for_one_who_passed_on_it() -> None:
    item = (campaign := make_campaign(1)).items.get()
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    passed(item, carol)
    answered(item, dan)
    assert of_all.passed_on(campaign) == []
