"""How answers came in by days, and the day by which the rest is there; worked by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest

from annotations.models import Assignment, Campaign
from annotations.queries.campaign_days import IS_THERE, NOT_OPEN, NOTHING, TOO_YOUNG, days, pace
from tests.factories import make_person
from tests.rating_desk import make_campaign, rate_item

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


def answered(*hours_ago, opened=10, items=10):
    """A campaign of so many items, opened so many days ago, with an answer so many hours ago each."""
    campaign = make_campaign(items)
    Campaign.objects.filter(pk=campaign.pk).update(opened_at=NOW - timedelta(days=opened))
    for item, hours in zip(campaign.items.order_by("pk"), hours_ago, strict=False):
        rate_item(item, make_person("carol"))
        Assignment.objects.filter(item=item, state="done").update(done_at=NOW - timedelta(hours=hours))
    campaign.refresh_from_db()
    return campaign


def test_every_day_counts_also_one_without_an_answer():
    # Noon on the 20th: 1 h ago is the 20th, 50 h ago the 18th, at ten.
    found = days(answered(1, 50, 51), now=NOW)
    assert [(row.day.day, row.n, row.all) for row in found.rows] == [(18, 2, 2), (19, 0, 2), (20, 1, 3)]
    assert found.asked == 10


def test_the_rest_takes_what_the_last_seven_days_say():
    # 2 of 7 days and one older: 2 / 7 a day; 7 are left, 24.5 days from noon on the 20th: midnight of 14 April.
    pace = days(answered(1, 50, 200), now=NOW).pace
    assert (round(pace.per_day, 4), pace.days, pace.ends) == (0.2857, 7.0, date(2026, 4, 14))


def test_a_young_campaign_is_measured_since_it_opened():
    # 4 answers in 2 days: 2 a day; 6 left are there in 3 days.
    pace = days(answered(1, 2, 3, 4, opened=2), now=NOW).pace
    assert (pace.per_day, pace.days, pace.ends) == (2.0, 2.0, date(2026, 3, 23))


@pytest.mark.parametrize(
    ("hours", "more", "why"),
    [
        ((1,), {"opened": 0.5}, TOO_YOUNG),
        ((200,), {}, NOTHING),
        ((1, 2), {"items": 2}, IS_THERE),
    ],
)
def test_where_no_end_follows_it_says_why(hours, more, why):
    pace = days(answered(*hours, **more), now=NOW).pace
    assert (pace.ends, pace.why) == (None, why)


def test_a_paused_campaign_has_no_end():
    campaign = answered(1)
    campaign.state = "paused"
    assert days(campaign, now=NOW).pace.why == NOT_OPEN


def test_a_slow_campaign_names_no_day_years_away():
    # 1 in 7 days, of 400: 399 * 7 = 2793 days.
    told = pace(answered(1), done=1, asked=400, recent=1, now=NOW)
    assert told.ends is None and "three years" in told.why


def test_what_was_taken_out_counts_nowhere_and_no_answer_is_no_chart():
    campaign = answered(1, 2)
    campaign.items.filter(pk=campaign.items.order_by("pk")[0].pk).update(taken_out_at=NOW)
    assert (days(campaign, now=NOW).rows[-1].all, days(campaign, now=NOW).asked) == (1, 9)
    assert days(make_campaign(1), now=NOW) is None


def test_many_answers_ask_as_often_as_one(django_assert_num_queries):
    campaign = answered(1, 2, 3, 4, 5)
    with django_assert_num_queries(2):
        days(campaign, now=NOW)
