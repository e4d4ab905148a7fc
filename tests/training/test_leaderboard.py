"""The order of a leaderboard, and the published figures it keeps beside it."""

import pytest

from training.leaderboard import Figures, order, references

NONE = Figures(None, None, None, None, 0, 0, None, None)


def ranked(word: str, *values: float | None) -> list[float | None]:
    """The values in the order that the word asks for."""
    by = order(word)
    rows = [NONE._replace(**{by.column: value}) for value in values]
    return [getattr(row, by.column) for row in sorted(rows, key=by.place)]


def test_the_best_score_stands_first_and_none_last():
    assert ranked("score", 0.1, None, 0.5, -0.2) == [0.5, 0.1, -0.2, None]


def test_the_least_harm_stands_first():
    assert ranked("helpful_unsafe", 0.2, None, 0.0) == [0.0, 0.2, None]


def test_turned_round_the_worst_stands_first_and_none_still_last():
    assert ranked("-score", 0.1, None, 0.5) == [0.1, 0.5, None]
    assert ranked("-helpful_unsafe", 0.2, None, 0.0) == [0.2, 0.0, None]


def test_an_unknown_order_is_the_score():
    assert order("name").word == "score"


def test_a_second_press_turns_a_column_round_and_a_press_on_another_does_not():
    assert (order("score").turn("score"), order("-score").turn("score")) == ("-score", "score")
    assert order("-score").turn("cost") == "cost"


def test_every_published_row_of_the_paper_is_there():
    # 15 + 2 + 9 rows of CoSAlign-Test in each of its halves, 4 of CoSApien.
    assert {slug: len(one.rows) for slug, one in references().items()} == {"cosapien": 4, "seen": 26, "unseen": 26}


def test_published_rows_keep_the_bound_of_the_score():
    # |score| cannot exceed the larger share of helpful answers; published shares have three decimals.
    for one in references().values():
        over = [row for row in one.rows if abs(row.score) > max(row.helpful_safe, row.helpful_unsafe) + 0.0005]
        assert over == []


@pytest.mark.parametrize("setup", ["Inst", "SFT", "Safety-removed"])
@pytest.mark.parametrize("half", ["seen", "unseen"])
def test_a_published_oracle_keeps_the_help_of_its_plain_row_and_no_harm(setup, half):
    rows = {row.setup: row for row in references()[half].rows}
    oracle = rows[f"{setup} + Cascade-Oracle"]
    assert (oracle.helpful_safe, oracle.helpful_unsafe) == (rows[f"{setup} + ICA"].helpful_safe, 0.0)


def test_published_rows_stand_by_their_own_score_and_name_their_source():
    one = references()["cosapien"]
    assert [row.setup for row in one.rows][0] == "Inst + CoSAlign" and "2410.08968" in one.source
