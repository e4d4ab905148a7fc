import time

import pytest

from training.engines._failures import refusal
from training.engines._limits import allowance, reset


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, None),
        ({"x-ratelimit-remaining-requests": "7", "x-ratelimit-reset-requests": "1m30s"}, (7, 90.0)),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "120ms"}, (0, 0.12)),
        ({"x-ratelimit-remaining": "3", "x-ratelimit-reset": "12"}, (3, 12.0)),
        ({"ratelimit-remaining": "3", "ratelimit-reset": "2.5"}, (3, 2.5)),
        ({"x-ratelimit-remaining-tokens": "900", "x-ratelimit-reset-tokens": "6s"}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6s"}, (0, 6.0)),
        ({"x-ratelimit-remaining-requests": "7"}, None),
        ({"x-ratelimit-remaining-requests": "many", "x-ratelimit-reset-requests": "1s"}, None),
        ({"x-ratelimit-remaining-requests": "7", "x-ratelimit-reset-requests": "soon"}, None),
        ({"x-ratelimit-remaining-requests": "nan", "x-ratelimit-reset-requests": "1s"}, None),
    ],
)
def test_the_calls_a_server_still_takes_are_read(headers: dict[str, str], told: tuple[int, float] | None) -> None:
    assert allowance(headers) == told


def test_of_two_allowances_the_narrower_counts() -> None:
    headers = {"x-ratelimit-remaining-requests": "50", "x-ratelimit-reset-requests": "1s"}
    assert allowance(headers | {"x-ratelimit-remaining": "2", "x-ratelimit-reset": "9"}) == (2, 9.0)


@pytest.mark.parametrize("unit", [1, 1000])
def test_a_reset_at_a_moment_is_the_seconds_until_then(unit: int) -> None:
    assert reset({"x-ratelimit-reset": str(int((time.time() + 30) * unit))}) == pytest.approx(30, abs=1.5)


def test_a_server_that_takes_no_more_is_waited_for_until_what_is_used_up_comes_back() -> None:
    requests = {"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "2s"}
    tokens = {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "40s"}
    assert (reset(requests), reset(requests | tokens)) == (2.0, 40.0)


def test_the_reset_stands_in_for_a_wait_that_a_429_does_not_name() -> None:
    headers = {"x-ratelimit-reset-requests": "3s"}
    assert refusal(429, headers, b"").retry_after == 3.0
    assert refusal(429, headers | {"retry-after": "1"}, b"").retry_after == 1.0
    assert refusal(500, headers, b"").retry_after is None
