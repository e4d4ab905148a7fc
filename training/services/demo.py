"""The models of the demo, the packaged small one and the echo, and a recipe that uses the small one."""

from annotations.models import Benchmark, LanguageModel
from training.engines.embedded import SLOT_CONTEXT
from training.models import Recipe
from training.services.building import presets, recipes

RECIPE = "Pairs of two hundred prompts (demo)"

MODELS = (
    {
        "slug": "smollm2-135m",
        "name": "SmolLM2 135M Instruct",
        "engine": "embedded",
        "model": "smollm2-135m-instruct",
        "max_concurrency": 4,
        "timeout": 120,
        "patience": 180,
        "max_tokens": 64,
        "context_tokens": SLOT_CONTEXT,
        "plumbing": True,
        "note": "Ships in a package and runs on the processor. It proves the path from config to score; it is no safe "
        "assistant, and as a judge it is no better than chance.",
    },
    {
        "slug": "echo",
        "name": "Echo",
        "engine": "echo",
        "base_url": "echo://?latency_ms=50",
        "model": "echo",
        "max_concurrency": 16,
        "max_tokens": 256,
        "plumbing": True,
        "note": "Answers from the words of the prompt, without any model: to try the pages and to test.",
    },
)


def load_models() -> None:
    """Nothing; the demo's models are in the registry. Safe to call again."""
    for model in MODELS:
        row, made = LanguageModel.objects.get_or_create(slug=model["slug"], defaults=model)
        if not made and row.context_tokens is None and row.engine == "embedded":
            LanguageModel.objects.filter(pk=row.pk).update(context_tokens=SLOT_CONTEXT)


def load_recipe(prompts: Benchmark) -> Recipe:
    """The demo's recipe over these prompts, not launched; one that is there stays as it is."""
    there = Recipe.objects.filter(benchmark=prompts, title=RECIPE).first()
    preset = presets.PRESETS["demo"]
    return there or recipes.create(
        benchmark=prompts,
        title=RECIPE,
        about=preset.about,
        taxonomy=None,
        settings=preset.settings(),
        actor=prompts.created_by,
    )
