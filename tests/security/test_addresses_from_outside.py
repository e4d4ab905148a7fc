"""What a request says of hosts and addresses is believed of nobody: where one is sent on, and who is asked for."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from annotations.services import people
from tests.factories import make_person, with_password

pytestmark = pytest.mark.django_db
EVIL = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    " //evil.example",
]
PARAMETERS = ("next", "back", "url", "redirect", "return", "to", "place")


@pytest.mark.parametrize("where", EVIL)
def test_no_parameter_sends_a_person_to_another_site(as_person, where):
    """On the log-in, logged in already, and at the log-out; in the address and in the form."""
    said = dict.fromkeys(PARAMETERS, where)
    login, logout = reverse("login"), reverse("logout")
    with_password(make_person("ada"), "a-long-lantern")
    again = as_person("ada")
    typed = {"username": "ada", "password": "a-long-lantern"}
    answers = [
        again.get(login, said),
        Client().post(login, typed | said),
        Client().post(f"{login}?next={where}", typed),
        again.post(logout, said),
        Client().get("/runs/", said),
    ]
    sent = [answer.headers.get("Location", "") for answer in answers]
    assert all(re.match(r"/(?![/\\])", place) for place in sent), sent


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "testserver@evil.example", ""]
)
def test_another_host_is_not_answered(host):
    assert Client().get(reverse("login"), headers={"Host": host}).status_code == 400


def test_what_a_proxy_header_says_of_the_host_is_not_believed():
    page = Client().get(
        reverse("login"), headers={"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    )
    assert page.status_code == 200 and "evil.example" not in page.content.decode() + str(page.headers)


def test_the_link_for_a_password_names_no_host(as_person):
    nina = make_person("nina", role="annotator")
    page = as_person("grace").post(reverse("annotations:person-link", args=[nina.pk]), headers={"Host": "evil.example"})
    assert page.status_code == 400 and not any("evil" in part for part in people.link_parts(nina))


@pytest.mark.parametrize("path", ["/login/", "/nowhere/", "/healthz", "/api/v1/", "/static/css/base.css"])
def test_nothing_can_be_framed_or_guessed_at(client, path):
    headers = client.get(path).headers
    policy = headers.get("Content-Security-Policy", "")
    assert headers["X-Frame-Options"] == "DENY" and headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in policy or path.startswith("/static/")
    assert "unsafe" not in policy
