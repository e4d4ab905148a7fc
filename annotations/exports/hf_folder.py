"""A folder as the Hugging Face Hub keeps data sets, in a ZIP: Parquet files for each split, and the card.

Unpacked, `datasets.load_dataset(FOLDER)` reads it. The card stands last, for only then all the splits are known.
"""

import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple

from annotations.exports import Row, Table, parquet
from annotations.exports._columns import groups, kinds
from annotations.exports.parquet import Outlet

LABEL = "Hugging Face dataset folder (ZIP)"
SUFFIX = ".zip"
CONTENT_TYPE = "application/zip"
DATASET = True
SPLITS = True
WHOLE = "test"
LONGEST = 220
"""Bytes of a split's name: with what comes after it, a file's name has at most 255."""
RESERVED = frozenset({"all"})
THE_SAME_FOR_EVER = (1980, 1, 1, 0, 0, 0)
LARGEST_FILE_ROWS = 100_000
"""Rows in one file of a split whose number of rows is known; the next ones go into another file."""
FEATURES = {"int": "int64", "float": "float64", "bool": "bool"}
LISTS = {
    "texts": "    list: string\n",
    "messages": "    list:\n    - name: role\n      dtype: string\n    - name: content\n      dtype: string\n",
}


class Split(NamedTuple):
    """A split as it lies in the folder: in how many files, its rows if somebody counted them, its bytes in memory."""

    files: int = 1
    rows: int = 0
    size: int = 0


def split_name(text: str) -> str:
    """The text as a split may be called on the Hub: letters, digits and `_`, in words between dots."""
    name = ".".join(re.sub(r"\W+", "_", word) for word in text.split(".") if word)
    name = name.encode()[:LONGEST].decode(errors="ignore").rstrip(".")
    return f"{name}_" if name in RESERVED or not name else name


def pieces(table: Table) -> Iterator[bytes]:
    """The ZIP as it grows: `data/SPLIT-00000-of-00001.parquet` and so on for each split, then `README.md`.

    The column that divides the rows is in the names of the files only. Raises ValueError when the rows do not come in
    its order, or when a later row has another type than its column.
    """
    out, names, there = Outlet(), dict[str, str](), dict[str, Split]()
    columns = _columns(table)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as folder:
        for split, types, rows in _splits(table):
            if split in names:
                raise ValueError(f"The rows of {split!r} stand in two places; put them in order of {table.split!r}.")
            names[split] = name = _free(split_name(split), names)
            made, sizes = _divided(table.counts.get(split, 0)), list[int]()
            for number, some in enumerate(_files(rows, made.files)):
                with folder.open(_entry(_path(name, number, made.files)), "w", force_zip64=True) as file:
                    for piece in parquet.write(columns, types, some, sizes=sizes):
                        file.write(piece)
                        yield out.take()
            there[name] = made._replace(size=sum(sizes))
        folder.writestr(_entry("README.md"), card(table.card or f"# {table.name}\n", there, _facts(table, there)))
    yield out.take()


def _divided(rows: int) -> Split:
    return Split(max(1, -(-rows // LARGEST_FILE_ROWS)), rows)


def _files(rows: Iterator[list[Row]], files: int) -> Iterator[Iterator[list[Row]]]:
    """The rows of each file in groups; each file is to be gone through before the next."""
    if files == 1:
        yield rows
        return
    every = chain.from_iterable(rows)
    for _ in range(files - 1):
        yield groups(islice(every, LARGEST_FILE_ROWS))
    yield groups(every)


def _free(name: str, splits: Mapping[str, str]) -> str:
    free, number = name, 1
    while free in splits.values():
        number += 1
        free = f"{name}_{number}"
    return free


def _entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, THE_SAME_FOR_EVER)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    entry.create_system = 3
    return entry


def _path(split: str, number: int, files: int) -> str:
    return f"data/{split}-{number:05d}-of-{files:05d}.parquet"


def _columns(table: Table) -> list[str]:
    return [name for name in table.columns if name != table.split]


def _splits(table: Table) -> Iterator[tuple[str, Sequence[str], Iterator[list[Row]]]]:
    """Each split with its name, the types of its columns and its rows in groups; without rows, one empty split."""
    found = groups(table.rows)
    first = next(found, [])
    types = table.types or kinds(table.columns, first)
    if table.split not in table.columns or not first:
        at = table.columns.index(table.split) if table.split in table.columns else None
        yield WHOLE, _without(types, at), chain([first] if first else [], found)
        return
    at = table.columns.index(table.split)
    rows = chain(first, chain.from_iterable(found))
    for name, some in groupby(rows, key=itemgetter(at)):
        yield str(name), _without(types, at), groups(_without(row, at) for row in some)


def _without(row: Sequence[Any], at: int | None) -> list[Any]:
    return [value for place, value in enumerate(row) if place != at]


def card(text: str, splits: Mapping[str, Split], facts: str = "") -> str:
    """The card with a head that tells where each split lies, then `facts`; what else its head says stays."""
    head, body = _head(text)
    files = "".join(_where(name, split.files) for name, split in splits.items())
    return f"---\n{head}configs:\n- config_name: default\n  data_files:\n{files}{facts}---\n{body}"


def _where(name: str, files: int) -> str:
    path = _path(name, 0, 1) if files == 1 else f"data/{name}-*-of-{files:05d}.parquet"
    return f"  - split: {json.dumps(name)}\n    path: {path}\n"


def _facts(table: Table, splits: Mapping[str, Split]) -> str:
    """What `datasets` likes to know before it reads: columns with their types, and how many rows; "" if unknown."""
    if not table.types or not table.counts:
        return ""
    kinds_by_name = dict(zip(table.columns, table.types, strict=True))
    features = "".join(_feature(name, kinds_by_name[name]) for name in _columns(table))
    counted = "".join(
        f"  - name: {json.dumps(name)}\n    num_bytes: {split.size}\n    num_examples: {split.rows}\n"
        for name, split in splits.items()
    )
    total = sum(split.size for split in splits.values())
    return f"dataset_info:\n  features:\n{features}  splits:\n{counted}  dataset_size: {total}\n"


def _feature(name: str, kind: str) -> str:
    return f"  - name: {json.dumps(name)}\n" + (LISTS.get(kind) or f"    dtype: {FEATURES.get(kind, 'string')}\n")


def _head(text: str) -> tuple[str, str]:
    """The lines of the YAML head without what is said anew, and the text below it."""
    found = re.match(r"---\n(.*?\n)?---\n", text, re.DOTALL)
    if not found:
        return "", f"\n{text}"
    said = re.sub(r"^(?:configs|dataset_info):.*\n(?:[ \-].*\n)*", "", found[1] or "", flags=re.MULTILINE)
    return said, text[found.end() :]
