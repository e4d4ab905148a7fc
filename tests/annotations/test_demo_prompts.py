"""The demo's training prompts and its recipe: two hundred texts, each once, and nothing doubled by a second load."""

import tomllib

import pytest

from annotations.core import folder
from annotations.core.taxonomy import SLUGS
from annotations.models import RiskLabel
from annotations.services import demo_prompts
from tests.factories import make_organisation, make_person
from training.models import Recipe
from training.services import demo
from training.services.building import recipes

GROUPS = tomllib.loads(folder.text("annotations.data.training_prompts", "demo.toml"))["groups"]


def test_there_are_two_hundred_different_prompts_whose_risks_are_known():
    texts = [text for group in GROUPS for text in group["prompts"]]
    assert len(set(texts)) == len(texts) == 200
    assert {slug for group in GROUPS for slug in group["risks"]} <= set(SLUGS)


@pytest.mark.django_db
def test_loaded_twice_they_are_there_once():
    make_person("ada")
    first, second = (demo_prompts.load(make_organisation()) for _ in range(2))
    assert first == second
    assert first.prompts.current().filter(kind="").count() == 200
    assert RiskLabel.objects.count() == 40


@pytest.mark.django_db
def test_the_demo_s_recipe_is_there_once_and_can_be_launched():
    make_person("ada")
    demo.load_models()
    recipe = [demo.load_recipe(demo_prompts.load(make_organisation())) for _ in range(2)][1]
    assert Recipe.objects.get() == recipe
    recipes.launch(recipe=recipe, actor=make_person("ada"), step="label", goal="freeze")
    assert recipe.stages.get().goal == "freeze"
