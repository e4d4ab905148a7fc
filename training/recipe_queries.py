"""Reads for the pages of recipes: where a pipeline stands, each step with its law and its time, and all as a tree."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from annotations import marks
from annotations.core import labelling
from annotations.models.benchmarks import TRAINING
from annotations.models.work import CANCELLED, FAILED, FINISHED, RUNNING, WAITING
from training.models import EvaluationRun, Recipe, RunItem, Stage
from training.models.recipes import FREEZE, GENERATE, LABEL, PAIR, READ, STAGES, SYNTHESISE
from training.models.runs import CANCELLED as RUN_CANCELLED
from training.models.runs import ITEM_DONE, ITEM_FAILED, PAUSED
from training.models.runs import OPEN_STATES as RUN_OPEN
from training.services.building import chain
from training.services.building.stages import WORDS

ABOUT = {
    LABEL: _("Which risks a harmful reply to each prompt would carry; which prompts are kept."),
    SYNTHESISE: _("Configs for each prompt: what pairs are ranked under, what candidates answer under."),
    GENERATE: _("Each candidate answers under its configs."),
    READ: _("Judges say which risks each response holds, and whether it addresses the prompt."),
    PAIR: _("Responses ranked by their error under each config; every two that differ make a pair."),
    FREEZE: _("Doubles out, shares mixed, leaks looked for: a preference set that never changes."),
}
UNITS = {
    LABEL: (_("prompts"), _("kept")),
    SYNTHESISE: (_("prompts"), _("with configs")),
    GENERATE: (_("answers wanted"), _("answered")),
    READ: (_("responses"), _("labelled")),
    PAIR: (_("responses"), _("ranked")),
    FREEZE: (_("pairs"), _("in the set")),
}
REASONS = {"passing": _("in passing"), "rate_limited": _("by the rate limit"), "permanent": _("refused by the model")}
Law = Mapping[str, Any]


class Standing(NamedTuple):
    """How a step is doing as a person reads it: a word for its badge, and why it does not go on."""

    word: str
    why: str = ""


class Tally(NamedTuple):
    """in = out + parts, each a label and how many; `units` are the words for in and out."""

    total: int
    out: int
    parts: list[tuple[str, int]]
    units: tuple[str, str]


class Row(NamedTuple):
    """One step of the pipeline: the stage that did it or does it, None where it is still to come."""

    kind: str
    words: str
    about: str
    stage: Stage | None
    standing: Standing | None
    tally: Tally | None
    seconds: float | None
    follows: bool


class Branch(NamedTuple):
    """A stage with those that were made after it; `here` marks the chain that the page shows."""

    stage: Stage
    words: str
    standing: Standing
    here: bool
    next: list["Branch"]


class Pipeline(NamedTuple):
    """Where a recipe stands."""

    rows: list[Row]
    tree: list[Branch]
    stages: int
    is_open: bool

    @property
    def known(self) -> str:
        """What the page shows of the states, in short: it changes when they do."""
        return "-".join(f"{row.stage.pk}{row.standing.word[:2]}" for row in self.rows if row.stage and row.standing)


def listed(recipes: QuerySet[Recipe]) -> QuerySet[Recipe]:
    """The recipes with how many steps each has had, and kind and state of the newest."""
    newest = Stage.objects.filter(recipe=OuterRef("pk")).order_by("-pk")
    return recipes.annotate(
        steps=Count("stages"),
        last_kind=Subquery(newest.values("kind")[:1]),
        last_state=Subquery(newest.values("state")[:1]),
    )


def pipeline(recipe: Recipe) -> Pipeline:
    """Where the recipe stands: the chain of its newest step, and all steps as a tree; three queries, however many."""
    found = list(recipe.stages.select_related("created_by", "preference_set").defer("settings").order_by("pk"))
    standings = _standings(found)
    now = _chain(found)
    here = {stage.pk for stage in now.values()}
    newest = found[-1] if found else None
    tree = _tree(found, standings, here)
    rows = [_row(kind, now.get(kind), standings, newest) for kind in STAGES]
    return Pipeline(rows, tree, len(found), any(stage.is_open for stage in now.values()))


def _chain(stages: list[Stage]) -> dict[str, Stage]:
    by_id = {stage.pk: stage for stage in stages}
    at, found = (stages[-1] if stages else None), {}
    while at is not None:
        found[at.kind] = at
        at = by_id.get(at.after_id or 0)
    return found


def _row(kind: str, stage: Stage | None, standings: Mapping[int, Standing], newest: Stage | None) -> Row:
    follows = bool(newest and not stage and STAGES.index(kind) <= STAGES.index(newest.goal))
    standing = standings[stage.pk] if stage else None
    counted, took = (tally(stage), seconds(stage)) if stage else (None, None)
    return Row(kind, WORDS[kind], ABOUT[kind], stage, standing, counted, took, follows)


def _tree(stages: list[Stage], standings: Mapping[int, Standing], here: set[int]) -> list[Branch]:
    after: dict[int, list[Branch]] = defaultdict(list)
    for stage in reversed(stages):  # whoever comes after another has a greater number
        branch = Branch(stage, WORDS[stage.kind], standings[stage.pk], stage.pk in here, after[stage.pk][::-1])
        after[stage.after_id or 0].append(branch)
    return after[0]


def _standings(stages: Iterable[Stage]) -> dict[int, Standing]:
    found = {stage.pk: stage for stage in stages}
    runs = EvaluationRun.every.filter(stage__in=[pk for pk, stage in found.items() if stage.is_open]).order_by("pk")
    of_stage: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for pk, state, reason in runs.values_list("stage", "state", "reason"):
        of_stage[pk].append((state, reason))
    return {pk: _standing(stage, of_stage[pk]) for pk, stage in found.items()}


def standing(stage: Stage) -> Standing:
    """How the step is doing: its own state, and while it waits for its runs, theirs."""
    return _standings([stage])[stage.pk]


def _standing(stage: Stage, runs: list[tuple[str, str]]) -> Standing:
    if stage.state in (FINISHED, FAILED, CANCELLED):
        return Standing(stage.state, stage.reason)
    if stage.state == WAITING:
        return Standing("paused", stage.reason or "It waits for a person.")
    stopped = next(((state, reason) for state, reason in runs if state in (PAUSED, RUN_CANCELLED)), None)
    if stopped and not any(state in RUN_OPEN for state, _ in runs):
        return Standing("paused", stopped[1] or f"A run of this step is {stopped[0]}. Resume goes on.")
    at_work = stage.state == RUNNING or any(state in RUN_OPEN for state, _ in runs)
    return Standing("running" if at_work else "queued", stopped[1] if stopped else "")


def seconds(stage: Stage) -> float:
    """From when it was asked for to its end, or until now."""
    end: datetime = stage.finished_at or timezone.now()
    return max(0.0, (end - stage.created_at).total_seconds())


def tally(stage: Stage) -> Tally | None:
    """The law of the step in words; None before it has counted anything."""
    law: Law = stage.figures
    if not {"in", "out"} <= law.keys():
        return None
    parts = [(reason_words(name), n) for name, n in law.get("dropped", {}).items() if n]
    parts += [(f"failed {_failure(name)}".strip(), n) for name, n in law.get("failed", {}).items() if n]
    if left := law["in"] - law["out"] - sum(n for _, n in parts):
        parts.append((_("to do"), left))
    units = law.get("units") or UNITS[stage.kind]
    return Tally(law["in"], law["out"], parts, (units[0], units[1]))


def reason_words(name: str) -> str:
    """A reason why something was dropped, as people read it."""
    return labelling.WORDS.get(name) or name.replace("_", " ")


def _failure(kind: str) -> str:
    return REASONS.get(kind) or (f"({marks.mark(marks.ERROR_KINDS, kind).word})" if kind in marks.ERROR_KINDS else kind)


def lineage(stage: Stage) -> list[tuple[str, str]]:
    """This step ← each one before it ← the recipe ← its prompts."""
    before = reversed(chain.whole(stage)[:-1])
    steps = [(WORDS[one.kind], reverse("training:stage-detail", args=[one.recipe_id, one.pk])) for one in before]
    recipe = stage.recipe
    told = (recipe.title, reverse("training:recipe-detail", args=[recipe.pk]))
    return [(WORDS[stage.kind], ""), *steps, told, (recipe.benchmark.title, prompts_url(recipe))]


def prompts_url(recipe: Recipe) -> str:
    """Where the prompts of the recipe are."""
    training = recipe.benchmark.purpose == TRAINING
    name = "annotations:training-prompts-detail" if training else "annotations:benchmark-detail"
    return reverse(name, args=[recipe.benchmark_id])


class RunLine(NamedTuple):
    """One run of a step: how far it is, and what it took."""

    run: EvaluationRun
    total: int
    done: int
    failed: int

    @property
    def parts(self) -> tuple[tuple[str, int], ...]:
        """What is not done, for total = done + …"""
        return (("failed", self.failed), (_("to do"), self.total - self.done - self.failed))


def run_lines(stage: Stage) -> list[RunLine]:
    """The runs of the step in their order; three queries, however many they are."""
    runs = EvaluationRun.every.filter(stage=stage).select_related("candidate__model", "source").order_by("pk")
    counted = RunItem.objects.filter(run__stage=stage).order_by().values_list("run", "state").annotate(Count("pk"))
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for run, state, n in counted:
        counts[run][state] = n
    lines = [(run, counts[run.pk]) for run in runs.prefetch_related("judges__model")]
    return [RunLine(run, sum(by.values()), by.get(ITEM_DONE, 0), by.get(ITEM_FAILED, 0)) for run, by in lines]
