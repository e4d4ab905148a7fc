"""The edge of every answer: headers that nothing lacks, and bodies that are refused unread."""

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from cosa_web.edge import ALWAYS, Edge
from tests.factories import make_person

pytestmark = pytest.mark.django_db
NOSNIFF = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin"}
STRICT = ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'")


def safe(headers) -> bool:
    """Whether an answer has every header, and allows no page round it and nothing from elsewhere."""
    policy = headers.get("Content-Security-Policy", "")
    unsafe = "unsafe" in policy or "http" in policy or "frame-ancestors 'none'" not in policy
    return not unsafe and headers.keys() >= ALWAYS.keys() and NOSNIFF.items() <= headers.items()


def answer(path: str, status: int, client: Client | None = None, method: str = "get", **extra):
    response = getattr(client or Client(raise_request_exception=False), method)(path, **extra)
    assert response.status_code == status
    return dict(response.headers)


@pytest.mark.parametrize(("path", "status"), [("/login/", 200), ("/healthz", 200), ("/", 302), ("/nowhere/", 404)])
def test_pages_and_refusals_have_every_header(path, status):
    assert safe(answer(path, status))


def test_a_page_has_the_strict_policy():
    policy = answer("/login/", 200)["Content-Security-Policy"]
    assert [part for part in STRICT if part not in policy] == [] and "unsafe" not in policy


def test_a_page_that_is_forbidden_has_every_header():
    client = Client()
    client.force_login(make_person("carol"))
    assert safe(answer("/people/", 403, client))


def test_a_form_without_its_token_has_every_header():
    assert safe(answer("/login/", 403, Client(enforce_csrf_checks=True), method="post"))


@pytest.mark.parametrize("https", [True, False])
def test_a_host_that_is_not_ours_is_refused_with_every_header(settings, https):
    settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS = https, ["cosa.example.org"]
    assert safe(answer("/login/", 400, headers={"host": "elsewhere.example"}))


def test_a_fault_of_ours_has_every_header(monkeypatch):
    monkeypatch.setattr("cosa_web.views.LogIn.get_form", lambda *_: 1 / 0)
    assert safe(answer("/login/", 500))


def test_a_file_has_every_header(settings, tmp_path):
    settings.STATIC_ROOT = str(tmp_path)
    (tmp_path / "picture.svg").write_text("<svg/>", encoding="utf-8")
    headers = answer("/static/picture.svg", 200)
    assert safe(headers) and "Access-Control-Allow-Origin" not in headers


def test_what_a_page_says_itself_stays():
    inner = HttpResponse(headers={"Referrer-Policy": "no-referrer", "Content-Security-Policy": "default-src 'none'"})
    headers = Edge(lambda _: inner)(RequestFactory().get("/")).headers
    assert (headers["Referrer-Policy"], headers["Content-Security-Policy"]) == ("no-referrer", "default-src 'none'")


def test_over_https_browsers_are_told_to_stay_there(settings):
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 3600, True
    response = Client().get("/login/", secure=True)
    assert response.headers["Strict-Transport-Security"] == "max-age=3600; includeSubDomains"


@pytest.mark.parametrize(("megabytes", "status"), [(1, 413), (100, 403)])
def test_a_body_above_the_limit_is_refused_before_it_is_read(settings, megabytes, status):
    settings.UPLOAD_MEGABYTES = megabytes
    client = Client(enforce_csrf_checks=True)
    headers = answer("/login/", status, client, method="post", CONTENT_LENGTH="50000000")
    assert safe(headers) and headers.get("Connection") == ("close" if status == 413 else None)


@pytest.mark.parametrize("told", ["", "many", "-1"])
def test_a_length_that_is_no_number_is_none(told):
    assert answer("/healthz", 200, CONTENT_LENGTH=told)
