"""Forms that another site sends in somebody's name: refused on every address, whatever headers they have."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.factories import make_person

FITTING = {"int": 1, "str": "x", "slug": "x", "path": "x", "uuid": UUID(int=1)}
# They take in files before a token can be read, and look at it themselves: those who may upload are refused below.
BY_THEMSELVES = {
    "annotations:campaign-upload",
    "annotations:import-list",
    "annotations:preference-new",
    "annotations:training-prompts-new",
    "training:run-import",
}
HTMX = {"HX-Request": "true", "HX-Target": "main"}


def addresses(patterns=None, space="", above=()) -> Iterator[tuple[str, str, bool]]:
    """Every URL name with an address of that form, and whether Django's own check is left out."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        kinds = (*above, *one.pattern.converters.items())
        if isinstance(one, URLResolver):
            named = f"{space}{one.namespace}:" if one.namespace else space
            yield from addresses(one.url_patterns, named, kinds)
        elif isinstance(one, URLPattern):
            fitting = {name: _value(kind) for name, kind in kinds}
            name = f"{space}{one.name}"
            yield name, reverse(name, kwargs=fitting), getattr(one.callback, "csrf_exempt", False)


def _value(kind: object) -> object:
    return FITTING.get(type(kind).__name__.removesuffix("Converter").lower(), "1")


ALL = sorted(addresses())
PAGES = [(name, url) for name, url, exempt in ALL if not name.startswith("api:") and not exempt]
API = [(name, url) for name, url, _ in ALL if name.startswith("api:")]


def test_only_uploads_and_the_api_look_at_the_token_themselves():
    assert {name for name, _, exempt in ALL if exempt and not name.startswith("api:")} == BY_THEMSELVES
    assert len(PAGES) > 200 and len(API) > 50


def test_htmx_is_no_token():
    client = Client(enforce_csrf_checks=True)
    told = {name: client.post(url, {"name": "x"}, headers=HTMX).status_code for name, url in PAGES}
    assert {name: status for name, status in told.items() if status != 403} == {}


@pytest.mark.django_db
def test_the_api_wants_the_token_of_a_session_on_every_address():
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_person("grace"))
    told = {name: client.post(url, {}, "application/json", headers=HTMX) for name, url in API}
    taken = {name: one for name, one in told.items() if one.status_code != 405}
    assert len(taken) > 50 and {name for name, one in taken.items() if not one.json()["type"].endswith("csrf")} == set()


@pytest.mark.django_db
def test_a_token_of_another_browser_is_none():
    mine, theirs = (Client(enforce_csrf_checks=True) for _ in range(2))
    for client in (mine, theirs):
        client.get(reverse("login"))
    said = {"username": "ada", "password": "x", "csrfmiddlewaretoken": theirs.cookies["csrftoken"].value}
    assert mine.post(reverse("login"), said, headers=HTMX).status_code == 403
