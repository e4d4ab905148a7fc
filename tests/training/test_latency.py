"""Times in buckets, and percentiles from them."""

import pytest

from training import latency


@pytest.mark.parametrize(("milliseconds", "number"), [(0, 1), (1, 1), (1.1, 2), (2, 5), (4, 9), (1e9, latency.HIGHEST)])
def test_four_buckets_for_each_doubling(milliseconds, number):
    # 1 + 4 log2(2) = 5, 1 + 4 log2(4) = 9
    assert latency.bucket(milliseconds) == number


def test_a_time_is_told_within_nine_percent():
    for milliseconds in (1.01, 3, 17, 52, 333, 4_711, 60_000):
        told = latency.milliseconds(latency.bucket(milliseconds))
        assert abs(told / milliseconds - 1) <= 2 ** (1 / 8) - 1 + 1e-9


def test_a_percentile_is_where_that_share_of_the_calls_is_reached():
    # 90 calls of about 50 ms, 10 of about 400: the 90th is among the first, the 91st is not
    counts = {latency.bucket(50): 90, latency.bucket(400): 10}
    assert latency.percentile(counts, 0.9) == pytest.approx(50, rel=0.1)
    assert latency.percentile(counts, 0.91) == pytest.approx(400, rel=0.1)


def test_what_has_no_time_counts_in_no_percentile():
    assert latency.percentile({0: 5}, 0.5) is None
    assert latency.percentile({0: 5, latency.bucket(100): 1}, 0.1) == pytest.approx(100, rel=0.1)


def test_nothing_has_no_percentile():
    assert latency.percentile({}, 0.5) is None
