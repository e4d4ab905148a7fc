"""What a page says that cannot be shown: what happened, what to do, and that nothing typed is gone."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_person
from tests.markup import elements, inline

pytestmark = pytest.mark.django_db
LOGIN, PEOPLE, NEW = reverse("login"), reverse("annotations:person-list"), reverse("annotations:organisation-new")


def said(response):
    """The words of the page; its way out leads home, and nothing in it breaks the content policy."""
    html = response.content.decode()
    links = [one.attributes.get("href") for one in elements(html, "a") if "button" in one.classes]
    assert "/" in links and inline(html) == []
    return " ".join(elements(html, "main")[0].text.split())


def test_a_form_without_its_mark_is_refused_in_words():
    response = Client(enforce_csrf_checks=True).post(LOGIN, {"username": "ada"})
    assert response.status_code == 403 and "the browser still has what you typed" in said(response)


def test_a_request_for_another_host_is_refused_in_words():
    response = Client(raise_request_exception=False).get(LOGIN, headers={"host": "elsewhere.example"})
    assert response.status_code == 400 and "Nothing was changed." in said(response)


def test_who_has_no_right_is_told_whom_to_ask(as_person):
    ada = as_person("ada")
    read, typed = said(ada.get(PEOPLE)), said(ada.post(NEW, {"name": "Lantern"}))
    assert "ask an admin" in read and "typed" not in read
    assert "what you typed is still in the page before" in typed


def test_an_address_without_a_page_says_that_nothing_was_deleted(as_person):
    response = as_person("ada").get("/nothing/")
    assert response.status_code == 404 and "Nothing of yours was deleted" in said(response)


def test_a_form_that_is_refused_keeps_what_was_typed():
    admin = Client()
    admin.force_login(make_person("grace"))
    response = admin.post(NEW, {"name": "", "slug": "kept-slug", "about": "Kept words"})
    html = response.content.decode()
    assert response.status_code == 422 and "kept-slug" in html and "Kept words" in html
