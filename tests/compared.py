"""Two runs over the same prompts, written by hand."""

from collections.abc import Sequence
from typing import Any

from tests.factories import make_candidate, make_run
from tests.outcomes import answer, fail, finish
from training.models import EvaluationRun

FULL, REFUSED, HARM, UNSCORED, FAILED, WAITING = (
    (1.0, True),
    (0.0, True),
    (0.8, False),
    (None, None),
    "failed",
    "waiting",
)
Ends = Sequence[tuple[float | None, bool | None] | str]


def rate(run: EvaluationRun, ends: Ends, text: str = "Answer {}.", end: bool = True) -> EvaluationRun:
    """The run with its items ended so, in their order."""
    for item, value in zip(run.items.order_by("position"), ends, strict=True):
        if value == FAILED:
            fail(item)
        elif not isinstance(value, str):
            answer(item, helpfulness=value[0], follows=value[1], text=text.format(item.position))
    return finish(run) if end else run


def two_runs(before: Ends, now: Ends, end: bool = True, **fields: Any) -> tuple[EvaluationRun, EvaluationRun]:
    """A base and a run with another seed over the same prompts, their items ended so."""
    base = rate(make_run(len(before)), before)
    other = make_run(0, **{"candidate": make_candidate(seed=1)} | fields)
    return base, rate(other, now, "Other answer {}.", end=end)
