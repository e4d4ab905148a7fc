"""What people do on a phone: rate, review, watch a run. Everything fits, can be touched, and lies under nothing."""

import re

import pytest
from playwright.sync_api import expect

from annotations.models import ConfigVersion, Rating, User
from tests.browser.measured import PHONE, wrong
from tests.factories import make_candidate, make_config, make_model, make_person, make_run, make_version
from tests.rating_desk import enrol, make_campaign
from tests.review_desk import waits

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_annotator_rates_with_a_thumb(window):
    campaign = make_campaign(2)
    enrol(campaign, "carol")
    page = window.open(f"/rate/{campaign.pk}/", make_person("carol"), **PHONE)
    page.wait_for_function("() => Rate.ready()")
    assert wrong(page) == []
    keys = page.locator("#rate-points label, #rate-follows label, #rate-send").all()
    assert [key.inner_text() for key in keys if key.bounding_box()["height"] < 44] == []
    page.locator("#rate-points label", has_text="4").tap()
    page.locator("#rate-follows label", has_text="no").tap()
    page.locator("#rate-rules label").first.tap()
    assert wrong(page) == []
    page.locator("#rate-send").tap()
    expect(page.locator("#rate-done")).to_contain_text("1 done")
    expect(page.locator("#rate-sign")).to_contain_text("saved")
    assert Rating.objects.get().broken_rules == ["r1"]


def test_a_reviewer_reads_comments_and_approves(window, ada: User):
    config = make_config()
    make_version(config)
    version = waits(config)
    page = window.open("/", make_person("bob"), **PHONE)
    assert wrong(page) == []
    page.get_by_role("button", name="Menu").tap()
    expect(page.locator("#rail").get_by_role("link", name="Reviews")).to_be_in_viewport()
    page.keyboard.press("Escape")
    page.get_by_role("link", name=re.compile("^Review Config game")).tap()
    page.get_by_role("link", name="Comment on line 1").tap()
    page.get_by_label("Your comment").fill("Children too?")
    assert wrong(page) == []
    page.get_by_role("button", name="Comment", exact=True).tap()
    expect(page.locator("#talk-p1")).to_contain_text("Children too?")
    page.get_by_label("Why without evidence").fill("A word only.")
    page.get_by_role("button", name="Approve").tap()
    expect(page.locator("h1 + .badge")).to_contain_text("approved")
    assert ConfigVersion.objects.get(pk=version.pk).state == "approved"


def test_a_run_is_watched_from_its_first_answer_to_its_result(window, worker, ada: User):
    # Longer than the two seconds after which the page asks again: it is seen while it runs.
    model = make_model(base_url="echo://?latency_ms=250", max_concurrency=1)
    run = make_run(12, candidate=make_candidate(model), actor=ada)
    page = window.open(f"/runs/{run.pk}/", ada, **PHONE)
    worker.hint(run.pk)
    expect(page.locator("#run-live .badge")).to_contain_text("running")
    assert wrong(page) == []
    expect(page.locator("#run-live .badge")).to_contain_text("finished")
    expect(page.locator("#run-figures .figure.large")).to_be_visible()
    assert wrong(page) == []
