"""A lead decides by keys where two raters differ, and goes on to the next difference."""

import pytest
from playwright.sync_api import expect

from annotations.models import Adjudication
from annotations.queries import adjudication as queries
from tests.differing import SPLIT, all_rated
from tests.factories import make_person
from tests.rating_desk import make_campaign


@pytest.fixture
def campaign(transactional_db):
    made = make_campaign(2, overlap=2)
    all_rated(made, SPLIT, SPLIT)
    return made


def test_an_answer_is_taken_over_then_another_is_given(window, campaign):
    first, second = queries.differences(campaign)
    lea = window.open(f"/campaigns/{campaign.pk}/adjudication/", make_person("lea"))
    with lea.expect_navigation():
        lea.get_by_role("link", name="Decide the first").click()
    lea.get_by_role("radio", name="hard case").check()
    lea.keyboard.press("2")
    with lea.expect_navigation():
        lea.get_by_role("button", name="Decide").click()
    expect(lea.locator(".toast.success")).to_contain_text("Decided.")
    expect(lea).to_have_url(f"{window.address}/campaigns/{campaign.pk}/items/{second.item}/answers/")
    taken = Adjudication.objects.get(item=first.item)
    assert taken.rating == queries.answers(taken.item)[1].rating and taken.cause == "hard_case"

    lea.keyboard.press("o")
    for word in ("3", "yes", "slip"):
        lea.locator("#decide").get_by_role("radio", name=word, exact=True).check()
    with lea.expect_navigation():
        lea.get_by_role("button", name="Decide").click()
    expect(lea.locator("#decide")).to_contain_text("Nobody said that.")
    lea.keyboard.press("Escape")
    lea.locator("#note").fill("It quotes the rule.")
    with lea.expect_navigation():
        lea.get_by_role("button", name="Decide").click()
    own = Adjudication.objects.get(item=second.item)
    assert (own.rating, own.points, own.follows_config, own.note) == (None, 3, True, "It quotes the rule.")
