"""The product's spine in a browser: log in, start a run, watch it, read its score, follow it down to one response."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from annotations.models import Benchmark, User
from annotations.templatetags.look import interval, score
from tests.factories import make_benchmark, make_config, make_model, make_prompt, make_version
from training import queries
from training.models import EvaluationRun

PASSWORD = "a-long-enough-secret"
KINDS = ("safe", "allowed", "partial", "disallowed")


@pytest.fixture
def benchmark(ada: User) -> Benchmark:
    """Two configs with five prompts of every kind, and an echo that takes its time."""
    ada.set_password(PASSWORD)
    ada.save()
    make_model(base_url="echo://?latency_ms=200", max_concurrency=1)
    for slug in ("game", "film"):
        make_version(make_config(slug))
        for number in range(5 * len(KINDS)):
            make_prompt(config=make_config(slug), kind=KINDS[number % 4], rule="r1", why="It is a question.")
    return make_benchmark()


def log_in(page: Page) -> None:
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def start_run(page: Page, benchmark: Benchmark, per_kind: int) -> None:
    page.get_by_role("link", name="Start an evaluation").first.click()
    page.get_by_label("Benchmark").select_option(label=benchmark.title)
    page.get_by_label("Prompts of each kind").fill(str(per_kind))
    page.get_by_role("group", name="Models", exact=True).get_by_label("Echo").check()
    page.get_by_label("Heuristic").check()
    page.wait_for_load_state("networkidle")  # the estimate above the button has its height
    page.get_by_role("button", name="Start").click()


def shown_score(run: EvaluationRun) -> tuple[Any, ...]:
    figures = queries.scores(run)
    low, high = figures.mean_interval
    return score(figures.mean), interval(low, high), f"{figures.overall.n_scored} of {figures.overall.n_total} scored"


def test_a_run_is_started_watched_and_read_down_to_one_response(window, worker, benchmark, stays):
    page = window.open("/login/")
    log_in(page)
    start_run(page, benchmark, per_kind=2)
    same_page = stays(page)
    expect(page.locator(".progress-words")).to_have_text(re.compile(r"^[1-9]\d? of 16 items done"))
    expect(page.locator("#run-live .badge")).to_contain_text("finished")
    expect(page.locator("#run-said")).to_have_text(
        re.compile(r"^Run \d+ is finished: 16 of 16 items done, 0 failed\.$")
    )
    for part in shown_score(EvaluationRun.objects.get()):
        expect(page.locator("#run-figures .figure.large")).to_contain_text(part)
    assert same_page()
    page.locator("#by-kind").get_by_role("link", name="disallowed").click()
    expect(page.locator("#items tbody tr")).to_have_count(4)
    page.locator("#items tbody a").first.click()
    read_the_item(page)
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(r"/runs/\d+/items/\d+/\?kind=disallowed"))
    expect(page.locator(".toolbar")).to_contain_text("2 of 4 in this filter")


def read_the_item(page: Page) -> None:
    """Config, prompt, response and verdict stand beside each other."""
    expect(page.locator("#policy .policy")).to_contain_text("We write games for adults.")
    expect(page.locator("#policy #rule-r1")).to_contain_text("No real people.")
    expect(page.locator(".prompt")).to_contain_text("How does a siege feel")
    expect(page.locator(".response")).to_contain_text("siege")
    expect(page.locator(".verdict").first).to_contain_text("heuristic, not evidence")
    expect(page.locator(".toolbar")).to_contain_text("1 of 4 in this filter")
