"""The lead's tutorial: Lea freezes a release, evaluates a model on it, lets two people rate, decides, makes a key."""

import re

from tests.pictures.walk import Tutorial, Walk

TUTORIAL = Tutorial("lead")
CONFIG = "Children's books for Arab and Muslim families"
TITLE = "Children's books, read by two"
ITEMS, READS_MS = 4, 2200
HELPFUL, SLIGHTLY, BROKEN = ("4", "y"), ("2", "n"), ("1", "n")
SAID = {"carol": {"Crusades": SLIGHTLY}, "dan": {"Crusades": BROKEN, "rhyme": BROKEN, "shisha": BROKEN}}


@TUTORIAL.step("Log in")
def log_in(walk: Walk) -> None:
    walk.is_("lea")
    walk.button("Log in")
    walk.reads("Hello, Lea")


@TUTORIAL.step("Freeze a release of the benchmark")
def freeze(walk: Walk) -> None:
    walk.rail("Benchmarks")
    walk.link("Five organisations (demo)")
    walk.link("Releases")
    walk.link("Freeze the first release")
    walk.picture("lead_freeze")
    walk.button("Freeze")
    walk.reads("v1.0", walk.page.locator("h1"))


@TUTORIAL.step("Evaluate a model on it")
def evaluate(walk: Walk) -> None:
    walk.home()
    walk.link("Start an evaluation")
    walk.choose("Benchmark", "Five organisations (demo)")
    walk.choose("Which prompts", "v1.0")
    walk.tick(CONFIG)
    walk.fill("Prompts of each kind", "1")
    walk.tick("Echo", walk.page.get_by_role("group", name="Models", exact=True))
    walk.tick("Heuristic")
    walk.page.wait_for_load_state("networkidle")
    walk.button(re.compile("^Start"))
    walk.reads("4 of 4 items done", patience=60)
    walk.reads("scored")
    walk.picture("lead_run")


@TUTORIAL.step("Make a campaign")
def campaign(walk: Walk) -> None:
    walk.rail("Campaigns")
    walk.link("New campaign")
    walk.fill("Title", TITLE)
    walk.fill("Support contact", "Lea Haddad, room 12")
    walk.fill("Seed", "7")
    walk.button("Make the campaign")
    walk.reads(TITLE)


@TUTORIAL.step("Choose responses and people")
def choose(walk: Walk) -> None:
    walk.link("Items")
    walk.link(re.compile("^Choose responses"))
    walk.page.locator("input[name=runs]").first.check()
    walk.button(re.compile("^Add"))
    walk.link("People")
    walk.tick(re.compile("^Carol"))
    walk.tick(re.compile("^Dan"))
    walk.button("Add them")
    walk.link("Overview")
    walk.button("Open")
    walk.reads("open")


@TUTORIAL.step("Let two people rate")
def rate(walk: Walk) -> None:
    for person, said in SAID.items():
        walk.is_(person)
        walk.button("Log in")
        walk.rail("Rate")
        walk.page.get_by_role("row", name=re.compile(TITLE)).get_by_role(
            "link", name=re.compile("^Read and begin")
        ).click()
        walk.button(re.compile("^I have read this"))
        for _ in range(ITEMS):
            walk.page.wait_for_function("() => Rate.ready()")
            walk.page.wait_for_timeout(READS_MS)
            prompt = walk.page.locator("#rate-body .prompt").inner_text()
            answer = next((keys for word, keys in said.items() if word in prompt), HELPFUL)
            for key in (*answer, "Enter"):
                walk.page.keyboard.press(key)
        walk.reads("Nothing waits for you")
    walk.is_("lea")
    walk.page.reload()
    walk.reads("8 of 8 answers done")
    walk.picture("lead_campaign", bottom=walk.page.locator(".card").filter(has_text="How it is set up"))


@TUTORIAL.step("Read how far they agree")
def agreement(walk: Walk) -> None:
    walk.link("Agreement")
    walk.reads("Krippendorff")
    walk.picture("lead_agreement")


@TUTORIAL.step("Decide where they differ")
def adjudicate(walk: Walk) -> None:
    walk.link("Adjudication")
    walk.link("Decide the first")
    walk.page.keyboard.press("1")
    walk.tick("slip")
    walk.picture("lead_decide")
    walk.button("Decide")
    walk.reads("Decided.")


@TUTORIAL.step("Read people beside the judge")
def results(walk: Walk) -> None:
    walk.rail("Campaigns")
    walk.link(TITLE)
    walk.link("Results")
    walk.picture("lead_results")


@TUTORIAL.step("Give a program a key")
def key(walk: Walk) -> None:
    walk.rail("Deployments")
    walk.link("childrens_books")
    walk.link("New key")
    walk.fill("Name", "bookshop till")
    walk.fill("Requests per minute", "60")
    walk.picture(
        "lead_key",
        ring=walk.page.get_by_role("button", name="Make the key"),
    )
    walk.button("Make the key")
    walk.reads(re.compile(r"cosa-[\w-]{40,}"))
