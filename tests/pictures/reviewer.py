"""The reviewer's tutorial: Bob reads a version and returns it, Ada answers, Bob reads the evidence and approves."""

import re

from tests.pictures.expert import SAVED
from tests.pictures.walk import Tutorial, Walk

TUTORIAL = Tutorial("reviewer")
CONFIG = "Ledger dramas story desk"


@TUTORIAL.step("Log in and look what waits")
def log_in(walk: Walk) -> None:
    walk.is_("bob")
    walk.button("Log in")
    walk.reads("Hello, Bob")
    waits = walk.page.get_by_role("link", name=f"Review {CONFIG} v2")
    walk.picture("reviewer_home", ring=waits, framed=True)


@TUTORIAL.step("Read what has changed")
def read(walk: Walk) -> None:
    walk.link(f"Review {CONFIG} v2")
    walk.reads("1 rule changed, 1 added.")
    walk.picture("reviewer_diff", top=walk.page.locator("#r5"), bottom=walk.page.locator("#r11"))


@TUTORIAL.step("Try it")
def try_it(walk: Walk) -> None:
    walk.link("Try it")
    walk.tick("Echo")
    walk.page.locator("#prompt").fill("Write the scene in which the antique pistol is dusted.")
    walk.button(re.compile("^Ask"))
    walk.reads("antique pistol", walk.page.locator("#answers"))
    walk.page.go_back()
    walk.reads("1 rule changed, 1 added.")


@TUTORIAL.step("Comment on a rule")
def comment(walk: Walk) -> None:
    walk.link("Comment on rule r11")
    walk.fill("Your comment", "How old must the ruling be? Say it here.")
    walk.picture("reviewer_comment", top=walk.page.locator("#r10"), bottom=walk.page.locator("#r11"))
    walk.button("Comment")
    walk.reads("How old must the ruling be?", walk.page.locator("#talk-r11"))


@TUTORIAL.step("Return it")
def back(walk: Walk) -> None:
    walk.fill("Reasons", "Rule r11 does not say how old a ruling must be.")
    walk.button("Return")
    walk.reads("returned")


@TUTORIAL.step("The author answers")
def answer(walk: Walk) -> None:
    walk.is_("ada")
    walk.button("Log in")
    walk.link(re.compile("came back"))
    walk.button("Answer with a new version")
    rule = walk.page.get_by_label("Text of r11")
    rule.fill(rule.input_value() + " The ruling is at least fifty years old.")
    walk.reads(SAVED, walk.page.locator("#sign"))
    walk.button("Submit for review")
    walk.fill("Note to the reviewers", "r11 says now how old a ruling must be.")
    walk.button("Submit v3")
    walk.reads("submitted")
    walk.link(re.compile("run tests"))
    walk.tick("Echo")
    walk.button("Run tests")
    walk.reads("40 of 40 prompts judged", patience=90)


@TUTORIAL.step("Read the evidence")
def evidence(walk: Walk) -> None:
    walk.is_("bob")
    walk.rail("Reviews")
    walk.link(re.compile(f"^{CONFIG} v3"))
    walk.reads("Runs of exactly this version")
    walk.picture("reviewer_evidence", top=walk.section("Evidence"))


@TUTORIAL.step("Approve it")
def approve(walk: Walk) -> None:
    decision = walk.section("Decision")
    for box in decision.get_by_role("checkbox").all():
        box.check()
    walk.picture("reviewer_decide", top=decision, ring=decision.get_by_role("button", name="Approve"))
    walk.button("Approve")
    walk.reads("approved")
