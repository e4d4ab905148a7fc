"""Parquet: columns with types, compressed, in row groups that leave as soon as they are full."""

import io
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from annotations.exports import Row, Table
from annotations.exports._columns import groups, kinds, value

if TYPE_CHECKING:
    import pyarrow

LABEL = "Parquet"
SUFFIX = ".parquet"
CONTENT_TYPE = "application/vnd.apache.parquet"
DATASET = True
SPLITS = False
COMPRESSION = "zstd"


def pieces(table: Table) -> Iterator[bytes]:
    """The first bytes at once, then each row group when it is complete, then the footer.

    Raises ValueError when a later row has another type than the column.
    """
    found = groups(table.rows)
    first = [] if table.types else next(found, [])
    types = table.types or kinds(table.columns, first)
    yield from write(table.columns, types, chain([first] if first else [], found))


def write(
    columns: Sequence[str], types: Sequence[str], rows: Iterator[list[Row]], *, sizes: list[int] | None = None
) -> Iterator[bytes]:
    """The file of these groups of rows, each of them one row group; `sizes` gets the bytes of each in memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([pa.field(name, _type(kind)) for name, kind in zip(columns, types, strict=True)])
    out = Outlet()
    with pq.ParquetWriter(out, schema, compression=COMPRESSION) as writer:
        yield out.take()
        for some in rows:
            batch = _batch(some, types, schema)
            writer.write_batch(batch)
            if sizes is not None:
                sizes.append(batch.nbytes)
            yield out.take()
    yield out.take()


def _type(kind: str) -> "pyarrow.DataType":
    import pyarrow as pa

    plain = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "texts": pa.list_(pa.string())}
    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    return plain.get(kind, pa.list_(turn) if kind == "messages" else pa.string())


def _batch(rows: list[Row], types: Sequence[str], schema: "pyarrow.Schema") -> "pyarrow.RecordBatch":
    import pyarrow as pa

    columns = zip(types, schema, zip(*rows, strict=True), strict=True)
    return pa.RecordBatch.from_arrays([_array(kind, field, held) for kind, field, held in columns], schema=schema)


def _array(kind: str, field: "pyarrow.Field", held: Sequence[Any]) -> "pyarrow.Array":
    import pyarrow as pa

    try:
        return pa.array([value(kind, one) for one in held], field.type)
    except pa.ArrowException as other:
        raise ValueError(f"Column {field.name!r} holds {kind}, and a row has something else: {other}") from other


class Outlet(io.RawIOBase):
    """A file that only grows, whose new bytes are taken out piece by piece; what was taken is forgotten."""

    def __init__(self) -> None:
        self.held, self.before = bytearray(), 0

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, data: Any) -> int:
        """How many bytes were added."""
        size = memoryview(data).nbytes
        self.held += data
        return size

    def tell(self) -> int:
        """How many bytes were ever added."""
        return self.before + len(self.held)

    def take(self) -> bytes:
        """What was added since the last time."""
        taken = bytes(self.held)
        self.before += len(taken)
        self.held.clear()
        return taken
