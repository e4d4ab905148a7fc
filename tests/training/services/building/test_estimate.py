"""What a launch takes before it is made: counted by hand for each step, and honest where nobody can know."""

import pytest

from annotations.core.recipe import read
from annotations.core.taxonomies import built_in
from tests.factories import make_model, make_recipe, make_stage, make_training_prompts
from training.models import PromptLabel, RunItem
from training.services.building.estimate import _ground, estimate
from training.services.building.recipes import RecipeProblem

pytestmark = pytest.mark.django_db
ASKED = {"risks": "risk_categories", "addressed": "addressed", "model": "judge", "samples": 3}
SOURCES = [
    {"model": "safe", "draws": {"plain": 1}, "max_tokens": 50},
    {"model": "open", "draws": {"superset": 4, "not_superset": 4}, "max_tokens": 300},
]


def ready(**settings):
    """Ten prompts, three models of which two have prices; a judge that is a model labels and reads."""
    make_model("judge", price_in=1, price_out=2)
    make_model("safe", price_in=0, price_out=0)
    make_model("open")
    told = {"labelling": {"judge": "prompt_risks", "model": "judge"}, "sources": SOURCES, "reading": ASKED}
    texts = [f"How does a siege end, part {n}?" for n in range(10)]
    return make_recipe(benchmark=make_training_prompts(*texts), settings=told | settings)


def by_kind(found):
    return {step.kind: step for step in found.steps}


def test_calls_of_each_step_are_those_of_its_settings():
    steps = by_kind(estimate(ready(), "label", "freeze"))
    # 10 prompts; 10 × (4 modes + 1 + 8); 10 × 9 answers; 90 responses × 2 judges × 3 times
    assert [steps[kind].items for kind in ("label", "synthesise", "generate", "read")] == [10, 130, 90, 90]
    assert [step.calls for step in steps.values()] == [10, 0, 90, 540, 0, 0]
    assert [steps[kind].at_most for kind in ("label", "generate", "read")] == [False, True, True]


def test_tokens_written_are_at_most_as_long_as_allowed():
    generate = by_kind(estimate(ready(), "label", "generate"))["generate"]
    safe, free = generate.parts
    # 10 answers of 50 tokens, as typical ones are longer; 80 of 200, the typical length, at most 300
    assert (safe.written, safe.written_most, free.written, free.written_most) == (500, 500, 16000, 24000)
    assert free.read > 8 * safe.read


def test_what_is_not_known_is_said_and_not_taken_for_zero():
    found = estimate(ready(), "label", "freeze")
    assert (found.dollars, found.seconds) == (None, None)
    words = " ".join(found.unknown)
    assert "No price is known of Open" in words and "has not answered here yet" in words and "How many pairs" in words


def test_programs_make_no_call_and_cost_nothing():
    heuristic = {"risks": "heuristic", "addressed": "heuristic"}
    recipe = ready(labelling={"judge": "prompt_words"}, reading=heuristic)
    label = by_kind(estimate(recipe, "label", "label"))["label"]
    assert (label.items, label.calls, label.tokens, label.dollars, label.seconds) == (10, 0, 0, 0, 0)


def test_after_the_labelling_only_kept_prompts_are_counted_and_for_certain():
    recipe = ready()
    stage = make_stage("label", recipe, state="finished")
    for prompt in recipe.benchmark.prompts.all()[:3]:
        PromptLabel.objects.create(stage=stage, prompt=prompt, risks=[], split="train")
    step = by_kind(estimate(recipe, "synthesise", "generate"))["generate"]
    assert (step.items, step.at_most) == (27, False)


def test_after_the_responses_those_that_are_there_are_counted():
    recipe = ready()
    stage = make_stage("generate", recipe, state="finished", settings=recipe.settings)
    step = by_kind(estimate(recipe, "read", "read"))["read"]
    assert (step.items, step.calls, step.at_most, RunItem.objects.filter(run__stage=stage).count()) == (0, 0, False, 0)


def test_what_cannot_be_launched_has_no_estimate():
    with pytest.raises(RecipeProblem, match="names no candidate"):
        estimate(ready(sources=[]), "label", "freeze")


def test_the_sample_is_taken_from_the_prompts_that_were_kept():
    recipe = ready()
    label = make_stage("label", recipe, state="finished")
    for place, prompt in enumerate(recipe.benchmark.prompts.all()):
        kept = {"risks": [], "split": "train"} if place >= 8 else {"dropped": "untrained"}
        PromptLabel.objects.create(stage=label, prompt=prompt, **kept)
    last = recipe.benchmark.prompts.order_by("pk").values_list("text", flat=True)[8:]
    ground = _ground(recipe, label, read(recipe.settings), built_in())
    assert (ground.prompts, sorted(ground.sample)) == (2, sorted(last))
