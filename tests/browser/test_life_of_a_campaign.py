"""A campaign from its form to its export: a lead sets it up, two people rate by keys alone, one of them on a phone and
for a while without a connection; the lead reads how far they agree, decides, and takes every answer away.
"""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from annotations.models import Campaign, Rating
from tests.factories import make_person
from tests.outcomes import finished_run

EXPECTED = re.compile(r"net::ERR_(INTERNET_DISCONNECTED|FAILED)")
ITEMS = 3


@pytest.fixture
def people(transactional_db):
    """A finished run of three responses, and who works on them."""
    finished_run(ITEMS)
    return {name: make_person(name) for name in ("lea", "carol")} | {"dan": make_person("dan", role="annotator")}


def set_up(page: Page) -> Campaign:
    page.get_by_role("link", name="New campaign").click()
    page.get_by_label("Title").fill("Sieges, read by two")
    page.get_by_role("button", name="Make the campaign").click()
    page.locator("#campaign-actions .primary").click()
    page.get_by_role("link", name="Choose responses").first.click()
    page.locator("input[name=runs]").first.check()
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".toast.success")).to_be_visible()
    page.get_by_role("link", name="People", exact=True).click()
    page.get_by_label("Carol").check()
    page.get_by_label("Dan").check()
    page.get_by_role("button", name="Add them").click()
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.locator(".badge").first).to_contain_text("open")
    return Campaign.objects.get()


def begin(page: Page) -> None:
    page.get_by_role("link", name="Read and begin").first.click()
    with page.expect_navigation():
        page.get_by_role("button", name="I have read this").click()
    expect(page.locator("#rate-body .response")).to_be_visible()


def rate(page: Page, *keys: str) -> None:
    """These keys and Enter for the item on the screen, once all before it is stored and the next one is fetched."""
    page.wait_for_function("() => Rate.ready()")
    rate_at_once(page, *keys)


def rate_at_once(page: Page, *keys: str) -> None:
    for key in (*keys, "Enter"):
        page.keyboard.press(key)


def stored(page: Page, done: int) -> None:
    expect(page.locator("#rate-done")).to_contain_text(f"{done} done")
    expect(page.locator("#rate-sign")).to_have_text(re.compile(r"^saved \d\d:\d\d:\d\d$"))


def test_a_campaign_lives_from_its_form_to_its_export(window, people):
    lea = window.open("/campaigns/", people["lea"])
    campaign = set_up(lea)

    carol = window.open("/rate/", people["carol"])
    begin(carol)
    for _ in range(ITEMS):
        rate(carol, "4", "y")
    expect(carol.locator("#rate-nothing")).to_contain_text("Nothing waits for you")
    carol.keyboard.press("u")
    expect(carol.locator("input[name=points][value='4']")).to_be_checked()
    rate_at_once(carol, "5")
    stored(carol, ITEMS)
    assert Rating.objects.filter(points=5).count() == 1 and Rating.objects.exclude(withdrawn_at=None).count() == 1

    dan = window.open("/rate/", people["dan"], width=390)
    begin(dan)
    dan.wait_for_function("() => Rate.ready()")
    dan.context.set_offline(True)
    rate_at_once(dan, "1", "n")
    expect(dan.locator("#rate-sign")).to_contain_text("not saved")
    rate_at_once(dan, "0", "n")
    dan.context.set_offline(False)
    stored(dan, 2)
    rate(dan, "4", "y")
    stored(dan, ITEMS)
    assert dan.evaluate("document.documentElement.scrollWidth") == 390
    assert Rating.objects.filter(rater=people["dan"]).count() == ITEMS
    window.complaints[:] = [words for words in window.complaints if not EXPECTED.search(words)]

    lea.goto(f"/campaigns/{campaign.pk}/agreement/")
    expect(lea.locator("main")).to_contain_text("Krippendorff")
    lea.get_by_role("link", name="Adjudication").click()
    with lea.expect_navigation():
        lea.locator("#items").get_by_role("link").first.click()
    lea.keyboard.press("1")
    lea.get_by_label(re.compile("slip", re.IGNORECASE)).check()
    lea.get_by_role("button", name="Decide").click()
    expect(lea.locator(".toast.success")).to_be_visible()

    lea.goto(f"/campaigns/{campaign.pk}/export/?format=jsonl")
    with lea.expect_download() as coming:
        lea.get_by_role("button", name="Download").click()
    rows = [json.loads(line) for line in Path(coming.value.path()).read_text(encoding="utf-8").splitlines()]
    assert len(rows) == Rating.objects.count() == 2 * ITEMS + 1
    assert {row["rater"] for row in rows}.isdisjoint({"carol", "dan"})
