"""Evaluation runs: started by a person, stopped and resumed by a person, finished by the last worker."""

from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext

from annotations.models import Benchmark, BenchmarkRelease, Candidate, ConfigVersion, LanguageModel, Prompt, User
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
from training.services import places, run_items, run_terms, shots
from training.services.run_items import RunChanged as RunChanged
from training.services.run_items import RunProblem as RunProblem
from training.services.run_terms import ELSEWHERE, Terms

SOMEBODY_WAS_FASTER = "Somebody was faster: the run is already {state}."
LARGEST = 2**31 - 1
NO_JUDGE = "Choose at least one judge: without a verdict there is no score."


def candidate(
    *,
    model: LanguageModel,
    strategy: str,
    temperature: float,
    max_tokens: int,
    seed: int,
    settings: strategies.Settings = MappingProxyType({}),
    top_p: float = 1.0,
) -> Candidate:
    """The candidate with these settings: the row that is there, or a new one.

    Raises RunProblem for a strategy that does not exist, a setting it does not offer, a temperature outside of 0..2, a
    `top_p` outside of 0..1 or 0, an answer without a token, or a number that no row holds.
    """
    kept = _read_settings(strategy, settings)
    if not (0 <= temperature <= 2 and max_tokens >= 1):
        raise RunProblem(gettext("Choose a temperature from 0 to 2, and at least 1 token for an answer."))
    if not 0 < top_p <= 1:
        raise RunProblem(gettext("Choose a top p above 0, up to 1."))
    if max(abs(seed), max_tokens) > LARGEST:
        said = gettext("A seed and the length of an answer are numbers up to %(largest)s.")
        raise RunProblem(said % {"largest": LARGEST})
    sampling: dict[str, Any] = {"temperature": temperature, "top_p": top_p, "max_tokens": max_tokens, "seed": seed}
    return Candidate.objects.get_or_create(model=model, strategy=strategy, settings=kept, **sampling)[0]


def _read_settings(strategy: str, settings: strategies.Settings) -> dict[str, Any]:
    if strategy not in strategies.names():
        said = gettext("There is no strategy %(strategy)s; there are: %(names)s.")
        raise RunProblem(said % {"strategy": repr(strategy), "names": ", ".join(strategies.names())})
    try:
        return strategies.load(strategy).read_settings(settings)
    except ValueError as problem:
        raise RunProblem(str(problem)) from problem


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
    samples: int = 1,
    use_cache: bool = True,
    budget_tokens: int | None = None,
    budget_micros: int | None = None,
) -> EvaluationRun:
    """A queued run over the benchmark's prompts, or a release's, each under its config's approved version.

    `configs` (ids) and `per_kind` limit the prompts; `version` is tested alone, and frozen when it is a draft. The
    floor in force now holds for all of it. Raises RunProblem when a prompt, a judge, an approved version or a
    demonstration is lacking, and for terms that cannot be held.
    """
    kept = _kept(candidate, judges, Terms(samples, use_cache, budget_tokens, budget_micros))
    prompts = run_items.chosen(benchmark, release, [version.config_id] if version else configs, per_kind)
    versions = run_items.alone(version) if version else run_items.versions(prompts, release)
    home = version.config.organisation_id if version else benchmark.organisation_id
    kept |= {"organisation_id": home, "version": version, "release": release, "created_by": actor}
    run = EvaluationRun.objects.create(benchmark=benchmark, candidate=candidate, floor=floor.in_force(), **kept)
    run.judges.set(judges)
    _fill(run, prompts, versions)
    return run


@transaction.atomic
def start_each(*, candidates: Iterable[Candidate], **what: Any) -> list[EvaluationRun]:
    """A run of each candidate, alike in everything else that `start` takes: all of them or none. Raises RunProblem."""
    return [start(candidate=one, **what) for one in candidates]


def _kept(candidate: Candidate, judges: Sequence[Judge], terms: Terms) -> dict[str, Any]:
    if not judges:
        raise RunProblem(NO_JUDGE)
    if candidate.model.engine == ELSEWHERE:
        raise RunProblem(
            gettext("%(model)s answers elsewhere. Import its responses instead.") % {"model": candidate.model}
        )
    run_terms.refuse_prompt_judges(judges)
    models = [candidate.model, *run_terms.judge_models(judges)]
    if told := places.scattered(models):
        raise RunProblem(told)
    kept = run_terms.fields(terms, models)
    return kept | {"strategy_digest": strategies.load(candidate.strategy).digest}


def _fill(run: EvaluationRun, prompts: Sequence[Prompt], versions: dict[int, ConfigVersion]) -> None:
    run_items.make(run, prompts, versions)
    _keep_shots(run, versions.values())
    audit.record(actor=run.created_by, action="start", obj=run, after={"state": QUEUED, "items": len(prompts)})


def _keep_shots(run: EvaluationRun, versions: Iterable[ConfigVersion]) -> None:
    try:
        shots.keep(run, run.candidate, versions)
    except shots.ShotsProblem as problem:
        raise RunProblem(str(problem)) from problem


def cancel(*, run: EvaluationRun, actor: User | None) -> None:
    """Nothing; no new call starts from now on, and what is in flight is still kept. Raises RunProblem."""
    _move(run, OPEN_STATES + (PAUSED,), CANCELLED, actor, reason="Cancelled.")


def pause(*, run: EvaluationRun, reason: str) -> bool:
    """True when this call paused the running run, `reason` shown on its page."""
    moved = EvaluationRun.every.filter(pk=run.pk, state__in=OPEN_STATES).update(state=PAUSED, reason=reason)
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
        raise RunProblem(gettext("No item of this run failed: there is nothing to try again."))


def _requeue_failed(run: EvaluationRun) -> int:
    failed = run.items.filter(state=ITEM_FAILED)
    return failed.update(state=ITEM_QUEUED, error_kind="", error="", lease=None, losses=0, finished_at=None)


def _move(run: EvaluationRun, old: tuple[str, ...], new: str, actor: User | None, reason: str = "") -> None:
    before = EvaluationRun.every.values_list("state", flat=True).get(pk=run.pk)
    finished = {"finished_at": None, "figures": None} if new == QUEUED else {}
    moved = EvaluationRun.every.filter(pk=run.pk, state__in=old).update(state=new, reason=reason, **finished)
    run.refresh_from_db()
    if not moved:
        raise RunChanged(SOMEBODY_WAS_FASTER.format(state=run.state))
    audit.record(actor=actor, action=new, obj=run, before={"state": before}, after={"state": new})


def begin(run_id: int) -> None:
    """Nothing; a queued run is running from now on. A resumed run keeps the time it first started."""
    queued = EvaluationRun.every.filter(pk=run_id, state=QUEUED)
    queued.filter(started_at=None).update(started_at=Now())
    queued.update(state=RUNNING)


def finish_if_complete(run_id: int) -> bool:
    """True when this call found every item answered or failed and finished the run."""
    queued = RunItem.objects.filter(run=OuterRef("pk"), state=ITEM_QUEUED)
    complete = EvaluationRun.every.filter(~Exists(queued), pk=run_id, state__in=OPEN_STATES)
    return bool(complete.update(state=FINISHED, finished_at=Now(), reason=""))


def claimable() -> QuerySet[RunItem]:
    """Items nobody works on: queued, and held by no lease that is still alive (database clock)."""
    return RunItem.objects.filter(Q(lease=None) | Q(lease__until__lt=Now()), state=ITEM_QUEUED)


def in_need_of_workers() -> list[int]:
    """The open runs with an item that nobody works on; open runs with nothing left to do are finished on the way."""
    waiting = claimable().filter(run=OuterRef("pk"))
    opened = EvaluationRun.every.filter(state__in=OPEN_STATES).annotate(wanted=Exists(waiting)).order_by("pk")
    wanted = {pk: want for pk, want in opened.values_list("pk", "wanted")}
    for pk, want in wanted.items():
        if not want:
            finish_if_complete(pk)
    return [pk for pk, want in wanted.items() if want]
