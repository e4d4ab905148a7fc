"""What holds for every address of people's resources: its scope, and that nothing it is sent breaks it."""

from importlib import import_module

import pytest
from django.urls import resolve, reverse

from annotations.services.tokens import SCOPES
from tests.addresses import make_place
from tests.databases import kept_for_a_file
from tests.factories import ROLES, make_person
from tests.programs import Program

MODULES = (
    *("benchmarks", "releases", "prompts", "checks", "campaigns", "campaign_items", "ratings", "rating_own"),
    *("preferences", "exports", "taxonomies"),
)
ROUTES = [one for name in MODULES for one in import_module(f"annotations.api.{name}").ROUTES]
NAMES = [one.name for one in ROUTES]
ODD = {"kind": "odd", "config": 2**70, "risks": [[{}]], "title": {"a": [1]}, "seen": None, "targets": 3, "keys": "x"}
QUERY = "?cursor=W10:x&format=%00&config=99999999999999999999"


@pytest.fixture(scope="module")
def place(django_db_setup, django_db_blocker):
    with kept_for_a_file(django_db_blocker):
        made = make_place().with_campaign().with_recipe().with_api()
        for person in ROLES:
            make_person(person)
        yield made


def methods(name):
    """The methods of that address with what a token needs for each."""
    endpoint = next(one for one in ROUTES if one.name == name).callback.view_class(url_name=name)
    there = [one.lower() for one in endpoint.allowed_methods if one != "HEAD"]
    return {method: endpoint.scope(endpoint.operation(method)) for method in there}


def send(program, method, url, said):
    return program.get(url) if method == "get" else program.send(url, said, method=method)


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_a_token_without_the_scope_is_refused(place, name):
    url = place.url(f"api:{name}").removeprefix("/api/v1/")
    for method, needed in methods(name).items():
        told = send(Program("lea", *(scope for scope in SCOPES if scope != needed)), method, url, {})
        assert (told.status_code, told.json()["detail"]) == (403, f"This token lacks the scope {needed}.")


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_sent_is_answered_in_words(place, name):
    url, person = place.url(f"api:{name}"), "carol" if name.startswith(("ratings", "checks", "labels")) else "lea"
    found = resolve(url)
    huge = {at: 10**30 if isinstance(one, int) else one for at, one in found.kwargs.items()}
    program, told = Program(person), []
    far = reverse(f"api:{name}", kwargs=huge).removeprefix("/api/v1/")
    for method in methods(name):
        here = f"{url.removeprefix('/api/v1/')}{QUERY if method == 'get' else ''}"
        told += [send(program, method, here, ODD), *([send(program, method, far, {})] if huge != found.kwargs else [])]
    assert {one.status_code for one in told} <= {200, 201, 204, 400, 403, 404, 405, 409, 422}
    assert all(one["Content-Type"] == "application/problem+json" for one in told if one.status_code >= 400)
