"""What the page of a review offers to whom, and how it reads."""

import pytest
from django.urls import reverse

from annotations.models import ConfigVersion
from annotations.services import reviews
from tests.factories import make_config, make_person, make_version
from tests.markup import elements
from tests.review_desk import address, decide, waits

pytestmark = pytest.mark.django_db


def page(client, version):
    return client.get(address("training:review-detail", version)).content.decode()


def answers(html, version):
    url = reverse("annotations:config-draft", args=[version.config_id])
    return [form for form in elements(html, "form") if form.attributes.get("action") == url]


@pytest.mark.parametrize("decision", ["return", "reject"])
def test_its_authors_answer_a_version_that_came_back_with_a_new_one(as_person, decision):
    version = waits()
    decide(version, decision)
    assert answers(page(as_person("ada"), version), version)
    assert not answers(page(as_person("bob"), version), version)


def test_nobody_answers_a_version_that_still_waits(as_person):
    version = waits()
    assert not answers(page(as_person("ada"), version), version)


def test_only_those_who_may_start_a_run_are_offered_to_run_the_tests(as_person):
    version = waits()
    offered = {name: "Run its tests" in page(as_person(name), version) for name in ("ada", "grace", "bob")}
    assert offered == {"ada": True, "grace": True, "bob": False}
    assert "Its authors can run its tests." in page(as_person("bob"), version)


def test_a_first_version_is_shown_without_a_mark_on_every_word(as_person):
    html = page(as_person("bob"), waits(allowed=["violence"]))
    assert "The first version" in html and "<ins" not in html and "Nothing changed" not in html


def test_a_retired_version_shows_who_retired_it_and_why(as_person):
    version = make_version(make_config())
    reviews.retire(version=version, actor=make_person("bob"), reasons="v4 replaces it.")
    html = page(as_person("bob"), ConfigVersion.objects.get(pk=version.pk))
    assert "v4 replaces it." in html and "there is nothing to decide" not in html


def test_a_review_belongs_to_the_reviews_in_the_rail(as_person):
    html = page(as_person("bob"), waits())
    here = [one.text.strip() for one in elements(html, "a") if one.attributes.get("aria-current") == "page"]
    assert here == ["Reviews 1 waiting"]
