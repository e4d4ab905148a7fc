"""One config from its first word to its approval: Ada writes, Bob returns, Ada answers, Bob approves."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from annotations.models import ConfigVersion, User
from tests.factories import make_benchmark, make_config, make_model, make_person, make_prompt, make_version

pytestmark = pytest.mark.django_db(transaction=True)
SAVED = re.compile(r"^saved \d\d:\d\d:\d\d$")


@pytest.fixture
def bob(transactional_db) -> User:
    return make_person("bob")


@pytest.fixture
def echo(transactional_db):
    make_benchmark()
    return make_model("echo")


@pytest.fixture
def tests_by(worker, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The worker that listens to the pages takes test runs too."""
    monkeypatch.setattr("training.views.version_tests.hint", worker.hint)
    yield worker


def write(page: Page) -> None:
    """Ada begins a config with a vague policy that swallows what its rule allows."""
    page.get_by_label("Title").fill("Harbour stories")
    page.get_by_role("button", name="Write it").click()
    page.get_by_role("textbox", name="Policy").fill(
        "We write **crime stories** for adults. No any other illegal activity."
    )
    page.get_by_role("checkbox", name=re.compile("Violence")).check()
    add_rule(page, "r1", "allow", "Fights on the pier may be told.")


def add_rule(page: Page, number: str, kind: str, text: str) -> None:
    page.get_by_role("button", name="Add a rule").click()
    page.get_by_label(f"Kind of {number}").select_option(kind)
    page.get_by_label(f"Text of {number}").fill(text)
    expect(page.locator("#sign")).to_have_text(SAVED)


def submit(page: Page, note: str) -> None:
    page.get_by_role("button", name="Submit for review").click()
    page.get_by_label("Note to the reviewers").fill(note)
    page.get_by_role("button", name=re.compile(r"^Submit v\d")).click()
    expect(page).to_have_url(re.compile(r"/configs/\d+/v\d+/"))


def test_a_policy_is_written_checked_tried_and_handed_in(window, ada: User, echo) -> None:
    page = window.open("/configs/new/", ada)
    write(page)
    expect(page.locator("#editor-panel")).to_contain_text("The audience is empty.")
    expect(page.locator("#editor-panel")).to_contain_text("also covers what this config allows: Violence")
    page.get_by_label("Audience").fill("Adult readers of crime stories")
    expect(page.locator("#editor-panel")).not_to_contain_text("The audience is empty.")
    submit(page, "The first version.")
    version = ConfigVersion.objects.get(config__title="Harbour stories")
    assert (version.state, version.rules[0]["id"], version.allowed) == ("submitted", "r1", ["violence"])


def test_an_answer_under_a_draft_is_tried_in_the_playground(window, ada: User, echo) -> None:
    draft = make_version(state="draft")
    page = window.open(f"/playground/?config={draft.config_id}&version={draft.number}", ada)
    page.get_by_role("checkbox", name="Echo").check()
    page.locator("#prompt").fill("Who owns the pier?")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#answers")).to_contain_text("Who owns the pier?")


def test_the_author_finds_no_button_to_approve(window, ada: User) -> None:
    version = make_version(state="submitted")
    version.authors.add(ada)
    page = window.open(f"/configs/{version.config_id}/v{version.number}/review/", ada)
    expect(page.get_by_text("A reviewer who did not write in it decides.")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)


def handed_in(ada: User) -> ConfigVersion:
    """A version of Ada's that waits beside an approved one."""
    config = make_config()
    make_version(config)
    version = make_version(config, state="submitted", policy="We write games for everybody.\nBe helpful.")
    version.authors.add(ada)
    for kind in ("safe", "allowed", "partial", "disallowed"):
        make_prompt(benchmark=make_benchmark(), config=config, kind=kind, rule="r1")
    return version


def test_a_reviewer_comments_on_a_line_and_returns_the_version(window, ada: User, bob: User) -> None:
    version = handed_in(ada)
    page = window.open("/", bob)
    page.get_by_role("link", name=re.compile("^Review Config game")).click()
    page.get_by_role("link", name="Comment on line 1").click()
    page.get_by_label("Your comment").fill("Everybody? Children too?")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator("#talk-p1")).to_contain_text("Children too?")
    page.get_by_label("Reasons").fill("Say who plays.")
    page.get_by_role("button", name="Return").click()
    expect(page.locator("h1 + .badge")).to_contain_text("returned")
    version.refresh_from_db()
    assert version.state == "returned"


def test_the_author_sees_why_it_came_back_and_answers_with_a_new_version(window, ada: User, bob: User) -> None:
    version = handed_in(ada)
    ConfigVersion.objects.filter(pk=version.pk).update(state="returned")
    page = window.open("/", ada)
    page.get_by_role("link", name=re.compile("came back")).click()
    page.get_by_role("link", name="The version").click()
    page.get_by_role("button", name="New version").click()
    page.get_by_role("textbox", name="Policy").fill("We write games for adults of eighteen and more.\nBe helpful.")
    expect(page.locator("#sign")).to_have_text(SAVED)
    submit(page, "Now it says who plays.")
    assert version.config.versions.get(state="submitted").number == version.number + 1


def test_evidence_of_exactly_this_version_is_made_and_it_is_approved(
    window, ada: User, bob: User, echo, tests_by
) -> None:
    version = handed_in(ada)
    page = window.open(f"/configs/{version.config_id}/v{version.number}/tests/", ada)
    page.get_by_role("button", name="Run tests").click()
    tests_by.rest()
    review = window.open(f"/configs/{version.config_id}/v{version.number}/review/", bob)
    expect(review.get_by_role("link", name=re.compile("^Run "))).not_to_have_count(0)
    expect(review.locator("del").first).to_contain_text("adults")
    review.get_by_role("button", name="Approve").click()
    expect(review.locator("h1 + .badge")).to_contain_text("approved")
    assert version.reviews.get().evidence[0]["n_total"] == 4


def test_a_stranger_gets_404_on_every_address_of_it(window, ada: User) -> None:
    version = handed_in(ada)
    page = window.open("/configs/", make_person("mallory"))
    paths = [f"/configs/{version.config_id}/{rest}" for rest in ("", "edit/", "versions/", f"v{version.number}/")]
    paths += [f"/configs/{version.config_id}/v{version.number}/{rest}/" for rest in ("review", "tests")]
    assert {page.request.get(path).status for path in paths} == {404}
