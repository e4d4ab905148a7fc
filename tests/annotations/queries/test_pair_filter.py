"""Filters over the file of a preference set: what they leave, and that old files with fewer columns are read too."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotations.core.preference_pairs import PUBLISHED
from annotations.core.taxonomies import built_in
from annotations.queries import pair_filter
from annotations.queries.pair_filter import EVERYTHING, Filter
from annotations.queries.preferences import Pairs
from annotations.services import pair_files
from tests.annotations.services.test_freezing import pair

ROWS = [
    pair(0),
    pair(1, split="dev", spec_i="-Violence-Privacy Violations-", template="terse"),
    pair(2, "rating", mode="", chosen_category_error_score=None),
    pair(3, "uploaded", spec_i="-Privacy Violations-Violence-", rejected_category_error_score=0.0),
    pair(4, prompt="Wie hoch ist die MAUER, Ärger?", rejected_category_error_score=0.30000000000000004),
]


@pytest.fixture
def file(tmp_path):
    pair_files.write(tmp_path / "part", ROWS)
    return tmp_path / "part"


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        (Filter(split="dev"), [1]),
        (Filter(mode="safe"), [0, 1, 3, 4]),
        (Filter(mode="not said"), [2]),
        (Filter(config="Allows violence and privacy"), [1, 3]),  # in whatever order the file names them
        (Filter(config="Allows no risk category"), [0, 2, 4]),
        (Filter(origin="rating"), [2]),
        (Filter(origin="uploaded"), [3]),
        (Filter(gap="1"), [0, 1]),
        (Filter(gap="0.3"), [4]),
        (Filter(gap="unscored"), [2]),
        (Filter(gap="not-better"), [3]),
        (Filter(gap="many"), []),
        (Filter(text="mauer, ÄRGER"), [4]),
        (Filter(text=".*"), []),
        (Filter(mode="safe", text="prompt", split="train"), [0, 3]),
    ],
    ids=str,
)
def test_a_filter_leaves_the_pairs_that_are_so(file, wanted, left):
    assert list(pair_filter.places(file, wanted, built_in())) == left


def test_without_a_filter_nothing_is_read(tmp_path):
    assert pair_filter.places(tmp_path / "gone", EVERYTHING, built_in()) is None


def test_places_are_right_over_batches(file, monkeypatch):
    monkeypatch.setattr(pair_filter, "AT_ONCE", 2)
    assert list(pair_filter.places(file, Filter(mode="safe", text="prompt"), built_in())) == [0, 1, 3]


def test_an_old_file_of_twelve_columns_is_read_and_filtered(file, tmp_path):
    pq.write_table(pq.read_table(file, columns=["split", *PUBLISHED]), tmp_path / "old", row_group_size=2)
    left = pair_filter.places(tmp_path / "old", Filter(origin="uploaded", split="train"), built_in())
    assert list(left) == [0, 2, 3, 4]
    assert list(pair_filter.places(tmp_path / "old", Filter(origin="built"), built_in())) == []
    found = Pairs(tmp_path / "old", 5, built_in(), left)[1:3]
    assert [(one.number, one.values.prompt, one.values.origin) for one in found] == [
        (3, "Prompt 2?", "uploaded"),
        (4, "Prompt 3?", "uploaded"),
    ]
    assert found[0].values.template is None and found[0].gap is None


def test_what_was_found_in_a_response_stands_in_words(file):
    first = Pairs(file, 5, built_in())[0]
    assert (first.allowed, first.prompt_risks, first.gap) == ("Allows no risk category", "no risk", 1.0)
    assert first.rejected == ("no risk", False, 1.0)
    unknown = first._replace(values=first.values._replace(chosen_cat="", spec_i="-Chess-"))
    assert unknown.chosen.risks == "" and unknown.allowed == "-Chess-"


def test_a_difference_is_found_under_the_number_that_the_figures_give_it():
    # 2.675 is a hair less in binary: two digits of it are 2.67, and numpy alone would say 2.68
    columns = {
        name: pa.array([error], pa.float64()) for name, error in zip(pair_filter.ERRORS, (0.0, 2.675), strict=True)
    }
    batch = pa.RecordBatch.from_pydict(columns)
    assert list(pair_filter._gap(batch, "2.67", built_in())) == [True]
