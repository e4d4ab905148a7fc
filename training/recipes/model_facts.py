"""What a base is, from its files alone: parameters, numbers, layers; no weight is read and no library is needed."""

import json
import struct
from collections import Counter
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _LIST = 8, 9
_LONGEST_HEADER = 100 << 20
_BITS = {"F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8}


class Facts(NamedTuple):
    """What a model's files say of it; 0 or "" where they do not. `dtype` is what most parameters are kept in.

    `inner` is the width inside a layer, `keys` that of keys and values together with their heads.
    """

    parameters: int = 0
    dtype: str = ""
    architecture: str = ""
    kind: str = ""
    layers: int = 0
    hidden: int = 0
    inner: int = 0
    keys: int = 0
    vocabulary: int = 0
    context: int = 0


class Unreadable(ValueError):
    """Why a model's files say nothing, in words."""


def of(base: Path) -> Facts:
    """What the files of a folder of safetensors, or a GGUF file, say. Raises Unreadable."""
    if base.is_file():
        return _of_gguf(base)
    said = _config(base)
    counts = _counted(base)
    heads = said.get("num_attention_heads") or 1
    wide = said.get("head_dim") or (said.get("hidden_size") or 0) // heads
    return Facts(
        parameters=sum(counts.values()),
        dtype=counts.most_common(1)[0][0] if counts else "",
        architecture=str((said.get("architectures") or [""])[0]),
        kind=str(said.get("model_type") or ""),
        layers=int(said.get("num_hidden_layers") or 0),
        hidden=int(said.get("hidden_size") or 0),
        inner=int(said.get("intermediate_size") or 0),
        keys=int(wide * (said.get("num_key_value_heads") or heads)),
        vocabulary=int(said.get("vocab_size") or 0),
        context=int(said.get("max_position_embeddings") or 0),
    )


def _config(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise Unreadable(f"There is nothing at {folder}.")
    if (folder / "adapter_config.json").exists() and not (folder / "config.json").exists():
        raise Unreadable(f"{folder.name} holds only an adapter. Merge it into its base first and train on that.")
    try:
        said: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise Unreadable(f"{folder.name} has no config.json that can be read.") from problem
    return said | (said.get("text_config") or {})


def bits(dtype: str) -> int:
    """The bits of a number of that kind as safetensors names it; 32 for one we do not know."""
    return _BITS.get(dtype, 32)


def _counted(folder: Path) -> "Counter[str]":
    """Parameters by what they are kept in, over all safetensors of the folder. Raises Unreadable."""
    counts: Counter[str] = Counter()
    for file in sorted(folder.glob("model*.safetensors")):
        for name, tensor in _header(file).items():
            if name != "__metadata__":
                counts[tensor["dtype"]] += prod(tensor["shape"])
    return counts or _indexed(folder)


def _indexed(folder: Path) -> "Counter[str]":
    """Parameters as the index of files says them that are not here yet; their bytes are taken for bf16."""
    try:
        index = json.loads((folder / "model.safetensors.index.json").read_text(encoding="utf-8"))
        return Counter({"BF16": int(index["metadata"]["total_size"]) // 2})
    except (OSError, ValueError, KeyError, TypeError):
        return Counter()


def _header(file: Path) -> dict[str, Any]:
    with file.open("rb") as opened:
        try:
            (size,) = struct.unpack("<Q", opened.read(8))
            if size > _LONGEST_HEADER:
                raise ValueError
            found: dict[str, Any] = json.loads(opened.read(size))
        except (ValueError, struct.error) as broken:
            raise Unreadable(f"{file.name} is no safetensors file, or only a part of one.") from broken
    return found


def gguf_header(file: Path) -> tuple[dict[str, Any], int]:
    """What the header of a GGUF file says by name (of a list its length), and its parameters. Raises Unreadable."""
    with file.open("rb") as opened:
        try:
            if opened.read(4) != b"GGUF":
                raise Unreadable(f"{file.name} is no GGUF file.")
            _, tensors, values = struct.unpack("<IQQ", opened.read(20))
            return dict(_pairs(opened, values)), sum(_sizes(opened, tensors))
        except (struct.error, KeyError, UnicodeDecodeError) as broken:
            raise Unreadable(f"{file.name} is only a part of a GGUF file.") from broken


def _of_gguf(file: Path) -> Facts:
    told, parameters = gguf_header(file)
    kind = str(told.get("general.architecture", ""))
    heads = int(told.get(f"{kind}.attention.head_count", 1)) or 1
    hidden = int(told.get(f"{kind}.embedding_length", 0))
    return Facts(
        parameters=parameters,
        dtype="GGUF",
        architecture=kind,
        kind=kind,
        layers=int(told.get(f"{kind}.block_count", 0)),
        hidden=hidden,
        inner=int(told.get(f"{kind}.feed_forward_length", 0)),
        keys=hidden // heads * int(told.get(f"{kind}.attention.head_count_kv", heads)),
        vocabulary=int(told.get("tokenizer.ggml.tokens", told.get(f"{kind}.vocab_size", 0))),
        context=int(told.get(f"{kind}.context_length", 0)),
    )


def _pairs(file: BinaryIO, count: int) -> Iterator[tuple[str, Any]]:
    """Names and values of a GGUF header; of a list its length."""
    for _ in range(count):
        name = _text(file).decode()
        yield name, _value(file, _number(file, "I"))


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == _TEXT:
        return _text(file).decode(errors="replace")
    if kind != _LIST:
        return _number(file, _SCALARS[kind])
    inside, count = _number(file, "I"), _number(file, "Q")
    if inside in _SCALARS:
        file.seek(count * struct.calcsize(_SCALARS[inside]), 1)
        return count
    for _ in range(count):
        _value(file, inside)
    return count


def _sizes(file: BinaryIO, count: int) -> Iterator[int]:
    for _ in range(count):
        _text(file)
        yield prod(_number(file, "Q") for _ in range(_number(file, "I")))
        file.seek(12, 1)


def _text(file: BinaryIO) -> bytes:
    size = _number(file, "Q")
    found = file.read(size) if size < _LONGEST_HEADER else b""
    if len(found) != size:
        raise struct.error
    return found


def _number(file: BinaryIO, code: str) -> Any:
    return struct.unpack(f"<{code}", file.read(struct.calcsize(code)))[0]
