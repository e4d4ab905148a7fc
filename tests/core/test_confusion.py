import pytest

from annotations.core.agreement import Resampling
from annotations.core.confusion import Confusion, check, confusion, share
from annotations.core.intervals import Interval

PERSON = [True] * 6 + [False] * 4 + [None, True]
JUDGE = [True] * 5 + [False] + [True] * 1 + [False] * 3 + [True, None]


def test_the_first_list_is_in_the_rows_and_missing_items_are_counted():
    found = confusion(["a", "a", "b", None, "c"], ["a", "b", "b", "a", None], ["a", "b", "c"])
    assert found == Confusion(("a", "b", "c"), ((1, 1, 0), (0, 1, 0), (0, 0, 0)), 3, 2)


@pytest.mark.parametrize(
    ("a", "b", "labels", "words"),
    [
        (["a"], [], ["a"], "one verdict of each side"),
        (["a"], ["a"], ["a", "a"], "each label once"),
        (["a", "c"], ["b", "a"], ["a"], "'b', 'c'"),
    ],
)
def test_lists_that_do_not_fit_are_refused_in_words(a, b, labels, words):
    with pytest.raises(ValueError, match=words):
        confusion(a, b, labels)


def test_a_judge_against_a_person():
    # 5 of the person's 6 yes and 3 of the 4 no are found; 8 of 10 alike; always yes would get 6 of 10.
    # Chance: .6 * .6 + .4 * .4 = .52, so kappa = (.8 - .52) / .48.
    found = check(PERSON, JUDGE, Resampling())
    assert found.confusion.counts == ((5, 1), (1, 3))
    assert (found.confusion.n, found.confusion.n_missing) == (10, 2)
    assert (found.sensitivity.value, found.sensitivity.n) == (5 / 6, 6)
    assert (found.specificity.value, found.specificity.n) == (3 / 4, 4)
    assert (found.agreement.value, found.majority.value) == (0.8, 0.6)
    assert found.kappa.value == pytest.approx(0.28 / 0.48)
    assert found.kappa.interval.low < found.kappa.value < found.kappa.interval.high


def test_a_person_who_never_said_no_leaves_the_specificity_undefined():
    found = check([True, True], [True, False])
    assert found.specificity.value is None and found.specificity.interval is None
    assert found.specificity.undefined == "The person never said no, so there is no no for the judge to find."
    assert found.sensitivity.value == 0.5
    assert found.majority.value == 1.0
    # Chance of a rater who says one value only: agreement and chance are both 1/2, so kappa is 0 and known.
    assert found.kappa.value == 0.0


def test_without_an_item_in_common_every_figure_says_why():
    found = check([True, None], [None, False])
    assert [found.sensitivity.value, found.specificity.value, found.agreement.value, found.majority.value] == [None] * 4
    assert all((found.sensitivity.undefined, found.specificity.undefined, found.agreement.undefined))
    assert found.kappa.undefined == "No unit has two ratings, so there is nothing to compare."


def test_the_interval_of_a_share_is_wilsons():
    # z = 1.96, z^2 = 3.8415: middle (8 + 1.9207) / 13.8415 = .7167, half 1.96 * sqrt(1.6 + .9604) / 13.8415 = .2266.
    assert share(8, 10, "").interval == pytest.approx((0.4901, 0.9433), abs=1e-4)


def test_a_share_of_all_or_nothing_keeps_a_width():
    # n of n: low = n / (n + z^2) = 5 / 8.8415.
    assert share(5, 5, "").interval == Interval(pytest.approx(0.5655, abs=1e-4), pytest.approx(1.0))
    assert share(0, 5, "").interval == Interval(pytest.approx(0.0), pytest.approx(0.4345, abs=1e-4))


def test_a_lower_level_is_narrower():
    wide, narrow = share(8, 10, "", 0.95).interval, share(8, 10, "", 0.5).interval
    assert wide.low < narrow.low < 0.8 < narrow.high < wide.high


@pytest.mark.parametrize(("hits", "n", "level"), [(2, 1, 0.9), (-1, 1, 0.9), (1, 1, 1.0)])
def test_a_share_that_cannot_be_is_refused(hits, n, level):
    with pytest.raises(ValueError, match="0 to n hits"):
        share(hits, n, "", level)
