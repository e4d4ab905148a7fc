"""A right answer is whole: a range within 0 to 5, and a reason."""

import pytest

from annotations.core.gold import LONGEST_WHY, Gold, GoldProblem, checked


def test_a_right_answer_comes_back_with_its_reason_tidied():
    assert checked(Gold(3, 5, True, "  It says how.\r\nIn order. ")) == Gold(3, 5, True, "It says how.\nIn order.")


@pytest.mark.parametrize(
    ("gold", "field"),
    [
        (Gold(-1, 2, True, "x"), "low"),
        (Gold(6, 6, True, "x"), "low"),
        (Gold(4, 3, True, "x"), "high"),
        (Gold(4, 6, True, "x"), "high"),
        (Gold(4, 5, True, " \n"), "why"),
        (Gold(4, 5, True, "x" * (LONGEST_WHY + 1)), "why"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(gold, field):
    with pytest.raises(GoldProblem) as problem:
        checked(gold)
    assert problem.value.field == field


def test_a_reason_that_no_database_takes_is_made_fit():
    assert checked(Gold(0, 0, False, "a\0b")).why == "a\N{REPLACEMENT CHARACTER}b"
