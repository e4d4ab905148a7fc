"""Where a figure comes from: the way from a score down to the model, each step a link."""

from django.urls import reverse

from annotations.models import ConfigVersion
from training import strategies
from training.models import EvaluationRun, Judge, JudgeTrial, RunItem

Step = tuple[str, str]


def _from_model(run: EvaluationRun) -> list[Step]:
    model = run.candidate.model
    floor = [_floor_step(run.floor.number)] if run.floor else []
    return [
        *floor,
        *_frozen(run),
        (run.benchmark.title, reverse("annotations:benchmark-detail", args=[run.benchmark_id])),
        (
            f"{model.name}, {strategies.label(run.candidate.strategy)}",
            reverse("training:model-detail", args=[model.pk]),
        ),
    ]


def _frozen(run: EvaluationRun) -> list[Step]:
    release = run.release
    if release is None:
        return []
    address = reverse("annotations:release-detail", args=[run.benchmark_id, release.major, release.minor])
    return [(f"Release {release.name}", address)]


def _floor_step(number: int) -> Step:
    return f"Floor v{number}", reverse("annotations:floor-detail", args=[number])


def run_lineage(run: EvaluationRun) -> list[Step]:
    """score ← judges ← responses ← the one version it tests, if it does ← floor ← release ← benchmark ← model."""
    judges = ", ".join(str(judge) for judge in run.judges.select_related("model"))
    items = reverse("training:item-list", args=[run.pk])
    return [("Scores", ""), (f"Judges: {judges}", items), ("Responses", items), *_alone(run), *_from_model(run)]


def _alone(run: EvaluationRun) -> list[Step]:
    return [version_step(run.version)] if run.version else []


def version_step(version: ConfigVersion) -> Step:
    """The version, leading to its page."""
    url = reverse("annotations:version-detail", args=[version.config_id, version.number])
    return f"{version.config.title} v{version.number}", url


def version_lineage(version: ConfigVersion, run: int) -> list[Step]:
    """scores ← the newest run behind them ← the version they are about."""
    return [("Scores", ""), (f"Run {run}", reverse("training:run-detail", args=[run])), version_step(version)]


def item_lineage(item: RunItem) -> list[Step]:
    """verdicts ← response ← config version ← floor ← release ← benchmark ← model, of one item."""
    run = item.run
    return [
        (f"Run {run.pk}", reverse("training:run-detail", args=[run.pk])),
        ("Verdicts", ""),
        ("Response", ""),
        version_step(item.version),
        *_from_model(run),
    ]


def judge_lineage(judge: Judge) -> list[Step]:
    """verdicts ← the wording by its digest ← the model it asks."""
    return [("Verdicts", ""), (f"{judge.name}, wording {judge.digest[:8]}", ""), *_asked(judge)]


def trial_lineage(trial: JudgeTrial) -> list[Step]:
    """what turned ← the set of attacks by its digest ← the judge ← the model it asks."""
    judge = trial.judge
    address = reverse("training:judge-detail", args=[judge.pk])
    return [("Turned", ""), (f"Attacks {trial.digest[:8]}", ""), (judge.label, address), *_asked(judge)]


def _asked(judge: Judge) -> list[Step]:
    return [(judge.model.name, reverse("training:model-detail", args=[judge.model_id]))] if judge.model else []
