"""From an empty database to a first score, through the pages alone, in few clicks."""

import re
from io import StringIO

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from training.models import EvaluationRun

PASSWORD = "a-long-lantern-9"
MOST_CLICKS = 30


class Hand:
    """Presses what is called by its words, and counts how often."""

    def __init__(self, page: Page):
        self.page, self.clicks = page, 0

    def press(self, words: str, *, link: bool = False) -> None:
        """One click on the button or the link of these words."""
        self.clicks += 1
        self.page.get_by_role("link" if link else "button", name=words, exact=True).first.click()

    def follow(self, words: str) -> None:
        """One click on a link."""
        self.press(words, link=True)

    def fill(self, **typed: str) -> None:
        """What is typed into fields, by their labels with _ for blanks."""
        for label, value in typed.items():
            self.page.get_by_label(label.replace("_", " ")).first.fill(value)

    def back(self) -> None:
        """To the list of the steps."""
        self.follow("← Back to the first steps")


@pytest.fixture
def hand(window, transactional_db) -> Hand:
    """The first admin's hand, at the page that the printed link opens."""
    said = StringIO()
    call_command("first_admin", "ruth", address=window.address, stdout=said)
    link = re.search(r"http://\S+", said.getvalue())
    assert link
    return Hand(window.open(link[0]))


def log_in(hand: Hand) -> None:
    hand.fill(New_password=PASSWORD, The_new_password_again=PASSWORD)
    hand.press("Set the password")
    hand.fill(User_name="ruth", Password=PASSWORD)
    hand.press("Log in")


def people_and_a_model(hand: Hand) -> None:
    hand.follow("Go on")
    hand.follow("Add the organisation")
    hand.fill(Name="Lantern", Short_name="lantern")
    hand.press("Save")
    hand.press("I write configs myself")
    hand.follow("Add a reviewer")
    hand.fill(User_name="bob")
    hand.press("Add and make the link")
    hand.back()
    hand.press("Register the echo")


def a_config(hand: Hand) -> None:
    hand.follow("Write the first config")
    hand.fill(Title="Games for adults")
    hand.page.locator("input[name=start]").nth(1).check()
    hand.clicks += 1
    hand.press("Write it")
    hand.back()


def a_benchmark(hand: Hand) -> None:
    hand.follow("New benchmark")
    hand.fill(Title="Questions about games")
    hand.press("Make the benchmark")
    hand.page.locator("#writer textarea").first.fill("How does a siege feel from inside?")
    hand.page.locator("input[name=kind]").first.check()
    hand.clicks += 1
    hand.press("Save and go on Ctrl Enter")
    expect(hand.page.locator("#written")).to_contain_text("siege")
    hand.back()


def test_an_admin_comes_from_nothing_to_a_score(hand, worker, monkeypatch):
    monkeypatch.setattr("training.views.version_tests.hint", worker.hint)
    log_in(hand)
    people_and_a_model(hand)
    a_config(hand)
    a_benchmark(hand)
    hand.follow("Start the first run")
    hand.press("Run tests")
    hand.follow(f"Run {EvaluationRun.objects.get().pk}")
    expect(hand.page.locator("#run-live .badge")).to_contain_text("finished")
    expect(hand.page.locator("#run-figures .figure.large")).to_contain_text("1 of 1 scored")
    assert hand.clicks <= MOST_CLICKS
    hand.page.goto("/setup/")
    expect(hand.page.get_by_text("All of them are done")).to_be_visible()
