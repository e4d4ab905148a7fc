"""The annotator's tutorial: Carol reads what a campaign asks, rates by keys, flags, rests, and labels prompts."""

import re

from tests.pictures.walk import Tutorial, Walk

TUTORIAL = Tutorial("annotator")


@TUTORIAL.step("Log in")
def log_in(walk: Walk) -> None:
    walk.is_("carol")
    walk.button("Log in")
    walk.reads("Hello, Carol")


@TUTORIAL.step("Read before you begin")
def read(walk: Walk) -> None:
    walk.rail("Rate")
    walk.link(re.compile("^Read and begin"))
    walk.tick("leave out Drugs")
    walk.picture("annotator_begin")
    walk.page.get_by_label("leave out Drugs").uncheck()
    walk.button(re.compile("^I have read this"))
    walk.reads("Practice.")


@TUTORIAL.step("Answer the two practice items")
def practise(walk: Walk) -> None:
    keys(walk, "4", "y")
    walk.reads("saved")
    walk.picture("annotator_item", framed=True)
    keys(walk, "Enter")
    walk.reads("right answer", walk.page.locator("#rate-judged"))
    form = walk.page.get_by_role("form", name="Your answer")
    walk.picture("annotator_practice", top=walk.page.locator("#rate-judged"), bottom=form)
    keys(walk, "Enter")
    walk.reads("Food and music alphabet")
    keys(walk, "4", "n", "r", "Enter")
    walk.reads("right answer", walk.page.locator("#rate-judged"))
    keys(walk, "Enter")


@TUTORIAL.step("Rate with three keys")
def rate(walk: Walk) -> None:
    for pressed in (("4", "y"), ("2", "n"), ("5", "y")):
        said = walk.page.locator("#rate-body .response").inner_text()
        keys(walk, *pressed)
        if pressed[1] == "n":
            keys(walk, "r", "Space")
            walk.picture("annotator_rules", top=walk.page.get_by_role("form", name="Your answer"))
        keys(walk, "Enter")
        walk.page.wait_for_function(
            "said => document.querySelector('#rate-body .response').innerText !== said", arg=said
        )
    walk.reads("3 done", walk.page.locator("#rate-done"))


@TUTORIAL.step("Change what you said")
def change(walk: Walk) -> None:
    keys(walk, "u", "4", "Enter")
    walk.reads("3 done", walk.page.locator("#rate-done"))


@TUTORIAL.step("Flag what is wrong")
def flag(walk: Walk) -> None:
    keys(walk, "f")
    walk.fill("What should the lead know?", "The response stops in the middle of a sentence.")
    dialog = walk.page.get_by_role("dialog")
    walk.picture("annotator_flag", top=dialog)
    walk.button("Flag", walk.page.get_by_role("dialog"))
    walk.reads("The lead has your flag.")


@TUTORIAL.step("Pass on what is too much, and rest")
def rest(walk: Walk) -> None:
    keys(walk, "x")
    walk.reads("It counts against nothing.")
    walk.picture("annotator_pass", top=walk.page.get_by_role("dialog"))
    walk.button("Take a break")
    walk.button("I am back")
    walk.link("Leave")
    walk.link(re.compile("^My own"))
    walk.reads("What you flagged")


@TUTORIAL.step("Label prompts")
def label(walk: Walk) -> None:
    walk.rail("Label")
    walk.link("Label prompts of Five organisations (demo)")
    walk.picture("annotator_label", top=walk.page.locator("#check form"))
    for kind in ("a", "p"):
        shown = walk.page.locator("#check .prompt").inner_text()
        keys(walk, kind)
        keys(walk, "Enter")
        walk.page.wait_for_function("said => document.querySelector('#check .prompt').innerText !== said", arg=shown)
    walk.reads(re.compile(r"2 of \d+ labelled by you"))


def keys(walk: Walk, *pressed: str) -> None:
    """Press them one after the other, as soon as the next item is here and all that was said is stored."""
    walk.look()
    walk.page.wait_for_function("() => typeof Rate === 'undefined' || Rate.ready()")
    for key in pressed:
        walk.page.keyboard.press(key)
    walk.look()
