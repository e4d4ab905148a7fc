"""The rows of a run: every pair that came in went out or was dropped by name, and they are made once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from annotations.core.preference_pairs import DEV
from tests import trainer
from tests.training.recipes.words import Words
from training.recipes import _row_files
from training.recipes._row_files import Wanted
from training.recipes.rows import BadRows
from training.recipes.run_dir import DPO, SFT


def wanted(place: Path, kind: str, rows: list[dict[str, Any]], **changes: Any) -> Wanted:
    source = trainer.write_pairs(place / "pairs.parquet", rows)
    return replace(Wanted(source, kind, "base", 96, 64, 2), **changes)


def made(wish: Wanted, place: Path) -> tuple[dict[str, Any], int]:
    """The law and how often a text was encoded for it."""
    words = Words()
    law = _row_files.written(wish, place / "rows", words, lambda done, total: None)
    return law, words.calls


def column(place: Path, split: str, name: str) -> list[list[int]]:
    with pa.memory_map(str(place / "rows" / f"{split}.arrow")) as file:
        return pa.ipc.open_stream(file).read_all()[name].to_pylist()


def test_all_that_came_in_went_out_or_was_dropped(tmp_path: Path) -> None:
    rows = [trainer.pair(1), trainer.pair(2, prompt=" "), trainer.pair(3, system_prompt="word " * 99)]
    rows += [trainer.pair(number, DEV) for number in range(4)]
    law, _ = made(wanted(tmp_path, DPO, rows), tmp_path)
    assert law["train"] == {"in": 3, "out": 2, "dropped": {"empty": 1}, "cut": 1}
    assert law["dev"] == {"in": 4, "out": 2, "dropped": {"beyond_eval_rows": 2}, "cut": 0}
    assert [len(column(tmp_path, "train", name)) for name in ("prompt_ids", "chosen_ids", "rejected_ids")] == [2] * 3


def test_sft_learns_the_last_chosen_response_of_each_config_and_prompt(tmp_path: Path) -> None:
    rows = [trainer.pair(1, chosen_response="first"), trainer.pair(2), trainer.pair(1, chosen_response="last")]
    rows += [trainer.pair(1, DEV, chosen_response="other")]
    wish = wanted(tmp_path, SFT, rows)
    words = Words()
    law = _row_files.written(wish, tmp_path / "rows", words, lambda done, total: None)
    assert law["train"] == {"in": 3, "out": 2, "dropped": {"same_prompt": 1}, "cut": 0}
    assert law["dev"]["out"] == 1 and "first" not in words.known
    labels, ids = column(tmp_path, "train", "labels"), column(tmp_path, "train", "input_ids")
    # "last" and the end of the turn are learned, and nothing before them
    assert labels[1][-2:] == ids[1][-2:] == [words.known["last"], 0] and set(labels[1][:-2]) == {-100}


def test_rows_are_made_once_for_the_same_wish(tmp_path: Path) -> None:
    wish = wanted(tmp_path, DPO, [trainer.pair(1)])
    law, calls = made(wish, tmp_path)
    assert calls > 0 and made(wish, tmp_path) == (law, 0)
    assert made(replace(wish, max_length=95), tmp_path)[1] > 0


def test_rows_that_were_not_made_to_the_end_are_made_again(tmp_path: Path) -> None:
    wish = wanted(tmp_path, DPO, [trainer.pair(1), trainer.pair(2)])

    def killed(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _row_files.written(wish, tmp_path / "rows", Words(), killed)
    assert made(wish, tmp_path)[1] > 0 and len(column(tmp_path, "train", "prompt_ids")) == 2


def test_it_is_told_how_far_the_reading_is(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    wish = wanted(tmp_path, DPO, [trainer.pair(number) for number in range(3)])
    _row_files.written(wish, tmp_path / "rows", Words(), lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadRows, match="no file of pairs"):
        made(Wanted(tmp_path / "gone.parquet", DPO, "base", 96, 64, 2), tmp_path)
