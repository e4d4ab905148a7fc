"""Files whose texts repeat: stored once, read as any other file."""

import io

import pyarrow as pa
import pyarrow.parquet as pq

from annotations.exports import _dictionaries

COLUMNS, TYPES = ("split", "text", "number", "error"), ("text", "text", "int", "float")
LONG = "«نعم» " * 5000
GROUPS = [
    [("train", LONG, 1, 0.1), ("train", LONG, 2, None), ("dev", None, 3, 2.0)],
    [("dev", "", None, 0.0), ("dev", "$a\r\n ", -4, 3.1)],
]


def written(groups=GROUPS, **options):
    return b"".join(_dictionaries.write(COLUMNS, TYPES, iter(groups), **options))


def test_what_goes_in_comes_out_with_plain_types():
    table = pq.read_table(io.BytesIO(written()))
    assert table.schema.types == [pa.string(), pa.string(), pa.int64(), pa.float64()]
    assert list(zip(*(column.to_pylist() for column in table.columns), strict=True)) == GROUPS[0] + GROUPS[1]


def test_each_group_is_a_row_group_that_holds_a_text_once():
    many = [[("train", f"{number % 2} {LONG}", number, None) for number in range(2000)]]
    meta = pq.ParquetFile(io.BytesIO(written(many))).metadata
    text = meta.row_group(0).column(1)
    assert meta.num_row_groups == 1 and pq.ParquetFile(io.BytesIO(written())).metadata.num_row_groups == 2
    assert text.total_uncompressed_size < 3 * len(LONG.encode())


def test_the_same_rows_give_the_same_bytes():
    assert written() == written() != written([GROUPS[0] + GROUPS[1]])


def test_only_the_columns_that_are_named_say_their_least_and_greatest():
    meta = pq.ParquetFile(io.BytesIO(written(said=("split",)))).metadata.row_group(0)
    assert (meta.column(0).statistics.min, meta.column(0).statistics.max) == ("dev", "train")
    assert meta.column(1).statistics is None


def test_a_file_without_rows_has_its_columns():
    assert pq.read_table(io.BytesIO(written([]))).column_names == list(COLUMNS)
