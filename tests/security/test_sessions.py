"""Sessions: a new one for each log-in, ended by a log-out and, everywhere else, by another password."""

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from annotations.services import people
from tests.factories import make_person, with_password

pytestmark = pytest.mark.django_db
LOGIN, PASSWORD, OTHER = reverse("login"), "a-long-lantern", "another-lantern-9"


@pytest.fixture
def ada():
    """Ada, with a password."""
    return with_password(make_person("ada"), PASSWORD)


def log_in(client=None, password=PASSWORD):
    client = client or Client()
    assert client.post(LOGIN, {"username": "ada", "password": password}).status_code == 302
    return client


def session(client):
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def is_in(client):
    return client.get("/").status_code == 200


def test_a_session_that_somebody_else_planted_is_not_the_one_after_the_log_in(ada):
    mallory, victim = log_in(), Client()
    planted = session(mallory)
    mallory.post(reverse("logout"))
    victim.cookies[settings.SESSION_COOKIE_NAME] = planted
    log_in(victim)
    mallory.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert session(victim) != planted and is_in(victim) and not is_in(mallory)


def test_a_session_name_of_ones_own_choice_is_never_taken(ada):
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    log_in(client)
    assert session(client) != "a" * 32 and not Session.objects.filter(session_key="a" * 32).exists()


def test_the_token_of_forms_changes_with_the_log_in(ada):
    client = Client()
    client.get(LOGIN)
    before = client.cookies["csrftoken"].value
    log_in(client)
    assert client.cookies["csrftoken"].value != before


def test_a_log_out_ends_the_session_for_whoever_copied_it(ada):
    client, copy = log_in(), Client()
    copy.cookies[settings.SESSION_COOKIE_NAME] = session(client)
    client.post(reverse("logout"))
    assert not is_in(copy)


def test_another_password_ends_every_other_session(ada):
    here, elsewhere = log_in(), log_in()
    said = {"old_password": PASSWORD, "new_password1": OTHER, "new_password2": OTHER}
    before = session(here)
    assert here.post(reverse("password-change"), said).status_code == 302
    assert is_in(here) and not is_in(elsewhere) and session(here) != before


def test_a_link_for_a_new_password_and_leaving_end_every_session(ada):
    client, grace = log_in(), make_person("grace")
    people.renew_link(person=ada, actor=grace)
    ada.refresh_from_db()
    people.set_password(person=ada, password=OTHER)
    assert not is_in(client)
    client = log_in(password=OTHER)
    people.deactivate(person=ada, actor=grace)
    assert not is_in(client)


def test_the_cookie_is_for_the_browser_alone(ada):
    cookie = log_in().cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
