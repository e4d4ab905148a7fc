"""The playground in a browser: asked with keys, read side by side, stopped, kept over a reload, a prompt saved."""

import re

import pytest
from playwright.sync_api import expect

from annotations.models import Prompt
from tests.factories import make_benchmark, make_config, make_model, make_organisation, make_version
from tests.stage import served, until
from tests.training.services.test_playground import Drip
from training.services import playground

PROMPT = "How does a siege end?"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> {response} $config"


@pytest.fixture
def stage():
    with Drip() as server:
        yield server
        until(lambda: not playground._asks)


@pytest.fixture
def versions(ada):
    """An approved version and a draft of one config."""
    config = make_config(title="The northern game")
    return [make_version(config), make_version(config, state="draft", policy="We write for children.")]


def asked(page, text=PROMPT):
    page.locator("#prompt").fill(text)
    page.keyboard.press("Control+Enter")
    return page.locator(".answer")


def idle(page):
    expect(page.locator("#stop-all")).to_be_disabled()


def test_two_models_under_two_versions_are_asked_and_answer_with_keys_alone(window, ada, versions):
    make_model("one")
    make_model("two")
    page = window.open("/playground/", ada)
    expect(page.locator("#prompt")).to_be_focused()
    page.keyboard.type(PROMPT)
    page.get_by_role("checkbox", name="No config").focus()
    page.keyboard.press("Space")
    page.keyboard.press("2")
    page.keyboard.press("Control+Enter")
    cells = page.locator(".answer")
    expect(cells).to_have_count(4)
    idle(page)
    expect(page.locator("#ask-state")).to_have_text("4 answers")
    for number in range(4):
        expect(cells.nth(number)).to_contain_text("siege")
        expect(cells.nth(number).locator("[data-part=facts]")).to_contain_text(re.compile(r"\d+ tokens · .+ · echo"))
    expect(cells.nth(0)).to_contain_text("The northern game")
    expect(cells.nth(0)).to_contain_text("v2 draft")
    left, right = cells.nth(0).bounding_box(), cells.nth(1).bounding_box()
    assert left["y"] == right["y"] and left["x"] < right["x"]


def test_letters_appear_while_the_model_still_writes_and_escape_ends_it(window, ada, stage):
    served(stage, "drip")
    page = window.open("/playground/", ada)
    cell = asked(page)
    expect(cell.locator(".response")).to_contain_text("word word word")
    expect(cell).to_have_attribute("aria-busy", "true")
    page.keyboard.press("Escape")
    expect(cell.locator("[data-part=facts]")).to_have_text("stopped")
    until(lambda: not stage.open)
    expect(cell.locator(".response")).to_contain_text("word")


def test_one_cell_is_stopped_and_the_other_goes_on(window, ada, stage, versions):
    served(stage, "drip")
    page = window.open("/playground/", ada)
    page.get_by_role("checkbox", name="No config").check()
    cells = asked(page)
    expect(cells.nth(1).locator(".response")).to_contain_text("word")
    cells.nth(0).get_by_role("button", name="Stop").click()
    until(lambda: stage.open == 1)
    expect(cells.nth(1)).to_have_attribute("aria-busy", "true")
    cells.nth(1).get_by_role("button", name="Stop").click()
    until(lambda: not stage.open)
    idle(page)


def test_a_second_ask_ends_the_first(window, ada, stage):
    served(stage, "drip")
    page = window.open("/playground/", ada)
    asked(page)
    expect(page.locator(".response")).to_contain_text("word")
    for _ in range(3):
        page.keyboard.press("Control+Enter")
    expect(page.locator(".response")).to_contain_text("word word")
    until(lambda: stage.open == 1 and sum(map(len, playground._asks.values())) == 1)
    expect(page.locator("#ask-problem")).to_be_hidden()
    page.keyboard.press("Escape")
    until(lambda: not stage.open, seconds=3)


def test_leaving_the_page_ends_the_calls(window, ada, stage):
    served(stage, "drip")
    page = window.open("/playground/", ada)
    expect(asked(page).locator(".response")).to_contain_text("word")
    page.goto("/configs/")
    until(lambda: not stage.open)


def test_an_error_stays_in_its_cell(window, ada, stage):
    served(stage, "quota", name="A poor one")
    make_model("echo")
    page = window.open("/playground/", ada)
    page.get_by_role("checkbox", name="Echo").check()
    page.get_by_role("checkbox", name="A poor one").check()
    cells = asked(page)
    expect(cells.nth(0).locator(".note")).to_contain_text("no money left")
    expect(cells.nth(1)).to_contain_text("siege")
    expect(page.locator("#ask-state")).to_have_text("1 answer, 1 error")


def test_a_fourth_model_and_a_third_version_are_not_taken(window, ada, versions):
    for name in "abcd":
        make_model(name)
    page = window.open("/playground/", ada)
    for name in "BCD":
        page.get_by_role("checkbox", name=name, exact=True).click()
    expect(page.get_by_role("checkbox", name="D", exact=True)).not_to_be_checked()
    expect(page.locator("#ask-problem")).to_have_text("At most 3 models. Take one away first.")
    page.get_by_role("checkbox", name="No config").check()
    page.get_by_role("checkbox", name="v1").click()
    expect(page.locator("#ask-problem")).to_have_text("At most 2 config versions. Take one away first.")
    expect(page.get_by_role("checkbox", name="v1")).not_to_be_checked()


def test_what_cannot_be_asked_is_said_before_it_is_sent(window, ada):
    make_model()
    page = window.open("/playground/", ada)
    page.get_by_role("checkbox", name="No config").check()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#ask-problem")).to_contain_text("The prompt is empty")
    asked(page, "x" * 100_000)
    expect(page.locator("#ask-problem")).to_contain_text(re.compile("at most 20.000 characters; this one has 100.000"))


def test_prompt_and_choices_survive_a_reload_and_a_walk_elsewhere(window, ada, versions):
    make_model("one")
    make_model("two")
    page = window.open(f"/playground/?config={versions[0].config_id}&version=1&prompt=What+is+a+moat%3F", ada)
    page.get_by_role("checkbox", name="Two").check()
    page.reload()
    for visit in ("reload", "rail"):
        expect(page.locator("#prompt")).to_have_value("What is a moat?")
        expect(page.get_by_role("checkbox", name="v1")).to_be_checked()
        expect(page.get_by_role("checkbox", name="v2")).not_to_be_checked()
        expect(page.get_by_role("checkbox", name="Two")).to_be_checked()
        assert "moat" not in page.url, visit
        page.goto("/configs/")
        page.locator(".rail").get_by_role("link", name="Playground").click()


def test_another_config_is_picked_without_losing_the_first(window, ada, versions, stays):
    make_model()
    film = make_version(make_config("film", title="The southern film"))
    page = window.open(f"/playground/?config={versions[0].config_id}", ada)
    same_page = stays(page)
    page.locator("#prompt").fill(PROMPT)
    page.get_by_label("Config", exact=True).select_option("The southern film")
    expect(page.get_by_role("checkbox", name="The northern game")).to_be_checked()
    expect(page.locator(f"input[name=versions][value='{film.pk}']")).to_be_checked()
    expect(asked(page)).to_have_count(2)
    idle(page)
    assert same_page()


def test_a_prompt_is_saved_with_keys_and_a_toast_leads_to_it(window, ada, versions, stays):
    make_model()
    benchmark = make_benchmark(title="Sieges")
    page = window.open("/playground/", ada)
    same_page = stays(page)
    asked(page)
    idle(page)
    page.locator("h1").click()
    page.keyboard.press("s")
    page.keyboard.press("d")
    expect(page.get_by_role("radio", name="disallowed")).to_be_checked()
    page.get_by_label("Rule").fill("r9")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("has no rule r9. Its rules are r1.")
    page.get_by_label("Rule").fill("r1")
    page.keyboard.press("Control+Enter")
    toast = page.locator(".toast.success")
    expect(toast).to_contain_text("Saved as prompt 1 of Sieges")
    expect(page.get_by_role("dialog")).to_be_hidden()
    prompt = Prompt.objects.get()
    assert (prompt.text, prompt.kind, prompt.rule, prompt.config_id) == (
        PROMPT,
        "disallowed",
        "r1",
        versions[0].config_id,
    )
    assert same_page()
    toast.get_by_role("link").click()
    expect(page).to_have_url(re.compile(rf"/benchmarks/{benchmark.pk}/"))
    expect(page.get_by_text(PROMPT)).to_be_visible()


def test_a_hostile_answer_is_only_text_and_copied_as_it_is(window, ada, stage):
    served(stage, "echo", name=HOSTILE[:100])
    make_version(make_config(title=HOSTILE))
    page = window.open("/playground/", ada)
    cell = asked(page, HOSTILE)
    expect(cell.locator(".response")).to_have_text(HOSTILE)
    idle(page)
    expect(cell.locator("header")).to_contain_text("<script>alert(1)</script>")
    assert cell.locator("script, img").count() == 0


def test_an_arabic_prompt_and_its_answer_run_from_right_to_left(window, ada, stage):
    served(stage, "echo")
    page = window.open("/playground/", ada)
    cell = asked(page, "اكتب مشهداً عن حصار")
    expect(cell.locator(".response")).to_have_css("direction", "rtl")
    idle(page)


def test_on_a_phone_cells_stack_and_nothing_scrolls_sideways(window, ada, stage, versions):
    served(stage, "echo", name="A model whose name nobody ever shortened " * 4)
    make_version(make_config("long", title="A title that its authors never shortened " * 7))
    page = window.open("/playground/", ada, width=390)
    page.get_by_label("Config", exact=True).select_option("The northern game")
    expect(page.get_by_role("checkbox", name="A title")).to_be_checked()
    cells = asked(page, "Unbroken" * 200)
    idle(page)
    assert cells.nth(0).bounding_box()["x"] == cells.nth(1).bounding_box()["x"]
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_a_person_who_was_logged_out_meanwhile_loses_nothing(window, ada):
    make_model()
    page = window.open("/playground/", ada)
    page.get_by_role("checkbox", name="No config").check()
    page.context.clear_cookies(name="sessionid")
    asked(page)
    expect(page.locator("#ask-problem")).to_contain_text("You are logged out")
    expect(page.locator("#prompt")).to_have_value(PROMPT)


def test_a_choice_that_is_gone_does_not_stand_in_the_way_twice(window, ada, versions):
    make_model()
    page = window.open("/playground/", ada)
    expect(page.get_by_role("checkbox", name="v2")).to_be_checked()
    versions[0].config.organisation = make_organisation("elsewhere")
    versions[0].config.save()
    window.complaints.clear()
    page.goto("/playground/")
    expect(page.locator("h1")).not_to_have_text("Playground")
    page.goto("/playground/")
    expect(page.get_by_role("heading", name="Playground")).to_be_visible()
    window.complaints.clear()
