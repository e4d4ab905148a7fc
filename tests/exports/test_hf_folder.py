"""The dataset folder: `datasets` reads it, splits are files, the card tells where they lie."""

import io
import zipfile

import pytest

from annotations import exports
from annotations.exports import hf_folder
from tests.collecting import later
from tests.exports.reading import taken, unzipped

datasets = later("datasets")
COLUMNS = ("split", "text", "risks", "score")
ROWS = [
    ["Violence", "A fight, in a comic.", ["violence"], 0.5],
    ["Violence", "مشهد", [], None],
    ["Illegal_Drug.Related", "What is a dose?", ["drugs", "violence"], 1.0],
]
CARD = "---\nlicense: cc-by-4.0\nconfigs:\n- config_name: old\n  data_files: x\nlanguage: en\n---\n# Things\n\nAbout.\n"


def folder(rows=ROWS, split="split", card=CARD, types=()):
    return taken("hf_folder", exports.Table(COLUMNS, rows, "things", split, card, types))


def unpacked(data, path):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(path / "folder")
    return path / "folder"


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Reads a folder as a person would who has it unpacked and no network."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def load(data, **options):
        return datasets.load_dataset(str(unpacked(data, tmp_path)), cache_dir=str(tmp_path / "cache"), **options)

    return load


def test_datasets_reads_the_folder(read):
    found = read(folder())
    assert {name: split.to_list() for name, split in found.items()} == {
        "Violence": [
            {"text": "A fight, in a comic.", "risks": ["violence"], "score": 0.5},
            {"text": "مشهد", "risks": [], "score": None},
        ],
        "Illegal_Drug.Related": [{"text": "What is a dose?", "risks": ["drugs", "violence"], "score": 1.0}],
    }


def test_rows_that_nothing_divides_are_one_split(read):
    assert {name: len(split) for name, split in read(folder(split="")).items()} == {"test": 3}


def test_a_folder_without_rows_has_one_empty_split():
    """`datasets` itself refuses data without rows, so that it is the file alone which can be read."""
    assert list(unzipped(folder(rows=[]))) == ["test"]


def test_splits_whose_first_rows_differ_have_the_same_columns(read):
    rows = [["a", "x", ["drugs"], 1.5], ["b", "y", [], None]]
    assert len({str(split.features) for split in read(folder(rows=rows)).values()}) == 1


def test_the_card_keeps_its_head_and_tells_where_the_splits_lie(tmp_path):
    assert (unpacked(folder(), tmp_path) / "README.md").read_text("utf-8") == (
        "---\nlicense: cc-by-4.0\nlanguage: en\nconfigs:\n- config_name: default\n  data_files:\n"
        '  - split: "Violence"\n    path: data/Violence-00000-of-00001.parquet\n'
        '  - split: "Illegal_Drug.Related"\n    path: data/Illegal_Drug.Related-00000-of-00001.parquet\n'
        "---\n# Things\n\nAbout.\n"
    )


def test_a_card_without_a_head_gets_one():
    text = hf_folder.card("# Things\n", {"a": hf_folder.Split()})
    assert text.startswith("---\nconfigs:") and text.endswith("---\n\n# Things\n")


def test_rows_out_of_order_are_an_error():
    with pytest.raises(ValueError, match="'Violence' stand in two places"):
        folder(rows=[*ROWS, ROWS[0]])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("game-studio", "game_studio"),
        ("A.B_c", "A.B_c"),
        ("../x", "_x"),
        ("all", "all_"),
        ("", "_"),
        ("a b, c", "a_b_c"),
        ("x" * 5000, "x" * 220),
        ("é" * 200, "é" * 110),
        ("x" * 219 + ".y", "x" * 219),
    ],
)
def test_a_split_has_a_name_the_hub_takes(text, name):
    assert hf_folder.split_name(text) == name


def test_splits_that_the_hub_would_call_the_same_are_two_files():
    rows = [["a-b", "x", [], None], ["a_b", "y", [], None]]
    assert list(unzipped(folder(rows=rows))) == ["a_b", "a_b_2"]


def test_the_folder_leaves_piece_by_piece():
    seen = []

    def rows():
        for number in range(40_000):
            seen.append(number)
            yield [f"s{number // 20_000}", "w" * 100, [], None]

    sizes = [len(seen) for _ in hf_folder.pieces(exports.Table(COLUMNS, rows(), split="split"))]
    assert len(sizes) > 8 and sizes[0] <= 5001


def test_every_file_of_the_folder_has_the_same_time_for_ever():
    with zipfile.ZipFile(io.BytesIO(folder())) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.testzip() is None
    assert list(unzipped(folder())) == ["Illegal_Drug.Related", "Violence"]
