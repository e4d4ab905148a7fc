"""The tensors in a folder of safetensors, read and written piece by piece with numpy alone, bf16 too."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.recipes.run_dir import BadRunDir

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
BF16 = "BF16"
FLOATS = ("F64", "F32", "F16", BF16)
KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", BF16: "<u2", "I64": "<i8", "I32": "<i4", "I8": "i1", "U8": "u1"}
SHARD_BYTES = 5 << 30
PIECE = 1 << 22
_LENGTH_BYTES = 8
_LONGEST_HEADER = 100_000_000
Array = NDArray[Any]


class Tensor(NamedTuple):
    """Where a tensor lies: its file, the kind of its numbers (KINDS), its shape, and its first byte in the file."""

    file: Path
    kind: str
    shape: tuple[int, ...]
    start: int

    @property
    def length(self) -> int:
        """How many numbers it has."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.length * np.dtype(KINDS[self.kind]).itemsize


def index(folder: Path) -> dict[str, Tensor]:
    """Every tensor of the folder by name, in the order of names. Raises BadRunDir."""
    found: dict[str, Tensor] = {}
    for file in _files(folder):
        found |= _header(file)
    return dict(sorted(found.items()))


def pieces(tensor: Tensor, count: int = PIECE) -> Iterator[Array]:
    """The tensor's numbers as they are stored, bf16 as the bits in 16-bit integers, at most `count` at a time."""
    with tensor.file.open("rb") as file:
        file.seek(tensor.start)
        for start in range(0, tensor.length, count):
            yield np.fromfile(file, KINDS[tensor.kind], min(count, tensor.length - start))


def numbers(tensor: Tensor) -> NDArray[np.float32]:
    """The whole tensor in its shape, as 32-bit numbers."""
    found = np.empty(tensor.length, np.float32)
    at = 0
    for piece in pieces(tensor):
        found[at : at + len(piece)] = widened(piece, tensor.kind)
        at += len(piece)
    return found.reshape(tensor.shape)


def widened(stored: Array, kind: str) -> Array:
    """Stored numbers as floats: bf16 and f16 become 32-bit ones, which loses nothing."""
    if kind == BF16:
        return (stored.astype(np.uint32) << 16).view(np.float32)
    return stored.astype(np.float32) if kind == "F16" else stored


def stored(values: Array, kind: str) -> Array:
    """Floats as the kind stores them, each rounded to the nearest, ties to even."""
    if kind != BF16:
        return values.astype(KINDS[kind])
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def write(folder: Path, plan: Mapping[str, Tensor], produced: Iterable[tuple[str, Iterable[Array]]]) -> None:
    """Nothing; the planned tensors lie in `folder` in shards of at most SHARD_BYTES, with their index where several.

    `plan` gives kind and shape; `produced` gives the tensors in the plan's order, each in pieces as they are stored.
    """
    shards = _shards(plan)
    names = [WEIGHTS] if len(shards) == 1 else [_shard_name(at, len(shards)) for at in range(len(shards))]
    source = iter(produced)
    for file, names_within in zip(names, shards, strict=True):
        _write_shard(folder / file, {name: plan[name] for name in names_within}, source)
    if len(shards) > 1:
        where = {name: file for file, within in zip(names, shards, strict=True) for name in within}
        total = {"total_size": sum(one.size for one in plan.values())}
        text = json.dumps({"metadata": total, "weight_map": where}, indent=1, sort_keys=True)
        (folder / INDEX).write_text(text, encoding="utf-8")


def _files(folder: Path) -> list[Path]:
    if (folder / INDEX).exists():
        said = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        found = [folder / name for name in sorted(set(said["weight_map"].values()))]
    else:
        found = [folder / WEIGHTS]
    if missing := [file.name for file in found if not file.is_file()]:
        raise BadRunDir(f"There is no {missing[0]} in {folder}.")
    return found


def _header(file: Path) -> dict[str, Tensor]:
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(_LENGTH_BYTES), "little")
        if not 0 < length < _LONGEST_HEADER:
            raise BadRunDir(f"{file.name} is no file of safetensors.")
        try:
            said = json.loads(opened.read(length))
        except ValueError as broken:
            raise BadRunDir(f"{file.name} is no file of safetensors: {broken}.") from broken
    said.pop("__metadata__", None)
    found = {}
    for name, one in said.items():
        if one["dtype"] not in KINDS:
            raise BadRunDir(f"{name} in {file.name} holds numbers of the kind {one['dtype']}, which we cannot read.")
        start = _LENGTH_BYTES + length + one["data_offsets"][0]
        found[name] = Tensor(file, one["dtype"], tuple(one["shape"]), start)
    return found


def _shards(plan: Mapping[str, Tensor]) -> list[list[str]]:
    shards: list[list[str]] = [[]]
    room = SHARD_BYTES
    for name, one in plan.items():
        if one.size > room and shards[-1]:
            shards.append([])
            room = SHARD_BYTES
        shards[-1].append(name)
        room -= one.size
    return shards


def _shard_name(at: int, count: int) -> str:
    return f"model-{at + 1:05}-of-{count:05}.safetensors"


def _write_shard(file: Path, plan: Mapping[str, Tensor], source: Iterator[tuple[str, Iterable[Array]]]) -> None:
    said: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    start = 0
    for name, one in plan.items():
        offsets = [start, start := start + one.size]
        said[name] = {"dtype": one.kind, "shape": list(one.shape), "data_offsets": offsets}
    header = json.dumps(said).encode()
    header += b" " * (-len(header) % _LENGTH_BYTES)
    with file.open("wb") as out:
        out.write(len(header).to_bytes(_LENGTH_BYTES, "little") + header)
        for name in plan:
            produced, parts = next(source)
            if produced != name:
                raise ValueError(f"{produced} came where {name} was planned.")
            for part in parts:
                out.write(part.tobytes())
        out.flush()
        os.fsync(out.fileno())
