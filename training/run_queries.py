"""Reads for the pages of runs: the list by what it is about, where a run comes from, and what its model was told."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet

from annotations.core.storable import whole_number
from annotations.models import AuditEvent, ConfigVersion, SystemPrompt
from training import strategies
from training.models import EvaluationRun, RunDemonstrations
from training.models.runs import RUN_STATES

FILTERS = ("benchmark", "model", "strategy", "state")


def filtered(runs: QuerySet[EvaluationRun], wanted: dict[str, str]) -> QuerySet[EvaluationRun]:
    """The runs that match FILTERS; unknown or empty values match everything."""
    if (benchmark := whole_number(wanted.get("benchmark", ""))) is not None:
        runs = runs.filter(benchmark=benchmark)
    if (model := whole_number(wanted.get("model", ""))) is not None:
        runs = runs.filter(candidate__model=model)
    if (strategy := wanted.get("strategy", "")) in strategies.names():
        runs = runs.filter(candidate__strategy=strategy)
    if (state := wanted.get("state", "")) in RUN_STATES:
        runs = runs.filter(state=state)
    return runs


def choices(runs: QuerySet[EvaluationRun]) -> dict[str, Any]:
    """What the list may be filtered by: (id, title) of these runs' benchmarks, models and strategies, and states."""
    about = ("benchmark", "benchmark__title", "candidate__model", "candidate__model__name", "candidate__strategy")
    rows = list(runs.order_by().values_list(*about).distinct())
    return {
        "benchmarks": _by_title((row[0], row[1]) for row in rows),
        "models": _by_title((row[2], row[3]) for row in rows),
        "strategies": sorted({(row[4], strategies.label(row[4])) for row in rows}, key=lambda pair: pair[1]),
        "states": RUN_STATES,
    }


def _by_title(rows: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    return sorted(set(rows), key=lambda row: (row[1], row[0]))


class Origin(NamedTuple):
    """How a run that did not answer itself came to its items: `items` of `whole`, and what was left out by reason."""

    file: str
    sha256: str
    items: int
    left_out: tuple[tuple[str, int], ...]

    @property
    def whole(self) -> int:
        """Items and what was left out: the rows of the file, or the items of the source."""
        return self.items + sum(number for _, number in self.left_out)


def origin(run: EvaluationRun) -> Origin | None:
    """Where the items of a derived or imported run come from; None for a run that answered itself."""
    about = AuditEvent.objects.filter(object_type="evaluationrun", object_id=run.pk, action__in=("derive", "import"))
    event = about.order_by("pk").first()
    if event is None:
        return None
    after = event.after
    left_out = ((name.replace("_", " "), number) for name, number in after.get("left_out", {}).items() if number)
    return Origin(after.get("file", ""), after.get("sha256", ""), after["items"], tuple(left_out))


class Told(NamedTuple):
    """What a model was told under one version: the system prompts that were sent, and the demonstrations shown."""

    version: ConfigVersion
    prompts: tuple[tuple[SystemPrompt, int], ...]
    shown: RunDemonstrations | None


def told(run: EvaluationRun) -> list[Told]:
    """For each version of the run what its model read before the prompts, with the number of answers under it.

    Five queries, however many versions and items there are.
    """
    used = run.items.order_by().values("version", "response__system_prompt").annotate(n=Count("response"))
    rows = [(row["version"], row["response__system_prompt"], row["n"]) for row in used]
    texts = SystemPrompt.objects.in_bulk([digest for _, digest, _ in rows if digest])
    shown = {one.version_id: one for one in run.demonstrations.all()}
    versions = ConfigVersion.objects.filter(pk__in={pk for pk, _, _ in rows}).select_related("config")
    found = []
    for version in versions.order_by("config__title", "number"):
        sent = [(texts[digest], number) for pk, digest, number in rows if pk == version.pk and digest]
        found.append(Told(version, tuple(sent), shown.get(version.pk)))
    return found


def strategy(run: EvaluationRun) -> strategies.Strategy | None:
    """The strategy of the run's candidate as it is now; None when its file is gone."""
    name = run.candidate.strategy
    return strategies.load(name) if name in strategies.names() else None


def candidate_facts(run: EvaluationRun) -> list[tuple[str, str]]:
    """The candidate's settings as a person reads them: label and value of each, those without a label by their name."""
    return strategies.said(run.candidate.strategy, run.candidate.settings)
