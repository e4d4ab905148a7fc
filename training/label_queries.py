"""Reads over a label stage: its prompts by set of risks, the sample that people label, and how far they agree."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet

from annotations.core import panel
from annotations.core.confusion import Share, share
from annotations.core.labelling import WORDS
from annotations.core.pairwise import Pair, pairwise
from annotations.core.taxonomies import Taxonomy
from annotations.core.taxonomy import Category
from annotations.core.verdicts import Verdict
from annotations.models import Prompt, RiskLabel, User
from training.models import EvaluationRun, Judge, PromptLabel, Stage
from training.models.recipes import DEV, TRAIN

NOTHING, UNREAD = "-", "?"
"""How an address names the prompts without a risk, and those of which nobody knows."""
UNKNOWN = "not known"
JUDGE = 0
"""How the judge is called among the numbers of raters."""
MOST_SETS = 60
FILTERS = ("set", "split", "dropped")
PAPER = share(83, 100, "")
"""Prompts of which a model's set of categories was the one that a person named. Source: Zhang et al. 2025, CoSAlign:
100 prompts of BeaverTails, this taxonomy; with the fourteen categories of BeaverTails itself 65."""
PAPER_OTHER = share(65, 100, "")
COLUMNS = ("prompt_id", "prompt", "risks", "split", "dropped", "why")
NO_LABEL = "Nobody has labelled a prompt of the sample yet."

Risks = frozenset[str]


@dataclass
class SetRow:
    """The prompts of one set of risks, None where the risks are not known: total = train + dev + those dropped."""

    risks: Risks | None
    counts: Counter[str] = field(default_factory=Counter)
    names: str = ""

    @property
    def word(self) -> str:
        """What the set is called in an address."""
        return set_word(self.risks)

    @property
    def total(self) -> int:
        """All of them."""
        return self.counts.total()

    @property
    def train(self) -> int:
        """Those kept for training."""
        return self.counts[TRAIN]

    @property
    def dev(self) -> int:
        """Those kept and set apart."""
        return self.counts[DEV]

    @property
    def dropped(self) -> list[tuple[str, int]]:
        """The others by the reason, in words."""
        return [(words, self.counts[reason]) for reason, words in WORDS.items() if self.counts[reason]]


def set_word(risks: Iterable[str] | None) -> str:
    """A set of risks in an address: its slugs with commas, NOTHING for no risk, UNREAD where nobody knows."""
    return UNREAD if risks is None else ",".join(sorted(risks)) or NOTHING


def by_set(stage: Stage, taxonomy: Taxonomy) -> list[SetRow]:
    """The prompts of the stage by their set of risks, large sets first; one query."""
    rows: dict[Risks | None, SetRow] = {}
    counted = stage.labels.order_by().values_list("risks", "split", "dropped").annotate(n=Count("pk"))
    for risks, split, dropped, n in counted:
        known = None if risks is None else frozenset(risks)
        names = UNKNOWN if known is None else taxonomy.names(known)
        rows.setdefault(known, SetRow(known, names=names)).counts[split or dropped] += n
    return sorted(rows.values(), key=lambda row: (-row.total, row.word))


def reasons(rows: Iterable[SetRow]) -> list[tuple[str, str, int]]:
    """Why prompts were dropped: the reason's word in an address, in words, how many; the first that hold first."""
    total = sum((row.counts for row in rows), Counter[str]())
    return [(reason, words, total[reason]) for reason, words in WORDS.items() if total[reason]]


def labels(stage: Stage, *, set: str = "", split: str = "", dropped: str = "") -> QuerySet[PromptLabel]:
    """The labels of the stage in the prompts' order that the filters leave; an empty one asks for nothing."""
    found = stage.labels.select_related("prompt").order_by("pk")
    if set == UNREAD:
        found = found.filter(risks__isnull=True)
    elif set:
        found = found.filter(risks=[] if set == NOTHING else sorted(set.split(",")))
    found = found.filter(split=split) if split else found
    if dropped:
        found = found.exclude(dropped="") if dropped == "any" else found.filter(dropped=dropped)
    return found


def table_rows(found: QuerySet[PromptLabel]) -> Iterator[tuple[Any, ...]]:
    """The rows of COLUMNS for these labels, some at a time."""
    for one in found.iterator(chunk_size=2000):
        risks = None if one.risks is None else ", ".join(one.risks)
        yield one.prompt_id, one.prompt.text, risks, one.split, one.dropped, WORDS.get(one.dropped, "")


def judge(stage: Stage) -> Judge | None:
    """The judge that read the prompts; None where the risks were given, and before it was asked."""
    run = EvaluationRun.every.filter(stage=stage).prefetch_related("judges__model").first()
    return next(iter(run.judges.all()), None) if run else None


class Turn(NamedTuple):
    """The prompt a person labels next, None when none of the sample is left; how far they are in it."""

    prompt: Prompt | None
    done: int
    total: int
    mine: RiskLabel | None


def sample(stage: Stage) -> list[int]:
    """The ids of the prompts of the random sample, in the order drawn; the first so many are a sample as well."""
    return list(stage.figures.get("sample", []))


def _in_force(stage: Stage) -> QuerySet[RiskLabel]:
    """People's labels of the sample's prompts, under the taxonomy of the stage, that were not withdrawn."""
    return RiskLabel.objects.filter(prompt__in=sample(stage), taxonomy=stage.taxonomy, withdrawn_at=None)


def turn(stage: Stage, rater: User, *, after: int | None = None, at: int | None = None) -> Turn:
    """The next prompt of the sample without a label of this person, behind the prompt `after` where one is named.

    `at` names a prompt of the sample that is shown whether it has a label or not.
    """
    drawn = sample(stage)
    mine = {row.prompt_id: row for row in _in_force(stage).filter(rater=rater)}
    place = drawn.index(after) + 1 if after in drawn else 0
    left = (pk for pk in (*drawn[place:], *drawn[:place]) if pk not in mine)
    chosen = at if at in drawn else next(left, None)
    prompt = Prompt.objects.filter(pk=chosen).first() if chosen is not None else None
    return Turn(prompt, len(mine), len(drawn), mine.get(chosen) if chosen is not None else None)


class Compared(NamedTuple):
    """One prompt of the sample: what people said, each and together, and what the judge found; None: not settled."""

    prompt: Prompt
    people: Risks | None
    judge: Risks | None
    said: tuple[RiskLabel, ...]


class CategoryRow(NamedTuple):
    """One category over the prompts that both settled: who named it how often, and how often they say the same."""

    category: Category
    people: int
    judge: int
    both: int
    same: Share


class AgreementFound(NamedTuple):
    """People beside the judge: drawn = unlabelled + people differ + judge silent + compared. `exact` is over those.

    `pairs` are every two of JUDGE and the raters, by numbers from 1 in the order of their first label, on whole sets.
    """

    drawn: int
    labelled: int
    people_differ: int
    judge_silent: int
    exact: Share
    categories: list[CategoryRow]
    differences: list[Compared]
    raters: frozenset[int]
    pairs: dict[tuple[int, int], Pair]


def agreement(stage: Stage, taxonomy: Taxonomy) -> AgreementFound:
    """How far the judge's sets of risks are those that people named for the sample. Three queries."""
    rows = _compared(stage)
    settled = [row for row in rows if row.people is not None and row.judge is not None]
    equal = sum(row.people == row.judge for row in settled)
    return AgreementFound(
        drawn=len(sample(stage)),
        labelled=len(rows),
        people_differ=sum(row.people is None for row in rows),
        judge_silent=sum(row.people is not None and row.judge is None for row in rows),
        exact=share(equal, len(settled), NO_LABEL),
        categories=[_category(each, settled) for each in taxonomy.categories],
        differences=[row for row in rows if row.people is None or row.people != row.judge],
        raters=frozenset(label.rater_id for row in rows for label in row.said),
        pairs=_pairs(rows),
    )


def _pairs(rows: Sequence[Compared]) -> dict[tuple[int, int], Pair]:
    labels = [label for row in rows for label in row.said]
    first = dict.fromkeys(label.rater_id for label in sorted(labels, key=lambda label: label.pk))
    numbers = {rater: number for number, rater in enumerate(first, start=1)}
    people = [(label.prompt_id, numbers[label.rater_id], frozenset(label.risks)) for label in labels]
    return pairwise([*people, *((row.prompt.pk, JUDGE, row.judge) for row in rows)])


def _compared(stage: Stage) -> list[Compared]:
    """The prompts of the sample that somebody labelled, in the order drawn."""
    said: dict[int, list[RiskLabel]] = {}
    for label in _in_force(stage).select_related("rater").order_by("pk"):
        said.setdefault(label.prompt_id, []).append(label)
    found = {row.prompt_id: row for row in stage.labels.filter(prompt__in=list(said)).select_related("prompt")}
    return [_beside(found[pk], said[pk]) for pk in sample(stage) if pk in said and pk in found]


def _beside(found: PromptLabel, said: Sequence[RiskLabel]) -> Compared:
    """Several people come to one set as samples of a judge do: each risk by more than half, else it is not settled."""
    together = panel.of_samples(Verdict(risks=frozenset(label.risks)) for label in said).risks
    return Compared(found.prompt, together, None if found.risks is None else frozenset(found.risks), tuple(said))


def _category(category: Category, rows: Sequence[Compared]) -> CategoryRow:
    named = [(category.slug in (row.people or ()), category.slug in (row.judge or ())) for row in rows]
    return CategoryRow(
        category,
        people=sum(people for people, _ in named),
        judge=sum(judge for _, judge in named),
        both=sum(people and judge for people, judge in named),
        same=share(sum(people == judge for people, judge in named), len(named), NO_LABEL),
    )
