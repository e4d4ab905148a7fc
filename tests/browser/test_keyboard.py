"""The four main jobs from their first key to their last, without a mouse: the focus is always seen and never lost."""

import re

import pytest
from playwright.sync_api import expect

from annotations.models import ConfigVersion, Rating, User
from tests.browser.hands import Hands
from tests.factories import make_config, make_model, make_person, make_prompt, make_version
from tests.rating_desk import enrol, make_campaign
from tests.review_desk import waits

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_expert_writes_a_config_and_submits_it(window, ada: User):
    page = window.open("/", ada)
    hands = Hands(page)
    hands.go("Configs").press("Enter")
    page.wait_for_url("**/configs/")
    hands.go("New config").press("Enter")
    page.wait_for_url("**/configs/new/")
    hands.go("Title").write("Harbour stories").go("Nothing").go("Write it").press("Enter")
    page.wait_for_url("**/edit/")
    hands.opened("Person").go("Policy", tag="textarea").write("We write crime stories for adults.")
    hands.go("Add a rule").press("Enter").held("Text of r1").write("Fights may be told.")
    expect(page.locator("#sign")).to_contain_text("saved")
    hands.go("Submit for review", back=True).press("Enter").held().press("Escape").held("Submit for review")
    hands.press("Enter").go("Submit v1").press("Enter")
    page.wait_for_url(re.compile(r"/v1/"))
    assert ConfigVersion.objects.get(config__title="Harbour stories").state == "submitted"
    assert hands.wrong == []


def test_a_reviewer_reads_the_changes_says_something_and_returns_them(window, ada: User):
    config = make_config()
    make_version(config)
    version = waits(config)
    page = window.open("/", make_person("bob"))
    hands = Hands(page)
    hands.go("Review Config game").press("Enter")
    page.wait_for_url("**/review/")
    hands.go("Comment on line 1").press("Enter").held("Your comment").write("Children too?")
    hands.go("Comment$").press("Enter")
    expect(page.locator("#talk-p1")).to_contain_text("Children too?")
    hands.held().go("Reasons").write("Say who plays.").go("Approve").go("Return").press("Enter")
    expect(page.locator("h1 + .badge")).to_contain_text("returned")
    version.refresh_from_db()
    assert version.state == "returned" and hands.wrong == []


def test_an_annotator_rates_three_responses(window):
    campaign = make_campaign(3)
    enrol(campaign, "carol")
    page = window.open("/", make_person("carol"))
    hands = Hands(page)
    hands.go("Rate 3 responses").press("Enter")
    page.wait_for_url("**/rate/*/")
    page.wait_for_function("() => Rate.ready()")
    hands.press("?")
    expect(page.locator("dialog[open]")).to_have_count(1)
    hands.press("Escape").held()
    for number, answer in enumerate(("y", "n", "y"), start=1):
        page.wait_for_function("() => Rate.ready()")
        hands.press("4", answer, "Enter")
        expect(page.locator("#rate-done")).to_contain_text(f"{number} done")
        hands.held()
    expect(page.get_by_role("paragraph").filter(has_text="Nothing waits for you here now")).to_be_visible()
    hands.go("Leave")
    assert Rating.objects.count() == 3 and hands.wrong == []


def test_a_lead_starts_an_evaluation_and_opens_its_result_and_an_item(window, worker, ada: User):
    make_model(base_url="echo://?latency_ms=20")
    make_version(make_config())
    for kind in ("safe", "allowed", "partial", "disallowed"):
        make_prompt(config=make_config(), kind=kind, rule="r1", why="It is a question.")
    page = window.open("/", ada)
    hands = Hands(page)
    hands.go("Start an evaluation").press("Enter")
    page.wait_for_url("**/runs/new/**")
    hands.go("Benchmark", tag="select").write("Bench").go("Echo", tag="input")
    hands.go("Heuristic", tag="input").go("Start$", tag="button").press("Enter")
    page.wait_for_url(re.compile(r"/runs/\d+/$"))
    expect(page.locator("#run-live .badge")).to_contain_text("finished")
    expect(page.locator("#by-kind")).to_be_visible()
    hands.opened("Download").go("all items").press("Enter")
    page.wait_for_url("**/items/**")
    hands.go("How does a siege", tag="a").press("Enter")
    expect(page.locator(".prompt")).to_be_visible()
    assert hands.wrong == []
