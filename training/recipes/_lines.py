"""What a trainer tells as it goes: one line of JSON per event at the end of metrics.jsonl, by its first process."""

import json
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.recipes import run_dir

PHASE, LOG, EVAL, SAMPLES, CHECKPOINT, END = ("phase", "log", "eval", "samples", "checkpoint", "end")
CONVERT, LOAD, TOKENIZE, REF_LOGPS, TRAIN, LOOK, SAVE = PHASES = (
    "convert",
    "load",
    "tokenize",
    "ref_logps",
    "train",
    "eval",
    "save",
)
_EVERY_SECONDS = 2.0


class Lines:
    """Writes the lines, and knows the step they are about; one that does not write is for the other processes."""

    def __init__(self, folder: Path, *, writes: bool = True):
        self.step = self.steps = 0
        self.name = ""
        self._since = self._last = time.monotonic()
        self._done = self._total = 0
        self._spent: dict[str, float] = {}
        self._file = _opened(folder / run_dir.METRICS) if writes else None

    def write(self, kind: str, values: Mapping[str, Any], name: str = "") -> None:
        """Nothing; the line is in the file, in one piece. A figure that is no number is null."""
        if self._file is None:
            return
        line = {"t": round(time.time(), 3), "kind": kind, "name": name, "step": self.step, "steps": self.steps}
        text = json.dumps(line | {"values": _plain(values)}, ensure_ascii=False, allow_nan=False)
        os.write(self._file, text.encode(errors="replace") + b"\n")

    def phase(self, name: str, total: int = 0) -> None:
        """Nothing; the phase begins, or goes on, and the one before it is over."""
        self.over()
        self.name, self._done, self._total = name, 0, total
        self._since = self._last = time.monotonic()
        self._say()

    def progress(self, done: int, total: int) -> None:
        """Nothing; so much of the phase is done, which is told every two seconds."""
        self._done, self._total = done, total
        if time.monotonic() - self._last > _EVERY_SECONDS:
            self._last = time.monotonic()
            self._say()

    def over(self) -> None:
        """Nothing; the phase has ended."""
        if self.name:
            self._say()
            self._spent[self.name] = self._seconds()
        self.name = ""

    def _say(self) -> None:
        values = {"seconds": round(self._seconds(), 3), "done": self._done, "total": self._total}
        self.write(PHASE, values, self.name)

    def _seconds(self) -> float:
        """Of the phase up to now, with those of earlier times that the same phase was on."""
        return self._spent.get(self.name, 0.0) + time.monotonic() - self._since


def _opened(path: Path) -> int:
    """The file, ready for whole lines: a line that a killed trainer began is closed first."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    size = os.fstat(file).st_size
    if size and os.pread(file, 1, size - 1) != b"\n":
        os.write(file, b"\n")
    return file


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else _plain(float(value))
