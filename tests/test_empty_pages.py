"""Every list of an installation in which nobody has made anything: what it is, how it begins, where more is said."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from tests.databases import kept_for_a_file
from tests.factories import make_person
from tests.markup import Element, elements
from tests.test_access import ROWS

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[1]
PEOPLE = ("ada", "bob", "carol", "grace", "lea")
STARTED_BY = {
    "annotations:config-list": "annotations:config-new",
    "annotations:benchmark-list": "annotations:benchmark-new",
    "annotations:preference-list": "annotations:preference-new",
    "annotations:training-prompts-list": "annotations:training-prompts-new",
    "annotations:taxonomy-list": "annotations:taxonomy-new",
    "annotations:campaign-list": "annotations:campaign-new",
    "annotations:group-list": "annotations:group-new",
    "annotations:token-list": "annotations:token-new",
    "training:model-list": "training:model-new",
    "training:run-list": "training:run-new",
    "training:recipe-list": "training:recipe-new",
    "training:map-list": "training:map-new",
    "training:key-list": "training:key-new",
    "training:checkpoint-list": "training:training-new",
}
FILLED_ELSEWHERE = (
    *("annotations:check-list", "annotations:rate-list", "annotations:preference-people"),
    *("training:review-list", "training:leaderboard", "training:training-list", "training:deployment-list"),
    *("training:worker-list", "training:node-list", "training:playground", "training:training-compare"),
)
LISTS = (*STARTED_BY, *FILLED_ELSEWHERE)
NEVER_MEASURED = re.compile(r"(?<![\d.,])(?:0\.00|0 of 0|0\s?%)|\bNone\b|\bnan\b")
MAY_READ = {row.name: row.answers for row in ROWS if row.method == "GET"}
ASKED = [(name, person) for name in LISTS for person in PEOPLE if MAY_READ[name][person] == "200"]


@pytest.fixture(scope="module")
def page(django_db_setup: None, django_db_blocker: object) -> Iterator[Callable[[str, str], str]]:
    """Each list as each person sees it: an organisation with people, and nothing else."""
    with kept_for_a_file(django_db_blocker):
        clients = {}
        for name in PEOPLE:
            clients[name] = Client()
            clients[name].force_login(make_person(name))

        @cache
        def ask(name: str, person: str) -> str:
            response = clients[person].get(reverse(name))
            assert response.status_code == 200
            return str(response.content.decode())

        yield ask


def empty(html: str) -> list[Element]:
    """The empty state of the page, and everything in it."""
    return [one for one in elements(html) if any("empty" in each.classes for each in (one, *one.parents))]


@pytest.mark.parametrize("name, person", ASKED)
def test_an_empty_list_says_what_it_is_and_leads_on(page, name, person):
    parts = empty(page(name, person))
    sentence = next(one.text.strip() for one in parts if one.tag == "p")
    links = [one.attributes["href"] for one in parts if one.tag == "a"]
    assert len(sentence) > 30 and any(link.startswith(reverse("docs")) for link in links)
    starts = STARTED_BY.get(name)
    may_start = bool(starts) and MAY_READ[starts][person] == "200"
    primary = [one.attributes["href"] for one in parts if "primary" in one.classes]
    assert not starts or (primary == [reverse(starts)]) is may_start
    assert not NEVER_MEASURED.findall(elements(page(name, person), "main")[0].text)


def test_a_list_that_is_not_looked_at_here_is_none_that_can_be_empty():
    never_empty = {"annotations:person-list", "annotations:organisation-list", "annotations:audit-list"}
    never_empty |= {"annotations:floor-list", "training:judge-list"}
    lists = {row.name for row in ROWS if row.name.endswith("-list") and not row.name.startswith("api:")}
    bare = {name for name in lists if not MAY_READ.get(name) or _needs_a_row(name)}
    assert lists - bare - never_empty == {name for name in LISTS if name.endswith("-list")}


def _needs_a_row(name: str) -> bool:
    try:
        reverse(name)
    except NoReverseMatch:
        return True
    return False


def test_the_documents_that_empty_lists_lead_to_are_there():
    told = {
        doc
        for path in (ROOT / "templates").rglob("*.html")
        for doc in re.findall(r'_empty\.html" with [^%]*\bdoc="(\w+)"', path.read_text(encoding="utf-8"))
    }
    assert len(told) > 20 and [doc for doc in sorted(told) if not (ROOT / "docs" / f"{doc}.md").is_file()] == []
