"""Where the pairs of a set come from, as its manifest keeps it: recipe, stages, runs, judges, templates, people."""

from typing import Any

from annotations.core import recipe, training_templates
from annotations.core.folder import NoSuchEntry
from annotations.models import Campaign, Candidate
from training.models import EvaluationRun, Judge, Stage, SynthesisedConfig
from training.services.building import chain


def of(stage: Stage) -> dict[str, Any]:
    """The whole chain that leads to the stage, as JSON holds it."""
    settings = chain.settings(stage)
    stages = chain.whole(stage)
    runs = list(_runs(stages))
    return {
        "recipe": _recipe(stage),
        "settings": recipe.plain(settings),
        "seeds": {
            "recipe": settings.seed,
            "candidates": [{"model": source.model, "seed": source.seed} for source in settings.sources],
        },
        "taxonomy_digest": stage.taxonomy.digest if stage.taxonomy else "",
        "stages": [_stage(each) for each in stages],
        "runs": [_run(each) for each in runs],
        "judges": _judges(runs),
        "templates": _templates(stages),
        "campaigns": _campaigns(settings.mixture.campaigns if settings.mixture.people else ()),
    }


def _recipe(stage: Stage) -> dict[str, Any]:
    of_stage = stage.recipe
    of_prompts = of_stage.benchmark
    prompts = {"id": of_prompts.pk, "title": of_prompts.title, "purpose": of_prompts.purpose}
    return {"id": of_stage.pk, "title": of_stage.title, "prompts": prompts}


def _stage(stage: Stage) -> dict[str, Any]:
    """What a stage was and its law: in = out + dropped by reason + failed by reason."""
    law = {name: stage.figures[name] for name in ("in", "out", "dropped", "failed") if name in stage.figures}
    return {
        "id": stage.pk,
        "kind": stage.kind,
        "started": stage.started_at.isoformat() if stage.started_at else None,
        "finished": stage.finished_at.isoformat() if stage.finished_at else None,
        "law": law,
        **({"sha256": stage.sha256} if stage.sha256 else {}),
    }


def _runs(stages: list[Stage]) -> list[EvaluationRun]:
    rows = EvaluationRun.every.filter(stage__in=stages).select_related("candidate__model")
    return list(rows.prefetch_related("judges__model").order_by("pk"))


def _run(run: EvaluationRun) -> dict[str, Any]:
    return {
        "id": run.pk,
        "stage": run.stage_id,
        "state": run.state,
        "reads": run.source_id,
        "candidate": _candidate(run.candidate),
        "judges": sorted(judge.pk for judge in run.judges.all()),
        "samples": run.samples,
        "calls": run.calls,
        "reused_calls": run.reused_calls,
        "tokens": run.spent_tokens,
    }


def _candidate(candidate: Candidate | None) -> dict[str, Any] | None:
    """Who answered; None where prompts were labelled."""
    if candidate is None:
        return None
    sampling = {name: getattr(candidate, name) for name in ("temperature", "top_p", "max_tokens", "seed")}
    return {
        "slug": candidate.model.slug,
        "model": candidate.model.model,
        "engine": candidate.model.engine,
        "strategy": candidate.strategy,
        "settings": candidate.settings,
        **sampling,
    }


def _judges(runs: list[EvaluationRun]) -> list[dict[str, Any]]:
    found: dict[int, Judge] = {judge.pk: judge for run in runs for judge in run.judges.all()}
    return [
        {
            "id": judge.pk,
            "name": judge.name,
            "digest": judge.digest,
            "model": judge.model.model if judge.model else None,
            "heuristic": judge.heuristic,
        }
        for _, judge in sorted(found.items())
    ]


def _templates(stages: list[Stage]) -> list[dict[str, str]]:
    """The words that configs were told in, by name, each with the digest of its file as it is now."""
    told = SynthesisedConfig.objects.filter(stage__in=stages).order_by("template")
    return [{"name": name, "digest": _digest(name)} for name in told.values_list("template", flat=True).distinct()]


def _digest(name: str) -> str:
    try:
        return training_templates.load(name).digest
    except NoSuchEntry:  # the file was taken away after the configs were made; their texts are kept
        return ""


def _campaigns(ids: tuple[int, ...]) -> list[dict[str, Any]]:
    rows = Campaign.objects.filter(pk__in=ids).order_by("pk").values_list("pk", "title")
    return [{"id": pk, "title": title} for pk, title in rows]
