"""The rows of a run as Arrow files in its folder, written once: what is worked out beside them is found again."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from annotations.core.preference_pairs import DEV, SPLITS
from training.recipes import rows, run_dir
from training.recipes._tokens import Tokenizer
from training.recipes.rows import BEYOND, REPEATED, Fitted
from training.recipes.run_dir import SFT

UNLABELLED = -100
NAMES = {run_dir.SFT: ("input_ids", "labels"), run_dir.DPO: ("prompt_ids", "chosen_ids", "rejected_ids")}
_LAWS = "rows.json"
_AT_ONCE = 512
Told = Callable[[int, int], None]


@dataclass
class Law:
    """What became of the pairs of a split: those that came in are those that went out and those that were dropped."""

    out: int = 0
    cut: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    def count(self, fitted: Fitted) -> None:
        """Nothing; one more pair that was looked at."""
        if fitted.dropped:
            self.dropped[fitted.dropped] += 1
        else:
            self.out, self.cut = self.out + 1, self.cut + fitted.cut

    def said(self) -> dict[str, Any]:
        """The law as the result has it."""
        came = self.out + self.dropped.total()
        return {"in": came, "out": self.out, "dropped": dict(self.dropped), "cut": self.cut}


@dataclass(frozen=True)
class Wanted:
    """Which rows a run wants: `kind` sft or dpo, lengths in tokens, `eval_rows` of the dev set at most."""

    source: Path
    kind: str
    base: str
    max_length: int
    max_prompt_length: int
    eval_rows: int

    def key(self) -> str:
        """Another one for every other set of rows."""
        about = self.source.stat()
        told = (str(self.source), about.st_size, about.st_mtime_ns, self.kind, self.base)
        return json.dumps([*told, self.max_length, self.max_prompt_length, self.eval_rows])


def written(wanted: Wanted, folder: Path, tokenizer: Tokenizer, told: Told) -> dict[str, Any]:
    """The law of each split; its rows lie in `folder` as SPLIT.arrow. Raises BadRows.

    Files that are there already for the same wish are left as they are. `told` hears how many of how many pairs were
    looked at.
    """
    if not wanted.source.is_file():
        raise rows.BadRows(f"There is no file of pairs at {wanted.source}.")
    if there := _there(folder, wanted.key()):
        return there
    folder.mkdir(parents=True, exist_ok=True)
    laws = _write(wanted, folder, tokenizer, told)
    run_dir.write(folder / _LAWS, {"key": wanted.key(), "laws": laws})
    return laws


def _there(folder: Path, key: str) -> dict[str, Any]:
    try:
        said = json.loads((folder / _LAWS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return dict(said["laws"]) if said.get("key") == key else {}


def _write(wanted: Wanted, folder: Path, tokenizer: Tokenizer, told: Told) -> dict[str, Any]:
    total, last = _looked_through(wanted)
    laws = {split: Law() for split in SPLITS}
    with ExitStack() as open_files:
        files = {split: open_files.enter_context(_File(folder / f"{split}.arrow", wanted.kind)) for split in SPLITS}
        for number, pair in enumerate(rows.pairs(wanted.source)):
            split = pair["split"]
            if last and last[_key(pair)] != number:
                laws[split].dropped[REPEATED] += 1
            elif split == DEV and laws[split].out >= wanted.eval_rows:
                laws[split].dropped[BEYOND] += 1
            else:
                fitted = _fitted(tokenizer, pair, wanted)
                laws[split].count(fitted)
                files[split].add(fitted)
            told(number + 1, total)
    return {split: law.said() for split, law in laws.items()}


def _looked_through(wanted: Wanted) -> tuple[int, dict[bytes, int]]:
    """The number of pairs, and for SFT the last one of each config and prompt."""
    last, total = {}, 0
    for number, pair in enumerate(rows.pairs(wanted.source)):
        total = number + 1
        if wanted.kind == SFT:
            last[_key(pair)] = number
    return total, last


def _key(pair: dict[str, str]) -> bytes:
    asked = json.dumps([pair[name] for name in ("split", "system_prompt", "prompt")])
    return hashlib.blake2b(asked.encode(), digest_size=16).digest()


def _fitted(tokenizer: Tokenizer, pair: dict[str, str], wanted: Wanted) -> Fitted:
    chosen, rejected = pair["chosen_response"], pair["rejected_response"]
    return rows.fit(
        tokenizer,
        pair["system_prompt"],
        pair["prompt"],
        [chosen] if wanted.kind == SFT else [chosen, rejected],
        max_length=wanted.max_length,
        max_prompt_length=wanted.max_prompt_length,
    )


class _File:
    """An Arrow file that takes rows and writes them a few hundred at a time."""

    def __init__(self, path: Path, kind: str):
        import pyarrow as pa

        self._columns: dict[str, list[list[int]]] = {name: [] for name in NAMES[kind]}
        self._schema = pa.schema([(name, pa.list_(pa.int32())) for name in NAMES[kind]])
        self._out = pa.ipc.new_stream(path, self._schema)

    def __enter__(self) -> "_File":
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._out.close()

    def add(self, fitted: Fitted) -> None:
        """Nothing; the row is kept unless it was dropped."""
        if fitted.dropped:
            return
        for column, values in zip(self._columns.values(), _values(fitted), strict=False):
            column.append(values)
        if len(next(iter(self._columns.values()))) >= _AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        arrays = [pa.array(column, pa.list_(pa.int32())) for column in self._columns.values()]
        self._out.write_batch(pa.record_batch(arrays, schema=self._schema))
        for column in self._columns.values():
            column.clear()


def _values(fitted: Fitted) -> Iterator[list[int]]:
    """What the columns hold: for DPO prompt, chosen and rejected; for SFT all of it, and what the loss looks at."""
    if len(fitted.answers) > 1:
        yield from (fitted.prompt, *fitted.answers)
    else:
        yield fitted.prompt + fitted.answers[0]
        yield [UNLABELLED] * len(fitted.prompt) + fitted.answers[0]
