"""Recipes: written, changed, archived, and launched from any step by one person at a time."""

import pytest

from annotations.core import recipe as core
from annotations.core.recipe import RecipeSettings
from annotations.models import Campaign, Taxonomy, TaxonomyVersion
from tests.factories import (
    make_benchmark,
    make_model,
    make_organisation,
    make_person,
    make_recipe,
    make_stage,
    make_training_prompts,
)
from training.models import Recipe, Stage
from training.services.building import presets, recipes
from training.services.building.recipes import RecipeProblem

pytestmark = pytest.mark.django_db
READING = {"risks": "heuristic", "addressed": "heuristic"}
SOURCES = [{"model": "echo", "draws": {"plain": 1}}]
READY = {"labelling": {"judge": "prompt_words"}, "reading": READING, "sources": SOURCES}


def ready(**settings):
    """A recipe that programs and the echo can do from end to end."""
    make_model("echo")
    return make_recipe(benchmark=make_training_prompts("How does a siege end?"), settings=READY | settings)


def launch(recipe, step="label", goal="freeze", **fields):
    return recipes.launch(recipe=recipe, actor=make_person("ada"), step=step, goal=goal, **fields)


def told(**fields):
    settings = core.read(READY)
    return {
        "benchmark": make_training_prompts(),
        "title": "Pairs",
        "about": "",
        "taxonomy": None,
        "settings": settings,
    } | fields


def test_a_recipe_belongs_to_whose_prompts_it_takes():
    recipe = recipes.create(actor=make_person("ada"), **told())
    assert recipe.organisation == make_organisation() and core.read(recipe.settings) == core.read(READY)


def test_a_taxonomy_of_another_organisation_is_refused():
    foreign = Taxonomy.objects.create(organisation=make_organisation("elsewhere"), title="Theirs")
    with pytest.raises(RecipeProblem, match="another organisation"):
        recipes.create(actor=None, **told(taxonomy=TaxonomyVersion.objects.create(taxonomy=foreign, number=1)))


def test_a_campaign_of_another_organisation_is_refused():
    there, mallory = make_organisation("elsewhere"), make_person("mallory")
    foreign = Campaign.objects.create(organisation=there, title="Theirs", created_by=mallory)
    settings = core.read(READY | {"mixture": {"people": 1.0, "campaigns": [foreign.pk]}})
    with pytest.raises(RecipeProblem, match="another organisation"):
        recipes.create(actor=None, **told(settings=settings))
    recipe = recipes.create(actor=None, **told())
    with pytest.raises(RecipeProblem, match="another organisation"):
        recipes.edit(recipe=recipe, actor=None, revision=0, **told(settings=settings))


def test_a_recipe_never_takes_prompts_of_another_organisation():
    recipe = recipes.create(actor=None, **told())
    theirs = make_benchmark("theirs", make_organisation("elsewhere"))
    with pytest.raises(RecipeProblem, match="another organisation"):
        recipes.edit(recipe=recipe, actor=None, revision=0, **told(benchmark=theirs))


def test_of_two_people_who_change_a_recipe_at_once_the_second_is_told():
    recipe = recipes.create(actor=None, **told())
    recipes.edit(recipe=recipe, actor=None, revision=0, **told(title="First"))
    with pytest.raises(RecipeProblem, match="Somebody was faster"):
        recipes.edit(recipe=recipe, actor=None, revision=0, **told(title="Second"))
    assert Recipe.objects.get().title == "First"


def test_prompts_that_a_step_has_taken_stay():
    stage = make_stage()
    other = make_training_prompts()
    other.pk, other.slug = None, "others"
    other.save()
    with pytest.raises(RecipeProblem, match="have taken its prompts"):
        recipes.edit(recipe=stage.recipe, actor=None, revision=0, **told(benchmark=other))


def test_a_launch_makes_the_first_step_and_keeps_what_was_decided():
    recipe = ready(seed=5)
    stage = launch(recipe)
    assert (stage.kind, stage.goal, stage.state, stage.automatic) == ("label", "freeze", "queued", False)
    Recipe.objects.filter(pk=recipe.pk).update(settings=READY | {"seed": 6})
    assert core.read(Stage.objects.get().settings).seed == 5


def test_a_launch_from_the_middle_comes_after_the_newest_step_before_it():
    recipe = ready()
    make_stage("label", recipe, state="finished")
    newest = make_stage("label", recipe, state="finished", settings=READY)
    assert launch(recipe, "synthesise").after == newest


def test_a_launch_can_come_after_an_older_step():
    recipe = ready()
    older = make_stage("label", recipe, state="finished")
    make_stage("label", recipe, state="finished")
    assert launch(recipe, "synthesise", after=older).after == older


@pytest.mark.parametrize("state", ["queued", "failed", "cancelled"])
def test_a_step_whose_forerunner_is_not_finished_cannot_be_launched(state):
    recipe = ready()
    make_stage("label", recipe, state=state, reason="It broke.")
    with pytest.raises(RecipeProblem, match="needs the one before it"):
        launch(recipe, "synthesise")


def test_a_step_of_another_recipe_is_nothing_to_come_after():
    foreign = make_stage("label", make_recipe(), state="finished")
    with pytest.raises(RecipeProblem, match="needs the one before it"):
        launch(ready(), "synthesise", after=foreign)


def test_of_two_people_who_launch_at_once_the_second_is_told():
    recipe = ready()
    launch(recipe)
    with pytest.raises(RecipeProblem, match="Somebody was faster: this step is at work"):
        launch(recipe)
    assert recipe.stages.count() == 1


def test_a_launch_since_the_page_was_opened_is_told_even_when_it_is_over():
    recipe = ready()
    Stage.objects.filter(pk=launch(recipe, seen=0).pk).update(state="cancelled")
    with pytest.raises(RecipeProblem, match="Ada started this recipe meanwhile"):
        launch(recipe, seen=0)


def test_an_archived_recipe_starts_nothing():
    recipe = ready()
    recipes.archive(recipe=recipe, actor=None)
    with pytest.raises(RecipeProblem, match="archived"):
        launch(recipe)


def test_a_recipe_at_work_is_not_archived():
    recipe = ready()
    launch(recipe)
    with pytest.raises(RecipeProblem, match="at work"):
        recipes.archive(recipe=recipe, actor=None)
    recipe.refresh_from_db()


@pytest.mark.parametrize(("step", "goal"), [("pair", "label"), ("dream", "freeze"), ("label", "glory")])
def test_a_goal_before_the_start_and_unknown_steps_are_refused(step, goal):
    with pytest.raises(RecipeProblem, match="Choose the step"):
        launch(ready(), step, goal)


@pytest.mark.parametrize(
    ("decided", "words"),
    [
        ({"sources": []}, "names no candidate"),
        ({"sources": [{"model": "", "draws": {"plain": 1}}]}, "No model is chosen for a candidate"),
        ({"sources": [{"model": "gone", "draws": {"plain": 1}}]}, "no model “gone” any more"),
        ({"labelling": {"judge": "vanished"}}, "no judge “vanished” any more"),
        ({"labelling": {"judge": "prompt_risks"}}, "No model is chosen for the judge"),
        ({"labelling": {"judge": "prompt_words", "trained": ["violence", "alchemy"]}}, "no category alchemy"),
        ({"mixture": {"people": 0.5}}, "no campaign is chosen"),
        ({"budget_dollars": 2.0}, "No price is known of Echo"),
        ({"weights": {"alpha": 2}}, "must rise"),
    ],
)
def test_what_would_fail_hours_later_is_told_at_the_launch(decided, words):
    with pytest.raises(RecipeProblem, match=words):
        launch(ready(**decided))
    assert not Stage.objects.exists()


def test_what_a_chain_does_not_need_does_not_hold_it_up():
    assert launch(ready(sources=[], mixture={"people": 1.0}), "label", "label").pk


def test_what_the_steps_before_decided_stays_as_it_was_there():
    recipe = ready(seed=1, weights={"alpha": 0.2})
    old = READY | {"labelling": {"judge": "prompt_words", "cap": 7}, "modes": ["safe"], "seed": 9}
    read = make_stage("read", recipe, state="finished", settings=old)
    found = core.read(launch(recipe, "pair", after=read).settings)
    assert (found.labelling.cap, found.modes) == (7, ("safe",))
    assert (found.weights.alpha, found.seed) == (0.2, 1)


def test_candidates_may_change_their_model_but_not_the_configs_that_are_made_for_them():
    make_model("other")
    same = ready(sources=[{"model": "other", "draws": {"plain": 1, "safe": 0}}])
    before = make_stage("synthesise", same, state="finished", settings=READY)
    assert core.read(launch(same, "generate", after=before).settings).sources[0].model == "other"
    other = ready(sources=[{"model": "echo", "draws": {"plain": 2}}])
    make_stage("synthesise", other, state="finished", settings=READY)
    with pytest.raises(RecipeProblem, match="answer under other configs"):
        launch(other, "generate")


def test_once_more_is_another_step_after_the_same_one():
    recipe = ready()
    first = make_stage("synthesise", recipe, state="finished", goal="pair", settings=READY)
    second = recipes.again(stage=first, actor=None)
    assert (second.after, second.kind, second.goal, second.automatic) == (first.after, "synthesise", "pair", False)


def test_the_presets_are_recipes():
    assert all(core.read(core.plain(one.settings())) == one.settings() for one in presets.PRESETS.values())
    paper = presets.paper()
    assert (paper.weights.alpha, paper.weights.beta, paper.weights.gamma) == (0.1, 3.0, 1.0)
    assert len(paper.labelling.trained) == 4 and sum(paper.sources[1].draws.values()) == 8
    assert (paper.labelling.least, paper.labelling.cap) == (11, 2500)  # the paper drops sets of ten prompts or fewer


def test_settings_as_they_come_are_a_recipe():
    assert recipes.terms(RecipeSettings(budget_dollars=1.5)).budget_micros == 1_500_000
