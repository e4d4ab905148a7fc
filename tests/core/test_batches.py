"""Rows a few at a time: none lost, none twice, in their order."""

import pytest

from annotations.core.batches import batches


@pytest.mark.parametrize(
    ("rows", "together"),
    [
        ([], []),
        ([1], [[1]]),
        ([1, 2, 3], [[1, 2, 3]]),
        ([1, 2, 3, 4], [[1, 2, 3], [4]]),
        ([1, 2, 3, 4, 5, 6, 7], [[1, 2, 3], [4, 5, 6], [7]]),
    ],
)
def test_rows_come_three_at_a_time_in_their_order(rows, together):
    assert list(batches(rows, 3)) == together


@pytest.mark.parametrize("size", [0, -1])
def test_a_size_that_would_never_end_or_lose_rows_is_refused_at_once(size):
    with pytest.raises(ValueError, match="at least one"):
        batches([1], size)
