"""What a trainer writes, read as it grows: its figures become points of the run, the end of its log is kept."""

import json
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from annotations.core.storable import storable
from training.models import TrainingPoint
from training.models.training import EVAL, LOG, MACHINE, PHASE, POINT_KINDS, SAMPLES
from training.recipes import run_dir

LOG_BYTES = 8_000
LINE_BYTES = 4 << 20
AT_ONCE = 500
STEPS_KNOWN = 50
MOST_STEPS = 2**31 - 1
LARGEST = 1e300
TEXTS = ("system", "user", "text")


class Line(NamedTuple):
    """One line of metrics.jsonl; `at` is seconds since 1970."""

    at: float
    kind: str
    name: str
    step: int
    steps: int
    values: dict[str, Any]


class Lines:
    """The lines of metrics.jsonl as they come: each call gives those that are complete and were not given before.

    A long file comes in several calls; `more` says that the last one left something.
    """

    def __init__(self, folder: Path):
        self._file, self._offset, self.more = folder / run_dir.METRICS, 0, False

    def read(self) -> list[Line]:
        """The new lines; those that say nothing anybody understands are left out."""
        self.more = False
        try:
            with self._file.open("rb") as file:
                if self._file.stat().st_size < self._offset:  # somebody made it anew
                    self._offset = 0
                file.seek(self._offset)
                new = file.read(8 * LINE_BYTES)
        except OSError:
            return []
        whole, self.more = new.rfind(b"\n") + 1, len(new) == 8 * LINE_BYTES
        # A line beyond all measure is passed over, or nothing after it would ever be read.
        self._offset += whole or (len(new) if len(new) > LINE_BYTES else 0)
        return [line for text in new[:whole].split(b"\n") if (line := _line(text))]


class Progress:
    """How far a run is: steps done and in all, its last figures, and what it does now."""

    def __init__(self, done: int, total: int, figures: Mapping[str, Any]):
        self.done, self.total, self.figures = done, total, dict(figures)
        self._last: Line | None = None
        self._seconds: deque[float] = deque(maxlen=STEPS_KNOWN)

    def take(self, lines: Iterable[Line]) -> None:
        """Nothing; the lines are counted in, in their order."""
        for line in lines:
            if line.kind == PHASE:
                self.figures["phase"] = line.values | {"name": line.name}
            if line.kind in (LOG, EVAL):
                self.figures |= line.values | {"step": line.step}
                self.figures.pop("phase", None)
            if line.steps:
                self.done, self.total = line.step, line.steps
            if line.kind == LOG:
                self._pace(line)

    @property
    def step_seconds(self) -> float | None:
        """How long a step takes, the median of the last ones; None before there are two."""
        return median(self._seconds) if self._seconds else None

    def _pace(self, line: Line) -> None:
        last, self._last = self._last, line
        if last and line.step > last.step and line.at > last.at:
            self._seconds.append((line.at - last.at) / (line.step - last.step))


def store(run: int, lines: Iterable[Line]) -> None:
    """Nothing; the lines are points of the run. Twice is as once; of two lines for one step the later counts."""
    points = {
        (line.kind, line.name, line.step): TrainingPoint(
            run_id=run,
            kind=line.kind,
            name=line.name,
            step=line.step,
            values=line.values,
            at=datetime.fromtimestamp(line.at, UTC),
        )
        for line in lines
        if line.kind in POINT_KINDS
    }
    TrainingPoint.objects.bulk_create(
        points.values(),
        batch_size=AT_ONCE,
        update_conflicts=True,
        unique_fields=["run", "kind", "name", "step"],
        update_fields=["values", "at"],
    )


def tail(folder: Path) -> str:
    """The end of the trainer's log, as a database takes it; "" without one."""
    try:
        with (folder / run_dir.LOG).open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - LOG_BYTES))
            return storable(file.read().decode("utf-8", "replace"))
    except OSError:
        return ""


def size(folder: Path) -> int:
    """A number that changes while the trainer does something: bytes of its figures, its log and its checkpoints."""
    files = [folder / run_dir.METRICS, folder / run_dir.LOG]
    for place in (run_dir.CHECKPOINTS, run_dir.MODEL):
        files += (folder / place).rglob("*")
    return sum(_size(file) for file in files)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _line(text: bytes) -> Line | None:
    try:
        said = json.loads(text)
        step, steps, kind = int(said.get("step") or 0), int(said.get("steps") or 0), str(said["kind"])
        values = _shaped(kind, dict(said.get("values") or {}))
        line = Line(float(said["t"]), kind, storable(str(said.get("name") or ""))[:50], step, steps, values)
        datetime.fromtimestamp(line.at, UTC)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, RecursionError):
        return None
    # What the machine does is measured by us and never read from a file.
    return line if 0 <= step <= MOST_STEPS and 0 <= steps <= MOST_STEPS and kind != MACHINE else None


def _shaped(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as pages and databases take them: figures are numbers or None, samples are rows of texts."""
    if kind != SAMPLES:
        return {storable(str(name)): _number(value) for name, value in values.items()}
    rows, skipped = values.get("rows"), values.get("skipped")
    told = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    said = {"skipped": storable(skipped)} if isinstance(skipped, str) else {}
    return {"rows": [{name: storable(str(row.get(name) or "")) for name in TEXTS} for row in told], **said}


def _number(value: Any) -> int | float | None:
    """The value; None for what is no finite number, and for one that no sum of figures can hold."""
    told = isinstance(value, int | float) and not isinstance(value, bool)
    return value if told and abs(value) < LARGEST else None
