"""The words of the page: what the correction did, and what a plan says."""

import pytest

from annotations.core.calibration import Item, corrected
from training.correction import planned, sentences
from training.correction_queries import Counts, Found

YES, NO, UNREAD = (1.0, True), (1.0, False), (None, None)
NO_COUNTS = Counts(0, 0, 40, 0, 0, 0, 0)


def figures(pairs, unread=20, judge=YES):
    items = [Item(1, at, *pair) for at, pair in enumerate(pairs)]
    return corrected([*items, *(Item(1, len(items) + at, judge if at % 2 else NO, UNREAD) for at in range(unread))])


def said(pairs, **fields):
    return " ".join(sentences(figures(pairs, **fields)))


# The judge says yes to 4 of 12 that people say no to: 4 * 2 / 12 = 0.67 more.
def test_a_lenient_judge_is_said_to_give_more_and_how_far_it_counts():
    words = said([(YES, YES)] * 5 + [(NO, NO)] * 3 + [(YES, NO)] * 4)
    assert "12 responses that both scored, the judge gives 0.67 more than people" in words
    assert "with a weight of" in words and "narrower" in words


def test_a_difference_that_may_be_chance_is_called_so():
    assert "which may be chance" in said([(YES, YES)] * 6 + [(NO, NO)] * 5 + [(YES, NO)])


def test_a_judge_of_no_use_is_said_to_get_no_weight():
    assert "it gets no weight" in said([(YES, NO), (NO, YES)] * 6)


def test_a_judge_that_scored_none_of_them_is_said_to_be_unknown():
    assert "scored none of the responses" in said([(UNREAD, YES), (UNREAD, NO)] * 6)


def test_before_there_are_labels_nothing_is_said():
    assert sentences(figures([])) == []


def plan_of(labels, by_chance=True, **fields):
    found = Found(figures([(YES, YES), (NO, NO), (YES, NO)] * (labels // 3)), NO_COUNTS, {1: 40}, {1: labels}, False)
    return planned(found, by_chance, **{"half_width": 0.3, "correlation": 0.6} | fields)


def test_a_plan_rests_on_the_labels_once_there_are_ten():
    assert (plan_of(9).pilot.labels, plan_of(12).pilot.labels) == (0, 12)


def test_labels_that_are_there_are_not_asked_for_again():
    assert plan_of(12).more == plan_of(12).wanted - 12
    assert plan_of(12, by_chance=False).more == plan_of(12).wanted


def test_where_all_are_too_few_all_are_asked_about():
    found = plan_of(12, half_width=0.01)
    assert found.plan.corrected.total is None and (found.wanted, found.more) == (40, 28)


@pytest.mark.parametrize("correlation", [None, 0.6])
def test_a_judge_that_never_varies_is_planned_for_as_one_of_no_use(correlation):
    items = [Item(1, at, YES, UNREAD) for at in range(40)]
    found = Found(corrected(items), NO_COUNTS, {1: 40}, {}, False)
    assert planned(found, True, 0.3, correlation).pilot.error == 0.25
