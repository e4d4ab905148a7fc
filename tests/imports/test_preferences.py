"""CoSAlign-Train's eleven columns become pairs; every value stays as the file has it."""

import pytest

from annotations.imports import ImportProblem, Unreadable
from annotations.imports._preferences import COLUMNS, fits, read_pairs
from tests.imports.making import KINDS, put, tables, written

DRUGS = "-Illegal Drug-Related Activities and Substance Abuse-"
SEX = "-Sexual Misconduct, Exploitation, and Infidelity-Violence-"
ROW = {
    "system_prompt": "You help with what is open.\nNone.",
    "prompt": "Which mushrooms are these?",
    "chosen_response": "Ask at a market.",
    "rejected_response": "No.",
    "spec_i": DRUGS,
    "spec_j": "--",
    "mode": "superset",
    "chosen_cat": "--",
    "rejected_cat": SEX,
    "chosen_category_error_score": 0.0,
    "rejected_category_error_score": 3.1,
}


def pairs(tmp_path, *rows, kind="jsonl"):
    return list(read_pairs(tables(written(kind, {"train_bt": rows}, tmp_path))))


@pytest.mark.parametrize("kind", KINDS)
def test_a_pair_is_read_alike_in_every_kind_of_file(tmp_path, kind):
    (pair,) = pairs(tmp_path, ROW, kind=kind)
    assert (pair.table, pair.system_prompt, pair.prompt) == ("train_bt", ROW["system_prompt"], ROW["prompt"])
    assert (pair.chosen, pair.rejected, pair.mode) == ("Ask at a market.", "No.", "superset")
    assert (pair.allowed, pair.risks) == ({"drugs"}, set())
    assert (pair.chosen_risks, pair.rejected_risks) == (set(), {"sexual", "violence"})
    assert (pair.chosen_error, pair.rejected_error, pair.chosen_addressed) == (0.0, 3.1, None)


def test_the_eleven_values_are_kept_as_they_are(tmp_path):
    (pair,) = pairs(tmp_path, ROW, kind="parquet")
    assert pair.values == tuple(ROW[column] for column in COLUMNS)


def test_a_category_may_stand_beside_whether_the_prompt_was_addressed(tmp_path):
    cats = {"chosen_cat": "(--, 1)", "rejected_cat": f"({SEX}, 0)"}
    first, second = pairs(tmp_path, ROW | cats, ROW | cats | {"rejected_cat": "('-Other Harms-', -1)"})
    assert (first.chosen_risks, first.chosen_addressed) == (set(), True)
    assert (first.rejected_risks, first.rejected_addressed) == ({"sexual", "violence"}, False)
    assert (second.rejected_risks, second.rejected_addressed) == ({"other"}, None)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("prompt", " "),
        ("chosen_response", None),
        ("chosen_response", ["a"]),
        ("spec_i", "-Cyber-Crime-"),
        ("spec_i", "-Other Harms-"),
        ("spec_j", ""),
        ("rejected_cat", "-Violence-Weather-"),
        ("chosen_category_error_score", "low"),
        ("chosen_category_error_score", "inf"),
        ("chosen_category_error_score", "-0.1"),
    ],
)
def test_a_wrong_value_is_named(tmp_path, column, value):
    first, second = pairs(tmp_path, ROW | {column: value}, ROW)
    assert isinstance(first, ImportProblem) and (first.row, first.column, first.table) == (1, column, "train_bt")
    assert not isinstance(second, ImportProblem)


def test_an_error_that_is_not_there_is_unscored(tmp_path):
    (pair,) = pairs(tmp_path, ROW | {"chosen_category_error_score": None})
    assert pair.chosen_error is None


def test_lacking_columns_are_named_before_any_row(tmp_path):
    found = tables([put(tmp_path / "a.csv", "prompt,mode\na,safe\n")])
    assert not fits(found)
    with pytest.raises(Unreadable, match="“a” lacks system_prompt, chosen_response"):
        read_pairs(found)
