"""Files of size: few rows are held at a time, and the bad ones are found among many."""

import json
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotations.imports import ImportProblem
from tests.imports.making import count_rows, read

MAP = {"text": "prompt", "kind": "type"}


@pytest.mark.parametrize(("suffix", "count"), [("csv", 100_000), ("jsonl", 20_000), ("json", 20_000)])
def test_three_bad_rows_of_very_many_are_found(tmp_path, suffix, count):
    bad = (17, count // 2, count - 1)
    rows = [{"prompt": f"Question {number}", "type": "maybe" if number in bad else "safe"} for number in range(count)]
    lines = [json.dumps(row) for row in rows]
    path = tmp_path / f"many.{suffix}"
    path.write_text(
        "prompt,type\n" + "".join(f"{row['prompt']},{row['type']}\n" for row in rows)
        if suffix == "csv"
        else "\n".join(lines)
        if suffix == "jsonl"
        else f"[{','.join(lines)}]"
    )
    found = read([path], mapping=MAP)
    first = 2 if suffix == "csv" else 1  # the heading is row 1 of a CSV
    assert [each.row for each in found if isinstance(each, ImportProblem)] == [number + first for number in bad]
    assert len(found) == count


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json"])
def test_a_long_file_is_read_in_little_memory(tmp_path, suffix, memory):
    path = tmp_path / f"long.{suffix}"
    text = "Why is the sea salt, and the river not? " * 50
    with path.open("w") as file:
        file.write({"csv": "prompt,type\n", "json": "["}.get(suffix, ""))
        for number in range(10_000):
            row = {"prompt": f"{number} {text}", "type": "safe"}
            file.write(f'"{number} {text}",safe\n' if suffix == "csv" else json.dumps(row))
            file.write({"jsonl": "\n", "json": "," if number < 9_999 else "]"}.get(suffix, ""))
    assert path.stat().st_size > 20_000_000
    memory()
    assert count_rows(path) == 10_000
    assert memory() < 4_000_000


def test_a_long_parquet_file_is_read_some_rows_at_a_time(tmp_path, memory):
    path = tmp_path / "long.parquet"
    text = "Why is the sea salt, and the river not? " * 50
    table = pa.table({"prompt": [f"{number} {text}" for number in range(10_000)]})
    pq.write_table(table, path, use_dictionary=False, compression="none")
    assert path.stat().st_size > 20_000_000
    memory()
    assert count_rows(path) == 10_000
    assert memory() < 4_000_000


@pytest.mark.slow
def test_two_hundred_megabytes_are_read_in_seconds(tmp_path):
    path = tmp_path / "huge.csv"
    piece = "".join(f'"Question {number}: {"why " * 200}",safe\n' for number in range(1000))
    with path.open("w") as file:
        file.write("prompt,type\n")
        for _ in range(250):
            file.write(piece)
    assert path.stat().st_size > 200_000_000
    begun = time.monotonic()
    assert count_rows(path) == 250_000
    assert time.monotonic() - begun < 30
