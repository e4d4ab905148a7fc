"""Small things a person meets on the pages: refused forms, a model tested, the theme, a phone, a hostile text."""

import pytest
from playwright.sync_api import Page, expect

from annotations.models import User
from tests.factories import make_config, make_model, make_person, make_prompt, make_run

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def grace(transactional_db) -> User:
    return make_person("grace")


def test_a_refused_log_in_keeps_the_user_name(window, ada):
    page = window.open("/login/")
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    expect(page.get_by_label("User name")).to_have_value("ada")


def test_a_refused_form_keeps_what_was_typed_and_leads_to_the_error(window, grace):
    page = window.open("/models/new/", grace)
    page.get_by_label("Name", exact=True).fill("Our vLLM")
    page.get_by_label("Address").fill("nonsense")
    page.get_by_label("Engine").select_option("openai_http")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#id_base_url_error")).to_contain_text("http://")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Our vLLM")
    expect(page.get_by_label("Address")).to_have_value("nonsense")
    expect(page.locator("[aria-invalid=true]").first).to_be_focused()


def test_a_model_is_tested_without_leaving_its_page(window, ada, stays):
    page = window.open(f"/models/{make_model().pk}/", ada)
    same_page = stays(page)
    page.get_by_label("Prompt").fill("What is a siege?")
    page.get_by_role("button", name="Test").click()
    expect(page.locator("#model-trial")).to_contain_text("It answered")
    expect(page.locator("#model-trial .response")).to_contain_text("siege")
    assert same_page()


def test_each_model_of_the_list_shows_its_own_answer(window, ada):
    models = [make_model("one"), make_model("two")]
    page = window.open("/models/", ada)
    for model in models:
        page.get_by_role("button", name=f"Test {model.name}").click()
        expect(page.locator(f"#trial-{model.pk}")).to_contain_text("It answered")
    assert page.locator(f"#trial-{models[0].pk}").bounding_box()["width"] > 600


def test_a_dead_address_is_said_in_words(window, ada):
    dead = make_model("dead", engine="openai_http", base_url="http://127.0.0.1:9/v1", patience=0.5)
    page = window.open(f"/models/{dead.pk}/", ada)
    page.get_by_role("button", name="Test").click()
    expect(page.locator("#model-trial")).to_contain_text("Nobody answers at 127.0.0.1:9. Start the server")


def test_the_theme_is_kept(window, ada):
    page = window.open("/", ada)
    page.get_by_role("button", name="Change between light and dark").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("body")).to_have_css("color-scheme", "dark")


def test_a_hostile_text_is_only_text(window, worker, ada):
    make_prompt(HOSTILE, config=make_config())
    run = make_run(1, actor=ada)
    worker.finish(run.pk)
    page = window.open(f"/runs/{run.pk}/items/{run.items.get(prompt__text=HOSTILE).pk}/", ada)
    expect(page.locator(".prompt")).to_have_text(HOSTILE)
    expect(page.locator(".response")).to_contain_text(HOSTILE)


def too_wide(page: Page, paths: list[str]) -> list[str]:
    """The addresses whose page scrolls sideways."""
    found = []
    for path in paths:
        page.goto(path)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(path)
    return found


def test_no_page_scrolls_sideways_on_a_phone(window, worker, ada):
    config = make_config(title="A title that its authors never shortened " * 7)
    make_prompt("Unbroken" * 60, config=config, risks=["violence", "weapons"], rule="r1", why="Long " * 40)
    run = make_run(4, actor=ada)
    worker.finish(run.pk)
    item, base = run.items.first(), f"/runs/{run.pk}/"
    paths = ["/", "/configs/", f"/configs/{config.pk}/", "/benchmarks/", f"/benchmarks/{run.benchmark_id}/"]
    paths += ["/models/", f"/models/{run.candidate.model_id}/", "/runs/", "/runs/new/", base, f"{base}items/"]
    page = window.open("/login/", ada, width=390)
    assert too_wide(page, [*paths, f"{base}items/{item.pk}/", "/living/"]) == []
