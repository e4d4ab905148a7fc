"""Reads of the pairs of a recipe: what became of each prompt, one prompt with all that follows, and the totals."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from time import monotonic
from typing import Any, NamedTuple

from django.db.models import QuerySet

from annotations.charts import position
from annotations.core.pairing import MADE, OUTCOMES, PAIRED, REASONS
from annotations.core.recipe import Weights
from annotations.core.storable import storable
from annotations.core.taxonomies import Taxonomy
from training.models import PromptLabel, RunItem, Stage
from training.models.recipes import PAIR, READ, SPLITS
from training.pair_preview import outcome
from training.services.building import chain
from training.services.building.pair_material import MOST_IDS, Asked, Material

KINDS = (READ, PAIR)
"""The steps whose prompts one can look at."""
SHOWN, AT_ONCE, MOST_BARS = 25, 100, 20
MOST_LOOKED_AT, MOST_SECONDS, MOST_FOR_ONE = 2_000, 2.0, 500
"""A filter by outcome is worked out prompt by prompt: so many, or so long, for a page; so many for the next prompt."""


class Wanted(NamedTuple):
    """Which prompts of a stage: by outcome (one of OUTCOMES), split and words; "" is all."""

    outcome: str = ""
    split: str = ""
    words: str = ""


class Row(NamedTuple):
    """What became of one prompt: its outcome, its pairs and responses counted; `used` of these can be paired."""

    label: PromptLabel
    risks: str
    outcome: str
    pairs: int
    responses: int
    used: int


class Found(NamedTuple):
    """Prompts with one outcome: `looked` is how many were looked at, `further` the prompt (id) to go on after."""

    rows: list[Row]
    looked: int
    further: int | None


def tried(of: Material, weights: Weights) -> Material:
    """The same prompts and responses under other weights; nothing is stored."""
    found = copy(of)
    found.settings = replace(of.settings, weights=weights)
    return found


def labels(of: Material, wanted: Wanted) -> QuerySet[PromptLabel]:
    """The kept prompts in the order of ids, those of this split and with these words; the outcome is not looked at."""
    kept: QuerySet[PromptLabel] = of.labels.select_related("prompt").order_by("prompt_id")
    if wanted.split in SPLITS:
        kept = kept.filter(split=wanted.split)
    if wanted.words:
        kept = kept.filter(prompt__text__icontains=storable(wanted.words))
    named = _named(of.stage, wanted.outcome)
    return kept if named is None else kept.filter(prompt__in=named)


def _named(stage: Stage, word: str) -> list[int] | None:
    """The prompts of that outcome where the finished step has named all of them; None where it has not."""
    counts, named = stage.figures.get("prompts", {}), stage.figures.get("without", {})
    if word == PAIRED or word not in counts or len(named.get(word, [])) < counts[word]:
        return None
    return list(named.get(word, []))[:MOST_IDS]


def rows(of: Material, some: Sequence[PromptLabel]) -> list[Row]:
    """What became of these prompts, in their order."""
    asked = {one.id: one for one in of.some([label.prompt_id for label in some])}
    return [_row(of, label, asked[label.prompt_id]) for label in some if label.prompt_id in asked]


def _row(of: Material, label: PromptLabel, asked: Asked) -> Row:
    word, pairs, found = outcome(asked, of)
    return Row(label, of.taxonomy.names(label.risks or ()), word, pairs, len(asked.candidates), found.used)


def look(of: Material, wanted: Wanted, *, after: int = 0, size: int = SHOWN, most: int = MOST_LOOKED_AT) -> Found:
    """The next prompts with the wanted outcome after that prompt (id), as far as can be looked at for one page."""
    until, found, looked, at = monotonic() + MOST_SECONDS, list[Row](), 0, after
    while looked < most and (not looked or monotonic() < until):
        some = list(labels(of, wanted).filter(prompt__gt=at)[:AT_ONCE])
        for row in rows(of, some):
            looked, at = looked + 1, row.label.prompt_id
            if row.outcome == wanted.outcome:
                found.append(row)
            if len(found) == size:
                more = len(some) == AT_ONCE or at != some[-1].prompt_id
                return Found(found, looked, at if more else None)
        if len(some) < AT_ONCE:
            return Found(found, looked, None)
    return Found(found, looked, at)


def beside(of: Material, wanted: Wanted, prompt: int) -> dict[str, int | None]:
    """The prompts (ids) before and after that one in the filter, None without one, or where it is too far to see."""
    every = labels(of, wanted)
    before, after = every.filter(prompt__lt=prompt).reverse(), every.filter(prompt__gt=prompt)
    return {"previous": _nearest(of, before, wanted), "next": _nearest(of, after, wanted)}


def _nearest(of: Material, ordered: QuerySet[PromptLabel], wanted: Wanted) -> int | None:
    if wanted.outcome not in OUTCOMES or _named(of.stage, wanted.outcome) is not None:
        return ordered.values_list("prompt", flat=True).first()
    for start in range(0, MOST_FOR_ONE, AT_ONCE):
        some = list(ordered[start : start + AT_ONCE])
        if hit := next((row for row in rows(of, some) if row.outcome == wanted.outcome), None):
            return hit.label.prompt_id
        if len(some) < AT_ONCE:
            break
    return None


class Reply(NamedTuple):
    """A response as the page shows it: its number, the item that was read, what was found, and how it was made."""

    number: int
    item: RunItem
    text: str
    risks: str | None
    addressed: bool | None
    allows: str
    dropped: str


def replies(of: Material, asked: Asked, dropped: Mapping[int, str]) -> list[Reply]:
    """The prompt's responses by number; `risks` and `addressed` None where the judge gave no verdict."""
    items = RunItem.objects.filter(run__in=of.runs, prompt=asked.id, response__isnull=False)
    related = items.select_related("run__candidate__model", "synthesised", "response__system_prompt")
    by_response = {item.response_id: item for item in related}
    numbered = enumerate(asked.candidates, start=1)
    return [
        Reply(
            number=number,
            item=by_response[one.id],
            text=one.text,
            risks=None if one.risks is None else of.taxonomy.names(one.risks),
            addressed=one.addressed,
            allows=_allows(by_response[one.id], of.taxonomy),
            dropped=dropped.get(number, ""),
        )
        for number, one in numbered
    ]


def _allows(item: RunItem, taxonomy: Taxonomy) -> str:
    allowed = item.synthesised.allowed if item.synthesised else []
    return taxonomy.names(allowed) if allowed else "nothing"


class Bar(NamedTuple):
    """One amount of a chart; `width` in percent of the longest bar, `share` of the whole, None of nothing."""

    name: str
    amount: int
    width: float
    share: float | None


class Chart(NamedTuple):
    """Amounts by something: what it is of, the heading of its names, and a note."""

    id: str
    title: str
    heading: str
    noun: str
    bars: list[Bar]
    note: str = ""


class Totals(NamedTuple):
    """What the pair step found in all: the law of category pairs, and its charts."""

    considered: int
    pairs: int
    skipped: list[tuple[str, int]]
    outcomes: list[tuple[str, int]]
    prompts: int
    configs: int
    lost: int
    charts: list[Chart]


def totals(stage: Stage) -> Totals | None:
    """The counts of a pair stage and their charts; None while it has none."""
    kept = stage.figures
    if stage.kind != PAIR or "reasons" not in kept:
        return None
    reasons, outcomes = kept["reasons"], kept.get("prompts", {})
    return Totals(
        considered=kept.get("considered", 0),
        pairs=reasons.get(MADE, 0),
        skipped=[(name, amount) for name, amount in _ordered(reasons, REASONS) if name != MADE],
        outcomes=[(name, amount) for name, amount in _ordered(outcomes, OUTCOMES) if amount],
        prompts=sum(outcomes.values()),
        configs=kept.get("ranked", 0),
        lost=kept.get("lost", 0),
        charts=_charts(kept, chain.taxonomy(stage.taxonomy)),
    )


def _ordered(counts: Mapping[str, int], names: Sequence[str]) -> list[tuple[str, int]]:
    """PostgreSQL keeps the names of an object in an order of its own."""
    return [(name, counts.get(name, 0)) for name in names]


def _charts(kept: Mapping[str, Any], taxonomy: Taxonomy) -> list[Chart]:
    modes = [(name.replace("_", " "), amount) for name, amount in kept.get("modes", [])]
    labels = [(_label(row, taxonomy), row["n"]) for row in kept.get("labels", [])]
    configs, templates = kept.get("configs", []), kept.get("templates", [])
    reasons, gaps = _ordered(kept["reasons"], REASONS), kept.get("gaps", [])
    charts = [
        _chart("reasons", "What becomes of two response categories", "Outcome", "category pairs", reasons),
        _chart("gaps", "How much more error the rejected one has", "Difference of ε", "pairs", gaps),
        _chart("modes", "Under which modes pairs were made", "Mode", "pairs", modes),
        _chart("labels", "What the responses hold", "Label", "responses", labels),
        _chart("configs", "Under which configs", "Allowed", "pairs", configs, kept.get("config_count", 0)),
        _chart("templates", "In which words the config was told", "Template", "pairs", templates),
    ]
    return [chart for chart in charts if chart.bars]


def _chart(name: str, title: str, heading: str, noun: str, counts: Sequence[Any], there: int = 0) -> Chart:
    """The first amounts; `there` is how many there are in all, where `counts` holds fewer."""
    left = max(there, len(counts)) - len(counts[:MOST_BARS])
    note = f"The first {MOST_BARS}; {left:,} more are left out." if left else ""
    return Chart(f"pairs-{name}", title, heading, noun, _bars(counts), note)


def _label(row: dict[str, Any], taxonomy: Taxonomy) -> str:
    return f"{taxonomy.names(row['risks'])}, {'addressed' if row['addressed'] else 'not addressed'}"


def _bars(counts: Sequence[Any]) -> list[Bar]:
    found = [(str(name), int(amount)) for name, amount in counts]
    most, total = max((amount for _, amount in found), default=0), sum(amount for _, amount in found)
    return [
        Bar(name, amount, position(amount, 0, most) if most else 0.0, amount / total if total else None)
        for name, amount in found[:MOST_BARS]
    ]
