"""The front door: who gets in, where one is sent, and what the demo tells."""

import pytest
from django.test import Client
from django.urls import reverse

from annotations.services import demo
from tests.factories import make_person, with_password
from tests.markup import elements, text

pytestmark = pytest.mark.django_db
LOGIN = reverse("login")
PASSWORD = "a-long-lantern"


@pytest.fixture
def ada():
    """Ada, with a password."""
    return with_password(make_person("ada"), PASSWORD)


def log_in(client=None, where="", **fields):
    return (client or Client()).post(LOGIN + where, {"username": "ada", "password": PASSWORD} | fields)


def test_the_right_password_leads_home(ada):
    client = Client()
    response = log_in(client)
    assert (response.status_code, response.url) == (302, "/") and client.get("/").status_code == 200


@pytest.mark.parametrize("fields", [{"password": "wrong"}, {"username": "nobody"}, {"password": ""}])
def test_a_wrong_log_in_is_422_and_stays_outside(ada, fields):
    client = Client()
    assert log_in(client, **fields).status_code == 422
    assert client.get("/").status_code == 302


def test_a_wrong_password_keeps_the_name_and_never_the_password(ada):
    html = log_in(password="wrong-secret").content.decode()
    name = next(one for one in elements(html, "input") if one.attributes["name"] == "username")
    assert name.attributes["value"] == "ada" and "wrong-secret" not in html


def test_a_person_who_left_gets_no_further(ada):
    ada.is_active = False
    ada.save(update_fields=["is_active"])
    assert log_in().status_code == 422


def test_the_page_that_was_asked_for_comes_next(ada):
    assert log_in(where="?next=/runs/").url == "/runs/"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:alert(1)", "http:evil.example"],
)
def test_no_link_leads_to_another_site_after_the_log_in(ada, elsewhere):
    assert log_in(next=elsewhere).url == "/"


def test_somebody_logged_in_is_sent_on_and_never_to_another_site(as_person):
    assert as_person("ada").get(f"{LOGIN}?next=https://evil.example/").url == "/"


def test_the_demo_names_its_people_and_their_password(settings):
    settings.DEMO = True
    html = Client().get(LOGIN).content.decode()
    assert [one.text for one in elements(html, "dt")][: len(demo.PEOPLE)] == [person.username for person in demo.PEOPLE]
    assert demo.PASSWORD in html


def test_a_click_on_a_name_of_the_demo_logs_in(settings, ada):
    settings.DEMO = True
    button = next(one for one in elements(Client().get(LOGIN).content.decode(), "button") if one.text == "ada")
    ada.set_password(demo.PASSWORD)
    ada.save()
    answer = Client().post(
        LOGIN, {"password": demo.PASSWORD, button.attributes["name"]: button.attributes["value"], "next": ""}
    )
    assert answer.status_code == 302 and answer.url == "/"


def test_nobody_is_named_outside_of_the_demo(settings):
    settings.DEMO = False
    html = Client().get(LOGIN).content.decode()
    assert demo.PASSWORD not in html and "People of the demo" not in html


def test_logging_out_ends_the_session(as_person):
    client = as_person("ada")
    client.post(reverse("logout"))
    assert client.get("/").status_code == 302


def test_a_new_session_is_made_at_the_log_in(ada):
    client = Client()
    client.get(LOGIN)
    log_in(client)
    first = client.session.session_key
    client.post(reverse("logout"))
    log_in(client)
    assert client.session.session_key != first


def test_the_frame_is_not_shown_to_somebody_outside(ada):
    html = Client().get(LOGIN).content.decode()
    assert not elements(html, css="rail") and text(html, "login")
