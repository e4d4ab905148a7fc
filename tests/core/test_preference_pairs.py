"""A pair as a row: what makes it a double, how its labels are written, and old files with fewer columns."""

from time import process_time

import pytest

from annotations.core import preference_pairs
from annotations.core.preference_pairs import COLUMNS, PUBLISHED, TYPES, Pair

ROW = {
    "split": "train",
    "system_prompt": "You help.",
    "prompt": "How high is a wall?",
    "chosen_response": "High.",
    "rejected_response": "No.",
    "spec_i": "--",
    "spec_j": "--",
    "mode": "safe",
    "chosen_cat": "('--', 1)",
    "rejected_cat": "('--', 0)",
    "chosen_category_error_score": 0.1,
    "rejected_category_error_score": 3.1,
}
PAIR = preference_pairs.of(ROW)


def test_the_columns_are_the_split_the_eleven_and_the_lineage():
    assert COLUMNS[:12] == ("split", *PUBLISHED) and len(PUBLISHED) == 11
    assert COLUMNS[12:] == ("origin", "prompt_id", "chosen_id", "rejected_id", "template") and len(TYPES) == 17


def test_a_file_with_twelve_columns_reads_as_uploaded_with_nothing_known_of_the_rest():
    assert PAIR[12:] == ("uploaded", None, None, None, None) and PAIR.prompt == "How high is a wall?"


@pytest.mark.parametrize("name", ["system_prompt", "prompt", "chosen_response", "rejected_response"])
def test_another_text_is_another_pair(name):
    assert preference_pairs.digest(PAIR._replace(**{name: "Else."})) != preference_pairs.digest(PAIR)


def test_other_labels_of_the_same_texts_are_a_double():
    other = PAIR._replace(split="dev", mode="superset", spec_i="-Violence-", origin="rating", prompt_id=4)
    assert preference_pairs.digest(other) == preference_pairs.digest(PAIR)


def test_texts_do_not_run_into_each_other():
    one, other = PAIR._replace(system_prompt="ab", prompt="c"), PAIR._replace(system_prompt="a", prompt="bc")
    assert preference_pairs.digest(one) != preference_pairs.digest(other)


def test_the_gap_is_rounded_and_none_where_a_side_is_unscored():
    assert preference_pairs.gap(PAIR) == 3.0  # 3.1 - 0.1
    assert preference_pairs.gap(PAIR._replace(chosen_category_error_score=None)) is None


@pytest.mark.parametrize("risks", ["--", "-Violence-", "-Arms, it's said-", "-A\"b'c-"])
@pytest.mark.parametrize("addressed", [True, False, None])
def test_a_category_column_reads_as_it_was_written(risks, addressed):
    assert preference_pairs.category(preference_pairs.category_text(risks, addressed)) == (risks, addressed)


def test_another_seed_is_another_order():
    names = [bytes([number]) * 16 for number in range(20)]
    orders = [sorted(names, key=lambda name, seed=seed: preference_pairs.draw(seed, name)) for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]


def test_a_pair_made_by_hand_has_every_column():
    assert set(Pair(**ROW)._asdict()) == set(COLUMNS)


@pytest.mark.parametrize(
    "hostile", ["(" + " " * 200_000 + "x", "(" + ", " * 100_000 + "1", "('a'" + "-" * 9_000 + "'b', 1)"]
)
def test_a_hostile_category_takes_no_longer_than_another(hostile):
    began = process_time()
    assert preference_pairs.category(hostile)[1] in (None, True)
    assert process_time() - began < 1
