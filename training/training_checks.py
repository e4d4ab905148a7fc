"""What the check of a training run found, as its page shows it: problems, pairs, lengths, and what the run takes."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from annotations.charts import position
from annotations.models.work import WAITING
from training.models import TrainingRun
from training.models.training import CHECK
from training.pair_queries import Bar, Chart
from training.recipes.rows import REASONS

TEXTS = {
    "prompt": "config and question",
    "chosen": "chosen response",
    "rejected": "rejected response",
    "whole": "whole",
}
SPLITS = ("train", "dev")
Found = Mapping[str, Any]


class Length(NamedTuple):
    """How long one sort of text is, in tokens; None where there is none."""

    name: str
    median: int | None
    p95: int | None
    longest: int | None
    n: int


class Law(NamedTuple):
    """What becomes of the pairs of a split: those that go in are those that come out and those left out, by reason.

    `looked` of the `there` candidates were looked at; where it is not all of them the rest is not counted.
    """

    name: str
    total: int
    out: int
    parts: list[tuple[str, int]]
    cut: int
    looked: int
    there: int

    @property
    def whole(self) -> bool:
        """True when every candidate was looked at."""
        return self.looked == self.there


class Checked(NamedTuple):
    """The result of a check; `ready` when the run waits for its launch and nothing forbids it."""

    problems: list[str]
    warnings: list[str]
    laws: list[Law]
    lengths: list[Length]
    chart: Chart | None
    model: Found
    tokens: Found
    template: Found
    estimate: Found
    seconds: float | None
    waits: bool

    @property
    def ready(self) -> bool:
        """True when a person may launch the run."""
        return self.waits and not self.problems


def checked_context(run: TrainingRun) -> Checked | None:
    """What the check of the run found; None before it has looked."""
    found: Found = run.checked
    if not found:
        return None
    told: Found = found.get("lengths") or {}
    return Checked(
        problems=list(found.get("problems", [])),
        warnings=list(found.get("warnings", [])),
        laws=[_law(split, law) for split in SPLITS if (law := (found.get("rows") or {}).get(split)) and law["in"]],
        lengths=_lengths(told.get("texts") or {}),
        chart=_chart(run, told) if told else None,
        model=found.get("model") or {},
        tokens=found.get("tokens") or {},
        template=found.get("template") or {},
        estimate=found.get("estimate") or {},
        seconds=found.get("seconds"),
        waits=run.state == WAITING and run.phase == CHECK,
    )


def _law(split: str, law: Found) -> Law:
    gone = {**law["left"], **law["dropped"]}
    parts = [(REASONS.get(reason, reason), many) for reason, many in gone.items() if many]
    total = law["looked"] + sum(law["left"].values())
    return Law(split, total, law["out"], parts, law["cut"], law["looked"], law["there"])


def _lengths(texts: Found) -> list[Length]:
    return [
        Length(label, texts[name]["median"], texts[name]["p95"], texts[name]["max"], texts[name]["n"])
        for name, label in TEXTS.items()
        if name in texts
    ]


def _chart(run: TrainingRun, told: Found) -> Chart:
    """How many pairs are how long as a whole, in bins that are the same for every run."""
    counts = told["texts"]["whole"]["counts"]
    last = max((place for place, many in enumerate(counts) if many), default=-1)
    shown, total = counts[: last + 1], sum(counts)
    most = max(shown, default=0)
    bars = [
        Bar(_bin(told["up_to"], place), many, position(many, 0, most), many / total) for place, many in enumerate(shown)
    ]
    longest = run.settings.get("max_length", 0)
    looked, there = f"{told['looked']:,}", f"{told['of']:,}"
    of = f"{there} pairs" if looked == there else f"{looked} of {there} pairs, drawn by seed {told['seed']}"
    note = f"Tokens of {of}. Pairs of more than {longest:,} are cut."
    return Chart("check-lengths", "How long the pairs are", "Tokens", "pairs", bars, note)


def _bin(up_to: list[int], place: int) -> str:
    low = up_to[place - 1] + 1 if place else 1
    return f"{low:,} to {up_to[place]:,}" if place < len(up_to) else f"more than {up_to[-1]:,}"
