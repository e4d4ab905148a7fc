"""The pages of recipes: list, form, pipeline, estimate, launch."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotations.core import labelling
from tests.factories import make_model, make_organisation, make_person, make_recipe, make_stage, make_training_prompts
from training.models import Recipe, Stage

pytestmark = pytest.mark.django_db
READY = {
    "labelling": {"judge": "prompt_words"},
    "reading": {"risks": "heuristic", "addressed": "heuristic"},
    "sources": [{"model": "echo", "draws": {"plain": 1}}],
}


def ready(**fields):
    make_model("echo")
    prompts = make_training_prompts("How does a siege end?", "Who won?")
    return make_recipe(benchmark=prompts, settings=READY, **fields)


def form(**fields):
    """What a browser sends: every field as it comes, one candidate."""
    values = {
        "title": "Pairs for games", "benchmark": make_training_prompts("Who won?").pk, "judge": "prompt_words",
        "cap": "", "least": "1", "dev_share": "0.02", "modes": ["safe", "superset"], "risks": "heuristic",
        "addressed": "heuristic", "samples": "1", "alpha": "0.1", "beta": "3", "gamma": "1", "built": "1",
        "people": "0",
        "seed": "4", "source-TOTAL_FORMS": "1", "source-INITIAL_FORMS": "0", "source-0-model": make_model("echo").slug,
        "source-0-temperature": "0", "source-0-max_tokens": "64", "source-0-seed": "0", "source-0-superset": "2",
        "source-0-plain": "0", "source-0-safe": "0", "source-0-exact_match": "0", "source-0-not_superset": "0",
    }  # fmt: skip
    return values | fields


def test_the_list_says_what_a_recipe_is_for_and_where_it_stands(as_person):
    page = as_person("ada").get("/recipes/").content.decode()
    assert "A recipe turns prompts into preference pairs" in page
    make_stage("label", ready(title="Pairs <b>"), state="finished")
    page = as_person("ada").get("/recipes/").content.decode()
    assert "Pairs &lt;b&gt;" in page and "Label the prompts" in page


def queries(browser, url):
    browser.get(url)
    with CaptureQueriesContext(connection) as seen:
        browser.get(url)
    return len(seen)


def test_the_list_asks_as_many_queries_for_many(as_person):
    ada, found = as_person("ada"), []
    for number in (3, 12):
        for _ in range(number):
            make_stage("synthesise", ready())
        found.append(queries(ada, "/recipes/"))
    assert found[0] == found[1]


def test_a_recipe_is_written_and_read_back(as_person):
    ada = as_person("ada")
    answer = ada.post("/recipes/new/", form(trained=["violence"], budget_tokens="9000", anew="on"))
    recipe = Recipe.objects.get()
    assert answer.url == f"/recipes/{recipe.pk}/" and recipe.settings["sources"][0]["draws"] == {"superset": 2}
    assert (recipe.settings["seed"], recipe.settings["use_cache"], recipe.settings["budget_tokens"]) == (4, False, 9000)
    page = ada.get(f"/recipes/{recipe.pk}/edit/").content.decode()
    assert 'name="source-0-superset" value="2"' in page and 'value="9000"' in page


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"gamma": "5"}, "The weights must rise"),
        ({"cap": "2", "least": "5"}, "nothing is kept"),
        ({"source-0-superset": "0"}, "answers under no config"),
        ({"source-0-superset": "99"}, "less than or equal to 16"),
        ({"title": ""}, "required"),
        ({"modes": []}, "required"),
        ({"built": "0"}, "one of them is above 0"),
        ({"trained": ["alchemy"]}, "“alchemy” is no category of the taxonomy you chose"),
    ],
)
def test_wrong_input_is_refused_and_everything_typed_is_still_there(as_person, wrong, words):
    answer = as_person("ada").post("/recipes/new/", form(about="For the games <i>team</i>") | wrong)
    page = answer.content.decode()
    assert answer.status_code == 422 and words in page and "For the games &lt;i&gt;team&lt;/i&gt;" in page
    assert not Recipe.objects.exists()


def test_a_preset_fills_the_form(as_person):
    make_training_prompts("Who won?")
    page = as_person("ada").get("/recipes/new/?preset=paper").content.decode()
    assert 'name="source-1-not_superset" value="4"' in page and 'name="cap" value="2500"' in page


def test_without_prompts_the_form_says_where_to_get_some(as_person):
    assert "import some first" in as_person("ada").get("/recipes/new/").content.decode()


def test_of_two_people_who_change_it_the_second_is_told_and_loses_nothing(as_person):
    recipe, ada = ready(), as_person("ada")
    told = form(benchmark=recipe.benchmark_id, revision="0")
    assert ada.post(f"/recipes/{recipe.pk}/edit/", told | {"title": "First"}).status_code == 302
    answer = ada.post(f"/recipes/{recipe.pk}/edit/", told | {"title": "Second"})
    assert answer.status_code == 422 and "Somebody was faster" in answer.content.decode()
    assert 'value="Second"' in answer.content.decode() and Recipe.objects.get().title == "First"


def test_the_pipeline_says_where_it_stands_in_one_glance(as_person):
    figures = {"in": 9, "out": 6, "dropped": {"unparsable": 2}, "failed": {"rate_limited": 1}}
    stage = make_stage("label", ready(), state="finished", figures=figures, goal="freeze")
    make_stage("synthesise", stage.recipe, after=stage, automatic=True)
    page = as_person("ada").get(f"/recipes/{stage.recipe_id}/").content.decode()
    assert labelling.WORDS["unparsable"] in page and "failed by the rate limit" in page
    assert page.count("follows by itself</span>") == 4 and 'hx-trigger="every 2s"' in page


def test_the_pipeline_alone_comes_for_htmx(as_person):
    recipe = make_stage("label", ready()).recipe
    answer = as_person("ada").get(f"/recipes/{recipe.pk}/?known=x", headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert "<body" not in page and 'id="recipe-live"' in page and "recipe-said" in page


def test_the_page_asks_as_many_queries_for_many_steps(as_person):
    recipe, ada, found = ready(), as_person("ada"), []
    for number in (3, 30):
        for _ in range(number):
            make_stage("label", recipe, state="finished")
        found.append(queries(ada, f"/recipes/{recipe.pk}/"))
    assert found[0] == found[1]


def test_the_estimate_tells_calls_of_each_step_and_what_it_does_not_know(as_person):
    recipe = ready()
    asked = {"step": "label", "goal": "freeze"}
    page = (
        as_person("ada").post(f"/recipes/{recipe.pk}/estimate/", asked, headers={"HX-Request": "true"}).content.decode()
    )
    assert "at most 2 answers" in page and "a program:" in page and "not known yet" in page
    assert "has not answered here yet, so the time is not known" in page and "<body" not in page
    assert not Stage.objects.exists()


def test_an_estimate_of_what_cannot_be_launched_says_why(as_person):
    recipe = make_recipe(benchmark=make_training_prompts("Who won?"))
    answer = as_person("ada").post(f"/recipes/{recipe.pk}/estimate/", {"step": "label", "goal": "freeze"})
    assert answer.status_code == 422 and "names no candidate" in answer.content.decode()


def test_a_launch_starts_the_chain(as_person):
    recipe = ready()
    answer = as_person("ada").post(f"/recipes/{recipe.pk}/launch/", {"step": "label", "goal": "pair", "seen": "0"})
    assert answer.url == f"/recipes/{recipe.pk}/" and Stage.objects.get().goal == "pair"


def test_a_launch_that_is_refused_says_so_on_the_page(as_person):
    recipe, ada = ready(), as_person("ada")
    for _ in range(2):
        answer = ada.post(f"/recipes/{recipe.pk}/launch/", {"step": "label", "goal": "pair"}, follow=True)
    assert "Somebody was faster" in answer.content.decode() and Stage.objects.count() == 1


def test_an_archived_recipe_is_gone_from_every_page(as_person):
    recipe, ada = ready(), as_person("ada")
    ada.post(f"/recipes/{recipe.pk}/archive/")
    assert (
        ada.get(f"/recipes/{recipe.pk}/").status_code == 404
        and recipe.title not in ada.get("/recipes/").content.decode()
    )


def test_a_reviewer_reads_and_a_stranger_finds_nothing(as_person):
    recipe = ready()
    make_person("bob", organisation=make_organisation())
    assert as_person("bob").get(f"/recipes/{recipe.pk}/").status_code == 200
    assert as_person("bob").post(f"/recipes/{recipe.pk}/launch/", {"step": "label"}).status_code == 403
    assert as_person("mallory").get(f"/recipes/{recipe.pk}/").status_code == 404


@pytest.mark.parametrize("stored", ["x", [], {"seed": "x"}, {"modes": None}, {"sources": [{"draws": ["plain"]}]}])
def test_settings_that_cannot_be_read_are_said_to_be_and_can_be_written_anew(as_person, stored):
    recipe = make_recipe(settings=stored)
    stage = make_stage("pair", recipe)
    ada = as_person("ada")
    for address in ("", "edit/", f"stages/{stage.pk}/", f"stages/{stage.pk}/prompts/"):
        assert ada.get(f"/recipes/{recipe.pk}/{address}").status_code == 200
    assert "cannot be read" in ada.get(f"/recipes/{recipe.pk}/").content.decode()
    assert ada.post(f"/recipes/{recipe.pk}/edit/", form(benchmark=recipe.benchmark_id, revision="0")).status_code == 302
    recipe.refresh_from_db()
    assert recipe.settings["seed"] == 4
