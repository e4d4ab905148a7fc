"""A run's figures with people's labels as their page shows them: charts, tables and sentences, each with a way down."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext

from annotations.charts import IntervalRow, interval_row
from annotations.core.calibration import RATES, SCORE, Beside, Corrected, Pilot, Row
from annotations.core.label_plan import Need, Plan, assumed, ground, plan
from annotations.core.prediction_powered import Estimate
from annotations.models import SafetyConfig
from training.charts import items_url
from training.correction_queries import Counts, Found, Held
from training.lineage import Step
from training.models import EvaluationRun

JUDGE, PEOPLE, CORRECTED = "Judge alone", "People alone", "Corrected by people"
MOST_STEPS = 6
WIDTHS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
NARROWER = 1.25
"""A first width has to be so many times that with every response rated, or the plan would ask for nearly all."""
UNKNOWN = 0.25
"""The variance of people's value where neither they nor the judge show any: half a point to either side."""


class Line(NamedTuple):
    """A row of a table: a figure in three ways, `name` in words or `mark` the outcome, and where its items are."""

    name: str
    url: str
    row: Row
    beside: Beside
    need: int | None = None
    mark: str = ""
    whole: bool = False


class Planned(NamedTuple):
    """What a plan comes to for the half-width that was asked for, and what it rests on: an assumption without labels.

    `wanted` responses of each config are to be asked about: `asked` in all are already, `more` are not yet.
    """

    plan: Plan
    half_width: float
    pilot: Pilot
    wanted: int
    more: int
    asked: int


class Page(NamedTuple):
    """What the page shows of a run's figures."""

    mean: Line
    ways: list[IntervalRow]
    by_config: list[IntervalRow]
    configs: list[Line]
    rates: list[Line]
    counts: Counts
    sentences: list[str]
    left_out: int
    planned: Planned | None


def page(run: EvaluationRun, found: Found, titles: Mapping[int, SafetyConfig], planned: Planned | None) -> Page:
    """The figures in rows: the mean in three ways, each config, each rate."""
    mean, *configs = found.figures.rows
    needs = _needs(found, planned)
    lines = sorted((_config_line(run, row, titles, needs) for row in configs), key=lambda line: line.name)
    whole = _mean_line(run, mean)._replace(need=planned.plan.corrected.total if planned else None)
    return Page(
        mean=whole,
        ways=_ways(whole, found.heuristic),
        by_config=[_interval(line.name, line, line.beside.corrected, line.row.labelled) for line in lines],
        configs=[whole, *lines] if len(lines) > 1 else lines,
        rates=[_rate_line(run, mean, name) for name in RATES],
        counts=found.counts,
        sentences=sentences(found.figures),
        left_out=len(configs) - mean.configs if mean.labelled else 0,
        planned=planned,
    )


def _config_line(
    run: EvaluationRun, row: Row, titles: Mapping[int, SafetyConfig], needs: Mapping[int, int | None]
) -> Line:
    config = row.config or 0
    url = items_url(run.pk, config=config)
    return Line(titles[config].title, url, row, row.figures[SCORE], needs.get(config))


def _mean_line(run: EvaluationRun, row: Row) -> Line:
    return Line(gettext("mean over configs"), items_url(run.pk), row, row.figures[SCORE], whole=True)


def _rate_line(run: EvaluationRun, row: Row, name: str) -> Line:
    cell = name if name.count("_") else ""
    return Line(name, items_url(run.pk, outcome=cell) if cell else "", row, row.figures[name], mark=cell)


def _ways(line: Line, heuristic: bool) -> list[IntervalRow]:
    beside, row = line.beside, line.row
    judge = _interval(JUDGE, line, beside.judge, row.judged)._replace(heuristic=heuristic)
    people = _interval(PEOPLE, line, beside.people, row.labelled)
    return [judge, people, _interval(CORRECTED, line, beside.corrected, row.labelled)]


def _interval(label: str, line: Line, found: Estimate, n: int) -> IntervalRow:
    low, high = found.interval or (None, None)
    return interval_row(gettext(label), found.value, low, high, n, line.row.total, url=line.url)


def sentences(figures: Corrected) -> list[str]:
    """What the correction did, in words; nothing before anybody has labelled."""
    beside, bias = figures.rows[0].figures[SCORE], figures.bias
    if beside.corrected.value is None or not figures.rows[0].labelled:
        return []
    return [one for one in (_biased(bias), _weighed(beside), _narrower(beside)) if one]


def _biased(bias: Estimate) -> str:
    if bias.value is None:
        return "The judge scored none of the responses that people did, so nothing is known of how it errs."
    responses = f"{bias.n:,} response{'' if bias.n == 1 else 's'}"
    way = f"{abs(bias.value):.2f} {'more' if bias.value > 0 else 'less'} than people"
    gives = "the same as people on average" if round(bias.value, 2) == 0 else way
    if bias.interval is None:
        return f"On the {responses} that both scored, the judge gives {gives}. {bias.why}"
    low, high = bias.interval
    chance = ", which may be chance" if low <= 0 <= high and round(bias.value, 2) else ""
    ends = f"{low:.2f} to {high:.2f}".replace("-", "−")
    return f"On the {responses} that both scored, the judge gives {gives} (95 % interval {ends}){chance}."


def _weighed(beside: Beside) -> str:
    if beside.weight == 0:
        return (
            "Where the judge gives more, people do not: it gets no weight, and the corrected score is people’s alone."
        )
    return (
        f"What it says of the responses nobody rated counts with a weight of {beside.weight:.2f}, "
        "between 0 (not at all) and 1 (fully)."
    )


def _narrower(beside: Beside) -> str:
    ours, theirs = beside.corrected.interval, beside.people.interval
    if not beside.weight or ours is None or theirs is None or theirs.high <= theirs.low:
        return ""
    change = 1 - (ours.high - ours.low) / (theirs.high - theirs.low)
    if abs(change) < 0.005:
        return "The interval is as wide as people’s alone."
    return f"The interval is {100 * abs(change):.0f} % {'narrower' if change > 0 else 'wider'} than people’s alone."


def measured(found: Found) -> Pilot | None:
    """What the labels so far tell of later ones; None where they are few or all alike."""
    pilot = found.figures.pilot
    return pilot if pilot and pilot.people else None


def planned(found: Found, by_chance: bool, half_width: float, correlation: float | None) -> Planned | None:
    """The plan for an interval of the score that is so wide to each side; None where nothing can be asked about.

    Responses in campaigns that were not drawn `by_chance` may be drawn again.
    """
    judge = found.figures.judge
    pilot = measured(found) or assumed(judge or UNKNOWN, correlation or 0.0 if judge else 0.0)
    made = plan(ground(list(found.sizes.values()), pilot), half_width)
    if made is None:
        return None
    wanted, asked = made.corrected.per_config or max(found.sizes.values()), found.asked if by_chance else {}
    more = sum(max(min(wanted, size) - asked.get(config, 0), 0) for config, size in found.sizes.items())
    return Planned(made, half_width, pilot, wanted, more, sum(asked.values()))


def first_width(found: Found, correlation: float) -> float:
    """The half-width to begin with: the narrowest usual one for which far fewer labels than all are enough."""
    made = planned(found, True, WIDTHS[-1], correlation)
    return next((one for one in WIDTHS if made and one >= NARROWER * made.plan.best), WIDTHS[-1])


def _needs(found: Found, planned: Planned | None) -> dict[int, int | None]:
    """How many labels each config needs for the same interval of its own score; None where all are too few."""
    if planned is None:
        return {}
    alone = {config: plan(ground([size], planned.pilot), planned.half_width) for config, size in found.sizes.items()}
    return {config: (one.corrected if one else Need(None, None)).total for config, one in alone.items()}


def lineage(run: EvaluationRun, campaigns: Sequence[Held]) -> list[Step]:
    """scores ← the campaigns people labelled in ← the judges' verdicts and responses of the run."""
    steps = [
        (one.campaign.title, reverse("training:campaign-results", args=[one.campaign.pk]))
        for one in campaigns[:MOST_STEPS]
    ]
    here = reverse("training:run-detail", args=[run.pk])
    return [("Scores", ""), *steps, ("Judges and responses", items_url(run.pk)), (str(run), here)]
