"""All points of a training run as a table to take away, a row for each."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from annotations import exports
from annotations.exports import Row, Table
from training.models import TrainingRun

AT_ONCE = 2000


class Column(NamedTuple):
    """A column's type, one of `exports.TYPES`, and what it holds."""

    type: str
    about: str


COLUMNS = {
    "run": Column("int", "id of the training run"),
    "kind": Column("text", "log: a step; eval: the dev set; samples; machine; phase"),
    "name": Column("text", "of a phase: convert, load, tokenize, ref_logps, train, eval or save; else empty"),
    "step": Column("int", "the step it is of, or after which it was written"),
    "at": Column(
        "text", "when the trainer wrote it last, ISO 8601; a step trained again after a resume has its later time"
    ),
    "loss": Column(
        "float", "log: mean loss of the batch; empty where it was no finite number, and then named in `rest`"
    ),
    "grad_norm": Column("float", "log: length of the gradient before the clip"),
    "learning_rate": Column("float", "log: learning rate of the step"),
    "epoch": Column("float", "log: how often all pairs were seen"),
    "num_tokens": Column("float", "log: tokens read so far"),
    "rewards/chosen": Column("float", "log, DPO: β × (log-probability of the chosen response, less that of the base)"),
    "rewards/rejected": Column("float", "log, DPO: the same of the rejected response"),
    "rewards/margins": Column("float", "log, DPO: chosen less rejected"),
    "rewards/accuracies": Column("float", "log, DPO: share of the pairs with a margin above 0"),
    "tokens_per_second": Column("float", "log: tokens a second over the steps alone, looks at the dev set left out"),
    "step_seconds": Column("float", "log: seconds of a step"),
    "memory_bytes": Column(
        "float", "log: most bytes of the card's tensors so far; without a card, bytes of the process"
    ),
    "eval_loss": Column("float", "eval: mean loss over the dev set"),
    "eval_rewards/margins": Column("float", "eval, DPO: mean margin over the dev set"),
    "eval_rewards/accuracies": Column("float", "eval, DPO: share of the pairs of the dev set with a margin above 0"),
    "cpu_percent": Column("float", "machine: processor time of all processes of the run, 100 for one core"),
    "rss_bytes": Column("float", "machine: memory of all processes of the run"),
    "rest": Column("json", "every other value by its name: cards, samples, seconds of a phase, what else was logged"),
}
"""Every column in order; a value has the name that the trainer gave it."""
_ROW = ("run", "kind", "name", "step", "at")
_VALUES = [name for name in COLUMNS if name not in (*_ROW, "rest")]
FORMATS = [(name, label) for name, label in exports.choices(dataset=True) if not exports.load(name).SPLITS]


def table(run: TrainingRun) -> Table:
    """Every point of the run by kind and step, read as it is written."""
    types = tuple(column.type for column in COLUMNS.values())
    return Table(tuple(COLUMNS), _rows(run), f"training-run-{run.pk}", types=types)


def _rows(run: TrainingRun) -> Iterator[Row]:
    points = run.points.order_by("kind", "name", "step").values_list("kind", "name", "step", "at", "values")
    for kind, name, step, at, values in points.iterator(chunk_size=AT_ONCE):
        numbers = [_number(values.get(one)) for one in _VALUES]
        rest = {one: held for one, held in values.items() if one not in _VALUES or _number(held) is None}
        yield [run.pk, kind, name, step, at.isoformat(), *numbers, rest or None]


def _number(held: Any) -> float | None:
    return float(held) if isinstance(held, int | float) and not isinstance(held, bool) else None
