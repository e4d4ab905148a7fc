"""Figures of traffic, worked by hand."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_deployment, make_key
from training import latency, traffic_queries
from training.models import Traffic
from training.traffic_charts import chart, top_of
from training.traffic_queries import DAYS_30, HOURS_2, HOURS_24

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)


def calls(deployment, key, minutes=0, n=1, outcome="answered", ms=0, first=0, **fields):
    """So many calls that ended alike, so many minutes before NOW."""
    at = NOW - timedelta(minutes=minutes)
    at = at.replace(minute=at.minute // 5 * 5, second=0)
    buckets = {"latency": latency.bucket(ms) if ms else 0, "first": latency.bucket(first) if first else 0}
    kept = {"version": deployment.version, "candidate": deployment.candidate, "requests": n, "outcome": outcome}
    return Traffic.objects.create(deployment=deployment, key=key, at=at, **kept | buckets | fields)


@pytest.fixture
def place():
    deployment = make_deployment()
    return deployment, make_key(deployment)[0]


def test_the_periods_end_with_the_step_that_now_is_in():
    ends = [(period.slug, period.starts(NOW)[0], period.starts(NOW)[-1]) for period in traffic_queries.PERIODS]
    assert ends == [
        ("2h", datetime(2026, 11, 20, 10, 35, tzinfo=UTC), datetime(2026, 11, 20, 12, 30, tzinfo=UTC)),
        ("24h", datetime(2026, 11, 19, 13, tzinfo=UTC), datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("30d", datetime(2026, 10, 22, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)),
    ]


def test_calls_are_counted_in_the_step_they_fell_in(place):
    calls(*place, 0, 3)
    calls(*place, 0, 2, "upstream")
    calls(*place, 90, 5, "refused", tokens_in=10, tokens_out=4)
    calls(*place, 60 * 30, 7)
    for period, expected in ((HOURS_2, [5, 5]), (HOURS_24, [5, 5]), (DAYS_30, [7, 10])):
        found = traffic_queries.figures(place[0], period, NOW)
        assert [slot.requests for slot in found.slots if slot.requests] == expected
        assert len(found.slots) == period.slots
    assert (found.totals.requests, found.totals.failed, found.totals.ended) == (17, 2, 15)
    # 5 of the 15 calls that brought an answer were refused: a third
    assert found.totals.declined[0] == ("refused", 5, pytest.approx(1 / 3))
    assert (found.totals.tokens_in, found.totals.tokens_out) == (10, 4)


def test_percentiles_are_of_answers_alone_and_streams_apart(place):
    calls(*place, 0, 90, ms=100)
    calls(*place, 0, 10, ms=1000)
    calls(*place, 0, 1000, "rate_limited", ms=1)
    calls(*place, 5, 4, ms=500, first=50, streamed=True)
    whole, streams, first = traffic_queries.figures(place[0], HOURS_2, NOW).waits
    assert (whole.n, streams.n, first.n) == (100, 4, 4)
    # 90 of 100 in the bucket of 100 ms: p50 and p90 there, p95 and p99 in that of 1 s; a bucket is within 9 %
    assert whole.at == pytest.approx([100, 100, 1000, 1000], rel=0.09)
    assert first.at[0] == pytest.approx(50, rel=0.1)


def test_without_calls_there_is_no_percentile_and_no_share(place):
    found = traffic_queries.figures(place[0], HOURS_24, NOW)
    assert {at for row in found.waits for at in row.at} == {None}
    assert [share for _, _, share in found.totals.declined] == [None, None]
    assert traffic_queries.recent([place[0].pk], NOW)[place[0].pk].failed_share is None


def test_keys_and_versions_are_told_apart(place):
    deployment, key = place
    other, _ = make_key(deployment, name="back office")
    calls(deployment, key, 0, 2)
    calls(deployment, other, 0, 5, "broken", tokens_in=7)
    found = traffic_queries.figures(deployment, HOURS_2, NOW)
    assert [(part.label, part.requests, part.failed) for part in found.keys] == [
        ("back office", 5, 5),
        ("front desk", 2, 0),
    ]
    assert [(part.version, part.requests, part.tokens_in) for part in found.versions] == [
        ((deployment.version.config_id, 1), 7, 7)
    ]


def test_failures_stand_with_the_most_frequent_first(place):
    calls(*place, 0, 2, "too_long")
    calls(*place, 0, 3, "upstream")
    found = traffic_queries.figures(place[0], HOURS_2, NOW).totals.failures
    assert [(ending.outcome, n) for ending, n in found] == [("upstream", 3), ("too_long", 2)]


def test_the_last_day_of_many_deployments_takes_two_queries(place):
    calls(*place, 0, 3, tokens_in=5, tokens_out=2)
    calls(*place, 60, 1, "broken")
    calls(*place, 60 * 25, 9)
    others = [make_deployment(f"game-{number}").pk for number in range(5)]
    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = traffic_queries.recent([place[0].pk, *others], NOW)
    mine = found[place[0].pk]
    assert (len(asked), mine.requests, mine.failed, mine.tokens) == (2, 4, 1, 7)
    assert mine.failed_share == 0.25
    assert (mine.last.hour, mine.last.minute) == (12, 30)


def test_the_figures_take_as_many_queries_for_many_rows_as_for_one(place):
    def count():
        with CaptureQueriesContext(connection) as asked:
            traffic_queries.figures(place[0], HOURS_24, NOW)
        return len(asked)

    calls(*place, 0, 1)
    few = count()
    for number in range(30):
        calls(*place, 10 * number + 10, 1)
    assert count() == few == 5


def test_the_table_to_take_away_has_every_row(place):
    calls(*place, 0, 3, ms=100, first=40, streamed=True, tokens_in=9)
    calls(*place, 60 * 3, 1)
    table = traffic_queries.table(place[0], HOURS_2, NOW)
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [(row["outcome"], row["requests"], row["version"], row["streamed"]) for row in rows] == [
        ("answered", 3, "v1", True)
    ]
    assert rows[0]["milliseconds"] == pytest.approx(100, rel=0.1)


def test_the_bars_fill_the_axis_from_below(place):
    calls(*place, 0, 6)
    calls(*place, 0, 2, "withheld")
    found = traffic_queries.figures(place[0], HOURS_2, NOW)
    drawn = chart(HOURS_2, found.slots)
    # 8 calls: the axis goes to 10; 6 answered from 0 to 60 %, 2 declined on top of them to 80 %
    assert drawn.most == 10
    assert [(one.group.slug, one.y, one.height) for one in drawn.bars[-1].pieces] == [
        ("answered", 40, 60),
        ("declined", 20, 20),
    ]
    assert [tick.label for tick in drawn.y_ticks] == ["0", "5", "10"]
    assert [top_of(n) for n in (0, 1, 2, 3, 10, 11, 501)] == [1, 1, 2, 5, 10, 20, 1000]
