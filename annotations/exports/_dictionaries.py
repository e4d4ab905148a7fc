"""Parquet files of rows whose texts repeat: each text is stored once for a row group, and the rows point at it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from annotations.exports import Row
from annotations.exports.parquet import COMPRESSION, Outlet

if TYPE_CHECKING:
    import pyarrow

TEXT = "text"
LARGEST_DICTIONARY = 64 << 20
"""Bytes of different texts that a row group may hold in one column before they are written out one by one."""


def write(
    columns: Sequence[str], types: Sequence[str], groups: Iterator[Sequence[Row]], said: Sequence[str] = ()
) -> Iterator[bytes]:
    """The file of these groups of rows, each of them one row group, piece by piece.

    `types` are text, int, float or bool. `said` are columns of which the file says the least and the greatest value of
    each row group; a long text does not belong there. It reads as any other file: that texts were stored once is not
    seen from outside. Equal rows in equal groups give equal bytes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), TEXT: pa.dictionary(pa.int32(), pa.string())}
    schema = pa.schema([pa.field(name, kinds[kind]) for name, kind in zip(columns, types, strict=True)])
    options: dict[str, Any] = {"dictionary_pagesize_limit": LARGEST_DICTIONARY, "store_schema": False}
    options["write_statistics"] = [name for name in columns if name in said]
    out = Outlet()
    with pq.ParquetWriter(out, schema, compression=COMPRESSION, **options) as writer:
        yield out.take()
        for rows in groups:
            arrays = [_array(kind, held) for kind, held in zip(types, zip(*rows, strict=True), strict=True)]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema), row_group_size=len(rows))
            yield out.take()
    yield out.take()


def _array(kind: str, held: Sequence[Any]) -> "pyarrow.Array":
    import pyarrow as pa

    kinds = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    if kind != TEXT:
        return pa.array(held, kinds[kind])
    places: dict[str, int] = {}
    found = [None if one is None else places.setdefault(one, len(places)) for one in held]
    return pa.DictionaryArray.from_arrays(pa.array(found, pa.int32()), pa.array(places, pa.string()))
