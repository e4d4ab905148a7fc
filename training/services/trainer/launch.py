"""Training runs as people start, launch, resume, finish, cancel and archive them. Of two at one button one wins."""

from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotations.core.storable import tidy
from annotations.models import LanguageModel, Organisation, PreferenceSet, User
from annotations.models.work import CANCELLED, FAILED, FINISHED, OPEN_STATES, QUEUED, RUNNING, WAITING
from annotations.services import audit, chores, preferences
from annotations.services.chores import ChoreProblem
from training.models import Node, TrainingRun
from training.models.training import CHECK, TRAIN
from training.recipes.run_dir import DPO, SFT
from training.recipes.settings import BadSettings, TrainingSettings, accumulation, plain
from training.services import weights
from training.services.trainer import bases, check

FASTER = "Somebody was faster: this training run is already {state}."
CARDS = "{node} has {has} cards. Choose at most so many, or another node."
BASE_AWAY = "The weights of {base} lie on {at}. Choose that node."
GONE = "{node} is not in use any more. Choose another node."
OTHERS = "These pairs belong to another organisation."
LONGEST_TITLE = 300
AGAIN = (CANCELLED, FAILED)


class TrainingProblem(ValueError):
    """Why a training run was not started or changed, and what to do; `field` is what it is about."""

    def __init__(self, sentence: str, field: str = ""):
        super().__init__(sentence)
        self.field = field


class TrainingChanged(TrainingProblem):
    """Somebody else moved the training run, after the person had looked at it."""


class Wanted(NamedTuple):
    """A training run as somebody wants it. `gpus` is 0 for a CPU; `preset` is the name its settings began with.

    Without a `base` it is the one `typed`: a hub id, or a path on the node.
    """

    kind: str
    base: LanguageModel | None
    preference_set: PreferenceSet
    node: Node
    gpus: int
    settings: TrainingSettings
    preset: str = ""
    title: str = ""
    typed: str = ""


@transaction.atomic
def start(*, organisation: Organisation, wanted: Wanted, actor: User | None) -> TrainingRun:
    """The queued run, which is checked on its node and then waits for its launch. Raises TrainingProblem."""
    _check(organisation, wanted)
    base = wanted.base or _typed(wanted, actor)
    said = {name: getattr(wanted, name) for name in ("kind", "preference_set", "node", "gpus", "preset")}
    run = TrainingRun.objects.create(
        organisation=organisation,
        title=tidy(wanted.title).strip()[:LONGEST_TITLE] or suggested(wanted.kind, base, wanted.preference_set),
        base=base,
        settings=plain(wanted.settings),
        phase=CHECK,
        created_by=actor,
        **said,
    )
    told = {"kind": run.kind, "base": base.slug, "node": run.node.name, "pairs": wanted.preference_set.sha256}
    audit.record(actor=actor, action="start", obj=run, after=told)
    return run


def suggested(kind: str, base: LanguageModel, preference_set: PreferenceSet) -> str:
    """The title a run has unless somebody gives it another."""
    return f"{kind.upper()} of {base} on {preference_set}"[:LONGEST_TITLE]


def _typed(wanted: Wanted, actor: User | None) -> LanguageModel:
    try:
        return bases.named(typed=wanted.typed, node=wanted.node, gpus=wanted.gpus, actor=actor)
    except bases.BadBase as problem:
        raise TrainingProblem(str(problem), "typed") from problem


def _check(organisation: Organisation, wanted: Wanted) -> None:
    base, node = wanted.base, wanted.node
    has, at = node.gpus.count(), base.node if base else ""
    told = [
        ("kind", "" if wanted.kind in (SFT, DPO) else "Choose SFT or DPO."),
        ("preference_set", "" if wanted.preference_set.organisation_id == organisation.pk else OTHERS),
        ("preference_set", preferences.why_not_train(wanted.preference_set)),
        ("base", "This model is archived." if base and base.archived_at else ""),
        ("base", BASE_AWAY.format(base=base, at=at) if base and weights.is_bound(base, node.name) else ""),
        ("node", GONE.format(node=node) if node.archived_at else ""),
        ("gpus", CARDS.format(node=node, has=has or "no") if wanted.gpus > has else ""),
    ]
    for field, sentence in told:
        if sentence:
            raise TrainingProblem(sentence, field)
    try:
        accumulation(wanted.settings, wanted.gpus)
    except BadSettings as problem:
        raise TrainingProblem(problem.problems["global_batch"], "global_batch") from problem


@transaction.atomic
def launch(*, run: TrainingRun, actor: User) -> None:
    """Nothing; the checked run waits for its cards. Raises TrainingProblem while something forbids it."""
    if problems := [*run.checked.get("problems", []), *check.problems_now(run)]:
        raise TrainingProblem(" ".join(dict.fromkeys(problems)))
    ready = TrainingRun.objects.filter(pk=run.pk, state=WAITING, phase=CHECK, archived_at=None)
    steps = run.checked.get("estimate", {}).get("steps", 0)
    _moved(run, ready.update(state=QUEUED, phase=TRAIN, done=0, total=steps, reason="", losses=0))
    audit.record(actor=actor, action="launch", obj=run, before={"phase": CHECK}, after={"phase": TRAIN})


@transaction.atomic
def resume(*, run: TrainingRun, actor: User) -> None:
    """Nothing; a run that failed or was cancelled goes on from its last whole checkpoint. One that never trained is
    checked again, and so is one that waits for its launch. Raises TrainingProblem.
    """
    states = (*AGAIN, WAITING) if run.phase == CHECK else AGAIN
    there = TrainingRun.objects.filter(pk=run.pk, phase=run.phase, state__in=states, archived_at=None)
    again = {"state": QUEUED, "reason": "", "finished_at": None, "finish_asked_at": None, "until": None, "losses": 0}
    checked = {"checked": {}, "done": 0, "total": 0} if run.phase == CHECK else {}
    before = {"state": run.state}
    _moved(run, there.update(**again, **checked))
    audit.record(actor=actor, action="resume", obj=run, before=before, after={"state": QUEUED, "phase": run.phase})


@transaction.atomic
def finish(*, run: TrainingRun, actor: User) -> None:
    """Nothing; the trainer is asked to end early and to write the model as it is. Raises TrainingProblem."""
    if run.finish_asked_at:
        raise TrainingChanged("It is asked to finish already, and ends after the step it is at.")
    trains = TrainingRun.objects.filter(
        pk=run.pk, phase=TRAIN, state=RUNNING, kind__in=(SFT, DPO), finish_asked_at=None
    )
    _moved(run, trains.update(finish_asked_at=timezone.now()))
    audit.record(actor=actor, action="finish", obj=run, after={"step": run.done})


def cancel(*, run: TrainingRun, actor: User) -> None:
    """Nothing; the run is over, and its trainer ends within seconds. Raises TrainingProblem when it is over already."""
    try:
        chores.cancel(row=run, actor=actor)
    except ChoreProblem as over:
        raise TrainingChanged(str(over)) from over


@transaction.atomic
def archive(*, run: TrainingRun, actor: User) -> None:
    """Nothing; the run is in no list any more, and what came of it stays. Raises TrainingProblem while it is open."""
    over = TrainingRun.objects.filter(pk=run.pk, archived_at=None, state__in=(FINISHED, *AGAIN), process={})
    if not over.update(archived_at=timezone.now()):
        run.refresh_from_db(fields=["state", "archived_at"])
        if run.archived_at:
            raise TrainingChanged("Somebody was faster: it is archived.")
        raise TrainingProblem(gettext("It is not over yet. Cancel it first; its trainer needs some seconds to end."))
    audit.record(actor=actor, action="archive", obj=run, after={"archived": True})


def is_open(run: TrainingRun) -> bool:
    """True while the run may be cancelled: at work, or waiting for its launch."""
    return run.state in (*OPEN_STATES, WAITING)


def again(run: TrainingRun) -> dict[str, Any]:
    """What a form begins with that starts a run like this one; settings that are not known any more are left out."""
    kept = {name: getattr(run, name) for name in ("kind", "preset", "gpus")}
    settings: dict[str, Any] = run.settings
    return settings | kept | {"base": run.base_id, "preference_set": run.preference_set_id, "node": run.node_id}


def _moved(run: TrainingRun, moved: int) -> None:
    if not moved:
        run.refresh_from_db(fields=["state"])
        raise TrainingChanged(FASTER.format(state=run.state))
    run.refresh_from_db()
