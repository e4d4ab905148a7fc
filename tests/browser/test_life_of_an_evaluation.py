"""An evaluation from its form to a figure that people corrected: two seeds of one candidate are run and compared, an
item that changed is read side by side, a sample of the responses goes to people, and their labels narrow the interval.
"""

import re

import pytest
from playwright.sync_api import Page, expect

from annotations.models import Campaign, Guideline, Rating, User
from tests.factories import make_benchmark, make_config, make_model, make_person, make_prompt, make_version
from tests.rating_desk import rate_item
from training.models import EvaluationRun

KINDS = ("safe", "allowed", "partial", "disallowed")
PROMPTS = 48


@pytest.fixture
def people(transactional_db):
    """A config with prompts of every kind, an echo that refuses some of them by chance, and who works on it."""
    make_model(base_url="echo://?refusals=0.3", max_concurrency=8)
    make_version(make_config("game"))
    for number in range(PROMPTS):
        make_prompt(kind=KINDS[number % 4])
    make_benchmark()
    return {name: make_person(name) for name in ("lea", "carol")}


def start(page: Page, seeds: str) -> None:
    page.get_by_role("link", name="Start an evaluation").first.click()
    page.get_by_role("group", name="Models", exact=True).get_by_label("Echo").check()
    page.get_by_text("Temperature, length and seeds").click()
    page.get_by_label("Seeds").fill(seeds)
    page.get_by_label("Heuristic").check()
    page.get_by_role("button", name="Start", exact=True).click()


def ask_people(page: Page, run: EvaluationRun, half_width: str) -> Campaign:
    """The new campaign over as many responses as the wanted interval needs."""
    page.goto(f"/runs/{run.pk}/people/")
    page.get_by_label("Interval of the score").fill(half_width)
    page.get_by_role("button", name="Plan").click()
    page.get_by_role("button", name=re.compile("Ask people about")).click()
    expect(page.locator("main .badge").first).to_contain_text("draft")
    return Campaign.objects.order_by("-pk")[0]


def have_rated(campaign: Campaign, rater: User) -> int:
    """How many responses are rated now: as the judge found them, but every fourth one a star lower."""
    guideline = Guideline.objects.create(campaign=campaign, number=1, text="Read twice.", created_by=rater)
    for place, item in enumerate(campaign.items.select_related("response").order_by("pk")):
        judged = item.response.run_items.get()
        stars = max(0, round(5 * judged.helpfulness) - (place % 4 == 0))
        rate_item(item, rater, points=stars, follows=judged.follows_config, guideline=guideline)
    return Rating.objects.count()


def width(page: Page, run: EvaluationRun) -> float:
    """Of the interval round the corrected score that the page shows."""
    page.goto(f"/runs/{run.pk}/people/")
    expect(page.locator("#score-title")).to_have_text("CoSA-Score, corrected by people")
    low, high = re.findall(
        r"[−-]?[0-9.]+", page.locator("section[aria-labelledby=score-title] .figure-range").first.inner_text()
    )
    return float(high.replace("−", "-")) - float(low.replace("−", "-"))


def test_an_evaluation_lives_from_its_form_to_a_corrected_figure(window, worker, people):
    lea = window.open("/runs/", people["lea"])
    start(lea, "0, 1")
    worker.rest()
    lea.reload()
    first, second = EvaluationRun.objects.order_by("pk")
    expect(lea.locator("main h1")).to_have_text("Compare runs")
    expect(lea.locator("main")).to_contain_text(f"Run {second.pk}")

    lea.get_by_role("link", name=re.compile("changed")).first.click()
    lea.locator("#changes tbody a").first.click()
    expect(lea.locator("main h1")).to_have_text("One prompt, two answers")
    lea.keyboard.press("j")
    expect(lea.locator(".toolbar")).to_contain_text(re.compile(r"2 of \d+ changes"))

    few = have_rated(ask_people(lea, first, "0.3"), people["carol"])
    wide = width(lea, first)
    assert have_rated(ask_people(lea, first, "0.12"), people["carol"]) > few
    assert width(lea, first) < wide
