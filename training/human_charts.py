"""A campaign's results as its page shows them: rows of charts and tables with names, each figure with a way down."""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse

from annotations.charts import IntervalRow, interval_row
from annotations.heat import Party, SquareRow, squares
from annotations.models import Campaign, Guideline, SafetyConfig, User
from annotations.queries.campaign_items import UPLOADED
from annotations.queries.item_values import standing_ratings
from training import human_queries as queries
from training.human import TOGETHER, BesideRow, HumanRow, Subject
from training.human_checks import PEOPLE, JudgeCheck
from training.human_queries import Names, Results
from training.lineage import Step
from training.models import Judge

ALL_CONFIGS, ALL_JUDGES = "mean over configs", "All judges of a run together"
MOST_RUNS = 6


class Beside(NamedTuple):
    """A judge's row in words: whose, a program's or not, of which config, and whether it is the mean over all."""

    judge: str
    heuristic: bool
    config: str
    whole: bool
    row: BesideRow


class Card(NamedTuple):
    """The results of one candidate, `key` tells it from others. `url` is its model's page, "" for a mere source.

    `items` leads to its responses; `silent` are the judges that scored none of them that people did.
    """

    key: str
    name: str
    url: str
    items: str
    mean: HumanRow
    chart: list[IntervalRow]
    beside: list[Beside]
    silent: list[Beside]


class CheckCard(NamedTuple):
    """A judge against people, whose `usual` word is yes or no; how many items of each way they differ, with a link."""

    key: str
    title: str
    judge: Judge
    check: JudgeCheck
    usual: str
    false_safe: tuple[int, str]
    false_unsafe: tuple[int, str]


def cards(campaign: Campaign, found: Results, names: Names) -> list[Card]:
    """A card for each candidate, by name."""
    made = [
        _card(campaign, str(key), subject, names, found.heuristic)
        for key, subject in enumerate(found.subjects, start=1)
    ]
    return sorted(made, key=lambda card: card.name)


def _card(campaign: Campaign, key: str, subject: Subject, names: Names, heuristic: bool) -> Card:
    model = names.models.get(subject.subject)
    mean, *configs = subject.people
    titled = [(names.configs[row.config].title, row) for row in configs if row.config is not None]
    source = subject.subject if model else UPLOADED
    beside = _beside(subject, names, heuristic)
    return Card(
        key=key,
        name=names.subjects[subject.subject],
        url=reverse("training:model-detail", args=[model]) if model else "",
        items=_items_url(campaign, source=source),
        mean=mean,
        chart=sorted(
            (_interval(title, row, _items_url(campaign, source=source, config=row.config)) for title, row in titled),
            key=lambda row: row.label,
        ),
        beside=[line for line in beside if line.row.n and not (line.whole and len(titled) == 1)],
        silent=[line for line in beside if not line.row.n and line.whole],
    )


def _items_url(campaign: Campaign, **wanted: object) -> str:
    return f"{reverse('annotations:campaign-items', args=[campaign.pk])}?{urlencode(wanted)}"


def _interval(title: str, row: HumanRow, url: str) -> IntervalRow:
    low, high = row.interval or (None, None)
    return interval_row(title, row.scored.score, low, high, row.scored.n_scored, row.scored.n_total, url=url)


def _beside(subject: Subject, names: Names, heuristic: bool) -> list[Beside]:
    """The mean of each judge, then its configs by title."""
    rows = [
        Beside(*_judge(row.judge, names, heuristic), _title(row.config, names.configs), row.config is None, row)
        for row in subject.beside
    ]
    order = {judge: at for at, judge in enumerate(dict.fromkeys(row.judge for row in subject.beside))}
    return sorted(rows, key=lambda line: (order[line.row.judge], not line.whole, line.config))


def _judge(pk: int, names: Names, heuristic: bool) -> tuple[str, bool]:
    return (ALL_JUDGES, heuristic) if pk == TOGETHER else (str(names.judges[pk]), names.judges[pk].heuristic)


def _title(config: int | None, configs: dict[int, SafetyConfig]) -> str:
    return ALL_CONFIGS if config is None else configs[config].title


def check_cards(campaign: Campaign, found: Results, names: Names) -> list[CheckCard]:
    """A card for each judge, with the ways to the items about which it differs."""
    return [_check_card(campaign, row, names.judges[row.judge]) for row in found.checks]


def _check_card(campaign: Campaign, check: JudgeCheck, judge: Judge) -> CheckCard:
    yes, no = check.follows.sensitivity.n, check.follows.specificity.n
    ways = {name: (number, differences_url(campaign, judge.pk, name)) for name, number in check.wrong.items()}
    title = f"Where does {judge} part from people?"
    return CheckCard(
        str(judge.pk), title, judge, check, "yes" if yes >= no else "no", ways["false_safe"], ways["false_unsafe"]
    )


def beside(found: Results, names: Names) -> tuple[SquareRow, ...]:
    """People together and every judge that is checked against them, each beside each; empty without a judge."""
    if not found.checks:
        return ()
    parties = {PEOPLE: Party("1", "people together")}
    for short, check in enumerate(found.checks, start=2):
        judge = names.judges[check.judge]
        url = reverse("training:judge-detail", args=[judge.pk])
        parties[judge.pk] = Party(str(short), str(judge), judge.heuristic, url)
    return squares(parties, found.pairs)


def differences_url(campaign: Campaign, judge: int, direction: str) -> str:
    """The list of the items about which a judge and people differ in this way."""
    query = urlencode({"judge": judge, "direction": direction})
    return f"{reverse('training:campaign-differences', args=[campaign.pk])}?{query}"


def lineage(campaign: Campaign, found: Results, names: Names, user: User) -> list[Step]:
    """scores ← answers ← the versions of the guideline they were given by ← responses ← models ← runs."""
    given_by = Guideline.objects.filter(campaign=campaign, pk__in=standing_ratings(campaign).values("guideline"))
    guideline = [
        (str(one), reverse("annotations:guideline-detail", args=[campaign.pk, one.number]))
        for one in given_by.order_by("number")
    ]
    items = sum(subject.people[0].scored.n_total for subject in found.subjects)
    return [
        ("Scores", ""),
        (f"{found.answers:,} answers", reverse("annotations:campaign-export", args=[campaign.pk])),
        *guideline,
        (f"{items:,} responses", reverse("annotations:campaign-items", args=[campaign.pk])),
        *((name, _model_url(names, subject)) for subject, name in names.subjects.items()),
        *_runs(campaign, user),
    ]


def _model_url(names: Names, subject: int | str) -> str:
    model = names.models.get(subject)
    return reverse("training:model-detail", args=[model]) if model else ""


def _runs(campaign: Campaign, user: User) -> Sequence[Step]:
    found = queries.runs(campaign, user)
    steps = [(f"Run {run.pk}", reverse("training:run-detail", args=[run.pk])) for run in found[:MOST_RUNS]]
    return [*steps, (f"{len(found) - MOST_RUNS} more runs", "")] if len(found) > MOST_RUNS else steps
