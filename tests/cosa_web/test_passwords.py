"""Passwords, from the link to the change: typed by their owners, and nothing old works on."""

import pytest
from django.test import Client
from django.urls import reverse

from annotations.models import AuditEvent, User
from annotations.services import people
from tests.factories import make_person, with_password
from tests.markup import elements, text

pytestmark = pytest.mark.django_db
CHANGE, LOGIN = reverse("password-change"), reverse("login")
OLD, NEW = "a-long-lantern", "another-lantern-9"


@pytest.fixture
def nina():
    """Nina, who has a password."""
    return with_password(make_person("nina", role="lead"), OLD)


@pytest.fixture
def link():
    """Nina's link, while she has no password yet."""
    person = make_person("nina", role="lead")
    person.email = "ninalvarez12@lantern.example"
    person.set_unusable_password()
    person.save(update_fields=["password", "email"])
    return reverse("password-set", args=people.link_parts(person))


def set_with(link, password=NEW, again=None, client=None):
    client = client or Client()
    form = client.get(link, follow=True).request["PATH_INFO"]
    return client.post(form, {"new_password1": password, "new_password2": again or password})


def log_in(password, client=None):
    return (client or Client()).post(LOGIN, {"username": "nina", "password": password})


def change(client, old=OLD, new=NEW, again=None):
    return client.post(CHANGE, {"old_password": old, "new_password1": new, "new_password2": again or new})


def logged_in(number=1):
    clients = [Client() for _ in range(number)]
    assert [log_in(OLD, client).status_code for client in clients] == [302] * number
    return clients


def test_with_a_link_the_person_sets_a_password_and_logs_in(link):
    response = set_with(link)
    assert (response.status_code, response.url) == (302, LOGIN)
    assert log_in(NEW).status_code == 302


def test_the_link_is_dead_once_it_was_used(link):
    set_with(link)
    response = Client().get(link)
    assert response.status_code == 404 and "ask an admin for a new link" in response.content.decode()


def test_the_form_opened_before_is_dead_too(link):
    first, second = Client(), Client()
    forms = [client.get(link, follow=True).request["PATH_INFO"] for client in (first, second)]
    first.post(forms[0], {"new_password1": NEW, "new_password2": NEW})
    response = second.post(forms[1], {"new_password1": "a-third-lantern", "new_password2": "a-third-lantern"})
    assert response.status_code == 404 and User.objects.get(username="nina").check_password(NEW)


def test_the_address_of_the_form_does_not_hold_the_token(link):
    token = link.rstrip("/").rpartition("/")[2]
    assert token not in Client().get(link).url


@pytest.mark.parametrize("wrong", ["/password/MQ/nothing/", "/password/MQ/set-password/", "/password/!!/x-y/"])
def test_a_wrong_link_says_what_to_do(wrong):
    response = Client().get(wrong)
    assert response.status_code == 404 and "This link does not work" in response.content.decode()


def test_a_link_that_has_run_out_is_dead(link, settings):
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert Client().get(link).status_code == 404


def test_the_link_of_somebody_deactivated_is_dead(link):
    nina = User.objects.get(username="nina")
    people.deactivate(person=nina, actor=make_person("grace"))
    assert Client().get(link).status_code == 404
    people.reactivate(person=nina, actor=make_person("grace"))
    assert Client().get(link).status_code == 404


def test_a_password_is_set_for_nobody_who_is_out(link):
    User.objects.filter(username="nina").update(is_active=False)
    assert Client().get(link).status_code == 404


@pytest.mark.parametrize(
    ("password", "again", "why"),
    [
        ("lantern-9x", None, "at least 12"),
        ("4839201748392", None, "entirely numeric"),
        ("password1234", None, "too common"),
        ("nina-nina-nina", "nina-nina-mina", "match"),
        ("ninalvarez12", None, "similar"),
    ],
)
def test_a_weak_password_is_422_with_the_reason_and_never_repeated(link, password, again, why):
    response = set_with(link, password, again)
    html = response.content.decode()
    assert response.status_code == 422 and why in text(html, "field-error") and password not in html
    assert not User.objects.get(username="nina").has_usable_password()


def test_the_rules_stand_beside_the_field(link):
    html = Client().get(link, follow=True).content.decode()
    assert "at least 12 characters" in text(html, "field-help") and "numeric" in text(html, "field-help")


def test_setting_and_changing_are_written_down_without_the_password(link):
    set_with(link)
    client = Client()
    log_in(NEW, client)
    change(client, old=NEW, new="a-third-lantern")
    events = list(AuditEvent.objects.values("action", "actor__username", "before", "after"))
    assert [(one["action"], one["actor__username"]) for one in events] == [
        ("change_password", "nina"),
        ("set_password", "nina"),
    ]
    assert "lantern" not in str(events)


def test_a_change_keeps_this_session_and_ends_every_other(nina):
    here, there, elsewhere = logged_in(3)
    assert change(here).status_code == 302
    assert [client.get("/").status_code for client in (here, there, elsewhere)] == [200, 302, 302]
    assert log_in(OLD).status_code == 422 and log_in(NEW).status_code == 302


def test_a_change_kills_an_unused_link(nina):
    link = reverse("password-set", args=people.link_parts(nina))
    (client,) = logged_in()
    change(client)
    assert Client().get(link).status_code == 404


@pytest.mark.parametrize(
    ("fields", "where"), [({"old": "wrong"}, "old_password"), ({"new": "short"}, "new_password2")], ids=str
)
def test_a_refused_change_is_422_and_changes_nothing(nina, fields, where):
    (client,) = logged_in()
    response = change(client, **fields)
    assert response.status_code == 422 and f'id="id_{where}_error"' in response.content.decode()
    assert log_in(OLD).status_code == 302


def test_nobody_outside_changes_a_password():
    assert Client().get(CHANGE).url.startswith(LOGIN)


def test_the_menu_of_the_person_leads_to_the_change(as_person):
    links = [one.attributes.get("href") for one in elements(as_person("ada").get("/").content.decode(), "a")]
    assert CHANGE in links
