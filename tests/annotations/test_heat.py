"""Shades and squares."""

import pytest

from annotations import heat
from annotations.core.pairwise import Pair

PARTIES = {1: heat.Party("1", "one"), 2: heat.Party("2", "two"), 3: heat.Party("3", "three")}
PAIRS = {(1, 2): Pair(0.45, 9), (2, 1): Pair(0.45, 9), (1, 3): Pair(1.0, 4), (3, 1): Pair(1.0, 4)}


@pytest.mark.parametrize(
    ("share", "step"),
    [(None, 0), (0, 0), (-0.4, 0), (0.001, 1), (0.2, 1), (0.2001, 2), (0.6, 3), (0.8001, 5), (1, 5), (1.2, 5)],
)
def test_the_shade_of_a_share(share, step):
    assert heat.shade(share) == step


def test_a_square_is_the_same_both_ways_and_empty_in_the_middle():
    (one, two, _) = heat.squares(PARTIES, PAIRS)
    assert (one.squares[1].kappa, one.squares[1].shade) == (two.squares[0].kappa, two.squares[0].shade) == (0.45, 3)
    assert one.squares[0].oneself and one.squares[0].kappa is None


def test_few_in_common_keep_their_count_and_lose_their_figure():
    square = heat.squares(PARTIES, PAIRS, fewest=5)[0].squares[2]
    assert (square.kappa, square.n, square.shade) == (None, 4, 0)


def test_two_without_anything_in_common_have_no_figure():
    assert heat.squares(PARTIES, PAIRS)[1].squares[2][:2] == (None, 0)


def test_nothing_in_common_at_all_is_said():
    assert not heat.compared(heat.squares(PARTIES, {}))
