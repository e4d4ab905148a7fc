"""The list of reviews: what waits for a decision, and what was decided."""

import pytest
from django.urls import reverse

from tests.factories import make_config
from tests.markup import elements, next_page
from tests.review_desk import address, decide, waits

pytestmark = pytest.mark.django_db
LIST = reverse("training:review-list")


def test_the_list_leads_to_what_waits_and_to_what_was_decided(as_person):
    one, other = waits(make_config("film", title="Film desk")), waits()
    decide(other, "return")
    html = as_person("bob").get(LIST).content.decode()
    rows = [row.text for row in elements(html, "tr")]
    assert [("Film desk v1" in row, "returned" in row) for row in rows if " v1" in row] == [
        (True, False),
        (False, True),
    ]
    assert {address("training:review-detail", version) for version in (one, other)} <= {
        link.attributes.get("href") for link in elements(html, "a")
    }


def test_the_list_says_when_nothing_waits(as_person):
    assert "No version waits." in as_person("bob").get(LIST).content.decode()


def test_a_stranger_sees_none_of_it_in_the_list(as_person):
    waits(make_config(title="Secret film"))
    assert "Secret film" not in as_person("mallory").get(LIST).content.decode()


def test_many_decisions_come_in_pages(as_person):
    for number in range(26):
        decide(waits(make_config(f"c{number}")), "return")
    bob = as_person("bob")
    html = bob.get(LIST + next_page(bob.get(LIST).content.decode())).content.decode()
    assert [one.text for one in elements(html, css="badge")] == ["↶ returned"] and "1 of 26 decisions" in html


def test_an_annotator_has_no_list(as_person):
    assert as_person("carol").get(LIST).status_code == 403
