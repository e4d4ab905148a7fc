"""A recipe whose responses are read, for tests of what comes after; nothing in it is harmful."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.utils import timezone

from annotations.core import config_text
from annotations.models import Response, SystemPrompt, TaxonomyVersion
from annotations.services import chores
from tests.factories import (
    make_candidate,
    make_config,
    make_judge,
    make_prompt,
    make_recipe,
    make_stage,
    make_training_prompts,
)
from training.models import EvaluationRun, Judgement, PromptLabel, RunItem, Stage, SynthesisedConfig
from training.models.recipes import PAIR, SYNTHESISE
from training.services.building import chain, stages


class Said(NamedTuple):
    """A response with what its readers found; None is no verdict."""

    text: str
    risks: tuple[str, ...] | None = ()
    addressed: bool | None = True


class Asked(NamedTuple):
    """A prompt with its risks, what each mode's config opens, and its responses; position 0 is the next one."""

    text: str
    risks: tuple[str, ...]
    configs: dict[str, tuple[str, ...]]
    said: tuple[Said, ...]
    split: str = "train"
    position: int = 0


def make_read(*prompts: Asked, taxonomy: TaxonomyVersion | None = None, **settings: Any) -> Stage:
    """A queued pair stage after a read stage in which two heuristic readers have read these responses."""
    told = {"reading": {"risks": "heuristic", "addressed": "heuristic"}} | settings
    recipe = make_recipe(settings=told, taxonomy=taxonomy, benchmark=make_training_prompts())
    stage = make_stage(PAIR, recipe)
    run = _run(chain.before(stage, "read"))
    run.judges.set([make_judge()])
    for place, asked in enumerate(prompts):
        _prompt(stage, run, asked, place)
    return stage


def _run(stage: Stage) -> EvaluationRun:
    values = {"organisation": stage.organisation, "benchmark": stage.recipe.benchmark, "candidate": make_candidate()}
    ended = {"state": "finished", "finished_at": timezone.now(), "purpose": "build"}
    return EvaluationRun.every.create(stage=stage, **values, **ended)


def _prompt(stage: Stage, run: EvaluationRun, asked: Asked, number: int) -> None:
    at = {"position": asked.position} if asked.position else {}
    values = {"benchmark": stage.recipe.benchmark, "config": make_config("training-prompts"), "kind": ""}
    prompt = make_prompt(asked.text, **values, **at)
    kept = {"split": asked.split, "risks": list(asked.risks)}
    PromptLabel.objects.create(stage=chain.before(stage, "label"), prompt=prompt, **kept)
    made = chain.before(stage, SYNTHESISE)
    for mode, allowed in asked.configs.items():
        text = f"Open: {', '.join(allowed)}."
        words, _ = SystemPrompt.objects.get_or_create(digest=config_text.digest(text), defaults={"text": text})
        values = {"mode": mode, "allowed": list(allowed), "template": "terse", "system_prompt": words}
        SynthesisedConfig.objects.create(stage=made, prompt=prompt, **values)
    for place, said in enumerate(asked.said):
        _response(run, prompt, words, said, 1000 * number + place)


def _response(run: EvaluationRun, prompt: Any, words: SystemPrompt, said: Said, position: int) -> None:
    response = Response.objects.create(prompt=prompt, candidate=run.candidate, text=said.text, system_prompt=words)
    under = SynthesisedConfig.objects.create(
        stage=run.stage, prompt=prompt, source=1, number=position, mode="superset", template="x", system_prompt=words
    )
    item = RunItem.objects.create(
        run=run, prompt=prompt, synthesised=under, position=position, response=response, state="done"
    )
    judge = run.judges.get()
    risks = None if said.risks is None else list(said.risks)
    Judgement.objects.create(item=item, judge=judge, risks=risks, addressed=said.addressed)


def built(stage: Stage) -> Stage:
    """The stage after its job."""
    chores.do(Stage, stage.pk, stages.job, "test")
    stage.refresh_from_db()
    return stage


def answers(*labels: Iterable[str] | None) -> tuple[Said, ...]:
    """A response that addresses the prompt for each set of risks, None for one that refuses."""
    return tuple(
        Said(f"Answer {number}.", () if risks is None else tuple(risks), risks is not None)
        for number, risks in enumerate(labels)
    )
