"""Loops: SFT, DPO and the evaluation of base and checkpoint from one launch; stopped and taken up again as a whole."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, cast

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from annotations.core.storable import tidy
from annotations.models import Benchmark, BenchmarkRelease, LanguageModel, PreferenceSet, User
from annotations.models.work import CANCELLED, FAILED, FINISHED, OPEN_STATES, QUEUED, RUNNING, WAITING
from annotations.services import audit, chores
from annotations.services.chores import ChoreProblem, Hold
from training.models import EvaluationRun, Judge, Node, TrainingLoop, TrainingRun
from training.models.runs import CANCELLED as RUN_CANCELLED
from training.models.runs import FINISHED as RUN_FINISHED
from training.models.runs import OPEN_STATES as RUN_OPEN
from training.models.runs import PAUSED
from training.models.runs import QUEUED as RUN_QUEUED
from training.recipes.run_dir import DPO, SFT
from training.recipes.settings import TrainingSettings, plain
from training.services import budgets, runs
from training.services.run_items import RunProblem
from training.services.trainer import check, launch, loop_steps
from training.services.trainer.launch import TrainingProblem

EVALUATED_ON = ("benchmark", "release", "judges")
LONGEST = 300
NOTHING = "Choose SFT, DPO or both: a loop that trains nothing has nothing to compare."
FOREIGN = (
    "“{benchmark}” belongs to another organisation than the pairs, so nobody has looked whether they hold its prompts. "
    "Choose a benchmark of the same organisation."
)
FASTER = "Somebody was faster: this loop is already {state}."


class LoopProblem(ChoreProblem):
    """Why a loop cannot be started or changed, and what to do about it."""


class Trained(NamedTuple):
    """How a loop trains: the settings of each stage, None for one that is left out, and where."""

    sft: TrainingSettings | None
    dpo: TrainingSettings | None
    preset: str
    node: Node
    gpus: int


class Evaluated(NamedTuple):
    """How a loop evaluates base and trained model alike; `per_kind` and a budget of None are no limit.

    There is no budget in money: nobody knows a price of the model that is still to be trained.
    """

    benchmark: Benchmark
    release: BenchmarkRelease | None
    judges: Sequence[Judge]
    max_tokens: int
    samples: int = 1
    use_cache: bool = True
    per_kind: int | None = None
    budget_tokens: int | None = None
    strategy: str = "plain"
    temperature: float = 0.0
    seed: int = 0

    def terms(self) -> dict[str, Any]:
        """What a loop keeps of it as JSON."""
        kept = self._asdict()
        return {name: value for name, value in kept.items() if name not in EVALUATED_ON}


@transaction.atomic
def start(
    *,
    base: LanguageModel,
    preference_set: PreferenceSet,
    trained: Trained,
    evaluated: Evaluated,
    actor: User | None,
    title: str = "",
) -> TrainingLoop:
    """The queued loop, of the organisation whose pairs it trains on.

    What could only fail hours later is refused here. Raises LoopProblem.
    """
    _refuse(base, preference_set, trained, evaluated)
    _rehearse(base, evaluated, actor)
    stages = {kind: one and plain(one) for kind, one in ((SFT, trained.sft), (DPO, trained.dpo))}
    loop = TrainingLoop.objects.create(
        organisation_id=preference_set.organisation_id,
        title=tidy(title).strip()[:LONGEST] or f"{base} on {preference_set}"[:LONGEST],
        base=base,
        preference_set=preference_set,
        settings=stages | {"preset": trained.preset, "evaluation": evaluated.terms()},
        node=trained.node,
        gpus=trained.gpus,
        created_by=actor,
        **{name: getattr(evaluated, name) for name in ("benchmark", "release")},
    )
    loop.judges.set(evaluated.judges)
    audit.record(actor=actor, action="start", obj=loop, after={"title": loop.title, "state": QUEUED})
    return loop


def _refuse(base: LanguageModel, pairs: PreferenceSet, trained: Trained, evaluated: Evaluated) -> None:
    """Nothing for a training that nothing forbids, as far as one can know before its check. Raises LoopProblem."""
    if trained.sft is None and trained.dpo is None:
        raise LoopProblem(NOTHING)
    if evaluated.benchmark.organisation_id != pairs.organisation_id:
        raise LoopProblem(FOREIGN.format(benchmark=evaluated.benchmark))
    run = TrainingRun(kind=SFT, base=base, preference_set=pairs, node=trained.node, gpus=trained.gpus)
    if problems := check.problems_now(run):
        raise LoopProblem(" ".join(problems))


def _rehearse(base: LanguageModel, evaluated: Evaluated, actor: User | None) -> None:
    """Nothing when the evaluation could start now: it does, and is undone."""
    where = {name: getattr(evaluated, name) for name in EVALUATED_ON}
    try:
        with transaction.atomic():
            loop_steps.evaluate([base], evaluated.terms(), actor=actor, **where)
            transaction.set_rollback(True)
    except RunProblem as problem:
        raise LoopProblem(str(problem)) from problem


def job(hold: Hold) -> str:
    """The state the loop is in after this look; queued is no end: it is looked at again when something of it ends.

    Raises ChoreProblem with the reason why it cannot go on; Stopped.
    """
    loop = cast(TrainingLoop, hold.row)
    state = loop_steps.walk(hold, loop)
    if state == QUEUED:  # before any hint about what it began is sent: a quick one would find it held
        hold.save(state=QUEUED, reason="", until=None, losses=0)
    return state


def to_hint(loop: TrainingLoop) -> tuple[list[TrainingRun], list[int]]:
    """What of the loop waits for a worker: training runs, and evaluation runs (ids)."""
    training = list(loop.runs.filter(state=QUEUED))
    return training, list(_evaluations(loop.pk).filter(state=RUN_QUEUED).values_list("pk", flat=True))


def waiting_for_training(run_id: int) -> int | None:
    """The open loop (id) that can go on, or has to stop, because this training run is over; None without one."""
    over = TrainingLoop.objects.filter(runs__pk=run_id, runs__state__in=(FINISHED, FAILED, CANCELLED))
    return over.filter(state__in=OPEN_STATES).values_list("pk", flat=True).first()


def waiting_for_evaluation(run_id: int) -> int | None:
    """The open loop (id) that can go on because this evaluation run is finished; None without one."""
    mine = Q(base_run=run_id, base_run__state=RUN_FINISHED) | Q(trained_run=run_id, trained_run__state=RUN_FINISHED)
    return TrainingLoop.objects.filter(mine, state__in=OPEN_STATES).values_list("pk", flat=True).first()


def is_held(pk: int) -> bool:
    """True while somebody works on the loop."""
    return TrainingLoop.objects.filter(pk=pk, state=RUNNING).exists()


def _evaluations(pk: int) -> QuerySet[EvaluationRun]:
    """The evaluation runs of the loop as they are now."""
    return EvaluationRun.objects.filter(Q(base_of_loop=pk) | Q(end_of_loop=pk)).order_by("pk")


@transaction.atomic
def cancel(*, loop: TrainingLoop, actor: User | None) -> None:
    """Nothing; the loop and what of it is at work are cancelled, and what was made stays. Raises ChoreProblem."""
    chores.cancel(row=loop, actor=actor)
    for training in loop.runs.filter(state__in=(*OPEN_STATES, WAITING)):
        _unless_over(chores.cancel, row=training, actor=actor)
    for run in _evaluations(loop.pk).filter(state__in=(*RUN_OPEN, PAUSED)):
        _unless_over(runs.cancel, run=run, actor=actor)


def _unless_over(move: Callable[..., None], **what: Any) -> None:
    with suppress(ChoreProblem, RunProblem), transaction.atomic():
        move(**what)


@transaction.atomic
def resume(*, loop: TrainingLoop, actor: User, budget: Mapping[str, int | None] | None = None) -> None:
    """Nothing; the loop is queued again, and what of it stopped goes on from where it was.

    `budget` is what each stopped evaluation may spend in all, by tokens and micros; without it their budgets stay.
    Raises ChoreProblem when there is nothing to resume.
    """
    stopped = list(_evaluations(loop.pk).filter(state__in=(PAUSED, RUN_CANCELLED)))
    if not (_reopen(loop) or (stopped and loop.is_open)):
        loop.refresh_from_db()
        raise ChoreProblem(FASTER.format(state=loop.state))
    trainings = list(loop.runs.filter(state__in=(FAILED, CANCELLED)))
    try:
        for run in trainings:
            launch.resume(run=run, actor=actor)
        for one in stopped:
            if budget is not None:
                budgets.change(run=one, actor=actor, tokens=budget["tokens"], micros=budget["micros"])
            runs.resume(run=one, actor=actor)
    except (TrainingProblem, RunProblem) as problem:
        raise ChoreProblem(str(problem)) from problem
    audit.record(actor=actor, action="resume", obj=loop, after={"runs": [one.pk for one in (*trainings, *stopped)]})


def _reopen(loop: TrainingLoop) -> bool:
    again: dict[str, Any] = {"state": QUEUED, "reason": "", "finished_at": None, "losses": 0}
    stopped = TrainingLoop.objects.filter(pk=loop.pk, state__in=(CANCELLED, FAILED), archived_at=None)
    return bool(stopped.update(**again))


@transaction.atomic
def archive(*, loop: TrainingLoop, actor: User | None) -> None:
    """Nothing; the loop is in no list any more, its runs and models stay. Raises ChoreProblem while it is at work."""
    over = TrainingLoop.objects.filter(pk=loop.pk, archived_at=None).exclude(state__in=(*OPEN_STATES, WAITING))
    if not over.update(archived_at=timezone.now()):
        raise ChoreProblem(gettext("This loop is at work, or archived already. Wait for its end, or cancel it first."))
    audit.record(actor=actor, action="archive", obj=loop, after={"archived": True})
