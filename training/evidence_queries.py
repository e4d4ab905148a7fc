"""Reads of what runs say about one version: figures, worst prompts, rule tests, and the comparison with another one."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import Case, Count, F, FloatField, Max, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from annotations.models import ConfigVersion, Prompt
from annotations.models.configs import APPROVED
from training.access import FILES
from training.evidence import Change, Changes, Frozen, Pair, RunFacts, Verdict, VersionRun, as_plain, changes, pair
from training.models import EvaluationRun, RunItem
from training.models.runs import FINISHED, ITEM_DONE, ITEM_QUEUED
from training.queries import without_controls
from training.rule_tests import Matrix, PromptTest
from training.rule_tests import matrix as matrix_of
from training.scores import Row, kind_rows, score_row

MOST_RUNS, MOST_COMPARED, MOST_WORST, MOST_LISTED = 10, 50, 10, 50
KEPT_SECONDS, OPEN_SECONDS = 7 * 24 * 3600, 4
SCORED = Q(helpfulness__isnull=False, follows_config__isnull=False)
UNTRIED: tuple[str, int | None, bool] = ("", None, False)
VALUE = Case(
    When(follows_config=True, then=F("helpfulness")),
    When(follows_config=False, then=-F("helpfulness")),
    output_field=FloatField(),
)


def facts(runs: QuerySet[EvaluationRun], version: ConfigVersion, most: int = MOST_COMPARED) -> list[RunFacts]:
    """The newest runs among `runs` that have items of exactly this version. Three queries, however many there are."""
    mine = RunItem.objects.filter(version=version).order_by()
    scored = mine.filter(SCORED, run=OuterRef("pk")).values("run").annotate(n=Count("pk")).values("n")
    found = (
        runs.filter(pk__in=mine.values("run"))
        .select_related("benchmark", "candidate__model", "floor", "release")
        .defer("floor__text", "floor__note", *FILES)
        .prefetch_related("judges__model")
        .annotate(scored=Coalesce(Subquery(scored), 0))
        .order_by("-pk")
    )
    return [_facts(run, version) for run in found[:most]]


def _facts(run: Any, version: ConfigVersion) -> RunFacts:
    judges = list(run.judges.all())
    return RunFacts(
        run=run.pk,
        state=run.state,
        alone=run.version_id == version.pk,
        benchmark_id=run.benchmark_id,
        benchmark=run.benchmark.title,
        model=run.candidate.model.name,
        candidate_id=run.candidate_id,
        candidate=str(run.candidate),
        judge_ids=frozenset(judge.pk for judge in judges),
        judges=tuple(str(judge) for judge in judges),
        floor=run.floor.number if run.floor else None,
        started_at=run.created_at,
        finished_at=run.finished_at,
        scored=run.scored,
        plumbing=run.candidate.model.plumbing or any(judge.model and judge.model.plumbing for judge in judges),
        release=Frozen(run.release.major, run.release.minor) if run.release else None,
    )


def runs_of_version(runs: QuerySet[EvaluationRun], version: ConfigVersion, most: int = MOST_RUNS) -> list[VersionRun]:
    """The newest runs among `runs` with items of exactly this version, with the figures of those items alone."""
    return with_figures(facts(runs, version, most), version)


def with_figures(found: Sequence[RunFacts], version: ConfigVersion) -> list[VersionRun]:
    """The runs with their figures over this version's ended items, two queries for all of them.

    A run that is over is worked out once and kept; an open one again after a few seconds.
    """
    keys = _keys([run.run for run in found], version)
    kept = cache.get_many(keys.values())
    rows = _rows([pk for pk, key in keys.items() if key not in kept], version)
    made = {pk: (score_row(version.config_id, version.config.title, own), kind_rows(own)) for pk, own in rows.items()}
    for run in found:
        if run.run in made:
            over = run.state == FINISHED
            cache.set(keys[run.run], made[run.run], timeout=KEPT_SECONDS if over else OPEN_SECONDS)
    figures = {pk: made[pk] if pk in made else kept[key] for pk, key in keys.items()}
    return [VersionRun(run, *figures[run.run]) for run in found]


def _keys(runs: list[int], version: ConfigVersion) -> dict[int, str]:
    ended = RunItem.objects.filter(run__in=runs, version=version).exclude(state=ITEM_QUEUED).order_by()
    seen = {pk: (count, last) for pk, count, last in ended.values_list("run").annotate(Count("pk"), Max("finished_at"))}
    return {pk: f"version-scores:{version.pk}:{pk}:{_moment(*seen.get(pk, (0, None)))}" for pk in runs}


def _moment(count: int, last: Any) -> str:
    return f"{count}:{last.timestamp() if last else 0}"


def _rows(runs: list[int], version: ConfigVersion) -> dict[int, list[Row]]:
    ended = RunItem.objects.filter(run__in=runs, version=version).exclude(state=ITEM_QUEUED).order_by("position")
    rows: dict[int, list[Row]] = {run: [] for run in runs}
    fields = ("prompt__kind", "prompt__digest", "helpfulness", "follows_config", "heuristic")
    for run, *values in ended.values_list("run", *fields):
        rows[run].append(Row(version.config_id, *values))
    return rows


def worst(runs: QuerySet[EvaluationRun], version: ConfigVersion, most: int = MOST_WORST) -> list[RunItem]:
    """The items of the version's newest run with a figure that have the lowest values; unscored ones come last.

    Runs of a control tell nothing here, nor in any other evidence: an oracle withholds just what is worst.
    """
    scored = RunItem.objects.filter(SCORED, version=version).values("run")
    newest = without_controls(runs).filter(pk__in=scored).order_by("-pk").values("pk")[:1]
    ended = RunItem.objects.filter(run__in=list(newest.values_list("pk", flat=True)), version=version)
    return list(_worst_first(ended).select_related("run", "prompt", "response")[:most])


def _worst_first(items: QuerySet[RunItem]) -> QuerySet[RunItem]:
    ended = items.exclude(state=ITEM_QUEUED).annotate(value=VALUE)
    return ended.order_by(F("value").asc(nulls_last=True), "position")


def _telling(version: ConfigVersion) -> QuerySet[EvaluationRun]:
    """The finished runs in which something of exactly this version was scored."""
    scored = RunItem.objects.filter(SCORED, version=version).order_by().values("run")
    return without_controls(EvaluationRun.objects.filter(state=FINISHED, pk__in=scored))


class Stand(NamedTuple):
    """Which runs `evidence` tells of, newest first, and one word for them: another word, other evidence."""

    runs: tuple[int, ...]
    word: str


def stand(version: ConfigVersion) -> Stand:
    """How the evidence stands now; without any, no runs and an empty word. One query."""
    ended = list(_telling(version).order_by("-pk").values_list("pk", "finished_at")[:MOST_RUNS])
    word = ",".join(f"{run}@{moment.timestamp()}" for run, moment in ended if moment)
    return Stand(tuple(run for run, _ in ended), word)


class Reading(NamedTuple):
    """The runs to read about a version, newest first, and how many older ones are not among them."""

    runs: list[VersionRun]
    older: int


def reading(runs: QuerySet[EvaluationRun], version: ConfigVersion, telling: Iterable[int]) -> Reading:
    """The newest runs among `runs` in whatever state, and those of `telling` however old they are."""
    found = runs.filter(pk__in=RunItem.objects.filter(version=version).order_by().values("run")).order_by("-pk")
    every = list(found.values_list("pk", flat=True))
    shown = set(every[:MOST_RUNS]) | set(every) & set(telling)
    return Reading(runs_of_version(runs.filter(pk__in=shown), version, len(shown)), len(every) - len(shown))


def evidence(version: ConfigVersion) -> list[dict[str, Any]]:
    """The figures of the newest finished runs of exactly this version, to be kept with a decision about it.

    A run in which nothing could be scored is no evidence and left out.
    """
    found = runs_of_version(_telling(version), version)
    items = _worst_first(RunItem.objects.filter(run__in=[run.facts.run for run in found], version=version))
    by_run: dict[int, list[int]] = defaultdict(list)
    for item, run in items.values_list("pk", "run"):
        by_run[run].append(item)
    return [as_plain(run, by_run[run.facts.run][:MOST_WORST]) for run in found]


def matrix(runs: QuerySet[EvaluationRun], version: ConfigVersion) -> Matrix:
    """Every rule of the version by kind of prompt, with the last verdict of `runs` on each prompt. Two queries."""
    last = _last_verdicts(runs, version)
    current = Prompt.objects.current().filter(config=version.config_id, benchmark__archived_at=None)
    told = current.order_by("position").values_list("pk", "kind", "rule", "benchmark", "benchmark__title")
    tests = [
        PromptTest(kind, rule, benchmark, title, *last.get(pk, UNTRIED)) for pk, kind, rule, benchmark, title in told
    ]
    return matrix_of({rule.id: rule.text for rule in version.rule_list}, tests)


def _last_verdicts(runs: QuerySet[EvaluationRun], version: ConfigVersion) -> dict[int, tuple[str, int | None, bool]]:
    """For each prompt its outcome in the newest run that answered it, or at least tried; that run; heuristic or not."""
    telling = without_controls(runs).order_by().values("pk")
    ended = RunItem.objects.filter(version=version, run__in=telling).exclude(state=ITEM_QUEUED)
    newest = Coalesce(Max("pk", filter=Q(state=ITEM_DONE)), Max("pk"))
    by_prompt = ended.order_by().values("prompt").annotate(newest=newest).values("newest")
    return {
        item.prompt_id: (item.outcome, item.run_id, item.heuristic)
        for item in RunItem.objects.filter(pk__in=by_prompt)
        .order_by()
        .only("prompt", "run", "helpfulness", "follows_config", "heuristic")
    }


def base_of(version: ConfigVersion) -> ConfigVersion | None:
    """What the version is compared with: the approved version before it, else the newest other approved one."""
    approved = ConfigVersion.objects.filter(config=version.config_id, state=APPROVED).exclude(pk=version.pk)
    earlier = Case(When(number__lt=version.number, then=1), default=0)
    return approved.select_related("config").order_by(earlier.desc(), "-number").first()


class Shown(NamedTuple):
    """A change with the prompt it is about."""

    change: Change
    prompt: Prompt


class Comparison(NamedTuple):
    """A version beside its base: the two runs with their figures, the counts, and the prompts that changed.

    At most MOST_LISTED prompts of each sort are listed; the counts know them all.
    """

    base: ConfigVersion
    pair: Pair
    now: VersionRun
    before: VersionRun
    changes: Changes
    worse: tuple[Shown, ...]
    better: tuple[Shown, ...]

    @property
    def heuristic(self) -> bool:
        """True when a program judged in either run."""
        return self.now.row.heuristic or self.before.row.heuristic


def compare(runs: QuerySet[EvaluationRun], version: ConfigVersion, base: ConfigVersion) -> Comparison | None:
    """What got better and worse since `base`, prompt by prompt; None until both have a finished run with a figure."""
    finished = without_controls(runs.filter(state=FINISHED))
    found = pair(*([run for run in facts(finished, one) if run.is_evidence] for one in (version, base)))
    if found is None:
        return None
    changed = changes(_verdicts(found.before.run, base), _verdicts(found.now.run, version))
    worse, better = changed.worse[:MOST_LISTED], changed.better[:MOST_LISTED]
    prompts = Prompt.objects.in_bulk([change.prompt for change in (*worse, *better)])
    return Comparison(
        base=base,
        pair=found,
        now=with_figures([found.now], version)[0],
        before=with_figures([found.before], base)[0],
        changes=changed,
        worse=_shown(worse, prompts),
        better=_shown(better, prompts),
    )


def _shown(listed: Iterable[Change], prompts: dict[int, Prompt]) -> tuple[Shown, ...]:
    return tuple(Shown(change, prompts[change.prompt]) for change in listed)


def _verdicts(run: int, version: ConfigVersion) -> dict[int, Verdict]:
    ended = RunItem.objects.filter(run=run, version=version).exclude(state=ITEM_QUEUED).annotate(value=VALUE)
    items = ended.only("prompt", "helpfulness", "follows_config")
    return {item.prompt_id: Verdict(item.pk, item.value, item.outcome) for item in items}
