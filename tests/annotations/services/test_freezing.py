"""Freezing: doubles out, shares held, nothing lost that is not counted, the same bytes for the same pairs."""

import pytest

from annotations.core.preference_pairs import Pair
from annotations.core.recipe import Mixture
from annotations.services import freezing, pair_files
from annotations.services.chores import ChoreProblem


def pair(number, origin="built", **fields):
    texts = ("train", "You help.", f"Prompt {number}?", f"Good {number}.", "No.", "--", "--", "safe")
    return Pair(*texts, "('--', 1)", "('--', 0)", 0.0, 1.0, origin)._replace(**fields)


def freeze(tmp_path, rows, name="part", **asked):
    return freezing.freeze(tmp_path / name, iter(rows), beat=lambda done: None, **asked)


def kept(tmp_path, name="part"):
    return list(pair_files.read(tmp_path / name))


def test_of_doubles_the_first_one_stays_and_the_others_are_counted(tmp_path):
    rows = [pair(1), pair(2), pair(1, "rating", split="dev"), pair(1, mode="superset")]
    frozen = freeze(tmp_path, rows)
    assert kept(tmp_path) == rows[:2]
    assert frozen.law == {"in": 4, "out": 2, "dropped": {"double": 2}, "failed": {}}


def test_the_shares_hold_and_what_is_over_is_counted(tmp_path):
    rows = [pair(number) for number in range(8)] + [pair(number, "rating") for number in range(8, 12)]
    # four of people's are half of eight
    frozen = freeze(tmp_path, rows, shares=Mixture(built=0.5, people=0.5), seed=1)
    assert frozen.law == {"in": 12, "out": 8, "dropped": {"built, over its share": 4}, "failed": {}}
    assert frozen.figures["origins"] == [["built", 4], ["rating", 4]] or frozen.figures["origins"] == [
        ("built", 4),
        ("rating", 4),
    ]
    assert set(kept(tmp_path)) < set(rows) and kept(tmp_path) == [row for row in rows if row in kept(tmp_path)]


def test_the_seed_alone_decides_which_pairs_stay(tmp_path):
    rows = [pair(number) for number in range(20)] + [pair(number, "rating") for number in range(20, 30)]
    shares = Mixture(built=0.5, people=0.5)
    frozen = [
        freeze(tmp_path, some, name, shares=shares, seed=seed)
        for name, some, seed in (("a", rows, 1), ("b", rows, 1), ("c", rows[::-1], 1), ("d", rows, 2))
    ]
    assert frozen[0].written == frozen[1].written != frozen[3].written
    assert set(kept(tmp_path, "a")) == set(kept(tmp_path, "c")) != set(kept(tmp_path, "d"))


def test_no_prompt_stands_in_two_splits_of_a_mixture(tmp_path):
    rows = [pair(1, split="dev"), pair(2), pair(1, "rating", chosen_response="Else.", split="train")]
    frozen = freeze(tmp_path, rows, shares=Mixture(built=2, people=1))
    assert (frozen.splits, frozen.moved) == ({"dev": 2, "train": 1}, 1)


def test_uploaded_splits_stay_as_they_are(tmp_path):
    rows = [pair(1, split="a"), pair(1, split="b", chosen_response="Else.")]
    assert freeze(tmp_path, rows).splits == {"a": 1, "b": 1}


@pytest.mark.parametrize(
    ("rows", "shares", "said"),
    [
        ([], Mixture(), "No pair came"),
        ([pair(1)], Mixture(built=0.5, people=0.5), "people's pairs, and none came"),
        ([pair(1, "rating")], Mixture(built=0.5, people=0.5), "built pairs, and none came"),
        ([pair(1)], Mixture(built=0, people=1), "No pair came"),
    ],
)
def test_shares_that_leave_nothing_say_what_is_missing(tmp_path, rows, shares, said):
    with pytest.raises(ChoreProblem, match=said):
        freeze(tmp_path, rows, shares=shares)


def test_nothing_is_left_beside_the_file(tmp_path):
    rows = [pair(number) for number in range(4)] + [pair(9, "rating")]
    freeze(tmp_path, rows, shares=Mixture(built=0.5, people=0.5))
    assert [file.name for file in tmp_path.iterdir()] == ["part"]
