"""How many pairs of each kind a set takes: never one twice, and as many as the shares allow."""

import pytest

from annotations.core.mixture import taken


@pytest.mark.parametrize(
    ("built", "people", "shares", "found"),
    [
        (10, 5, (1, 0), (10, 0)),
        (10, 5, (0, 2), (0, 5)),
        # 3 parts of 4 are built: 5 of people are a quarter of 20, but 15 built ones are not there; 10 / 0.75 = 13.3
        (10, 5, (0.75, 0.25), (10, 3)),
        # 30 are 0.3 of 100
        (1000, 30, (0.7, 0.3), (70, 30)),
        (10, 0, (0.5, 0.5), (0, 0)),
        (0, 0, (1, 0), (0, 0)),
    ],
)
def test_the_largest_set_with_these_shares(built, people, shares, found):
    assert taken(built, people, *shares) == found


@pytest.mark.parametrize("shares", [(0, 0), (-1, 2)])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(ValueError, match="Shares are not negative"):
        taken(1, 1, *shares)
