"""Evaluation runs: the list, starting some, one with its progress, stop and go."""

from functools import partial
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from annotations.access import AUTHORS, WORKERS
from annotations.api.endpoint import Endpoint, changes, creates, lists, reads, route
from annotations.api.filters import choice, number
from annotations.api.problems import malformed
from annotations.models.people import ADMIN
from training import access, queries, strategies
from training.api.run_shapes import (
    NewRuns,
    Run,
    RunBudget,
    RunDetail,
    RunEstimate,
    RunProgress,
    StartedRuns,
    with_tallies,
)
from training.api.typed import by_strategy, refuse, refuse_unknown, typed
from training.forms.run_judges import BudgetForm
from training.forms.runs import RunForm
from training.models import EvaluationRun, RunItem
from training.models.runs import RUN_STATES
from training.services import budgets, runs, serving
from training.tasks import hint

STARTERS = AUTHORS | {ADMIN}
NAMES = {"model": "models", "seed": "seeds", "judge_model": "judge_models", "anew": "use_cache"}
"""What the form calls otherwise."""
NEEDS_CONFIG = "A version has its number within its config: name the config too."
CONFIG = number("config", "Runs that answered under the config of this id.")
VERSION = number("version", "Runs that answered under this version of the config.")
BENCHMARK = number("benchmark", "Runs on the benchmark of this id.", lookup="benchmark")
MODEL = number("model", "Runs in which the model of this id answers.", lookup="candidate__model")
STRATEGY = choice(
    "strategy", "Runs that answered in this way.", tuple(strategies.names()), lookup="candidate__strategy"
)
STATE = choice("state", "Runs in this state.", RUN_STATES, lookup="state")


class Runs(Endpoint):
    """The evaluation runs."""

    resource, roles = "runs", WORKERS

    @lists(Run, CONFIG, VERSION, BENCHMARK, MODEL, STRATEGY, STATE)
    def get(self) -> QuerySet[EvaluationRun]:
        """The runs you may read, newest first."""
        mine, config, version = access.runs(self.user), self.asked["config"], self.asked["version"]
        if config is None:
            if version is not None:
                raise malformed(NEEDS_CONFIG, "config")
            return mine
        items = RunItem.objects.filter(run=OuterRef("pk"), version__config=config)
        return mine.filter(Exists(items if version is None else items.filter(version__number=version)))

    @creates(NewRuns, StartedRuns, roles=STARTERS)
    def post(self) -> dict[str, Any]:
        """A run for each model with each seed, all of them or none; workers begin at once."""
        form = _form(self)
        started = form.start()
        if not started:
            raise refuse(form, NAMES)
        for run in started:
            hint(run.pk)
        made = {run.pk: run for run in access.runs(self.user).filter(pk__in=[run.pk for run in started])}
        return {"runs": [made[run.pk] for run in started]}


class RunsEstimate(Endpoint):
    """What runs would take."""

    resource, roles = "runs", STARTERS

    @changes(NewRuns, RunEstimate)
    def post(self) -> Any:
        """What the same request to `runs/` would take. Nothing is started."""
        form = _form(self)
        estimate = form.estimate()
        if estimate is None:
            raise refuse(form, NAMES)
        told = {name: getattr(estimate, name) for name in RunEstimate().fields.keys() - {"parts"}}
        return told | {"parts": [_part(part) for part in estimate.parts]}


def _part(part: Any) -> dict[str, Any]:
    named = {name: getattr(part, name) for name in ("what", "model", "calls", "calls_most", "tokens")}
    most = part.read_most + part.written_most
    return named | {
        "basis": part.source,
        "tokens_most": most,
        "dollars": part.dollars(),
        "dollars_most": part.dollars(most=True),
    }


def _form(endpoint: Endpoint) -> RunForm:
    """The page's form, valid. Raises Problem (422)."""
    said = dict(endpoint.said)
    settings = by_strategy(said["strategy"], said.pop("settings", {}))
    told = {"model": said.pop("models"), "judge_model": said.pop("judge_models", []), "anew": not said.pop("use_cache")}
    seeds = ", ".join(map(str, said.pop("seeds")))
    form = RunForm(endpoint.user, typed(said | settings | told | {"seed": seeds}))
    refuse_unknown(form, settings, "settings")
    if not form.is_valid():
        raise refuse(form, NAMES)
    return form


class _RunEndpoint(Endpoint):
    """One evaluation run, and what people do with it."""

    resource, roles = "runs", WORKERS
    refusals, conflicts = (runs.RunProblem,), (runs.RunChanged,)
    words = {"pk": "Id of the run."}

    def moved(self, pk: int, move: Any) -> EvaluationRun:
        """The run after somebody who may operate it moved it."""
        run = access.run_for_operator(self.user, pk)
        move(run=run, actor=self.user)
        return _shown(self, pk)


def _shown(endpoint: Endpoint, pk: int) -> EvaluationRun:
    return with_tallies([access.run_for_reader(endpoint.user, pk)])[0]


class OneRun(_RunEndpoint):
    """One evaluation run."""

    @reads(RunDetail)
    def get(self, pk: int) -> EvaluationRun:
        """One run with its judges and the counts of its items."""
        return _shown(self, pk)


class RunsProgress(_RunEndpoint):
    """How far a run is."""

    @reads(RunProgress)
    def get(self, pk: int) -> dict[str, Any]:
        """How far the run is, to be asked for every few seconds: total = done + failed + queued."""
        run = access.run_for_reader(self.user, pk)
        far = queries.progress(run)
        alone = serving.missing_node(run) if run.is_open and not far.workers else ""
        told: dict[str, Any] = {"state": run.state, "reason": run.reason, "alone": alone, "troubles": ()}
        if far.failed:
            told["troubles"] = [error._asdict() for error in queries.errors(run)]
        return far._asdict() | told


class RunsCancel(_RunEndpoint):
    """Stopping a run."""

    @changes(None, RunDetail)
    def post(self, pk: int) -> EvaluationRun:
        """No new call starts from now on; what is in flight is still kept. It can be resumed."""
        return self.moved(pk, runs.cancel)


class RunsResume(_RunEndpoint):
    """Going on with a run."""

    @changes(None, RunDetail)
    def post(self, pk: int) -> EvaluationRun:
        """A stopped run goes on; a finished one tries its failed items again."""
        run = access.run_for_operator(self.user, pk)
        moved = self.moved(pk, runs.resume if run.can_resume else runs.retry_failed)
        hint(pk)
        return moved


class RunsBudget(_RunEndpoint):
    """The budget of a stopped run."""

    @changes(RunBudget, RunDetail)
    def post(self, pk: int) -> EvaluationRun:
        """A stopped run may spend so much in all; resuming it is another step. What is left out has no limit."""
        access.run_for_operator(self.user, pk)
        form = BudgetForm(typed(self.said))
        if not form.is_valid():
            raise refuse(form)
        budget: Any = form.budget()
        return self.moved(pk, partial(budgets.change, **budget))


ROUTES = [
    route("runs/", Runs, "runs-list"),
    route("runs/estimate/", RunsEstimate, "runs-estimate"),
    route("runs/<int:pk>/", OneRun, "runs-detail"),
    route("runs/<int:pk>/progress/", RunsProgress, "runs-progress"),
    route("runs/<int:pk>/cancel/", RunsCancel, "runs-cancel"),
    route("runs/<int:pk>/resume/", RunsResume, "runs-resume"),
    route("runs/<int:pk>/budget/", RunsBudget, "runs-budget"),
]
