"""Evaluation runs: started by a person, stopped and resumed by a person, finished by the last worker."""

from collections import Counter
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from annotations.core import config_text
from annotations.models import (
    Benchmark,
    BenchmarkRelease,
    Candidate,
    ConfigVersion,
    FloorVersion,
    LanguageModel,
    Prompt,
    SystemPrompt,
    User,
)
from annotations.models.benchmarks import PromptQuerySet
from annotations.models.configs import APPROVED, DRAFT, RETIRED
from annotations.services import audit, floor
from training import strategies
from training.models import EvaluationRun, Judge, RunItem
from training.models.runs import (
    CANCELLED,
    FINISHED,
    ITEM_FAILED,
    ITEM_QUEUED,
    OPEN_STATES,
    PAUSED,
    QUEUED,
    RUNNING,
)

SOMEBODY_WAS_FASTER = "Somebody was faster: the run is already {state}."


class RunProblem(ValueError):
    """Why a run cannot be started or changed, and what to do about it."""


def candidate(
    *,
    model: LanguageModel,
    strategy: str,
    temperature: float,
    max_tokens: int,
    seed: int,
    settings: strategies.Settings = MappingProxyType({}),
) -> Candidate:
    """The candidate with these settings: the row that is there, or a new one.

    Raises RunProblem for a strategy that does not exist, a setting it does not offer, a temperature outside of 0..2,
    or an answer without a token.
    """
    if strategy not in strategies.names():
        raise RunProblem(f"There is no strategy {strategy!r}; there are: {', '.join(strategies.names())}.")
    try:
        kept = strategies.load(strategy).read_settings(settings)
    except ValueError as problem:
        raise RunProblem(str(problem)) from problem
    if not (0 <= temperature <= 2 and max_tokens >= 1):
        raise RunProblem("Choose a temperature from 0 to 2, and at least 1 token for an answer.")
    sampling: dict[str, Any] = {"temperature": temperature, "top_p": 1.0, "max_tokens": max_tokens, "seed": seed}
    return Candidate.objects.get_or_create(model=model, strategy=strategy, settings=kept, **sampling)[0]


@transaction.atomic
def start(
    *,
    benchmark: Benchmark,
    candidate: Candidate,
    judges: Sequence[Judge],
    actor: User | None,
    configs: Iterable[int] | None = None,
    per_kind: int | None = None,
    version: ConfigVersion | None = None,
    release: BenchmarkRelease | None = None,
) -> EvaluationRun:
    """A queued run over the benchmark's prompts, each under the newest approved version of its config.

    With a `release` they are the prompts as it holds them, each under the version it holds. `configs` (ids) limits the
    run to some configs; `per_kind` to the first so many prompts of each kind for each config; `version` tests that
    version alone, and freezes it when it is a draft. The floor in force now holds for all of it.
    Raises RunProblem when there is no prompt, no judge, or a config without an approved version.
    """
    if not judges:
        raise RunProblem("Choose at least one judge: without a verdict there is no score.")
    prompts = _chosen(benchmark, release, [version.config_id] if version else configs, per_kind)
    versions = _frozen(version) if version else _versions({prompt.config_id for prompt in prompts}, release)
    home = version.config.organisation if version else benchmark.organisation
    told: dict[str, Any] = {"version": version, "release": release, "floor": floor.in_force()}
    told |= {"strategy_digest": strategies.load(candidate.strategy).digest, "created_by": actor}
    run = EvaluationRun.objects.create(organisation=home, benchmark=benchmark, candidate=candidate, **told)
    run.judges.set(judges)
    _make_items(run, prompts, versions)
    audit.record(actor=actor, action="start", obj=run, after={"state": QUEUED, "items": len(prompts)})
    return run


def _source(benchmark: Benchmark, release: BenchmarkRelease | None) -> PromptQuerySet:
    if release is None:
        return benchmark.prompts.current()
    if release.benchmark_id != benchmark.pk:
        raise RunProblem(f"“{release}” is not a release of “{benchmark}”. Choose one of its own.")
    return release.prompts.all()


def _frozen(version: ConfigVersion) -> dict[int, ConfigVersion]:
    ConfigVersion.objects.filter(pk=version.pk, state=DRAFT, frozen_at=None).update(frozen_at=Now())
    version.refresh_from_db()
    if not version.text:
        raise RunProblem(f"v{version.number} is empty. Write a policy or a rule first.")
    return {version.config_id: version}


def _make_items(run: EvaluationRun, prompts: Sequence[Prompt], versions: dict[int, ConfigVersion]) -> None:
    _keep_system_prompts(versions.values(), run.floor)
    items = (
        RunItem(run=run, prompt=prompt, version=versions[prompt.config_id], position=position)
        for position, prompt in enumerate(prompts, start=1)
    )
    RunItem.objects.bulk_create(items, batch_size=1000)


def _chosen(
    benchmark: Benchmark, release: BenchmarkRelease | None, configs: Iterable[int] | None, per_kind: int | None
) -> list[Prompt]:
    found = _source(benchmark, release).order_by("position", "pk").only("pk", "config_id", "kind")
    prompts = list(found if configs is None else found.filter(config__in=list(configs)))
    chosen = prompts if per_kind is None else _first_of_each(prompts, per_kind)
    if not chosen:
        raise RunProblem(f"“{benchmark}” has no prompt to run. Write prompts first, or choose other configs.")
    return chosen


def _first_of_each(prompts: list[Prompt], per_kind: int) -> list[Prompt]:
    seen: Counter[tuple[int, str]] = Counter()
    chosen = []
    for prompt in prompts:
        seen[prompt.config_id, prompt.kind] += 1
        if seen[prompt.config_id, prompt.kind] <= per_kind:
            chosen.append(prompt)
    return chosen


def _versions(configs: set[int], release: BenchmarkRelease | None) -> dict[int, ConfigVersion]:
    offered = release.versions.all() if release else ConfigVersion.objects.all()
    served = (APPROVED, RETIRED) if release else (APPROVED,)
    found = offered.filter(config__in=configs, state__in=served).order_by("config", "number").select_related("config")
    versions = {version.config_id: version for version in found}
    if missing := configs - versions.keys():
        titles = ConfigVersion.objects.filter(config__in=missing).exclude(state=DRAFT)
        names = ", ".join(sorted({str(version.config) for version in titles.select_related("config")})) or "a config"
        where = f" in {release.name}" if release else ""
        raise RunProblem(f"There is no approved version of {names}{where}. Have it reviewed, or choose other configs.")
    return versions


def _keep_system_prompts(versions: Iterable[ConfigVersion], floor: FloorVersion | None) -> None:
    texts = [version.system_prompt(floor) for version in versions]
    rows = [SystemPrompt(digest=config_text.digest(text), text=text) for text in texts]
    SystemPrompt.objects.bulk_create(rows, ignore_conflicts=True)


def cancel(*, run: EvaluationRun, actor: User | None) -> None:
    """Nothing; no new call starts from now on, and what is in flight is still kept. Raises RunProblem."""
    _move(run, OPEN_STATES + (PAUSED,), CANCELLED, actor, reason="Cancelled.")


def pause(*, run: EvaluationRun, reason: str) -> bool:
    """True when this call paused the running run, `reason` shown on its page."""
    moved = EvaluationRun.objects.filter(pk=run.pk, state__in=OPEN_STATES).update(state=PAUSED, reason=reason)
    if moved:
        audit.record(actor=None, action="pause", obj=run, after={"state": PAUSED, "reason": reason})
    return bool(moved)


@transaction.atomic
def resume(*, run: EvaluationRun, actor: User | None) -> None:
    """Nothing; the run is queued again with its failed items, and what was answered stays. Raises RunProblem."""
    _move(run, (PAUSED, CANCELLED), QUEUED, actor)
    _requeue_failed(run)


@transaction.atomic
def retry_failed(*, run: EvaluationRun, actor: User | None) -> None:
    """Nothing; a finished run is queued again for its failed items only. Raises RunProblem when none failed."""
    _move(run, (FINISHED,), QUEUED, actor)
    if not _requeue_failed(run):
        raise RunProblem("No item of this run failed: there is nothing to try again.")


def _requeue_failed(run: EvaluationRun) -> int:
    failed = run.items.filter(state=ITEM_FAILED)
    return failed.update(state=ITEM_QUEUED, error_kind="", error="", lease=None, finished_at=None)


def _move(run: EvaluationRun, old: tuple[str, ...], new: str, actor: User | None, reason: str = "") -> None:
    before = EvaluationRun.objects.values_list("state", flat=True).get(pk=run.pk)
    finished = {"finished_at": None, "figures": None} if new == QUEUED else {}
    moved = EvaluationRun.objects.filter(pk=run.pk, state__in=old).update(state=new, reason=reason, **finished)
    run.refresh_from_db()
    if not moved:
        raise RunProblem(SOMEBODY_WAS_FASTER.format(state=run.state))
    audit.record(actor=actor, action=new, obj=run, before={"state": before}, after={"state": new})


def begin(run_id: int) -> None:
    """Nothing; a queued run is running from now on. A resumed run keeps the time it first started."""
    queued = EvaluationRun.objects.filter(pk=run_id, state=QUEUED)
    queued.filter(started_at=None).update(started_at=Now())
    queued.update(state=RUNNING)


def finish_if_complete(run_id: int) -> bool:
    """True when this call found every item answered or failed and finished the run."""
    queued = RunItem.objects.filter(run=OuterRef("pk"), state=ITEM_QUEUED)
    complete = EvaluationRun.objects.filter(~Exists(queued), pk=run_id, state__in=OPEN_STATES)
    return bool(complete.update(state=FINISHED, finished_at=Now(), reason=""))


def claimable() -> QuerySet[RunItem]:
    """Items nobody works on: queued, and held by no lease that is still alive (database clock)."""
    return RunItem.objects.filter(Q(lease=None) | Q(lease__until__lt=Now()), state=ITEM_QUEUED)


def in_need_of_workers() -> list[int]:
    """The open runs with an item that nobody works on; open runs with nothing left to do are finished on the way."""
    waiting = claimable().filter(run=OuterRef("pk"))
    opened = EvaluationRun.objects.filter(state__in=OPEN_STATES).annotate(wanted=Exists(waiting)).order_by("pk")
    wanted = {pk: want for pk, want in opened.values_list("pk", "wanted")}
    for pk, want in wanted.items():
        if not want:
            finish_if_complete(pk)
    return [pk for pk, want in wanted.items() if want]
