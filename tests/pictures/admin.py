"""The admin's tutorial: Grace lets people and models in, tries a judge, and leads a recipe to a served checkpoint."""

import re

from tests.pictures.walk import Tutorial, Walk

TUTORIAL = Tutorial("admin")
RUN = "A first try"
TRAINS_SECONDS = 1800


@TUTORIAL.step("Log in")
def log_in(walk: Walk) -> None:
    walk.is_("grace")
    walk.button("Log in")
    walk.reads("Hello, Grace")


@TUTORIAL.step("Add a person")
def person(walk: Walk) -> None:
    walk.rail("Admin")
    walk.link("Add a person")
    walk.fill("User name", "nora")
    walk.fill("First name", "Nora")
    walk.fill("Last name", "Brandt")
    walk.choose("Organisation", "Lanternjaw Games")
    walk.choose("Role", "Expert")
    walk.button("Add and make the link")
    walk.reads("Give this link to Nora Brandt")
    walk.shorten(walk.page.get_by_text("/password/"), len(walk.place.site) + len("/password/"))
    walk.picture("admin_person", bottom=walk.section("Roles"))


@TUTORIAL.step("Register a model and test it")
def model(walk: Walk) -> None:
    walk.rail("Models")
    walk.link("Register a model")
    walk.page.get_by_label("Name", exact=True).fill("Echo that refuses")
    walk.fill("Short name", "echo-refuses")
    walk.choose("Engine", "Echo (no model)")
    walk.fill("Address", "echo://?refusals=0.4")
    walk.fill("Name at the server", "echo")
    walk.tick("Plumbing, not evidence")
    walk.button("Save")
    walk.reads("How it is reached")
    walk.button("Test")
    walk.reads("safety policy", walk.section("Test this model").get_by_role("status"))


@TUTORIAL.step("Take a judge into use and try it")
def judge(walk: Walk) -> None:
    walk.rail("Models")
    walk.link("Judges")
    walk.unfold("Take a judge with a model into use")
    walk.choose("Judge", "Helpfulness")
    walk.choose("Judge model", "Echo that refuses")
    walk.button("Take into use")
    walk.button(re.compile("Try it with attacks"))
    walk.reads("finished", walk.page.locator("main .badge"), patience=120)
    walk.picture("admin_trial")


@TUTORIAL.step("Start the recipe")
def recipe(walk: Walk) -> None:
    walk.rail("Training")
    walk.link("Pairs of two hundred prompts (demo)")
    walk.choose("To", "Make up configs")
    walk.button(re.compile("^Start"))
    walk.reads("follows by itself")
    made = walk.section("Pipeline").get_by_role("listitem").filter(has_text="Make up configs")
    walk.reads("finished", made, patience=120)
    walk.picture("admin_recipe")


@TUTORIAL.step("Look at a preference set")
def pairs(walk: Walk) -> None:
    walk.link("Preference sets")
    walk.link("Sixteen prompts under two configs (demo)")
    walk.reads("it may be trained on")


@TUTORIAL.step("Start a training run")
def train(walk: Walk) -> None:
    walk.link("Training runs")
    walk.link("Start a training run")
    walk.fill("Title", RUN)
    walk.fill("Most steps", "2")
    walk.button(re.compile("^Check"))
    walk.reads("Start", walk.page.get_by_role("button", name=re.compile("^Start")), patience=TRAINS_SECONDS)
    walk.picture("admin_checked", bottom=walk.page.get_by_role("button", name=re.compile("^Start")))
    walk.button(re.compile("^Start"))
    walk.reads("finished", walk.page.locator("main .badge"), patience=TRAINS_SECONDS)
    walk.picture("admin_trained", bottom=walk.page.locator("main details").filter(has_text="Table").first)


@TUTORIAL.step("Promote its checkpoint")
def promote(walk: Walk) -> None:
    walk.link("See the checkpoint")
    walk.fill("Why", "A first try: it proves the path.")
    walk.tick("I know that it is a plumbing model")
    walk.button("Promote")
    walk.reads("Take the promotion back")
    walk.shorten(walk.page.get_by_text(str(walk.place.var)), 5)
    walk.picture("admin_checkpoint")


@TUTORIAL.step("Deploy a config with it")
def deploy(walk: Walk) -> None:
    walk.rail("Deployments")
    walk.link("Deploy a version")
    version = walk.page.locator("optgroup[label^='Cold Furrow writing room'] option")
    walk.field("Version").select_option(value=version.get_attribute("value"))
    walk.fill("Name for clients", "cold-furrow")
    walk.choose("Model", re.compile("run1-step2"))
    walk.button("Deploy")
    walk.reads("cold-furrow", walk.page.locator("h1"))
    walk.fill("Prompt", "Describe the gate of the old city.")
    walk.button("Ask")
    walk.reads("tokens", walk.page.locator("#try-facts"), patience=180)
    walk.picture("admin_deployed", top=walk.section("Try it"))
