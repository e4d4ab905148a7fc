"""Reads of runs beside each other: numbers of their items alone, worked out once for runs that are over."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import Count, Max, Q, QuerySet

from annotations.core.paired import Differences, differences
from annotations.models import ConfigVersion
from training.comparable import Caveat, Side, caveats
from training.compare import Beside, Counts, ItemFacts, Moves, beside
from training.models import EvaluationRun, RunItem
from training.models.runs import FINISHED, ITEM_DONE, ITEM_FAILED
from training.queries import OUTCOMES

MOST_RUNS, MOST_OFFERED = 8, 100
KEPT_SECONDS, OPEN_SECONDS = 7 * 24 * 3600, 4
CHUNK = 5_000


class Tally(NamedTuple):
    """The items of a run by where they stand, `unscored` being a part of `done`; `moment` changes when they do."""

    total: int = 0
    done: int = 0
    failed: int = 0
    unscored: int = 0
    moment: str = ""

    @property
    def ended(self) -> int:
        """Those that are done or failed."""
        return self.done + self.failed


class Compared(NamedTuple):
    """A run against its base: the differences, what became of every prompt, in which versions, judged by a program."""

    differences: Differences
    counts: Counts
    by_config: dict[int, Counts]
    by_kind: dict[str, Counts]
    versions: dict[int, tuple[int | None, int | None]]
    heuristic: bool


class Names(NamedTuple):
    """The titles of configs and the numbers of versions."""

    configs: dict[int, str]
    versions: dict[int, int]


def tallies(runs: Sequence[EvaluationRun]) -> dict[int, Tally]:
    """Where the items of each run stand; one query, none for finished runs that were looked at before."""
    keys = {run.pk: f"tally:{run.pk}:{run.finished_at and run.finished_at.timestamp()}" for run in runs}
    over = {run.pk for run in runs if run.state == FINISHED}
    kept = cache.get_many([keys[pk] for pk in over])
    made = _counted([pk for pk, key in keys.items() if key not in kept])
    cache.set_many({keys[pk]: tally for pk, tally in made.items() if pk in over}, timeout=KEPT_SECONDS)
    return made | {pk: kept[key] for pk, key in keys.items() if key in kept}


def _counted(runs: list[int]) -> dict[int, Tally]:
    if not runs:
        return {}
    counted = (
        RunItem.objects.filter(run__in=runs)
        .order_by()
        .values_list("run")
        .annotate(
            total=Count("pk"),
            done=Count("pk", filter=Q(state=ITEM_DONE)),
            failed=Count("pk", filter=Q(state=ITEM_FAILED)),
            unscored=Count("pk", filter=OUTCOMES["unscored"] & Q(state=ITEM_DONE)),
            last=Max("finished_at"),
        )
    )
    return {
        run: Tally(total, done, failed, unscored, f"{done}:{failed}:{last and last.timestamp()}")
        for run, total, done, failed, unscored, last in counted
    }


def compared(base: EvaluationRun, runs: Sequence[EvaluationRun], seen: dict[int, Tally]) -> dict[int, Compared]:
    """Each of the runs against the base, by its id; two queries for all that are not cached.

    Of runs that are over it is worked out once and kept, otherwise for a few seconds.
    """
    return _kept("figures", base, runs, seen)


def moves(base: EvaluationRun, run: EvaluationRun, seen: dict[int, Tally]) -> Moves:
    """Every prompt that changed between two runs or is no pair, worst first; two queries unless cached."""
    found: Moves = _kept("moves", base, [run], seen)[run.pk]
    return found


def _kept(what: str, base: EvaluationRun, runs: Sequence[EvaluationRun], seen: dict[int, Tally]) -> dict[int, Any]:
    keys = {run.pk: f"{_moments(base, run, seen)}:{what}" for run in runs}
    kept = cache.get_many(keys.values())
    missing = [run for run in runs if keys[run.pk] not in kept]
    made = _made(base, missing, seen, what)
    return {run.pk: made[run.pk] if run.pk in made else kept[keys[run.pk]] for run in runs}


def _moments(base: EvaluationRun, run: EvaluationRun, seen: dict[int, Tally]) -> str:
    parts = (f"{one.pk}@{'open' if one.is_open else seen.get(one.pk, Tally()).moment}" for one in (base, run))
    return f"compare:{':'.join(parts)}"


def _made(base: EvaluationRun, runs: list[EvaluationRun], seen: dict[int, Tally], what: str) -> dict[int, Any]:
    if not runs:
        return {}
    ids = {base.pk, *(run.pk for run in runs)}
    items, clusters = item_facts(ids), same_wording(ids)
    made = {}
    for run in runs:
        found = beside(items[base.pk], items[run.pk], clusters)
        parts: dict[str, Any] = {"moves": Moves.of(found.moves)}
        if what == "figures":
            parts["figures"] = _compared(found)
        moving = base.is_open or run.is_open
        for name, part in parts.items():
            cache.set(f"{_moments(base, run, seen)}:{name}", part, timeout=OPEN_SECONDS if moving else KEPT_SECONDS)
        made[run.pk] = parts[what]
    return made


def _compared(found: Beside) -> Compared:
    return Compared(
        differences(found.pairs), found.counts, found.by_config, found.by_kind, found.versions, found.heuristic
    )


def item_facts(runs: Iterable[int]) -> dict[int, dict[int, ItemFacts]]:
    """The items of each run by their prompt, as numbers and one word each. One query."""
    found: dict[int, dict[int, ItemFacts]] = {run: {} for run in runs}
    fields = (
        *("run", "prompt", "version__config", "version", "prompt__kind", "state"),
        *("helpfulness", "follows_config", "heuristic"),
    )
    rows = RunItem.objects.filter(run__in=found).order_by().values_list(*fields)
    for run, prompt, *values in rows.iterator(chunk_size=CHUNK):
        found[run][prompt] = ItemFacts(prompt, *values)
    return found


def same_wording(runs: Iterable[int]) -> dict[int, int]:
    """For each prompt that occurs in these runs in several rows, one of them that stands for its wording. One query."""
    items = RunItem.objects.filter(run__in=list(runs)).order_by()
    several = items.values("prompt__digest").annotate(n=Count("prompt", distinct=True)).filter(n__gt=1)
    rows = items.filter(prompt__digest__in=several.values("prompt__digest"))
    first: dict[str, int] = {}
    pairs = rows.values_list("prompt", "prompt__digest").distinct().order_by("prompt")
    return {prompt: first.setdefault(digest, prompt) for prompt, digest in pairs}


def names(found: Iterable[Compared]) -> Names:
    """The titles and numbers of all configs and versions in these comparisons. One query."""
    wanted = {version for one in found for pair in one.versions.values() for version in pair if version}
    rows = ConfigVersion.objects.filter(pk__in=wanted).values_list("pk", "number", "config", "config__title")
    titles, numbers = {}, {}
    for pk, number, config, title in rows:
        titles[config], numbers[pk] = title, number
    return Names(titles, numbers)


def side(run: EvaluationRun) -> Side:
    """What the run was made of; its judges are prefetched with their models."""
    judges = sorted(run.judges.all(), key=lambda judge: (str(judge), judge.pk))
    model = run.candidate.model
    return Side(
        run=run.pk,
        state=run.state,
        benchmark_id=run.benchmark_id,
        benchmark=run.benchmark.title,
        release_id=run.release_id,
        release=run.release.name if run.release else "as the benchmark was",
        judge_ids=frozenset(judge.pk for judge in judges),
        judges=tuple(f"{judge} {judge.digest[:8]}" for judge in judges),
        floor=f"floor v{run.floor.number}" if run.floor else "no floor",
        samples=run.samples,
        strategy=run.candidate.strategy,
        strategy_digest=run.strategy_digest,
        plumbing=model.plumbing or any(judge.model and judge.model.plumbing for judge in judges),
    )


def why_care(base: Side, run: Side, found: Compared, known: Names) -> tuple[Caveat, ...]:
    """Why the comparison is barred or to be read with care."""
    return caveats(base, run, found.counts, found.heuristic, _other_versions(found, known))


def _other_versions(found: Compared, known: Names) -> list[str]:
    return [
        f"{known.configs[config]} v{known.versions[one]} and v{known.versions[other]}"
        for config, (one, other) in sorted(found.versions.items())
        if one and other and one != other
    ]


def with_facts(runs: QuerySet[EvaluationRun]) -> QuerySet[EvaluationRun]:
    """The runs with their judges, ready for `side`; two more queries for all."""
    return runs.prefetch_related("judges__model")


def offered(runs: QuerySet[EvaluationRun], base: EvaluationRun | None) -> list[EvaluationRun]:
    """The newest runs one could compare, those on the base's benchmark alone when there is a base. One query."""
    found = runs.filter(benchmark=base.benchmark_id) if base else runs
    return list(found.order_by("-pk")[:MOST_OFFERED])
