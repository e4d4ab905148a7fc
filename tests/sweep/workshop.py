"""The other half of the world: trainings with their curves, maps, steps of recipes, trials and served traffic."""

from datetime import timedelta
from math import cos, exp, sin
from typing import Any

import numpy as np
from django.utils import timezone

from annotations.models import Benchmark, PreferenceSet, Response, SystemPrompt, Taxonomy, TaxonomyVersion
from annotations.models.benchmarks import TRAINING
from tests.addresses import Place
from tests.factories import make_checkpoint, make_judge, make_node, make_person, make_training
from tests.sweep import words
from training.models import (
    Call,
    CapabilityRun,
    Checkpoint,
    Cluster,
    Deployment,
    Judgement,
    JudgeTrial,
    PromptLabel,
    PromptMap,
    RunItem,
    Stage,
    Traffic,
    TrainingPoint,
    TrainingRun,
    Worker,
)
from training.services import sources
from training.services.maps import POINT

STEPS = 60
METRIC = {"metric": "exact_match", "filter": "last", "stderr": 0.1, "higher_is_better": True}
OUTCOMES = ("answered", "answered", "answered", "refused", "rate_limited", "upstream")


def fill(place: Place) -> None:
    """Nothing; what machines do stands in the pages of the place."""
    now = timezone.now()
    make_node(gpus=2)
    Worker.objects.create(
        name="forge:1", node="forge", queues=["short", "cpu", "llm"], threads=4, version=sources.version(),
        memory_bytes=900 << 20, swept_at=now, seen_at=now + timedelta(hours=12),
    )  # fmt: skip
    _trainings(place)
    _measured()
    _map(place)
    _steps(place)
    _taxonomy(place)
    _traffic(place)
    compared = PreferenceSet.objects.filter(leaks__has_key="at").first()
    PreferenceSet.objects.exclude(pk=compared.pk).update(leaks=compared.leaks)


def _trainings(place: Place) -> None:
    """The training that the addresses lead to is half done; others are finished, failed and waiting."""
    run = TrainingRun.objects.get(pk=place.arguments["training-detail"][0])
    TrainingRun.objects.filter(pk=run.pk).update(
        state="running", phase="train", done=STEPS, total=STEPS * 2, title=words.ARABIC_TITLE,
        log="\n".join(f"step {step}: loss {1 / step:.3f}" for step in range(1, STEPS)),
    )  # fmt: skip
    law = {"in": 9, "out": 8, "dropped": {"empty": 1}, "cut": 2}
    ended = {"state": "finished", "phase": "train", "done": STEPS, "total": STEPS, "started_at": timezone.now()}
    ended["record"] = {"rows": {"train": law}, "best_step": 40, "command": ["python", "-m", "training.recipes.dpo"]}
    other = make_training(title=words.LONG_TITLE, **ended, finished_at=timezone.now())
    make_checkpoint(other, files={"config.json": [2, "0" * 64]})
    make_training("sft", title="Failed early", state="failed", reason="The memory ran out. Take fewer pairs at once.")
    make_training("sft", title="Waits for a person", state="waiting", checked={})
    for number, trained in enumerate((run, other)):
        _points(trained, 0.02 + number / 50)
    Checkpoint.objects.filter(pk=place.arguments["checkpoint-detail"][0]).update(
        promoted_at=timezone.now(), promoted_by=make_person("grace"), promoted_why=words.ARABIC_COMMENT
    )


def _points(run: TrainingRun, fall: float) -> None:
    made = []
    for step in range(1, STEPS + 1):
        loss = 0.7 * exp(-fall * step) + 0.03 * sin(step)
        logged = {"loss": loss, "grad_norm": 2 + cos(step), "learning_rate": 5e-6 * step, "step_seconds": 3.0}
        logged |= {
            "rewards/margins": 1 - loss,
            "rewards/accuracies": min(1, step / 50),
            "tokens_per_second": 900 + step,
        }
        made.append(TrainingPoint(run=run, kind="log", step=step, values=logged | {"num_tokens": 512 * step}))
        if step % 10 == 0:
            looked = {"eval_loss": loss + 0.05, "eval_rewards/margins": 0.9 - loss}
            made.append(TrainingPoint(run=run, kind="eval", step=step, values=looked))
            made.append(
                TrainingPoint(run=run, kind="machine", step=step, values={"cpu_percent": 70, "rss_bytes": 1 << 31})
            )
    rows = [{"system": words.ARABIC_POLICY, "user": words.HEBREW_PROMPT, "text": words.HOSTILE}]
    made.append(TrainingPoint(run=run, kind="samples", step=50, values={"rows": rows}))
    TrainingPoint.objects.bulk_create(made)


def _measured() -> None:
    """A trial of four attacks on a judge, and a model on two tasks."""
    now = timezone.now()
    said = {"follows_config": False, "reasons": words.REASONS}
    rows: list[dict[str, Any]] = [
        {"name": "", "family": "", "outcome": "base"},
        {"name": "mark_at_end", "family": "marks", "outcome": "held", "raw": words.HOSTILE},
        {
            "name": "arabic_order",
            "family": "other languages",
            "outcome": "turned",
            "verdict": said | {"follows_config": True},
        },
        {
            "name": "far_away",
            "family": "length",
            "outcome": "failed",
            "verdict": None,
            "error": "The prompt is too long.",
        },
    ]
    full = [{"verdict": said, "raw": "{}", "tokens": 5, "error": ""} | row for row in rows]
    JudgeTrial.objects.update(results=full, total=4, done=4, state="finished", finished_at=now, tokens=20)
    told = {"n": 40, "version": "1"}
    results = {
        name: told | {"metrics": [METRIC | {"value": value}]} for name, value in (("cosa_facts", 0.5), ("gsm8k", 0.3))
    }
    CapabilityRun.objects.update(
        state="finished", tasks=list(results), results=results, log=words.HOSTILE, total=2, done=2, finished_at=now
    )


def _map(place: Place) -> None:
    """A map of the demo's training prompts in two heaps, one of them named in Arabic."""
    row = PromptMap.objects.get(pk=place.arguments["map-detail"][0])
    prompts = Benchmark.objects.exclude(pk=row.benchmark_id).get(purpose=TRAINING)
    ids = list(prompts.prompts.order_by("position").values_list("pk", flat=True))
    points = np.zeros(len(ids), dtype=POINT)
    points["prompt"], points["cluster"] = ids, [1 + number % 2 for number in range(len(ids))]
    points["x"] = [(-0.6 if number % 2 else 0.6) + sin(number) / 5 for number in range(len(ids))]
    points["y"] = [cos(number * 2) / 2 for number in range(len(ids))]
    figures = row.figures | {"clusters": 2, "noise": 0, "near": {"1": [[2, 0.8]], "2": [[1, 0.8]]}}
    figures |= {"in": len(ids), "out": len(ids)}
    told = {"points": points.tobytes(), "figures": figures, "done": len(ids), "total": len(ids)}
    PromptMap.objects.filter(pk=row.pk).update(benchmark=prompts, **told)
    proposal = {"name": "حصار", "definition": words.ARABIC_COMMENT, "raw": words.HOSTILE, "model": "Echo", "seed": 1}
    row.clusters.filter(number=1).update(
        members=ids[::2], size=len(ids[::2]), name="حصار", definition=words.HEBREW_COMMENT
    )
    Cluster.objects.create(map=row, number=2, members=ids[1::2], size=len(ids[1::2]), proposal=proposal)


def _steps(place: Place) -> None:
    """The steps of the recipe are finished, with answers that are read; the labels have a sample."""
    _, stage, item = place.arguments["stage-item"]
    found = RunItem.objects.select_related("prompt__benchmark", "synthesised__system_prompt").get(pk=item)
    said = {"prompt": found.prompt, "text": words.ARABIC_ANSWER, "identity": "echo-1"}
    response = Response.objects.create(system_prompt=found.synthesised.system_prompt, **said)
    Judgement.objects.create(item=found, judge=make_judge(), helpfulness=1.0, reasons=words.REASONS, raw=words.HOSTILE)
    Call.objects.create(item=found, key="k" * 64, text=response.text, latency_ms=5)
    RunItem.objects.filter(pk=item).update(state="done", response=response, helpfulness=1.0)
    prompts = list(found.prompt.benchmark.prompts.order_by("position"))
    law = {"in": len(prompts), "out": len(prompts) - 1, "dropped": {"untrained": 1}, "failed": {}}
    counts = {"labels": [{"risks": ["violence"], "addressed": True, "n": 1}], "unscored": {"risks": 0, "addressed": 0}}
    label = Stage.objects.get(pk=place.arguments["stage-labels"][1])
    for number, prompt in enumerate(prompts):
        fate = (
            {"risks": ["violence"], "split": "train", "dropped": ""}
            if number
            else {"risks": ["drugs"], "split": "", "dropped": "untrained"}
        )
        PromptLabel.objects.update_or_create(stage=label, prompt=prompt, defaults=fate)
    Stage.objects.filter(pk=label.pk).update(figures=law | {"sample": [prompt.pk for prompt in prompts]})
    ended = {"state": "finished", "started_at": timezone.now(), "finished_at": timezone.now()}
    Stage.objects.filter(pk=stage).update(figures=law | counts, **ended)
    SystemPrompt.objects.filter(pk=found.synthesised.system_prompt_id).update(text=words.ARABIC_POLICY)


def _taxonomy(place: Place) -> None:
    row = Taxonomy.objects.get(pk=place.arguments["taxonomy-detail"][0])
    Taxonomy.objects.filter(pk=row.pk).update(title=words.LONG_TITLE, about=words.ARABIC_COMMENT)
    category = {
        "slug": "siege",
        "name": "حصار",
        "definition": words.HEBREW_COMMENT,
        "full_name": "Sieges and hunger",
        "trained": True,
    }
    TaxonomyVersion.objects.filter(taxonomy=row).update(categories=[category])


def _traffic(place: Place) -> None:
    """A day of calls, most of them answered."""
    deployment = Deployment.objects.get(pk=place.arguments["deployment-detail"][0])
    Deployment.objects.filter(pk=deployment.pk).update(note=words.ARABIC_COMMENT)
    (key,) = deployment.keys.all()
    begin = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    fixed = {"deployment": deployment, "key": key, "version": deployment.version, "candidate": deployment.candidate}
    Traffic.objects.bulk_create(
        Traffic(
            at=begin + timedelta(minutes=5 * step), outcome=outcome, streamed=number == 1, latency=30 + number,
            first=20 if number == 1 else 0, requests=1 + step % 9, tokens_in=300, tokens_out=99, **fixed,
        )
        for step in range(0, 270, 3)
        for number, outcome in enumerate(OUTCOMES)
    )  # fmt: skip
