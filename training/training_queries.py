"""Reads for the pages of training runs: the list with its loops, how far a run is, its samples, where it comes from."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple, cast

from django.db.models import Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.urls import reverse
from django.utils.translation import gettext_noop as _

from annotations import access as people_access
from annotations.core.storable import whole_number
from annotations.models import LanguageModel, User
from annotations.models.work import FINISHED, QUEUED, RUNNING, WAITING, WORK_STATES
from training import access
from training.models import Checkpoint, EvaluationRun, Stage, TrainingLoop, TrainingPoint, TrainingRun
from training.models.training import CHECK, EVAL, LOG, MACHINE, SAMPLES
from training.recipes.run_dir import DPO, KINDS, MERGE, SFT

FILTERS = ("state", "kind", "base", "text")
LOOP = "loop"
KIND_WORDS = {SFT: _("SFT"), DPO: _("DPO"), MERGE: _("Merge"), LOOP: _("Loop")}
PHASES = {
    "check": _("looks at texts and machine"),
    "convert": _("turns the weights into safetensors"),
    "load": _("loads the model"),
    "tokenize": _("turns texts into tokens"),
    "ref_logps": _("works out the log-probabilities of the base"),
    "train": _("trains"),
    "eval": _("looks at the dev set"),
    "save": _("writes the weights"),
}
BATCHES = {"ref_logps": "batches", "tokenize": "pairs", "check": "pairs", "train": "steps"}
RECENT, SAMPLED, PROMPTS = 30, 4, 20
HEAVY = ("log", "record", "checked", "process")
Step = tuple[str, str]


class RunLine(NamedTuple):
    """A training run in the list: its last loss, and the seconds it may still take (computed), None where unknown."""

    run: TrainingRun
    loss: float | None
    seconds_left: float | None


class LoopLine(NamedTuple):
    """A loop in the list, its training runs and evaluations in their order."""

    loop: TrainingLoop
    runs: list[RunLine]
    evaluations: list[EvaluationRun]

    @property
    def state(self) -> str:
        """The loop's state as people see it: between two steps its row waits for a worker, and yet it is at work."""
        return RUNNING if self.loop.state == QUEUED and self.runs else self.loop.state


def listed(user: User, wanted: Mapping[str, str]) -> QuerySet[Any, Any]:
    """What the list shows, the newest first, as (created_at, id of a loop or 0, id of a run or 0), by FILTERS.

    Runs of a loop stand on its line, and on lines of their own where a kind of run is asked for.
    """
    kind = wanted.get("kind", "")
    runs = _filtered(access.trainings(user), wanted)
    if kind in KINDS:
        runs = runs.filter(kind=kind)
    elif kind == LOOP:
        runs = runs.none()
    else:
        runs = runs.filter(Q(loop=None) | Q(loop__archived_at__isnull=False))
    loops = access.loops(user).none() if kind in KINDS else _loops(user, wanted)
    found = _keyed(runs, run=True).union(_keyed(loops, run=False), all=True)
    return found.order_by("-created_at", "-run_key")


def _loops(user: User, wanted: Mapping[str, str]) -> QuerySet[TrainingLoop]:
    """The loops under the filters, their state as `LoopLine` says it."""
    found = _filtered(access.loops(user), {**wanted, "state": ""})
    begun = Q(state=QUEUED) & Exists(TrainingRun.objects.filter(loop=OuterRef("pk")))
    if (state := wanted.get("state", "")) == RUNNING:
        return found.filter(Q(state=RUNNING) | begun)
    if state == QUEUED:
        return found.filter(~begun, state=QUEUED)
    return found.filter(state=state) if state in WORK_STATES else found


def _keyed(rows: QuerySet[Any], *, run: bool) -> QuerySet[Any, Any]:
    none = Value(0, IntegerField())
    keys = {"loop_key": none, "run_key": F("pk")} if run else {"loop_key": F("pk"), "run_key": none}
    found = rows.order_by().annotate(**keys)
    return cast(QuerySet[Any, Any], found.values_list("created_at", "loop_key", "run_key"))


def _filtered(rows: QuerySet[Any], wanted: Mapping[str, str]) -> QuerySet[Any]:
    if (state := wanted.get("state", "")) in WORK_STATES:
        rows = rows.filter(state=state)
    if (base := whole_number(wanted.get("base", ""))) is not None:
        rows = rows.filter(base=base)
    if text := wanted.get("text", "").strip():
        words = ("title", "base__name", "preference_set__title")
        rows = rows.filter(Q(*((f"{word}__icontains", text) for word in words), _connector=Q.OR))
    return rows


def lines(user: User, keys: Iterable[tuple[Any, int, int]]) -> list[RunLine | LoopLine]:
    """The lines of these keys; four queries, however many."""
    keys = list(keys)
    loops = access.loops(user).in_bulk([loop for _, loop, _ in keys if loop])
    asked = Q(pk__in=[run for _, _, run in keys if run]) | Q(loop__in=list(loops))
    rows = [_line(run) for run in with_latest(access.trainings(user)).filter(asked).defer(*HEAVY).order_by("pk")]
    alone = {line.run.pk: line for line in rows}
    ends = [pk for loop in loops.values() for pk in (loop.base_run_id, loop.trained_run_id) if pk]
    evaluated = EvaluationRun.objects.select_related("candidate__model").in_bulk(ends) if ends else {}
    return [_loop_line(loops[loop], rows, evaluated) if loop else alone[run] for _, loop, run in keys]


def _loop_line(loop: TrainingLoop, rows: Sequence[RunLine], evaluated: Mapping[int, EvaluationRun]) -> LoopLine:
    ends = [evaluated[pk] for pk in (loop.base_run_id, loop.trained_run_id) if pk is not None and pk in evaluated]
    return LoopLine(loop, [line for line in rows if line.run.loop_id == loop.pk], ends)


def with_latest(runs: QuerySet[TrainingRun]) -> QuerySet[TrainingRun]:
    """The runs with `last_step` and `last_log` of the last step whose figures are there, and `last_eval`."""
    logged, seen = (_newest(kind) for kind in (LOG, EVAL))
    return runs.annotate(
        last_step=Subquery(logged.values("step")[:1]),
        last_log=Subquery(logged.values("values")[:1]),
        last_eval=Subquery(seen.values("values")[:1]),
    )


def _newest(kind: str) -> QuerySet[TrainingPoint]:
    return TrainingPoint.objects.filter(run=OuterRef("pk"), kind=kind, name="").order_by("-step")


def _line(run: TrainingRun) -> RunLine:
    said: dict[str, Any] = getattr(run, "last_log", None) or {}
    seconds = said.get("step_seconds")
    left = seconds * (run.total - run.done) if seconds and _goes_on(run) and run.total >= run.done else None
    return RunLine(run, said.get("loss"), left)


def _goes_on(run: TrainingRun) -> bool:
    """True while the run is on its way through all its steps: one that was asked to finish ends after this one."""
    return run.state == RUNNING and run.finish_asked_at is None


def choices(user: User) -> dict[str, Any]:
    """What the list may be filtered by: states, kinds, and the base models of the runs and loops one may read."""
    bases = [found.order_by().values("base") for found in (access.trainings(user), access.loops(user))]
    models = LanguageModel.objects.filter(Q(pk__in=bases[0]) | Q(pk__in=bases[1]))
    return {
        "states": WORK_STATES,
        "kinds": KIND_WORDS.items(),
        "bases": models.order_by("name", "pk").values_list("pk", "name"),
    }


class Far(NamedTuple):
    """How far a run is. `words` say what it does now, with `done` of `total` where that is counted.

    `step_seconds` and `tokens_per_second` are medians of its last `n` logged steps, looks at the dev set left out, and
    `seconds_left` is computed from them; None where nobody knows. `last_step` has figures; `loss` is of it.
    """

    words: str
    done: int
    total: int
    units: str
    n: int
    step_seconds: float | None
    tokens_per_second: float | None
    seconds_left: float | None
    last_step: int
    loss: float | None
    dev_step: int
    dev: dict[str, Any]
    cards: list[int]


def far(run: TrainingRun) -> Far:
    """How far the run is; three queries."""
    recent = list(run.points.filter(kind=LOG, name="").order_by("-step").values_list("step", "values")[:RECENT])
    looked = run.points.filter(kind=EVAL, name="").order_by("-step").values_list("step", "values").first()
    machine = run.points.filter(kind=MACHINE).order_by("-step").values_list("step", "values").first()
    phase = run.figures.get("phase") or {}
    name = CHECK if run.phase == CHECK else phase.get("name") or "train"
    at = (run.done, run.total) if name in (CHECK, "train") else (phase.get("done") or 0, phase.get("total") or 0)
    step_seconds = _median(recent, "step_seconds")
    rest = run.total - run.done
    going = _goes_on(run) and run.phase != CHECK and step_seconds is not None and rest >= 0
    return Far(
        *(PHASES.get(name, name) if run.state == RUNNING else "", *at, BATCHES.get(name, "")),
        n=len(recent),
        step_seconds=step_seconds,
        tokens_per_second=_median(recent, "tokens_per_second"),
        seconds_left=step_seconds * rest if going and step_seconds is not None else None,
        last_step=max(recent[0][0] if recent else 0, looked[0] if looked else 0, machine[0] if machine else 0),
        loss=recent[0][1].get("loss") if recent else None,
        dev_step=looked[0] if looked else 0,
        dev=looked[1] if looked else {},
        cards=[
            int(card.get("number", at)) for at, card in enumerate((machine[1].get("gpus") or []) if machine else [])
        ],
    )


def _median(recent: Iterable[tuple[int, dict[str, Any]]], name: str) -> float | None:
    known = [float(values[name]) for _, values in recent if isinstance(values.get(name), int | float)]
    return median(known) if known else None


def standing(run: TrainingRun) -> str:
    """Why the run does not go on, or what it waits for, in words; "" where its state says enough."""
    if run.state == WAITING and run.checked.get("problems") and not run.reason:
        return "It was looked at and cannot be started as it is: the check below says what to change."
    if run.state == WAITING:
        return run.reason or "It was looked at and waits for an admin to start it."
    if run.state == FINISHED and run.finish_asked_at and run.done < run.total:
        return f"It was asked to finish early and kept its model after step {run.done:,} of {run.total:,}."
    if run.state == QUEUED and run.phase != CHECK and not run.reason:
        return f"It waits for the worker of {run.node}, which does one thing after the other."
    return run.reason


class Samples(NamedTuple):
    """What the model said to fixed prompts: steps, the newest first, and for each prompt (step, text) at each of them.

    `older` is the step to go on from for older ones, 0 without; `skipped` says why there are none.
    """

    steps: list[int]
    rows: list[tuple[str, str, list[tuple[int, str | None]]]]
    older: int
    skipped: str


def samples(run: TrainingRun, before: int | None = None) -> Samples | None:
    """The newest samples, or those before a step; None without any. One query."""
    found = run.points.filter(kind=SAMPLES).order_by("-step").values_list("step", "values")
    there = list(found.filter(step__lt=before)[: SAMPLED + 1] if before is not None else found[: SAMPLED + 1])
    if not there:
        return None
    shown = there[:SAMPLED]
    asked: dict[tuple[str, str], list[str | None]] = {}
    for at, (_step, values) in enumerate(shown):
        for row in (values.get("rows") or [])[:PROMPTS]:
            key = (str(row.get("system", "")), str(row.get("user", "")))
            asked.setdefault(key, [None] * len(shown))[at] = str(row.get("text", ""))
    older = shown[-1][0] if len(there) > SAMPLED else 0
    steps = [step for step, _ in shown]
    rows = [(system, user, list(zip(steps, texts, strict=True))) for (system, user), texts in asked.items()]
    return Samples(steps, rows, older, str(shown[0][1].get("skipped", "")))


def checkpoint(run: TrainingRun) -> Checkpoint | None:
    """What came of the run, None before it is finished."""
    return Checkpoint.objects.filter(run=run).only("pk").first() if run.state == FINISHED else None


def lineage(run: TrainingRun) -> list[Step]:
    """Evaluations ← the checkpoints ← the run ← its loop ← set ← recipe ← base; four queries."""
    made = list(Checkpoint.objects.filter(run=run).select_related("model").order_by("-step"))
    runs = EvaluationRun.objects.filter(candidate__model__in=[one.model_id for one in made]).order_by("-pk")
    evaluated = list(runs.values_list("pk", flat=True)[:3]) if made else []
    steps = [(f"Evaluation run {pk}", reverse("training:run-detail", args=[pk])) for pk in evaluated]
    steps += [(one.model.name, reverse("training:checkpoint-detail", args=[one.pk])) for one in made]
    steps.append((f"Training run {run.pk}", ""))
    if run.loop:
        steps.append((run.loop.title, reverse("training:loop-detail", args=[run.loop.pk])))
    return steps + _of_set(run) + _bases(run)


def _of_set(run: TrainingRun) -> list[Step]:
    if run.preference_set is None:
        return []
    stage = Stage.objects.filter(preference_set=run.preference_set).select_related("recipe").first()
    address = reverse("annotations:preference-detail", args=[run.preference_set.pk])
    recipe = [(stage.recipe.title, reverse("training:recipe-detail", args=[stage.recipe_id]))] if stage else []
    return [(run.preference_set.title, address), *recipe]


def _bases(run: TrainingRun) -> list[Step]:
    found = [one for one in (run.base, run.other) if one is not None]
    return [(one.name, reverse("training:model-detail", args=[one.pk])) for one in found]


def missing(user: User) -> dict[str, bool]:
    """What a first training run needs and is not there: a preference set, a node that can train."""
    sets = people_access.preference_sets(user).filter(state=FINISHED)
    return {"needs_set": not sets.exists(), "needs_node": not access.nodes().filter(problem="").exists()}
