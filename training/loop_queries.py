"""Reads of loops for their pages: each step with how far it is, and at the end both figures and their difference."""

from collections.abc import Mapping
from typing import NamedTuple

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from annotations.models import LanguageModel
from annotations.models.work import QUEUED, RUNNING
from training import compare_queries, engines, queries
from training.compare_charts import Score, Section, address, section
from training.models import Checkpoint, EvaluationRun, RunItem, TrainingLoop, TrainingRun
from training.models.runs import CANCELLED as RUN_CANCELLED
from training.models.runs import FINISHED as RUN_FINISHED
from training.models.runs import ITEM_DONE, ITEM_FAILED, PAUSED
from training.models.training import CHECK
from training.recipes.run_dir import MERGE
from training.recipes.settings import about
from training.services.trainer.loop_steps import WORDS, kinds, same_form

BASE, TRAINED = EVALUATIONS = ("base", "trained")
WORDS_OF = {**WORDS, BASE: _("Evaluate the base"), TRAINED: _("Evaluate the trained model")}
ABOUT = {
    "sft": _("The chosen responses are learned, so that preferences have something to start from."),
    "dpo": _("The chosen responses are preferred to the rejected ones, from where the step before ended."),
    MERGE: _("The base's weights, unchanged, saved and converted in the way the trained model's were."),
    BASE: _("Every prompt of the benchmark, read by the judges."),
    TRAINED: _("The same prompts, versions, floor, judges, sampling and budget."),
}
STOPPED = "{word} Resume goes on."


class Step(NamedTuple):
    """One step of a loop. `state` is "" for one that is still to come; `why` says why it does not go on.

    `done`, `failed` and `total` count `noun`; seconds are None before it has begun. `model` came of it.
    """

    kind: str
    words: str
    about: str
    state: str = ""
    why: str = ""
    done: int = 0
    failed: int = 0
    total: int = 0
    noun: str = "steps"
    seconds: float | None = None
    url: str = ""
    model: LanguageModel | None = None

    @property
    def is_open(self) -> bool:
        """True while it is at work or waits for a worker."""
        return self.state in (QUEUED, RUNNING)


class Line(NamedTuple):
    """Where a loop stands: its word and reason, its steps, and the evaluation runs it has, by what they evaluate.

    `limited` is a stopped evaluation that has a budget.
    """

    word: str
    why: str
    steps: list[Step]
    pair: dict[str, EvaluationRun]
    is_open: bool
    can_resume: bool
    limited: EvaluationRun | None

    @property
    def known(self) -> str:
        """What the page shows of the states, in short: it changes when they do."""
        return "-".join([self.word, *(f"{step.kind}{step.state[:2]}" for step in self.steps)])


class Result(NamedTuple):
    """Both figures of a loop and their difference; `note` says what else than training the difference holds, or ""."""

    base: EvaluationRun
    trained: EvaluationRun
    before: Score | None
    now: Score | None
    section: Section
    plumbing: bool
    note: str
    url: str


def line(loop: TrainingLoop) -> Line:
    """Where the loop stands; five queries, whatever its size."""
    trainings = {run.kind: run for run in loop.runs.defer("log", "record", "checked")}
    pair = evaluations(loop)
    steps = [*_training_steps(loop, trainings), *_evaluation_steps(loop, pair)]
    stopped = [run for run in pair.values() if run.state in (PAUSED, RUN_CANCELLED)]
    word, why = _standing(loop, steps, stopped)
    limited = next((run for run in stopped if run.budget_tokens), None)
    can_resume = bool(loop.is_open and stopped) or loop.state in ("failed", "cancelled")
    return Line(word, why, steps, pair, loop.is_open, can_resume, limited)


def evaluations(loop: TrainingLoop) -> dict[str, EvaluationRun]:
    """The evaluation runs that the loop has, by what they evaluate, with all that a comparison reads of them."""
    asked = {loop.base_run_id: BASE, loop.trained_run_id: TRAINED}
    related = ("benchmark", "candidate__model__checkpoint", "version__config", "floor", "release")
    heavy = ("figures", "release__data", "release__manifest", "release__card", "release__note", "floor__text")
    found = EvaluationRun.objects.filter(pk__in=[pk for pk in asked if pk]).select_related(*related).defer(*heavy)
    return {asked[run.pk]: run for run in compare_queries.with_facts(found)}


def _training_steps(loop: TrainingLoop, runs: Mapping[str, TrainingRun]) -> list[Step]:
    checkpoints = Checkpoint.objects.filter(run__in=[run.pk for run in runs.values()]).select_related("model")
    models = {one.run_id: one.model for one in checkpoints.order_by("pk")}
    shown = [*kinds(loop), *([MERGE] if MERGE in runs else [])]
    return [_training_step(kind, runs.get(kind), models) for kind in shown]


def _training_step(kind: str, run: TrainingRun | None, models: Mapping[int, LanguageModel]) -> Step:
    step = Step(kind, WORDS_OF[kind], ABOUT[kind])
    if run is None:
        return step
    why = run.reason or ("Texts and machine are looked at." if run.phase == CHECK and run.is_open else "")
    return step._replace(
        state=run.state,
        why=why,
        done=run.done,
        total=run.total if run.phase != CHECK and kind != MERGE else 0,
        seconds=_seconds(run),
        url=reverse("training:training-detail", args=[run.pk]),
        model=models.get(run.pk),
    )


def _evaluation_steps(loop: TrainingLoop, pair: Mapping[str, EvaluationRun]) -> list[Step]:
    rows = RunItem.objects.filter(run__in=[run.pk for run in pair.values()]).order_by().values_list("run", "state")
    counts = {(run, state): n for run, state, n in rows.annotate(Count("pk"))} if pair else {}
    return [_evaluation_step(kind, pair.get(kind), counts) for kind in EVALUATIONS]


def _evaluation_step(kind: str, run: EvaluationRun | None, counts: Mapping[tuple[int, str], int]) -> Step:
    step = Step(kind, WORDS_OF[kind], ABOUT[kind], noun="items")
    if run is None:
        return step
    return step._replace(
        state=run.state,
        why=run.reason,
        done=counts.get((run.pk, ITEM_DONE), 0),
        failed=counts.get((run.pk, ITEM_FAILED), 0),
        total=sum(n for (pk, _), n in counts.items() if pk == run.pk),
        seconds=_seconds(run),
        url=reverse("training:run-detail", args=[run.pk]),
        model=run.candidate.model,
    )


def _seconds(run: TrainingRun | EvaluationRun | TrainingLoop) -> float:
    """From when it was asked for to its end, or until now."""
    return max(0.0, ((run.finished_at or timezone.now()) - run.created_at).total_seconds())


def _standing(loop: TrainingLoop, steps: list[Step], stopped: list[EvaluationRun]) -> tuple[str, str]:
    if not loop.is_open:
        return loop.state, loop.reason
    if any(step.state in (QUEUED, RUNNING) for step in steps):
        return RUNNING, ""
    if stopped:
        return "paused", STOPPED.format(word=stopped[0].reason or "An evaluation was stopped.")
    return loop.state, ""


def result(pair: Mapping[str, EvaluationRun]) -> Result | None:
    """What came of these two evaluations of a loop; None before both are finished. Worked out once and then kept."""
    if any(pair.get(name) is None or pair[name].state != RUN_FINISHED for name in EVALUATIONS):
        return None
    base, trained = pair[BASE], pair[TRAINED]
    scores, seen = queries.scores_of([base, trained]), compare_queries.tallies([base, trained])
    found = compare_queries.compared(base, [trained], seen)[trained.pk]
    shown = section(base, trained, found, scores, compare_queries.names([found]))
    return Result(
        base=base,
        trained=trained,
        before=shown.whole.before,
        now=shown.whole.now,
        section=shown,
        plumbing=compare_queries.side(base).plumbing or compare_queries.side(trained).plumbing,
        note=form_note(base.candidate.model, trained.candidate.model),
        url=address([base.pk, trained.pk]),
    )


def form_note(base: LanguageModel, trained: LanguageModel) -> str:
    """What else than the training the difference holds, in words; "" where both were served in the same form."""
    if same_form(base, trained):
        return ""
    return (
        f"The base answered through {engines.label(base.engine)} and the trained model through "
        f"{engines.label(trained.engine)}, from weights kept in other ways: the difference holds that too, and not the "
        "training alone."
    )


class Told(NamedTuple):
    """A part of what a loop was launched with."""

    title: str
    facts: list[tuple[str, str]]


def told(loop: TrainingLoop) -> list[Told]:
    """What the loop was launched with; two queries."""
    terms, judges = loop.settings["evaluation"], loop.judges.select_related("model").order_by("pk")
    cards = f"{loop.gpus} card{'' if loop.gpus == 1 else 's'}" if loop.gpus else "without a card"
    limits = [
        ("Prompts of each kind", terms.get("per_kind")),
        ("At most tokens, each run", terms.get("budget_tokens")),
    ]
    evaluation = [
        (_("Benchmark"), loop.benchmark.title),
        (_("Prompts"), loop.release.name if loop.release else "as they are when the training is over"),
        (_("Judges"), ", ".join(map(str, judges))),
        (_("Judge models asked"), f"{terms['samples']} ×"),
        (_("Sampling"), f"temperature {terms['temperature']:g}, seed {terms['seed']}, {terms['max_tokens']:,} tokens"),
        *((label, f"{value:,}") for label, value in limits if value is not None),
    ]
    where = [("Base", str(loop.base)), (_("Pairs"), loop.preference_set.title), (_("Node"), f"{loop.node}, {cards}")]
    stages = [Told(WORDS[kind], _settings(loop, kind)) for kind in kinds(loop)]
    return [Told("Training", where), *stages, Told(_("Evaluation"), evaluation)]


def _settings(loop: TrainingLoop, kind: str) -> list[tuple[str, str]]:
    """The settings of a stage, those of the other stage alone left out."""
    values = loop.settings[kind]
    return [
        (one.label, _said(values[name])) for name, one in about().items() if name in values and one.only in ("", kind)
    ]


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def lineage(loop: TrainingLoop) -> list[tuple[str, str]]:
    """The loop ← its preference set and its base."""
    return [
        (loop.title, ""),
        (loop.preference_set.title, reverse("annotations:preference-detail", args=[loop.preference_set_id])),
        (str(loop.base), reverse("training:model-detail", args=[loop.base_id])),
    ]
