"""Filters stay in the address: into an item and back, by the browser's button or the way up, and after a log-in."""

import re

import pytest
from playwright.sync_api import expect

from tests.factories import make_config, make_person, make_prompt, make_version
from tests.outcomes import finished_run


@pytest.mark.django_db(transaction=True)
def test_a_filter_outlives_the_way_into_an_item_and_back(window, ada):
    run = finished_run(4)
    config = run.items.first().version.config
    make_prompt(benchmark=run.benchmark, config=config, text="A needle in it", kind="partial")
    page = window.open(f"/benchmarks/{run.benchmark_id}/", ada)
    page.locator("[name=words]").fill("needle")
    page.wait_for_url(re.compile("words=needle"))
    page.locator("#prompts a").first.click()
    page.wait_for_url(re.compile("/prompts/"))
    page.locator(".crumbs a").last.click()
    page.wait_for_url(re.compile(r"/benchmarks/\d+/\?.*words=needle"))
    page.go_back()
    page.go_back()
    expect(page.locator("[name=words]")).to_have_value("needle")
    page.go_back()
    expect(page.locator("[name=words]")).to_have_value("")


@pytest.mark.django_db(transaction=True)
def test_what_is_typed_is_found_and_can_be_shared_with_somebody_who_has_to_log_in(window, ada):
    make_version(make_config(title="Été à la lanterne"))
    ada.set_password("lantern-light-7")
    ada.save()
    page = window.open("/", make_person("ada"))
    page.keyboard.press("/")
    page.keyboard.type("lant")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/search/\?q=lant"))
    page.keyboard.press("/")
    page.keyboard.press("End")
    page.keyboard.type("erne ÉTÉ")
    page.wait_for_url(re.compile("q=lanterne"))
    expect(page.locator("#search mark").first).to_have_text("Été")
    stranger = window.open(page.url.partition(window.address)[2], None)
    stranger.fill("[name=username]", "ada")
    stranger.fill("[name=password]", "lantern-light-7")
    stranger.keyboard.press("Enter")
    expect(stranger.locator("#search .rows a").first).to_have_text("Été à la lanterne")
