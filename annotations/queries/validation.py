"""Which prompts are validated: so many people besides the author labelled them alike, or a lead decided.

A label belongs to a text: it holds for every wording of the prompt with the same text, and for no other.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from django.core.cache import cache
from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from annotations.core.categorical import FULLY
from annotations.models import Benchmark, Prompt, PromptCheck, PromptRuling, SafetyConfig
from annotations.models.benchmarks import PromptQuerySet
from annotations.queries import label_states
from annotations.queries.label_states import Counted

KEPT_SECONDS = 24 * 3600
VALIDATED, DISPUTED, OPEN = STATES = ("validated", "disputed", "open")
DOUBTED = "doubted"
"""No state of its own: somebody could not say, and nobody has decided."""
WITHIN = ("safe", "allowed")
"""The kinds of situation 1. Whoever says a situation did not say which of the two it is."""


def with_validation(prompts: PromptQuerySet) -> PromptQuerySet:
    """The prompts with `labels` (how many people said a kind), `against` (how many of them another one than it has, or
    another situation), `unsure` (how many could not say), `ruled` (a lead's kind, "" without) and `validation`.

    `validation` is validated, disputed, or open while labels are missing.
    """
    same = labels_of(OuterRef("uid"), OuterRef("digest"))
    found = prompts.annotate(
        labels=number_of(same.exclude(kind="")),
        against=number_of(_against(same.exclude(kind=""))),
        unsure=number_of(same.filter(kind="")),
        ruled=Coalesce(_ruled("kind"), Value("")),
        ruled_situation=_ruled("situation"),
    )
    return cast(PromptQuerySet, found.annotate(validation=_state()))


def _ruled(field: str) -> Subquery:
    """What the ruling in force says, None without; from the wordings on, for few of them have one."""
    wordings = Prompt.objects.filter(uid=OuterRef("uid"), digest=OuterRef("digest")).order_by().values("uid")
    in_force = Q(rulings__pk__isnull=False, rulings__withdrawn_at=None)
    return Subquery(wordings.annotate(said=Max(f"rulings__{field}", filter=in_force)).values("said"))


def labels_of(uid: Any, digest: Any) -> QuerySet[PromptCheck]:
    """The labels in force of that text of a prompt; both may be references to an outer query."""
    return PromptCheck.objects.filter(prompt__uid=uid, prompt__digest=digest, withdrawn_at=None).order_by()


def rulings_of(uid: Any, digest: Any) -> QuerySet[PromptRuling]:
    """The ruling in force on that text of a prompt, or none; both may be references to an outer query."""
    return PromptRuling.objects.filter(prompt__uid=uid, prompt__digest=digest, withdrawn_at=None).order_by()


def number_of(rows: QuerySet[Any]) -> Coalesce:
    """How many of these labels an outer row has."""
    numbers = rows.values("withdrawn_at").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(numbers, output_field=IntegerField()), 0)


def _against(said: QuerySet[PromptCheck]) -> QuerySet[PromptCheck]:
    has = {name: ExpressionWrapper(OuterRef(name), field) for name, field in _HAS.items()}
    other_kind = ~Q(kind=F("has_kind")) & ~Q(situation=FULLY, has_kind__in=WITHIN)
    other_situation = Q(situation__isnull=False, has_situation__isnull=False) & ~Q(situation=F("has_situation"))
    return said.annotate(**{f"has_{name}": value for name, value in has.items()}).filter(other_kind | other_situation)


_HAS: dict[str, Any] = {"kind": CharField(), "situation": IntegerField()}


def _state() -> Case:
    """Asked in the order in which it is soonest known: most prompts have no decision, and of most nobody differs."""
    same = labels_of(OuterRef("uid"), OuterRef("digest"))
    same_kind = Q(ruled=F("kind")) | Q(ruled_situation=FULLY, kind__in=WITHIN)
    agrees = same_kind & (Q(ruled_situation=None) | Q(situation=None) | Q(ruled_situation=F("situation")))
    decided = Case(When(agrees, then=Value(VALIDATED)), default=Value(DISPUTED), output_field=CharField())
    return Case(
        When(Exists(rulings_of(OuterRef("uid"), OuterRef("digest"))), then=decided),
        When(Exists(_against(same.exclude(kind=""))), then=Value(DISPUTED)),
        When(labels__gte=F("benchmark__checks_needed"), then=Value(VALIDATED)),
        default=Value(OPEN),
        output_field=CharField(),
    )


def same_text(prompt: Prompt) -> QuerySet[PromptCheck]:
    """Every label that holds for the prompt, withdrawn ones too, in the order they came."""
    return PromptCheck.objects.filter(prompt__uid=prompt.uid, prompt__digest=prompt.digest).select_related("rater")


def decisions(prompt: Prompt) -> QuerySet[PromptRuling]:
    """Every decision on this text of the prompt, reopened ones too, the newest first."""
    every = PromptRuling.objects.filter(prompt__uid=prompt.uid, prompt__digest=prompt.digest)
    return every.select_related("created_by", "prompt").order_by("-pk")


class States(NamedTuple):
    """How many prompts of a config are in each state."""

    config: SafetyConfig
    validated: int
    disputed: int
    open: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.validated + self.disputed + self.open


def states_by_config(benchmark: Benchmark, *, now: str = "") -> list[States]:
    """A row for each config of the benchmark, by title; `now` is the benchmark's word where it is known."""
    counts: Counter[tuple[int, str]] = Counter()
    for one in counted([benchmark], {benchmark.pk: now} if now else None)[benchmark.pk]:
        counts[one.config, one.state] += one.number
    configs = SafetyConfig.objects.filter(pk__in={pk for pk, _ in counts}).order_by("title", "pk")
    return [States(config, *(counts[config.pk, state] for state in STATES)) for config in configs]


def counted(benchmarks: Iterable[Benchmark], now: dict[int, str] | None = None) -> dict[int, list[Counted]]:
    """The prompts of each benchmark by config, kind and state; kept until a prompt, label or decision changes.

    `now` are their words where they are known.
    """
    keys = {pk: f"states:{word}" for pk, word in (now or words(benchmarks)).items()}
    kept = cache.get_many(keys.values())
    missing = [pk for pk, key in keys.items() if key not in kept]
    made: dict[str, list[Counted]] = {keys[pk]: [] for pk in missing}
    for one in label_states.counted(missing):
        made[keys[one.benchmark]].append(one)
    cache.set_many(made, KEPT_SECONDS)
    return {pk: (kept | made)[key] for pk, key in keys.items()}


def disputed(benchmark: Benchmark, now: str) -> list[int]:
    """The ids of the disputed prompts, in no order; `now` is the benchmark's word.

    The same statement says what `counted` does, which is kept with it.
    """
    found, ids = label_states.with_ids(benchmark.pk, DISPUTED)
    cache.set(f"states:{now}", found, KEPT_SECONDS)
    return ids


def summed(rows: list[States]) -> tuple[int, ...]:
    """How many are validated, disputed and open in all rows together."""
    return tuple(sum(getattr(row, state) for row in rows) for state in STATES)


def word(benchmark: Benchmark) -> str:
    """A word that changes with the benchmark's prompts, their labels and the decisions on them."""
    return words([benchmark])[benchmark.pk]


def words(benchmarks: Iterable[Benchmark]) -> dict[int, str]:
    """The word of each benchmark by its id; three queries, however many there are."""
    found = {one.pk: one.checks_needed for one in benchmarks}
    prompts = Prompt.objects.current().filter(benchmark__in=found).values_list("benchmark")
    known = [_by_benchmark(prompts.annotate(n=Count("pk"), last=Max("pk")))]
    for said in (PromptCheck, PromptRuling):
        rows = said.objects.filter(prompt__benchmark__in=found).values_list("prompt__benchmark")
        known.append(_by_benchmark(rows.annotate(n=Count("pk"), withdrawn=Count("withdrawn_at"))))
    return {
        pk: "-".join(map(str, (pk, *(number for rows in known for number in rows.get(pk, (0, 0))), needed)))
        for pk, needed in found.items()
    }


def _by_benchmark(rows: QuerySet[Any, Any]) -> dict[int, tuple[int, int]]:
    return {pk: numbers for pk, *numbers in rows.order_by()}
