"""A run's page while the run goes on: it follows by itself and never gets in the way of the person in front of it."""

import re

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from annotations.models import User
from tests.factories import make_candidate, make_model, make_run
from training.models import EvaluationRun


@pytest.fixture
def slow_run(ada: User) -> EvaluationRun:
    """Twelve prompts at a model that takes a quarter of a second for each, one at a time."""
    return long_run(ada, 12)


def long_run(ada: User, prompts: int) -> EvaluationRun:
    model = make_model(base_url="echo://?latency_ms=250", max_concurrency=1)
    return make_run(prompts, candidate=make_candidate(model), actor=ada)


def state(page: Page):
    return page.locator("#run-live .badge")


def test_a_run_is_cancelled_and_resumed_by_its_buttons(window, worker, ada, slow_run):
    worker.hint(slow_run.pk)
    page = window.open(f"/runs/{slow_run.pk}/", ada)
    page.get_by_role("button", name="Cancel").click()
    expect(state(page)).to_contain_text("cancelled")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    page.get_by_role("button", name="Resume").click()
    expect(state(page)).to_contain_text("finished")
    expect(page.locator(".conserve")).to_contain_text("12 in = 12 out + 0 failed + 0 to do")


def test_the_focus_stays_where_it_is_while_the_run_moves(window, worker, ada):
    run = long_run(ada, 80)
    page = window.open(f"/runs/{run.pk}/", ada)
    worker.hint(run.pk)
    expect(state(page)).to_contain_text("running")
    page.get_by_role("button", name="Cancel").focus()
    before = page.locator(".progress-words").inner_text()
    expect(page.locator(".progress-words")).not_to_have_text(before)
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()


def test_an_open_menu_is_not_closed_by_fresh_figures(window, worker, ada):
    run = long_run(ada, 80)
    page = window.open(f"/runs/{run.pk}/", ada)
    worker.hint(run.pk)
    menu = page.locator("#by-kind details.menu")
    menu.locator("summary").click()
    with page.expect_response(lambda answer: answer.request.headers.get("hx-target") == "run-figures"):
        page.evaluate("htmx.trigger(document.body, 'run-moved')")
    before = page.locator(".progress-words").inner_text()
    expect(page.locator(".progress-words")).not_to_have_text(before)
    expect(menu).to_have_attribute("open", "")


def test_a_page_whose_session_is_over_asks_for_a_log_in(window, ada, slow_run):
    page = window.open(f"/runs/{slow_run.pk}/", ada)
    Session.objects.all().delete()
    expect(page).to_have_url(re.compile(rf"/login/\?next=/runs/{slow_run.pk}/$"))


def test_only_a_new_state_is_spoken(window, worker, ada, slow_run):
    page = window.open(f"/runs/{slow_run.pk}/", ada)
    said = page.locator("#run-said")
    expect(said).to_have_text("")
    worker.hint(slow_run.pk)
    expect(said).to_contain_text("is running")
    expect(said).to_have_text(f"Run {slow_run.pk} is finished: 12 of 12 items done, 0 failed.")


def test_without_scripts_a_run_is_started_and_its_result_read(window, worker, ada):
    make_run(4, actor=ada)
    page = window.open("/runs/new/", ada, scripts=False)
    page.get_by_label("Prompts of each kind").fill("1")
    page.get_by_role("button", name="Start").click()
    worker.rest()
    page.get_by_role("link", name="Look again").click()
    expect(state(page)).to_contain_text("finished")
    expect(page.locator(".figure.large")).to_contain_text("4 of 4 scored")
