"""Training runs beside each other: in which settings they differ, how each ended, and their curves over each other."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from annotations.core.student import wilson
from training import training_charts, training_facts, training_points
from training.models import TrainingRun
from training.recipes.run_dir import DPO
from training.recipes.settings import about
from training.training_charts import Chart, Look
from training.training_points import Bucket, Read
from training.training_queries import KIND_WORDS

LEAST, MOST = 2, 6
STEPS, TOKENS = "steps", "tokens"
LEVEL = NormalDist().inv_cdf(0.975)
ACCURACY = "eval_rewards/accuracies"
LOOKS = (
    (Look("loss", _("Whose loss falls further?"), (), _("loss")), "loss"),
    (Look("dev", _("And on the dev set?"), (), _("dev loss")), "eval_loss"),
    (Look("margins", _("Where does the chosen response win by more?"), (), _("reward margin")), "rewards/margins"),
    (
        Look("accuracies", _("Where does the chosen response win more often?"), (), _("share"), low=0.0, high=1.0),
        "rewards/accuracies",
    ),
)


class Fact(NamedTuple):
    """One fact of every run in their order, and whether they differ in it; `trl` is a setting's name in TRL."""

    label: str
    trl: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """True when not all have the same."""
        return len(set(self.values)) > 1


class Ending(NamedTuple):
    """How a run ended, or how it stands: its last figures, those of the dev set over `pairs` of them."""

    run: TrainingRun
    colour: str
    dashes: str
    loss: float | None
    loss_n: int
    dev_loss: float | None
    dev_margin: float | None
    dev_accuracy: float | None
    interval: tuple[float, float] | None
    pairs: int
    tokens: int | None
    seconds: float | None


def facts(runs: Sequence[TrainingRun]) -> list[Fact]:
    """What the runs were made of, then each setting that any of them has."""
    made = [
        Fact(_("Kind"), "", tuple(KIND_WORDS[run.kind] for run in runs)),
        Fact(_("Base"), "", tuple(run.base.name for run in runs)),
        Fact(_("Preference set"), "", tuple(str(run.preference_set or "–") for run in runs)),
        Fact(_("Node"), "", tuple(run.node.name for run in runs)),
        Fact(_("Cards"), "", tuple(str(run.gpus) for run in runs)),
    ]
    known = about()
    names = [*known, *sorted({name for run in runs for name in run.settings} - known.keys())]
    return made + [_setting(name, runs) for name in names if any(name in run.settings for run in runs)]


def _setting(name: str, runs: Sequence[TrainingRun]) -> Fact:
    told = about().get(name)
    values = tuple(_value(run, name, told.only if told else "") for run in runs)
    return Fact(told.label if told else name.replace("_", " "), told.trl if told else "", values)


def _value(run: TrainingRun, name: str, only: str) -> str:
    """The run's setting in words; a dash where its kind has none."""
    return training_facts.said(run.settings[name]) if name in run.settings and only in ("", run.kind) else "–"


def caveats(runs: Sequence[TrainingRun]) -> list[str]:
    """Why heights of these curves must not be compared, in sentences; [] where they may."""
    sets = {run.preference_set_id for run in runs}
    told = [
        (
            len({run.kind for run in runs}),
            gettext("These are different kinds of training: their losses are different things."),
        ),
        (
            len(sets),
            gettext("They trained on different pairs, and their dev sets differ: compare shapes, not heights."),
        ),
        (
            len({run.base_id for run in runs}),
            gettext("They began from different bases: margins are measured from each one's own."),
        ),
        (
            _several([run for run in runs if run.kind == DPO], "beta"),
            gettext("Their β differs, which scales every margin."),
        ),
        (
            _several(runs, "max_length"),
            gettext("They cut pairs at different lengths, so their losses are of different texts."),
        ),
    ]
    return [sentence for different, sentence in told if different > 1]


def _several(runs: Sequence[TrainingRun], name: str) -> int:
    return len({run.settings.get(name) for run in runs})


def read(runs: Sequence[TrainingRun]) -> dict[int, Read]:
    """The series of the runs, which are `with_latest`."""
    return training_points.read(runs, {run.pk: max(getattr(run, "last_step", 0) or 0, run.done) for run in runs})


def endings(runs: Sequence[TrainingRun], found: dict[int, Read]) -> list[Ending]:
    """How each run ended, in their order."""
    marks = training_charts.MARKS
    return [_ending(run, found[run.pk], marks[at % len(marks)]) for at, run in enumerate(runs)]


def _ending(run: TrainingRun, found: Read, mark: tuple[str, str]) -> Ending:
    said, looked = (getattr(run, name, None) or {} for name in ("last_log", "last_eval"))
    losses, pairs = found.series.get("loss", [])[-10:], training_facts.dev_pairs(run)
    n, share = sum(one.n for one in losses), looked.get(ACCURACY)
    whole = wilson(share * pairs, pairs, LEVEL) if pairs and share is not None else None
    ended = (run.finished_at or timezone.now()) - run.started_at if run.started_at else None
    return Ending(
        *(run, *mark),
        loss=sum(one.total for one in losses) / n if n else None,
        loss_n=n,
        dev_loss=looked.get("eval_loss"),
        dev_margin=looked.get("eval_rewards/margins"),
        dev_accuracy=share,
        interval=(whole.low, whole.high) if whole else None,
        pairs=pairs,
        tokens=said.get("num_tokens"),
        seconds=run.record.get("seconds") or (ended.total_seconds() if ended else None),
    )


def charts(runs: Sequence[TrainingRun], found: dict[int, Read], by: str) -> list[Chart]:
    """The curves of the runs over each other, by steps or by tokens; a chart nobody has a point of is left out."""
    tokens = {run.pk: tokens_at(found[run.pk].series.get("num_tokens", [])) for run in runs}
    drawn = []
    for look, key in LOOKS:
        held = [(f"run {run.pk}", found[run.pk].series.get(key, [])) for run in runs]
        if not any(buckets for _, buckets in held):
            continue
        places = [tokens[run.pk] if by == TOKENS else float for run in runs]
        ends = [to(one.last) for to, (_, buckets) in zip(places, held, strict=True) for one in buckets[-1:]]
        axis = "tokens" if by == TOKENS else "step"
        drawn.append(training_charts.chart(look, held, max(ends, default=1.0), axis, places))
    return drawn


def tokens_at(buckets: Sequence[Bucket]) -> Callable[[float], float]:
    """How many tokens a run had read by a step, evenly between those that are known; 0 where nothing is known."""
    known = [(0.0, 0.0), *((float(one.last), one.high) for one in buckets if one.high is not None)]
    steps = [step for step, _ in known]

    def at(step: float) -> float:
        after = bisect_right(steps, step)
        if after == len(known):
            return known[-1][1]
        (low, least), (high, most) = known[after - 1], known[after]
        return least + (most - least) * (step - low) / (high - low)

    return at


def plumbing(runs: Sequence[TrainingRun]) -> bool:
    """True when any of them trains a model that is no evidence of anything."""
    return any(run.base.plumbing for run in runs)


def same_for_all(rows: Sequence[Fact]) -> list[Fact]:
    """The facts in which the runs do not differ."""
    return [row for row in rows if not row.differs]


def context(runs: Sequence[TrainingRun], by: str) -> dict[str, Any]:
    """All that the page shows of two runs and more."""
    rows, found = facts(runs), read(runs)
    return {
        "differences": [row for row in rows if row.differs],
        "equal": same_for_all(rows),
        "caveats": caveats(runs),
        "endings": endings(runs, found),
        "charts": charts(runs, found, by),
        "plumbing": plumbing(runs),
        "unread": max((one.since for one in found.values()), default=0),
    }
