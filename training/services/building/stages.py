"""The steps of a recipe at work: each does its part, waits for its runs without a worker, and makes the next one."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from annotations.core.folder import NoSuchEntry
from annotations.core.recipe import BadRecipe
from annotations.models import User
from annotations.models.work import CANCELLED, FAILED, FINISHED, OPEN_STATES, QUEUED, RUNNING
from annotations.services import audit, chores
from annotations.services.chores import ChoreProblem, Hold
from training.models import EvaluationRun, Recipe, Stage
from training.models.recipes import FREEZE, GENERATE, LABEL, PAIR, READ, STAGES, SYNTHESISE
from training.models.runs import CANCELLED as RUN_CANCELLED
from training.models.runs import FINISHED as RUN_FINISHED
from training.models.runs import OPEN_STATES as RUN_OPEN
from training.models.runs import PAUSED
from training.models.runs import QUEUED as RUN_QUEUED
from training.services import budgets, runs
from training.services.judging import JudgeProblem
from training.services.run_items import RunProblem

WORDS = {
    LABEL: _("Label the prompts"),
    SYNTHESISE: _("Make up configs"),
    GENERATE: _("Collect responses"),
    READ: _("Read the responses"),
    PAIR: _("Build pairs"),
    FREEZE: _("Freeze the set"),
}
"""Each step as people read it."""
FASTER = "Somebody was faster: this step is already {state}."
ARCHIVED = "This recipe is archived: nothing of it starts any more."


def job(hold: Hold) -> str:
    """The state the step ends in now: finished, and the next one of its chain is made with it; or queued.

    Queued is no end: its runs are at work, and it is looked at again when one of them ends. Raises ChoreProblem with
    the reason why it cannot go on, and then none of its runs does; Stopped.
    """
    stage = cast(Stage, hold.row)
    try:
        state = _job(stage.kind)(hold)
    except (BadRecipe, ChoreProblem, RunProblem, JudgeProblem, NoSuchEntry) as problem:
        if hold.mine().exists():
            _stop_runs(stage, None)
        raise ChoreProblem(str(problem)) from problem
    if state == FINISHED:
        _finish(hold)
    elif state == QUEUED:  # before any hint about its runs is sent: a quick one would find it held
        hold.save(state=QUEUED, reason="", until=None, losses=0)
    return state


def _job(kind: str) -> Callable[[Hold], str]:
    """What a step of that kind does; a step is a file, and none of them is read before it is needed."""
    return cast(Callable[[Hold], str], import_module(f"{__package__}.{kind}").job)


@transaction.atomic
def _finish(hold: Hold) -> None:
    hold.save(state=FINISHED, reason="", until=None, finished_at=timezone.now())
    follow(cast(Stage, hold.row))


def step_after(stage: Stage) -> str | None:
    """The kind of step that can be done after this one; None for the last."""
    place = STAGES.index(stage.kind) + 1
    return STAGES[place] if place < len(STAGES) else None


def follow(stage: Stage) -> Stage | None:
    """The step that follows by itself, with the same settings, goal and person: there already, or made now; or None."""
    kind = None if stage.kind == stage.goal else step_after(stage)
    if kind is None:
        return None
    same = {name: getattr(stage, name) for name in ("organisation", "recipe", "goal", "taxonomy", "created_by")}
    settings = Stage.objects.values_list("settings", flat=True).get(pk=stage.pk)
    told = same | {"kind": kind, "settings": settings}
    return Stage.objects.get_or_create(after=stage, automatic=True, defaults=told)[0]


def every_run(stage: Stage) -> QuerySet[EvaluationRun]:
    """The runs of the step in the order in which they were made."""
    return EvaluationRun.every.filter(stage=stage).order_by("pk")


def waits(stage: Stage) -> bool:
    """True while a run of the step is not finished: at work, paused or cancelled."""
    return every_run(stage).exclude(state=RUN_FINISHED).exists()


def to_hint(stage: Stage) -> tuple[list[int], Stage | None]:
    """What is new after a look at the step: its queued runs (ids), and the queued step that follows by itself."""
    queued = list(every_run(stage).filter(state=RUN_QUEUED).values_list("pk", flat=True))
    return queued, Stage.objects.filter(after=stage, automatic=True, state=QUEUED).first()


def waiting_for(run_id: int) -> int | None:
    """The open step (id) that can go on because this run is finished; None without one."""
    open_ones = Stage.objects.filter(state__in=OPEN_STATES)
    return open_ones.filter(runs__pk=run_id, runs__state=RUN_FINISHED).values_list("pk", flat=True).first()


def is_held(pk: int) -> bool:
    """True while somebody works on the step."""
    return Stage.objects.filter(pk=pk, state=RUNNING).exists()


@transaction.atomic
def cancel(*, stage: Stage, actor: User | None) -> None:
    """Nothing; the step and its runs are cancelled, and what was answered stays. Raises ChoreProblem."""
    chores.cancel(row=stage, actor=actor)
    _stop_runs(stage, actor)


def _stop_runs(stage: Stage, actor: User | None) -> None:
    for run in every_run(stage).filter(state__in=(*RUN_OPEN, PAUSED)):
        _unless_over(runs.cancel, run, actor)


@transaction.atomic
def resume(*, stage: Stage, actor: User | None, budget: dict[str, int | None] | None = None) -> list[int]:
    """The runs (ids) that go on; the step is queued again, and what was found stays.

    Where it failed, items that failed are asked again. `budget` is what each stopped run may spend in all, by tokens
    and micros; without it their budgets stay. Raises ChoreProblem when there is nothing to resume.
    """
    if not Recipe.objects.filter(pk=stage.recipe_id, archived_at=None).update(revision=F("revision")):  # locks the row
        raise ChoreProblem(ARCHIVED)
    stopped = list(every_run(stage).filter(state__in=(PAUSED, RUN_CANCELLED)))
    failed, moved = stage.state == FAILED, _reopen(stage)
    if not (moved or (stopped and stage.is_open)):
        stage.refresh_from_db()
        raise ChoreProblem(FASTER.format(state=stage.state))
    for run in stopped:
        _set_budget(run, actor, budget)
        runs.resume(run=run, actor=actor)
    ended = every_run(stage).filter(state=RUN_FINISHED) if failed else []
    again = [run for run in ended if _unless_over(runs.retry_failed, run, actor)]
    audit.record(actor=actor, action="resume", obj=stage, after={"runs": [run.pk for run in (*stopped, *again)]})
    return [run.pk for run in (*stopped, *again)]


def _reopen(stage: Stage) -> bool:
    again: dict[str, Any] = {"state": QUEUED, "reason": "", "finished_at": None, "losses": 0}
    return bool(Stage.objects.filter(pk=stage.pk, state__in=(CANCELLED, FAILED)).update(**again))


def _set_budget(run: EvaluationRun, actor: User | None, budget: dict[str, int | None] | None) -> None:
    if budget is None:
        return
    try:
        budgets.change(run=run, actor=actor, tokens=budget["tokens"], micros=budget["micros"])
    except RunProblem as problem:
        raise ChoreProblem(str(problem)) from problem


def _unless_over(move: Callable[..., None], run: EvaluationRun, actor: User | None) -> bool:
    try:
        with transaction.atomic():
            move(run=run, actor=actor)
    except RunProblem:
        return False
    return True
