"""Runs of one version alone, written by hand."""

from typing import Any

from annotations.models import ConfigVersion, Prompt, SafetyConfig
from tests.factories import make_benchmark, make_candidate, make_config, make_judge, make_prompt
from tests.outcomes import answer, fail, finish
from training.models import EvaluationRun
from training.services import runs

KINDS = ("safe", "allowed", "partial", "disallowed")


def make_prompts(config: SafetyConfig | None = None, **fields: Any) -> list[Prompt]:
    """One prompt of each kind for the config."""
    return [make_prompt(config=config or make_config(), kind=kind, **fields) for kind in KINDS]


def run_of(
    version: ConfigVersion, values: Any = ((1.0, True),) * 4, *, end: bool = True, **fields: Any
) -> EvaluationRun:
    """A run of that version alone, each item judged with its (helpfulness, follows); None fails the item."""
    given = {"candidate": make_candidate(), "judges": [make_judge()], "actor": None} | fields
    run = runs.start(benchmark=make_benchmark(), version=version, **given)
    for item, value in zip(run.items.order_by("position"), values, strict=False):
        answer(item, helpfulness=value[0], follows=value[1]) if value else fail(item)
    return finish(run) if end else run
