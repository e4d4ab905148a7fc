"""Student's t, and the interval of a share that was not simply counted."""

import pytest

from annotations.core.confusion import share
from annotations.core.student import quantile, share_interval


# From the usual table of the t distribution, two-sided 95 % and 99 %.
@pytest.mark.parametrize(("freedom", "exact"), [(3, 3.182), (5, 2.571), (9, 2.262), (29, 2.045), (10_000, 1.960)])
def test_the_quantile_is_that_of_the_table(freedom, exact):
    assert quantile(freedom) == pytest.approx(exact, rel=0.01)
    assert quantile(freedom, 0.99) > quantile(freedom)


def test_less_than_three_degrees_of_freedom_are_taken_for_three():
    assert quantile(0.4) == quantile(3)


def test_a_level_outside_of_0_to_1_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile(5, 1)


def test_with_the_normal_quantile_it_is_wilsons_interval():
    low, high = share_interval(0.25, 20, 1.959964)
    assert (low, high) == pytest.approx(tuple(share(5, 20, "").interval), abs=1e-6)


# Wilson at 0 of n: from 0 to t² / (n + t²) = 4 / 24.
def test_a_share_of_nothing_has_a_width():
    assert share_interval(0.0, 20, 2.0) == pytest.approx((0.0, 1 / 6))
