"""The first admin of an empty installation: a link that works once, and no second way in."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from annotations.models import AuditEvent, User
from tests.factories import make_person

pytestmark = pytest.mark.django_db
LOGIN = reverse("login")
PASSWORD = "a-long-lantern-9"
NOBODY = "Nobody can log in yet"


def asked(name="ruth", **options):
    out = StringIO()
    call_command("first_admin", name, stdout=out, **options)
    return out.getvalue()


def link(said):
    return re.search(r"https?://\S+", said)[0]


def set_password(url):
    client = Client()
    form = client.get(re.sub(r"https?://[^/]+", "", url), follow=True)
    return client.post(form.request["PATH_INFO"], {"new_password1": PASSWORD, "new_password2": PASSWORD})


def tells_how():
    return NOBODY in Client().get(LOGIN).content.decode()


def test_the_link_lets_the_first_admin_in():
    assert set_password(link(asked())).url == LOGIN
    client = Client()
    client.post(LOGIN, {"username": "ruth", "password": PASSWORD})
    assert client.get(reverse("annotations:person-list")).status_code == 200


def test_a_link_works_once():
    url = link(asked())
    assert [set_password(url).status_code, set_password(url).status_code] == [302, 404]


def test_asked_again_before_it_was_used_it_makes_nobody_new():
    asked(), asked()
    assert list(User.objects.values_list("username", "is_superuser")) == [("ruth", True)]
    assert AuditEvent.objects.get().after == {"username": "ruth", "role": "first admin"}


def test_there_is_no_first_admin_once_one_can_log_in():
    set_password(link(asked()))
    with pytest.raises(CommandError, match="ruth is an admin and can log in"):
        asked("eve")
    assert User.objects.count() == 1


@pytest.mark.parametrize("name, why", [("Ada", "belongs to somebody"), ("a b", "valid username"), ("", "blank")])
def test_a_name_that_cannot_be_is_refused(name, why):
    make_person("ada")
    with pytest.raises(CommandError, match=why):
        asked(name)
    assert User.objects.count() == 1


def test_the_link_is_where_the_pages_are(settings):
    settings.ALLOWED_HOSTS = ["cosa.example.org", "web"]
    assert link(asked()).startswith("http://cosa.example.org:8000/password/")
    settings.BEHIND_PROXY = True
    assert link(asked()).startswith("https://cosa.example.org/password/")
    assert link(asked(address="http://here:81/")).startswith("http://here:81/password/")


def test_the_log_in_says_how_to_begin_until_an_admin_has_a_password():
    make_person("grace")
    said = tells_how()
    url = link(asked())
    assert said and tells_how()
    set_password(url)
    assert not tells_how()
