"""Two people label prompts by keys and differ, a lead decides, and the prompt is validated."""

import re

import pytest
from playwright.sync_api import Page, expect

from annotations.models import PromptCheck
from tests.factories import make_benchmark
from tests.labelling import now, person, written

FIRST = "How does the siege of the first tower end?"


@pytest.fixture
def prompts(transactional_db):
    """Two prompts of Ada's."""
    return [written("allowed", FIRST), written("safe", "How does the siege of the other tower end?")]


def path():
    return f"/checks/{make_benchmark().pk}/"


def label(page: Page, text: str, key: str) -> None:
    """That key for the prompt of that text, and Enter; other prompts on the way are called safe."""
    while text not in page.locator("#check .prompt").inner_text():
        said(page, "s")
    said(page, key)


def said(page: Page, key: str) -> None:
    done = int(page.locator(".check-progress .number").inner_text().split()[0])
    page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.locator(".check-progress .number")).to_contain_text(f"{done + 1} of 2")


def test_two_people_differ_and_a_lead_decides(window, prompts, stays):
    omar = window.open("/checks/", person("omar"))
    with omar.expect_navigation():
        omar.locator("main").get_by_role("link", name="Label").click()
    same_page = stays(omar)
    label(omar, FIRST, "p")
    assert same_page()
    lea = window.open(path(), person("lea"))
    label(lea, FIRST, "a")
    assert now(prompts[0]).validation == "disputed"
    lea.goto(f"/benchmarks/{make_benchmark().pk}/validation/")
    with lea.expect_navigation():
        lea.locator("#prompts").get_by_role("link", name=FIRST).click()
    expect(lea.locator(".reader")).to_contain_text("Rater 2 (you)")
    lea.keyboard.press("p")
    lea.keyboard.press("r")
    lea.keyboard.type("The second half is closed.")
    lea.get_by_role("button", name="Decide").click()
    expect(lea.locator(".toast.success")).to_contain_text("the prompt is partial and validated")
    decided = now(prompts[0])
    assert (decided.kind, decided.validation, decided.labels) == ("partial", "validated", 2)


def test_who_cannot_say_is_asked_for_a_note_and_may_go_back(window, prompts, stays):
    page = window.open(path(), person("omar"))
    same_page = stays(page)
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    expect(page.locator("#note")).to_be_focused()
    expect(page.locator("#note-error")).to_contain_text("Say what makes it hard to tell")
    page.keyboard.type("Who asks?")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("And why?")
    page.keyboard.press("Enter")
    expect(page.locator(".check-progress .number")).to_contain_text("1 of 2")
    page.keyboard.press("u")
    expect(page).to_have_url(re.compile(r"/undo/$"))
    expect(page.locator("#note")).to_have_value("Who asks?\nAnd why?")
    page.keyboard.press("d")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/checks/\d+/$"))
    assert list(PromptCheck.objects.values_list("kind", flat=True)) == ["", "disallowed"] and same_page()


def test_letters_in_the_note_are_letters(window, prompts):
    page = window.open(path(), person("omar"))
    page.keyboard.press("n")
    page.keyboard.type("sapdxug")
    expect(page.locator("#note")).to_have_value("sapdxug")
    assert page.locator("#check input:checked").count() == 0
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator("#check input:checked")).to_have_value("allowed")


def test_an_answer_taken_with_the_mouse_leaves_the_keys_at_work(window, prompts):
    page = window.open(path(), person("omar"))
    page.locator("#check label", has_text="partial").click()
    expect(page.locator("#check")).to_be_focused()
    page.keyboard.press("d")
    expect(page.locator("#check input:checked")).to_have_value("disallowed")
    page.keyboard.press("Enter")
    expect(page.locator(".check-progress .number")).to_contain_text("1 of 2")


def test_what_was_folded_stays_folded_with_the_next_prompt(window, prompts):
    page = window.open(path(), person("omar"))
    page.keyboard.press("v")
    page.keyboard.press("g")
    expect(page.locator("#check .prompt")).to_be_hidden()
    said(page, "s")
    expect(page.locator("#check .prompt")).to_be_hidden()
    expect(page.locator("#check .policy")).to_be_hidden()
    page.reload()
    expect(page.locator("#check .prompt")).to_be_hidden()
    page.keyboard.press("v")
    expect(page.locator("#check .prompt")).to_be_visible()


def test_the_pages_work_without_scripts(window, prompts):
    page = window.open(path(), person("omar"), scripts=False)
    page.locator("#check label", has_text="partial").click()
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".check-progress .number")).to_contain_text("1 of 2")
    page.get_by_role("link", name="Your last label").click()
    expect(page.locator("#check input:checked")).to_have_value("partial")


def test_no_page_of_labels_scrolls_sideways_on_a_phone(window, prompts):
    written("allowed", "Unbroken" * 60, why="Long " * 40)
    page = window.open(path(), person("lea"), width=390)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    said_of = make_benchmark().pk
    for where in (
        f"/benchmarks/{said_of}/validation/?state=all",
        f"/benchmarks/{said_of}/validation/{prompts[0].uid}/",
    ):
        page.goto(where)
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
