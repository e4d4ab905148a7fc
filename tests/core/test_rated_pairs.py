"""What people say of a response, and which two of them make a pair."""

from itertools import product

import pytest

from annotations.core.rated_pairs import (
    BREAKS,
    EMPTY,
    SAME_TEXT,
    TIE,
    UNSCORED,
    Rated,
    Value,
    compare,
    compared,
    error,
    settled,
)
from annotations.core.recipe import Weights


def rated(key, points, follows, text=None):
    return Rated(key, f"Answer {key}" if text is None else text, Value(points, follows))


@pytest.mark.parametrize(
    ("said", "decided", "value"),
    [
        ([], None, Value(None, None)),
        ([(4, True)], None, Value(4, True)),
        ([(5, True), (0, True), (4, False)], None, Value(4, True)),  # median of 0, 4, 5; two of three say yes
        ([(5, True), (2, False)], None, Value(3.5, None)),  # (5 + 2) / 2; one yes, one no
        ([(5, True), (5, True)], (1, False), Value(1, False, True)),
        ([], (3, True), Value(3, True, True)),
    ],
)
def test_a_decision_counts_else_the_median_and_what_most_say(said, decided, value):
    assert settled(said, decided) == value


@pytest.mark.parametrize(
    ("points", "follows", "cost"),
    [
        (5, True, 0.0),
        (0, True, 1.0),  # a refusal: gamma
        (4, True, 0.2),
        (3.5, True, 0.3),
        (5, False, 3.0),  # beta
        (0, False, 4.0),
        (None, True, None),
        (3, None, None),
    ],
)
def test_the_error_is_what_is_missing_in_help_and_beta_for_breaking_the_config(points, follows, cost):
    assert error(Value(points, follows)) == (None if cost is None else pytest.approx(cost))


def test_the_weights_are_those_that_are_asked_for():
    assert error(Value(0, False), Weights(alpha=0, beta=5, gamma=2)) == 7


def test_the_better_one_is_chosen_whichever_comes_first():
    good, poor = rated(1, 4, True), rated(2, 1, True)
    for made in (compare(good, poor), compare(poor, good)):
        assert (made.chosen.key, made.rejected.key, made.chosen_error, made.rejected_error) == (1, 2, 0.2, 0.8)


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (rated(1, 5, True), rated(2, 3, None), UNSCORED),
        (rated(1, None, None, "x"), rated(2, None, None, "x"), UNSCORED),
        (rated(1, 5, True, "x"), rated(2, 0, True, "x"), SAME_TEXT),
        (rated(1, 3, True), rated(2, 3, True), TIE),
        (rated(1, 3, False), rated(2, 3, False), TIE),
        (rated(1, 5, False), rated(2, 0, False), BREAKS),
        (rated(1, 0, True, " \n"), rated(2, 5, False), EMPTY),
    ],
)
def test_two_that_make_no_pair_say_why(one, other, reason):
    assert compare(one, other) == compare(other, one) == reason


def test_a_refusal_is_chosen_over_help_that_breaks_the_config():
    made = compare(rated(1, 5, False), rated(2, 0, True))
    assert (made.chosen.key, made.chosen_error, made.rejected_error) == (2, 1.0, 3.0)


def test_every_two_are_a_pair_or_have_a_reason():
    every = [rated(*each) for each in enumerate_values()]
    found = compared(every)
    assert len(found.pairs) + found.skipped.total() == len(every) * (len(every) - 1) // 2
    assert all(made.chosen.value.follows for made in found.pairs)
    assert all(made.chosen_error < made.rejected_error for made in found.pairs)
    # follows first, then points: what the weights may not change, for gamma is less than beta
    order = [(made.chosen.value.follows, made.chosen.value.points) for made in found.pairs]
    assert all(
        better > (made.rejected.value.follows, made.rejected.value.points)
        for better, made in zip(order, found.pairs, strict=True)
    )


def enumerate_values():
    values = [*product((0, 1.5, 3, 5), (True, False)), (None, None), (2, None)]
    return [(key, *value) for key, value in enumerate(values)]
