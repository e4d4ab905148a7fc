"""Every page of the application: what it tells the browser to allow, and what a refusal says."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

import pytest
from django.test import Client

from tests.addresses import make_place
from tests.databases import kept_for_a_file
from tests.factories import (
    make_person,
)
from tests.markup import elements, inline
from tests.test_access import ROWS

pytestmark = pytest.mark.django_db
READ = [row for row in ROWS if row.method == "GET"]
GET = [row.name for row in READ]
TABLES = ("audit-export", "coverage-export", "prompt-export", "preference-export", "rating-export", "agreement-export")
FILES = (
    *(*TABLES, "taxonomy-export", "stage-labels-export", "compare-export", "leaderboard-export"),
    *("healthz", "readyz", "metrics", "docs-picture", "jsi18n"),
    *("-download", "import-problems"),
    *("training-log", "training-metrics", "deployment-traffic"),
)
PAGES = [name for name in GET if not name.endswith(FILES) and not name.startswith("api:")]


def opened(name: str) -> Client:
    client = Client()
    if name != "login":
        client.force_login(make_person("grace"))
    return client


class Seen(NamedTuple):
    """What came back for a page: its headers, what its policy would stop, what it loads, and its ids."""

    headers: Mapping[str, str]
    stopped: list[str]
    sources: list[str]
    ids: list[str]


@pytest.fixture(scope="module")
def seen(django_db_setup: None, django_db_blocker: object) -> Iterator[Callable[[str], Seen]]:
    """Each page in one world, asked for once however many tests look at it."""
    with kept_for_a_file(django_db_blocker):
        place = make_place().with_campaign().with_recipe()

        @cache
        def ask(name: str) -> Seen:
            response = opened(name).get(place.url(name))
            html = response.content.decode() if name in PAGES else ""
            found = elements(html)
            loaded = [one.attributes for one in found if one.tag != "a"]
            sources = [one.get("src") or one.get("href", "") for one in loaded]
            ids = [one.attributes["id"] for one in found if "id" in one.attributes]
            return Seen(dict(response.headers), inline(html), sources, ids)

        yield ask


@pytest.mark.parametrize("name", GET)
def test_a_page_allows_only_what_comes_from_here(seen, name):
    policy = seen(name).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy and "http" not in policy


@pytest.mark.parametrize("name", GET)
def test_a_page_cannot_be_framed_or_sniffed(seen, name):
    headers = seen(name).headers
    assert (headers["X-Frame-Options"], headers["X-Content-Type-Options"]) == ("DENY", "nosniff")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_holds_nothing_its_own_policy_would_stop(seen, name):
    assert seen(name).stopped == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_nothing_from_elsewhere(seen, name):
    assert [source for source in seen(name).sources if re.match(r"(https?:)?//", source)] == []


@pytest.mark.parametrize("name", PAGES)
def test_no_two_elements_of_a_page_share_an_id(seen, name):
    ids = seen(name).ids
    assert sorted(ids) == sorted(set(ids))
