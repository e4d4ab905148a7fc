"""Training runs: the list, starting one, one while it trains, its figures and its log, stop and go."""

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet

from annotations.access import WORKERS, one_or_404
from annotations.api.endpoint import Endpoint, changes, creates, lists, reads, route
from annotations.api.filters import choice, number, text
from annotations.api.problems import Problem
from annotations.models.people import ADMIN
from annotations.models.work import WORK_STATES
from annotations.tasks import hint
from training import access, training_facts
from training import training_queries as queries
from training.api.training_shapes import (
    NewTraining,
    Training,
    TrainingEstimate,
    TrainingLog,
    TrainingPointShown,
    WholeTraining,
    told,
)
from training.api.typed import refuse, typed
from training.forms.training import TrainingForm, first_choices
from training.models import TrainingPoint, TrainingRun
from training.models.training import POINT_KINDS
from training.recipes import run_dir
from training.services.trainer import launch
from training.services.trainer.launch import TrainingChanged, TrainingProblem

ADMINS = frozenset({ADMIN})
OF_SET = tuple(f"preference_set__{name}" for name in ("about", "figures", "problems", "manifest", "leaks"))
UNTOLD = (*queries.HEAVY, *OF_SET, "settings", "figures")
"""What no line of the list tells."""


class Trainings(Endpoint):
    """The training runs."""

    resource, roles = "training", WORKERS

    @lists(
        Training,
        choice("state", "Training runs in this state.", WORK_STATES, lookup="state"),
        choice("kind", "Training runs of this kind.", run_dir.KINDS, lookup="kind"),
        number("base", "Training runs that began from the model of this id.", lookup="base"),
        number("preference_set", "Training runs on the preference set of this id.", lookup="preference_set"),
        number("loop", "Training runs of the loop of this id.", lookup="loop"),
        text("text", "Training runs with these words in their title, base or set."),
    )
    def get(self) -> QuerySet[TrainingRun]:
        """The training runs you may read, newest first; archived ones are left out."""
        found = queries.with_latest(access.trainings(self.user)).defer(*UNTOLD)
        if words := self.asked["text"]:
            fields = ("title", "base__name", "preference_set__title")
            return found.filter(Q(*((f"{name}__icontains", words) for name in fields), _connector=Q.OR))
        return found

    @creates(NewTraining, WholeTraining, roles=ADMINS)
    def post(self) -> TrainingRun:
        """A training run, which is checked on its node and then waits for its launch."""
        form = _form(self)
        run = form.start(self.user)
        if run is None:
            raise _refused(form)
        hint(run)
        return _whole(self, run.pk)


class TrainingsEstimate(Endpoint):
    """What a training run would take."""

    resource, roles = "training", ADMINS

    @changes(NewTraining, TrainingEstimate)
    def post(self) -> dict[str, Any]:
        """What the same request to `trainings/` would take. Nothing is started."""
        form = _form(self)
        found = form.estimate()
        if found is None:
            raise _refused(form)
        return told(found)


def _form(endpoint: Endpoint) -> TrainingForm:
    """The page's form, valid. Raises Problem (422)."""
    said = dict(endpoint.said)
    kind, settings = said["kind"], said.pop("settings", {})
    form = TrainingForm(endpoint.user, kind, typed(first_choices(kind, said["preset"], {}) | settings | said))
    if unknown := sorted(set(settings) - set(form.told)):
        sentences = {f"settings.{name}"[:100]: ["There is no such setting."] for name in unknown[:20]}
        raise Problem(422, "Some fields have to be changed.", errors=sentences)
    if not form.is_valid():
        raise _refused(form)
    return form


def _refused(form: TrainingForm) -> Problem:
    return refuse(form, {name: f"settings.{name}" for name in form.told})


def _whole(endpoint: Endpoint, pk: int) -> TrainingRun:
    """The run with all that its shape reads."""
    run: Any = one_or_404(queries.with_latest(access.trainings(endpoint.user)), pk=pk)
    checkpoint, started = queries.checkpoint(run), training_facts.started(run)
    run.far, run.why, run.checkpoint = queries.far(run), queries.standing(run), checkpoint and checkpoint.pk
    run.laws = [law._asdict() | {"parts": dict(law.parts)} for law in training_facts.laws(run)]
    run.dev_pairs, run.command = training_facts.dev_pairs(run), started.command
    run.facts, run.digests = dict(started.facts), dict(started.digests)
    run.problems, run.warnings = (list(run.checked.get(name, [])) for name in ("problems", "warnings"))
    return run  # type: ignore[no-any-return]


class _OneTraining(Endpoint):
    """One training run, and what admins do with it."""

    resource, roles = "training", WORKERS
    refusals, conflicts = (TrainingProblem,), (TrainingChanged,)
    words = {"pk": "Id of the training run."}

    def moved(self, pk: int, move: Callable[..., None]) -> TrainingRun:
        """The run after an admin moved it; its worker is told where it goes on."""
        run = access.training_for_operator(self.user, pk)
        move(run=run, actor=self.user)
        if run.is_open:
            hint(run)
        return _whole(self, pk)


class OneTraining(_OneTraining):
    """One training run."""

    @reads(WholeTraining)
    def get(self, pk: int) -> TrainingRun:
        """How far the run is, its figures, what it was made of, and what came of it."""
        return _whole(self, pk)


class TrainingsMetrics(_OneTraining):
    """What a trainer wrote as it went."""

    @lists(
        TrainingPointShown,
        choice("kind", "Points of this kind.", POINT_KINDS, lookup="kind"),
        number("after", "Points of later steps than this one.", low=0, high=2**31 - 1, lookup="step__gt"),
        order=("step", "pk"),
    )
    def get(self, pk: int) -> QuerySet[TrainingPoint]:
        """All points of the run in the order of their steps: figures, dev set, samples, machine, phases."""
        points: QuerySet[TrainingPoint] = access.training_for_reader(self.user, pk).points.all()
        return points


class TrainingsLog(_OneTraining):
    """The log of a trainer."""

    @reads(TrainingLog)
    def get(self, pk: int) -> dict[str, Any]:
        """The end of the trainer's log."""
        run = access.training_for_reader(self.user, pk)
        return {"lines": training_facts.log_tail(run), "node": run.node.name}


class TrainingsLaunch(_OneTraining):
    """Launching a training run."""

    @changes(None, WholeTraining)
    def post(self, pk: int) -> TrainingRun:
        """Launch a run that was checked; it begins as soon as its cards are free."""
        return self.moved(pk, launch.launch)


class TrainingsFinish(_OneTraining):
    """Ending a training run early."""

    @changes(None, WholeTraining)
    def post(self, pk: int) -> TrainingRun:
        """The run ends after the step it is at and keeps the model as it is by then."""
        return self.moved(pk, launch.finish)


class TrainingsCancel(_OneTraining):
    """Stopping a training run."""

    @changes(None, WholeTraining)
    def post(self, pk: int) -> TrainingRun:
        """The run stops; its checkpoints stay, and it can be resumed."""
        return self.moved(pk, launch.cancel)


class TrainingsResume(_OneTraining):
    """Going on with a training run."""

    @changes(None, WholeTraining)
    def post(self, pk: int) -> TrainingRun:
        """A run that failed or was cancelled goes on; one that never trained is checked again."""
        return self.moved(pk, launch.resume)


class TrainingsArchive(_OneTraining):
    """Archiving a training run."""

    @changes(None, None)
    def post(self, pk: int) -> None:
        """The run is in no list any more; what came of it stays."""
        run = access.training_for_operator(self.user, pk)
        launch.archive(run=run, actor=self.user)


ROUTES = [
    route("trainings/", Trainings, "trainings-list"),
    route("trainings/estimate/", TrainingsEstimate, "trainings-estimate"),
    route("trainings/<int:pk>/", OneTraining, "trainings-detail"),
    route("trainings/<int:pk>/metrics/", TrainingsMetrics, "trainings-metrics"),
    route("trainings/<int:pk>/log/", TrainingsLog, "trainings-log"),
    route("trainings/<int:pk>/launch/", TrainingsLaunch, "trainings-launch"),
    route("trainings/<int:pk>/finish/", TrainingsFinish, "trainings-finish"),
    route("trainings/<int:pk>/cancel/", TrainingsCancel, "trainings-cancel"),
    route("trainings/<int:pk>/resume/", TrainingsResume, "trainings-resume"),
    route("trainings/<int:pk>/archive/", TrainingsArchive, "trainings-archive"),
]
