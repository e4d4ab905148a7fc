"""Where a figure comes from: the way from a score down to the model, each step a link."""

from django.urls import reverse

from annotations.models import ConfigVersion
from training.models import EvaluationRun, RunItem

Step = tuple[str, str]


def _from_model(run: EvaluationRun) -> list[Step]:
    model = run.candidate.model
    return [
        (run.benchmark.title, reverse("annotations:benchmark-detail", args=[run.benchmark_id])),
        (f"{model.name}, {run.candidate.strategy}", reverse("training:model-detail", args=[model.pk])),
    ]


def run_lineage(run: EvaluationRun) -> list[Step]:
    """score ← judges ← responses ← benchmark ← model."""
    judges = ", ".join(str(judge) for judge in run.judges.select_related("model"))
    items = reverse("training:item-list", args=[run.pk])
    return [("Scores", ""), (f"Judges: {judges}", items), ("Responses", items), *_from_model(run)]


def item_lineage(item: RunItem) -> list[Step]:
    """verdicts ← response ← config version ← benchmark ← model, of one item."""
    version: ConfigVersion = item.version
    config = version.config
    run = item.run
    return [
        (f"Run {run.pk}", reverse("training:run-detail", args=[run.pk])),
        ("Verdicts", ""),
        ("Response", ""),
        (
            f"{config.title} v{version.number}",
            reverse("annotations:version-detail", args=[config.pk, version.number]),
        ),
        *_from_model(run),
    ]
