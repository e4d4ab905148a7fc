"""Preference pairs as training programs read them: every text as it is, every split apart, nobody's row lost."""

import io
import json
import os
import zipfile
from pathlib import Path

import pytest

from annotations import exports
from annotations.core.preference_pairs import COLUMNS, PUBLISHED, TYPES
from annotations.exports import _pair_rows, _training, parquet
from annotations.exports._training import LOWEST, SHAPES, Wanted
from annotations.imports import _files
from annotations.imports._preferences import PairRow, read_pairs
from tests.collecting import later
from tests.exports.reading import rows_of, taken

datasets = later("datasets")
NASTY = "{response} {prompt} $config «نعم، هكذا» 🎓 NUL:\0 \r\n\t“quoted” \u2028 end "
SYSTEM, PROMPT = "You help at a desk.\n\nSafety guideline: maps.", "How do tides work?"
EVERY = [(shape, format) for shape in SHAPES for format in SHAPES[shape].formats]


def pair(**fields):
    values = {
        "split": "train",
        "system_prompt": SYSTEM,
        "prompt": PROMPT,
        "chosen_response": "The moon pulls.",
        "rejected_response": "I cannot say.",
        "spec_i": "-Violence-",
        "spec_j": "--",
        "mode": "superset",
        "chosen_cat": "('--', 1)",
        "rejected_cat": "('--', 0)",
        "chosen_category_error_score": 0.0,
        "rejected_category_error_score": 1.0,
        "origin": "built",
        "prompt_id": 7,
    }
    return values | fields


@pytest.fixture
def stored(tmp_path):
    """A file of these pairs as a preference set keeps it, in row groups of three."""

    def write(*pairs, columns=COLUMNS):
        rows = [[each.get(name) for name in columns] for each in pairs]
        kinds = [dict(zip(COLUMNS, TYPES, strict=True))[name] for name in columns]
        groups = (rows[at : at + 3] for at in range(0, len(rows), 3))
        (tmp_path / "pairs.parquet").write_bytes(b"".join(parquet.write(columns, kinds, groups)))
        return tmp_path / "pairs.parquet"

    return write


def table(file, shape="pairs", **wanted):
    """The table as annotations.queries.training_exports makes it, without its card."""
    found = _training.take(file, Wanted(shape, **wanted))
    columns = _training.columns(file, shape)
    names, types = (column.name for column in columns), (column.type for column in columns)
    return exports.Table(("split", *names), found.rows, "set", "split", "", ("text", *types), found.counts)


def got(file, shape="pairs", format="parquet", **wanted):
    return list(rows_of(format, taken(format, table(file, shape, **wanted))))


def messages(rows):
    """What each conversation ends in."""
    return [row["messages"][-1]["content"] for row in rows]


@pytest.mark.parametrize("format", ["jsonl", "parquet", "hf_folder"])
def test_a_preference_is_a_conversation_with_its_prompt_apart(stored, format):
    (row,) = got(stored(pair()), "trl", format)
    row.pop("split", None)
    assert row == {
        "prompt": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": PROMPT}],
        "chosen": [{"role": "assistant", "content": "The moon pulls."}],
        "rejected": [{"role": "assistant", "content": "I cannot say."}],
    }


@pytest.mark.parametrize(("shape", "format"), [each for each in EVERY if each[1] != "csv"])
def test_every_text_is_the_same_sign_for_sign(stored, shape, format):
    texts = {name: f"{name} {NASTY}" for name in ("system_prompt", "prompt", "chosen_response")}
    (row,) = got(stored(pair(**texts, rejected_response="")), shape, format)
    there = json.dumps(row)
    wanted = [*texts.values(), ""] if shape not in ("sft", "sft_completion") else texts.values()
    assert all(json.dumps(text) in there for text in wanted)


def test_a_system_prompt_that_is_missing_is_sent_as_an_empty_one(stored):
    (row,) = got(stored(pair(system_prompt=None)), "trl")
    assert row["prompt"][0] == {"role": "system", "content": ""}


def test_supervised_examples_take_the_last_chosen_response_of_each_prompt(stored):
    file = stored(
        pair(chosen_response="first"),
        pair(prompt="What is ebb?", chosen_response="ebb"),
        pair(chosen_response="second"),
        pair(system_prompt="Another.", chosen_response="other"),
        pair(chosen_response="last", chosen_category_error_score=1.0),
    )
    assert messages(got(file, "sft")) == ["ebb", "other", "last"]
    assert [row["completion"][0]["content"] for row in got(file, "sft_completion")] == ["ebb", "other", "last"]


def test_or_the_one_with_the_lowest_error_the_last_of_equals_and_an_unscored_one_only_alone(stored):
    file = stored(
        pair(chosen_response="dear", chosen_category_error_score=1.0),
        pair(chosen_response="cheap", chosen_category_error_score=0.1),
        pair(chosen_response="as cheap", chosen_category_error_score=0.1),
        pair(chosen_response="nobody knows", chosen_category_error_score=None),
        pair(prompt="What is ebb?", chosen_response="ebb", chosen_category_error_score=None),
    )
    assert messages(got(file, "sft", target=LOWEST)) == ["as cheap", "ebb"]


def test_texts_that_run_together_alike_are_two_prompts(stored):
    file = stored(pair(system_prompt="ab", prompt="c"), pair(system_prompt="a", prompt="bc"))
    assert len(got(file, "sft")) == 2


def test_a_prompt_in_two_splits_has_an_example_in_both(stored):
    assert [row["split"] for row in got(stored(pair(), pair(split="dev"), pair()), "sft")] == ["train", "dev"]


@pytest.mark.parametrize("shape", SHAPES)
def test_splits_that_lie_mixed_come_one_after_the_other_in_every_shape(stored, shape):
    file = stored(*(pair(split="dev" if number % 3 else "train", prompt=f"{number}?") for number in range(8)))
    names = [row["split"] for row in got(file, shape)]
    assert names == ["train"] * 3 + ["dev"] * 5  # 0, 3, 6 of 8
    assert list(map(len, (got(file, shape, "hf_folder"), got(file, shape, split="dev")))) == [8, 5]


def test_a_split_that_a_row_group_cannot_hold_is_not_read(stored, monkeypatch):
    file = stored(*(pair(split="a" if number < 3 else "b") for number in range(6)))
    read = []
    plain = _pair_rows._may_hold
    monkeypatch.setattr(_pair_rows, "_may_hold", lambda *asked: read.append(plain(*asked)) or read[-1])
    assert len(list(_pair_rows.rows(file, ["prompt"], split="b"))) == 3 and read == [False, True]


def test_whole_pairs_have_the_columns_their_file_has(stored):
    old = ("split", *PUBLISHED)
    assert list(got(stored(pair(), columns=old))[0]) == list(old)
    (row,) = got(stored(pair()))
    assert list(row) == list(COLUMNS) and (row["origin"], row["prompt_id"], row["chosen_id"]) == ("built", 7, None)


def test_the_published_shape_has_its_eleven_columns_with_their_types(stored):
    schema = parquet_schema(taken("parquet", table(stored(pair()), "cosalign")))
    assert schema == {"split": "string"} | {name: "string" for name in PUBLISHED[:9]} | dict.fromkeys(
        PUBLISHED[9:], "double"
    )


def parquet_schema(data):
    import pyarrow.parquet as pq

    return {field.name: str(field.type) for field in pq.read_schema(io.BytesIO(data))}


@pytest.mark.parametrize("format", SHAPES["cosalign"].formats)
def test_our_own_import_reads_the_published_shape_back_to_the_same_pairs(stored, tmp_path, format):
    rated = {"mode": "rated", "chosen_cat": "", "rejected_cat": "", "rejected_category_error_score": None}
    nasty = NASTY.replace("\0", "")  # no file with NUL comes in
    file = stored(pair(chosen_response=nasty, rejected_response=""), pair(split="dev", prompt="=1+1"), pair(**rated))
    path = tmp_path / f"train{exports.load(format).SUFFIX}"
    path.write_bytes(taken(format, table(file, "cosalign")))
    found = list(read_pairs(_files.tables([path])))
    assert all(isinstance(each, PairRow) for each in found)
    again = {(each.table, each.prompt, each.mode): each for each in found}
    first, dev, people = (
        again[key] for key in [("train", PROMPT, "superset"), ("dev", "=1+1", "superset"), ("train", PROMPT, "rated")]
    )
    assert (first.system_prompt, first.chosen, first.rejected) == (SYSTEM, nasty, "")
    assert (dev.allowed, dev.risks, dev.chosen_addressed, dev.rejected_error) == ({"violence"}, set(), True, 1.0)
    assert (people.chosen_risks, people.chosen_addressed, people.rejected_error) == (None, None, None)


@pytest.mark.parametrize(("shape", "format"), EVERY)
def test_datasets_loads_every_shape_in_every_format(stored, tmp_path, monkeypatch, shape, format):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    file = stored(pair(), pair(prompt="What is ebb?"), pair(split="dev"))
    data, cache = taken(format, table(file, shape)), str(tmp_path / "cache")
    if format == "hf_folder":
        zipfile.ZipFile(io.BytesIO(data)).extractall(tmp_path / "folder")
        found = datasets.load_dataset(str(tmp_path / "folder"), cache_dir=cache)
        assert {name: len(split) for name, split in found.items()} == {"train": 2, "dev": 1}
        names = [column.name for column in _training.columns(file, shape)]
    else:
        (tmp_path / f"set{exports.load(format).SUFFIX}").write_bytes(data)
        kind = {"jsonl": "json"}.get(format, format)
        where = str(tmp_path / f"set{exports.load(format).SUFFIX}")
        found = datasets.load_dataset(kind, data_files=where, cache_dir=cache)
        assert found["train"]["split"] == ["train", "train", "dev"]
        names = ["split", *(column.name for column in _training.columns(file, shape))]
    assert found["train"].column_names == names


def test_the_card_of_a_folder_says_what_the_columns_hold_and_how_many_rows_there_are(stored, tmp_path):
    data = taken(
        "hf_folder", table(stored(pair(), pair(split="dev")), "trl")._replace(card="---\nlicense: mit\n---\n# T\n")
    )
    card = zipfile.ZipFile(io.BytesIO(data)).read("README.md").decode()
    (tmp_path / "README.md").write_text(card, encoding="utf-8")
    info = datasets.info.DatasetInfosDict.from_directory(str(tmp_path))["default"]
    turns = datasets.List({"role": datasets.Value("string"), "content": datasets.Value("string")})
    assert dict(info.features) == {"prompt": turns, "chosen": turns, "rejected": turns}
    assert {name: split.num_examples for name, split in info.splits.items()} == {"train": 1, "dev": 1}
    assert all(split.num_bytes > 0 for split in info.splits.values())
    assert card.startswith("---\nlicense: mit\nconfigs:\n")


def test_a_long_split_lies_in_several_files_of_which_none_lacks_a_row(stored, tmp_path, monkeypatch):
    monkeypatch.setattr(exports.hf_folder, "LARGEST_FILE_ROWS", 2)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    file = stored(*(pair(prompt=f"{number}?") for number in range(5)), pair(split="dev"))
    with zipfile.ZipFile(io.BytesIO(taken("hf_folder", table(file, "cosalign")))) as folder:
        folder.extractall(tmp_path / "folder")
        files = sorted(name for name in folder.namelist() if "train" in name)
        assert [len(list(rows_of("parquet", folder.read(name)))) for name in files] == [2, 2, 1]
        assert sorted(folder.namelist()) == [
            "README.md",
            "data/dev-00000-of-00001.parquet",
            *(f"data/train-0000{number}-of-00003.parquet" for number in range(3)),
        ]
    found = datasets.load_dataset(str(tmp_path / "folder"), cache_dir=str(tmp_path / "cache"))
    assert found["train"]["prompt"] == [f"{number}?" for number in range(5)] and len(found["dev"]) == 1


def test_many_pairs_leave_while_they_are_read(stored):
    """The places of one pair for each prompt are known first; then nothing is read that is not sent at once."""
    file = stored(*(pair(prompt=f"{number}?") for number in range(30)))
    found = _training.take(file, Wanted("trl"))
    assert found.counts == {"train": 30} and next(found.rows)[0] == "train"
    file.unlink()  # an open file can still be read to its end; what matters is that it was not read before
    assert len(list(found.rows)) == 29 or os.name == "nt"


def test_a_file_without_pairs_has_no_split(stored):
    assert _pair_rows.splits(stored()) == {} and got(stored(), "sft") == [] and isinstance(stored(), Path)
