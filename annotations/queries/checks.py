"""What a person may label, in which order, and how far they are. Nothing here tells what others said of a prompt."""

from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from annotations.models import Benchmark, ConfigVersion, Prompt, PromptCheck, PromptRuling, SafetyConfig, User
from annotations.models.benchmarks import PromptQuerySet
from annotations.models.configs import APPROVED, DRAFT
from annotations.queries import label_spans, label_states


class Tally(NamedTuple):
    """A benchmark and how many of its prompts a person has labelled, and how many wait for their label.

    With a `plus` at least so many wait: those of a part of a large benchmark.
    """

    benchmark: Benchmark
    done: int
    waiting: int
    plus: str = ""

    @property
    def total(self) -> int:
        """All that the person has labelled or may label now."""
        return self.done + self.waiting


class Told(NamedTuple):
    """How far a person is: what is known `soon`, what only who waits is told, and whether something is told `later`."""

    soon: list[Tally]
    slow: list[Tally]
    later: bool


class Turn(NamedTuple):
    """The prompt a person labels next, None when none waits for them, and how far they are in its benchmark.

    With a `plus` at least so many wait: those of a part of a large benchmark.
    """

    prompt: Prompt | None
    done: int
    waiting: int
    plus: str = ""

    @property
    def total(self) -> int:
        """All that the person has labelled or may label now."""
        return self.done + self.waiting


def to_label(rater: User, benchmarks: Iterable[Benchmark]) -> PromptQuerySet:
    """Those of the benchmarks' current prompts that wait for a label of this person.

    They wrote none of its wordings and have not labelled it; too few people have, and no lead has decided about it.
    """
    asked = label_states.waiting(rater.pk, [benchmark.pk for benchmark in benchmarks])
    return Prompt.objects.filter(pk__in=asked)


def shuffled(benchmark: Benchmark, rater: User, span: label_states.Span = label_states.WHOLE) -> list[int]:
    """The ids of the prompts that wait for this person in a part of it, in an order of their own that stays the same.

    Prompts of a config come together, so that its text is read once; the order says nothing about a prompt.
    """
    asked = label_states.waiting(rater.pk, [benchmark.pk], span)
    found = Prompt.objects.filter(pk__in=asked).order_by().values_list("pk", "uid", "config")
    keyed = sorted((_mixed(rater, config), _mixed(rater, uid), pk) for pk, uid, config in found)
    return [pk for _, _, pk in keyed]


def turn(benchmark: Benchmark, rater: User) -> Turn:
    """What this person labels next, and how far they are."""
    found = label_spans.left(rater.pk, benchmark.pk)
    left = shuffled(benchmark, rater, found.span) if found.number else []
    done = own_labels(rater).filter(prompt__benchmark=benchmark).order_by().count()
    first = Prompt.objects.select_related("config").get(pk=left[0]) if left else None
    return Turn(first, done, len(left), found.plus)


def _mixed(rater: User, what: UUID | int) -> bytes:
    return sha256(f"{rater.pk}:{what}".encode()).digest()


def own_labels(rater: User) -> QuerySet[PromptCheck]:
    """The person's labels in force that hold for a prompt as it stands now, newest first."""
    now = Prompt.objects.current().filter(uid=OuterRef("prompt__uid"), digest=OuterRef("prompt__digest"))
    mine = PromptCheck.objects.filter(Exists(now), rater=rater, withdrawn_at=None)
    return mine.select_related("prompt__config", "version").order_by("-pk")


def changeable(benchmark: Benchmark, rater: User) -> QuerySet[PromptCheck]:
    """The person's labels in the benchmark that may still be changed, newest first: no lead has decided on them."""
    decided = PromptRuling.objects.filter(
        prompt__uid=OuterRef("prompt__uid"), prompt__digest=OuterRef("prompt__digest"), withdrawn_at=None
    )
    return own_labels(rater).filter(~Exists(decided), prompt__benchmark=benchmark)


def tallies(rater: User, benchmarks: QuerySet[Benchmark], *, wait: bool = True) -> list[Tally]:
    """How far the person is with each of the benchmarks, by title.

    Without `wait` those are left out of which nobody can tell soon whether anything waits.
    """
    rows = label_spans.with_large(benchmarks.select_related("organisation")).order_by("title", "pk")
    left = label_spans.left_in(rater.pk, {one.pk: one.large for one in rows}, wait=wait)
    mine = own_labels(rater).filter(prompt__benchmark__in=benchmarks.order_by().values("pk"))
    done = dict(mine.order_by().values_list("prompt__benchmark").annotate(n=Count("pk")))
    return [Tally(one, done.get(one.pk, 0), left[one.pk].number, left[one.pk].plus) for one in rows if one.pk in left]


def told(rater: User, benchmarks: QuerySet[Benchmark], *, wait: bool) -> Told:
    """How far the person is with each of the benchmarks, those apart of which only who waits is told."""
    soon = tallies(rater, benchmarks, wait=False)
    rest = benchmarks.exclude(pk__in=[one.benchmark.pk for one in soon])
    if wait:
        return Told(soon, tallies(rater, rest), later=False)
    return Told(soon, [], later=rest.exists())


def version_to_show(config: SafetyConfig) -> ConfigVersion | None:
    """The version whose text a rater reads: the newest approved, else the newest handed in, else the draft; or None."""
    rows = config.versions.order_by("-number")
    handed_in = ~Q(state=DRAFT) | Q(frozen_at__isnull=False)
    return rows.filter(state=APPROVED).first() or rows.filter(handed_in).first() or rows.first()
