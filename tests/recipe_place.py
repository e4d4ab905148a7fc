"""The addresses of a recipe that builds preference pairs, of its stages, and of what they are made from."""

from typing import Any

from annotations.models import SystemPrompt, Taxonomy, TaxonomyVersion
from tests.factories import make_candidate, make_organisation, make_recipe, make_stage, make_training_prompts
from tests.maps import laid_out
from training.models import Cluster, EvaluationRun, PromptLabel, RunItem, Stage, SynthesisedConfig
from training.models.recipes import RANKING

PREFIXES = ("recipe-", "stage-", "pair-", "map-", "cluster-", "taxonomy-", "training-prompts-")


def is_here(name: str) -> bool:
    """True for the short name of an address that this world has."""
    return name.startswith(PREFIXES)


def arguments() -> dict[str, list[Any]]:
    """The arguments of every such address, by its short name; those without a row have none."""
    prompts = make_training_prompts("How does a siege feel?", "Who wrote the first cookbook?")
    recipe = make_recipe(benchmark=prompts, title="Pairs of a place")
    stage = make_stage("read", recipe)
    item = _item(stage)
    named = {
        **{f"recipe-{name}": [recipe.pk] for name in ("detail", "edit", "estimate", "launch", "archive")},
        **{
            f"stage-{name}": [recipe.pk, stage.pk]
            for name in ("detail", "cancel", "resume", "again", "items", "prompts")
        },
        "stage-item": [recipe.pk, stage.pk, item.pk],
        "pair-preview": [recipe.pk, stage.pk, item.prompt_id],
        **{f"training-prompts-{name}": [prompts.pk] for name in ("detail", "archive", "cancel")},
    }
    label = stage.after.after.after
    named |= {f"stage-{name}": [recipe.pk, label.pk] for name in ("labels", "labels-export", "sample", "agreement")}
    return named | _sorted(prompts)


def _item(stage: Stage) -> RunItem:
    """An item of a run of the stage, not answered yet, under a config that was made up for its prompt."""
    prompt = stage.recipe.benchmark.prompts.first()
    words, _ = SystemPrompt.objects.get_or_create(digest="0" * 64, defaults={"text": "You help."})
    label, synthesise = stage.after.after.after, stage.after.after
    PromptLabel.objects.create(stage=label, prompt=prompt, risks=["violence"], split="train")
    values = {"prompt": prompt, "template": "plain", "system_prompt": words}
    made = SynthesisedConfig.objects.create(stage=synthesise, source=1, mode="plain", **values)
    SynthesisedConfig.objects.create(stage=synthesise, source=RANKING, mode="safe", **values)
    home = {"organisation": stage.organisation, "benchmark": stage.recipe.benchmark}
    run = EvaluationRun.every.create(stage=stage, purpose="build", candidate=make_candidate(), **home)
    return RunItem.objects.create(run=run, prompt=prompt, synthesised=made, position=1)


def _sorted(prompts: Any) -> dict[str, list[Any]]:
    """The addresses of a taxonomy with a draft, and of a map with a cluster."""
    taxonomy = Taxonomy.objects.create(organisation=make_organisation(), title="Harms of a game")
    TaxonomyVersion.objects.create(taxonomy=taxonomy, number=1)
    laid = laid_out(benchmark=prompts, taxonomy=taxonomy)
    Cluster.objects.create(map=laid, number=1, members=[prompts.prompts.first().pk], size=1)
    cluster = ("detail", "propose", "edit", "merge", "split", "keep", "reject", "reopen")
    return {
        **{f"taxonomy-{name}": [taxonomy.pk] for name in ("detail", "edit", "publish", "export", "archive")},
        "taxonomy-version": [taxonomy.pk, 1],
        **{f"map-{name}": [laid.pk] for name in ("detail", "points", "cancel")},
        **{f"cluster-{name}": [laid.pk, 1] for name in cluster},
    }
