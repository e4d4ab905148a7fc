"""Reports on similar prompts: long work that a row describes, and that may begin again at any time."""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import Length
from django.utils.translation import gettext

from annotations.core import meaning, similarity
from annotations.core.similarity import Pair
from annotations.models import Benchmark, Prompt, SimilarityReport, User
from annotations.models.benchmarks import EVALUATION, PromptQuerySet
from annotations.models.similarity import LETTERS, MEANING, WAYS
from annotations.models.work import FINISHED, OPEN_STATES
from annotations.services import audit, vectors
from annotations.services.chores import ChoreProblem, Hold
from annotations.services.similar import Top

LOWEST = {LETTERS: 0.5, MEANING: 0.5}
AT_ONCE, SIGNS_AT_ONCE = 2_000, 1_000_000
"""So many prompts, with so many characters together, are compared by letters while the person waits."""
MOST_PROMPTS, MOST_PAIRS, MOST_FINE_PAIRS = 30_000, 1_000, 500
PARTNERS = 10


class SimilarProblem(ValueError):
    """Why a report was not started, and what to do about it."""


class Started(NamedTuple):
    """A report that is queued; a `small` one is done in a moment."""

    report: SimilarityReport
    small: bool


class Entry(NamedTuple):
    """A prompt as a report compares it."""

    pk: int
    config: int
    digest: str


@transaction.atomic
def start(*, benchmark: Benchmark, way: str, wide: bool, at_least: float, actor: User) -> Started:
    """The queued report: the benchmark's prompts compared with each other and, when `wide`, with all others of its
    organisation. Raises SimilarProblem, also while the same report is being made.
    """
    _check(way, at_least)
    asked = {"benchmark": benchmark, "way": way, "wide": wide, "at_least": at_least}
    if SimilarityReport.objects.filter(**asked, state__in=OPEN_STATES).exists():
        raise SimilarProblem(gettext("This report is being made already; its line is below."))
    report = SimilarityReport(**asked, organisation=benchmark.organisation, created_by=actor)
    size = _all(report).order_by().aggregate(count=Count("pk"), signs=Sum(Length("text")))
    report.total = min(size["count"], MOST_PROMPTS)
    report.save()
    audit.record(actor=actor, action="start", obj=report, after={"way": way, "wide": wide, "at_least": at_least})
    return Started(report, way == LETTERS and size["count"] <= AT_ONCE and (size["signs"] or 0) <= SIGNS_AT_ONCE)


def _check(way: str, at_least: float) -> None:
    if way not in WAYS:
        raise SimilarProblem(gettext("Choose how to compare: by letters or by meaning."))
    if not LOWEST[way] <= at_least <= 1:
        raise SimilarProblem(f"Choose a similarity from {LOWEST[way]:g} to 1.")
    if way == MEANING and (missing := meaning.available()):
        raise SimilarProblem(missing)


def _all(report: SimilarityReport) -> PromptQuerySet:
    """The prompts a report looks at, as they are now."""
    current = Prompt.objects.current()
    if not report.wide:
        return current.filter(benchmark=report.benchmark_id)
    others = {"benchmark__archived_at": None, "benchmark__purpose": EVALUATION}
    return current.filter(benchmark__organisation=report.organisation_id, **others)


def job(hold: Hold) -> str:
    """The state the report ends in. What was found is written in one piece, at the end; vectors are kept at once."""
    report = hold.row
    if not isinstance(report, SimilarityReport):
        raise TypeError(f"This is no report: {report!r}")
    others, own = _entries(report)
    entries, total = {**others, **own}, len(others) + len(own)
    hold.beat(0, total, now=True)
    rows = (_by_meaning if report.way == MEANING else _by_letters)(hold, entries, len(others), report.at_least)
    top: Top[Entry] = Top(MOST_PAIRS)
    fine: Top[Entry] = Top(MOST_FINE_PAIRS)
    for done, partners in enumerate(rows, start=len(others) + 1):
        hold.beat(done if report.way == LETTERS else total)
        for pair in partners:
            (fine if _is_fine(pair, report.way) else top).add(pair)
    pairs = sorted([*top.pairs(), *fine.pairs()], key=lambda pair: -pair.score)
    listed = [[pair.key.pk, pair.earlier.pk, round(pair.score, 4)] for pair in pairs]
    hold.save(pairs=listed, found=top.found + fine.found, compared=total, done=total, total=total)
    return FINISHED


def _entries(report: SimilarityReport) -> tuple[dict[Entry, str], dict[Entry, str]]:
    """What the benchmark's prompts are compared with besides each other, and these prompts, both the oldest first."""
    prompts, mine = _all(report), Q(benchmark=report.benchmark_id)
    own = _texts(prompts.filter(mine), MOST_PROMPTS)
    return _texts(prompts.exclude(mine), MOST_PROMPTS - len(own)), own


def _texts(prompts: PromptQuerySet, most: int) -> dict[Entry, str]:
    rows = list(prompts.order_by("-pk").values_list("pk", "config", "digest", "text")[:most])
    return {Entry(pk, config, digest): text for pk, config, digest, text in reversed(rows)}


def _by_letters(hold: Hold, entries: dict[Entry, str], start: int, at_least: float) -> Iterator[list[Pair[Entry]]]:
    index: similarity.Index[Entry] = similarity.Index()
    for entry, text in entries.items():
        index.add(entry, text)
        hold.beat(0)
    return index.partners(at_least, PARTNERS, start)


def _by_meaning(hold: Hold, entries: dict[Entry, str], start: int, at_least: float) -> Iterator[list[Pair[Entry]]]:
    """Vectors that are missing are made in slices and kept, so that a report that is stopped loses none."""
    texts = {entry.digest: text for entry, text in entries.items()}
    missing = {name: texts[name] for name in texts.keys() - vectors.stored(texts).keys()}
    for at in range(0, len(missing), vectors.SLICE):
        hold.beat(len(entries) - len(missing) + at)
        _make(dict(islice(missing.items(), at, at + vectors.SLICE)))
    made = vectors.stored(texts)
    index = meaning.Index((entry, made[entry.digest]) for entry in entries)
    return index.partners(at_least, PARTNERS, start)


def _make(texts: dict[str, str]) -> None:
    try:
        vectors.make(texts)
    except (meaning.NotInstalled, meaning.BadWeights) as problem:
        raise ChoreProblem(str(problem)) from problem


def _is_fine(pair: Pair[Entry], way: str) -> bool:
    """True for the same prompt under two configs."""
    one, other = pair.key, pair.earlier
    same = one.digest == other.digest or (way == LETTERS and pair.score == 1)
    return same and one.config != other.config
