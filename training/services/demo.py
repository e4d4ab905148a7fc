"""The models of the demo, the packaged small one and the echo, and a recipe that uses the small one."""

from annotations.models import Benchmark, LanguageModel, SafetyConfig, User
from annotations.models.configs import APPROVED
from training.engines.embedded import SLOT_CONTEXT
from training.models import Deployment, Recipe
from training.services.building import presets, recipes
from training.services.deploy import deployments

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


def load_deployment(benchmark: Benchmark) -> Deployment | None:
    """The demo's deployment: the first config of the benchmark, answered by the small model. Safe to call again.

    None where its config has no approved version any more; it has no key: a person makes one and sees it once.
    """
    config = SafetyConfig.objects.filter(prompts__benchmark=benchmark, archived_at=None).order_by("pk").first()
    version = config.versions.filter(state=APPROVED).order_by("-number").first() if config else None
    if version is None:
        return None
    there = Deployment.objects.filter(organisation=version.config.organisation, slug=version.config.slug).first()
    model = LanguageModel.objects.get(slug=MODELS[0]["slug"])
    return there or deployments.create(
        slug=version.config.slug,
        version=version,
        candidate=deployments.Wanted(model),
        actor=User.objects.filter(username="grace").first(),  # deploying is for admins
        note="The small model is no safe assistant: this address shows the path from a config to an answer.",
    )
