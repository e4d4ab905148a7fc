"""An approved config as an endpoint: deployed, tried, given a key, called by a program, switched, revoked, retired."""

import re
from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.collecting import later
from tests.factories import make_config, make_model, make_person, make_version
from tests.gateway_place import counting, running
from tests.stage import until
from tests.stub_server import StubServer
from training.models import Traffic

openai = later("openai")
HELLO = "hello " * 40


@pytest.fixture
def gateway(settings, transactional_db) -> Iterator[str]:
    """A gateway's address, before a model that answers HELLO."""
    with StubServer() as stub, counting() as redis:
        make_model("house", engine="openai_http", base_url=stub.base_url, model="ok", plumbing=False)
        with running(redis) as address:
            settings.GATEWAY_URL = address
            yield address


def deploy(page: Page) -> None:
    page.get_by_role("link", name="Deploy", exact=True).click()
    expect(page.get_by_label("Version")).not_to_have_value("")
    page.get_by_label("Name").fill("Not a name")
    page.get_by_label("Model", exact=True).select_option(label="House")
    page.get_by_label("Note").fill("<b>the front desk</b>")
    page.get_by_role("button", name="Deploy").click()
    expect(page.get_by_text("small letters, digits").first).to_be_visible()
    expect(page.get_by_label("Note")).to_have_value("<b>the front desk</b>")
    page.get_by_label("Name").fill("front-desk")
    page.get_by_role("button", name="Deploy").click()
    expect(page.locator("main h1")).to_have_text("front-desk")
    expect(page.locator("main header")).to_contain_text("<b>the front desk</b>")


def new_key(page: Page) -> str:
    page.get_by_role("link", name="New key").first.click()
    page.get_by_label("Name").fill("till 3")
    page.get_by_label("Requests").fill("100")
    page.get_by_role("button", name="Make the key").click()
    shown = page.get_by_text(re.compile(r"^cosa-[\w-]{40,}$"))
    expect(shown).to_be_visible()
    return str(shown.text_content())


def call(address: str, secret: str, stream: bool = False) -> str:
    client = openai.OpenAI(api_key=secret, base_url=f"{address}/v1", max_retries=0)
    said = [{"role": "user", "content": "Who are you?"}]
    if not stream:
        return client.chat.completions.create(model="front-desk", messages=said).choices[0].message.content
    chunks = client.chat.completions.create(model="front-desk", messages=said, stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def refused(address: str, secret: str, error: type[Exception]) -> None:
    def is_refused() -> bool:
        try:
            call(address, secret)
        except error:
            return True
        return False

    until(is_refused, seconds=3)


def test_an_approved_version_is_served_called_switched_and_retired(window, gateway):
    config = make_config()
    version = make_version(config)
    page = window.open(reverse("annotations:version-detail", args=[config.pk, version.number]), make_person("grace"))
    deploy(page)
    here = page.url
    page.get_by_label("Prompt").fill("Who are you?")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator("#try-text")).to_contain_text("hello hello")
    expect(page.locator("#try-facts")).to_contain_text("tokens")

    lea = window.open(here.removeprefix(window.address), make_person("lea"))
    secret = new_key(lea)
    assert call(gateway, secret) == HELLO and call(gateway, secret, stream=True).startswith("hello")
    until(lambda: sum(Traffic.objects.values_list("requests", flat=True)) == 2)
    lea.goto(here)
    expect(lea.locator("main")).not_to_contain_text(secret)
    expect(lea.locator("main")).to_contain_text(re.compile(r"2\s+(calls|requests)", re.I))

    newer = make_version(config, policy="We write games for children. Be helpful.")
    page.goto(here)
    page.get_by_role("link", name="Switch").click()
    page.get_by_label("Version").select_option(str(newer.pk))
    page.get_by_role("button", name="Switch").click()
    expect(page.locator("main header")).to_contain_text(f"v{newer.number}")
    assert call(gateway, secret) == HELLO

    lea.reload()
    lea.get_by_role("link", name="till 3").last.click()
    lea.locator("summary", has_text="Revoke").click()
    lea.get_by_role("button", name="Revoke till 3").click()
    expect(lea.locator("main")).to_contain_text("revoked")
    refused(gateway, secret, openai.AuthenticationError)

    page.locator("summary", has_text="Retire").click()
    page.get_by_role("button", name="Retire front-desk").click()
    expect(page.locator("main header")).to_contain_text("retired")
