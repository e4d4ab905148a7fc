"""Loops of training and evaluation for tests: what takes hours is over at a word."""

from itertools import count
from typing import Any

from annotations.models import LanguageModel
from annotations.services import chores
from tests.factories import (
    make_checkpoint,
    make_config,
    make_judge,
    make_loop,
    make_model,
    make_prompt,
    make_version,
)
from tests.outcomes import answer, finish
from training.models import EvaluationRun, TrainingLoop, TrainingRun
from training.services.trainer import loops

KINDS = ("safe", "allowed", "partial", "disallowed")
numbers = count(1)


def make_prompts() -> None:
    """Four prompts of the benchmark, under a config with an approved version."""
    config = make_version(make_config("film", title="Film")).config
    for kind in KINDS:
        make_prompt(config=config, kind=kind)


def loop_at_start(**fields: Any) -> TrainingLoop:
    """A queued loop over four prompts, judged by the heuristic."""
    make_prompts()
    loop = make_loop(**fields)
    loop.judges.set([make_judge()])
    return loop


def served_by_us(engine: str = "embedded") -> LanguageModel:
    """A model as the registry makes one of a training."""
    number = next(numbers)
    return make_model(f"run-{number}", engine=engine, weights=f"/runs/{number}/model.gguf", node="forge")


def trained(run: TrainingRun, engine: str = "embedded") -> LanguageModel:
    """The model that the training run came to, which is over now."""
    TrainingRun.objects.filter(pk=run.pk).update(state="finished", phase="train", done=10, total=10)
    return make_checkpoint(run, model=served_by_us(engine)).model


def answered(run: EvaluationRun, helpfulness: float = 1.0) -> EvaluationRun:
    """The run, finished: every prompt answered and found as helpful as that."""
    for item in run.items.all():
        answer(item, helpfulness=helpfulness)
    return finish(run)


def looked_at(loop: TrainingLoop, worker: str = "w1") -> TrainingLoop:
    """The loop after one look of a worker at it."""
    chores.do(TrainingLoop, loop.pk, loops.job, worker)
    loop.refresh_from_db()
    return loop


def at_evaluations(loop: TrainingLoop) -> TrainingLoop:
    """The loop, its training over and its evaluations begun."""
    for kind in ("sft", "dpo", "merge"):
        for run in looked_at(loop).runs.filter(kind=kind).exclude(state="finished"):
            trained(run)
    return looked_at(loop)


def at_end(loop: TrainingLoop, before: float = 0.5, after: float = 1.0) -> TrainingLoop:
    """The loop, finished: the base was found as helpful as `before`, the trained model as `after`."""
    loop = at_evaluations(loop)
    answered(loop.base_run, before)
    answered(loop.trained_run, after)
    return looked_at(loop)
