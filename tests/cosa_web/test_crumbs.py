"""The way up from every page: it begins at a list, ends at the page, and leads nowhere that is closed to the person."""

from collections.abc import Callable, Iterator
from functools import cache

import pytest
from django.http import HttpResponse
from django.test import Client

from cosa_web.crumb_tree import LISTS, TREE
from tests.addresses import Place, make_place
from tests.databases import kept_for_a_file
from tests.factories import make_person
from tests.markup import Element, elements
from tests.test_access import ROWS
from tests.test_pages import PAGES

pytestmark = pytest.mark.django_db
TOPS = {*LISTS, "home", "search", "docs", "login", "password-change", "password-set", "api-viewer", "setup"}
TOPS |= {"annotations:audit-list", "annotations:living", "training:playground"}
TOPS |= {"training:worker-list", "training:node-list"}
FULL_SCREEN = {"annotations:rate", "annotations:rate-item", "annotations:check-next", "training:stage-sample"}
ANSWERS = {row.name: row.answers for row in ROWS if row.method == "GET"}
PEOPLE = ("grace", "lea", "carol", "ada", "bob")
READERS = [(name, who) for name in PAGES for who in PEOPLE if ANSWERS[name][who] == "200"]
Ask = Callable[[str, str], HttpResponse]


@pytest.fixture(scope="module")
def place(django_db_setup: None, django_db_blocker: object) -> Iterator[Place]:
    with kept_for_a_file(django_db_blocker):
        made = make_place().with_campaign().with_recipe()
        for person in PEOPLE:
            make_person(person)
        yield made


@pytest.fixture(scope="module")
def ask(place: Place) -> Ask:
    """The answer to a person at an address, asked for once."""
    clients = {person: Client() for person in PEOPLE}
    for person, client in clients.items():
        client.force_login(make_person(person))
    return cache(lambda person, url: clients[person].get(url))


def steps(response: HttpResponse) -> list[Element]:
    """The links and the last word of the way up."""
    found = elements(response.content.decode())
    ways = [one for one in found if one.attributes.get("aria-label") == "Breadcrumb"]
    return [one for one in found if one.tag in {"a", "span"} and set(map(id, ways)) & set(map(id, one.parents))]


def first_reader(name: str) -> str | None:
    return next((who for page, who in READERS if page == name), None)


@pytest.mark.parametrize("name", [name for name in PAGES if name not in TOPS | FULL_SCREEN])
def test_every_page_below_a_list_shows_the_way_up(place, ask, name):
    person = first_reader(name)
    if person is None:
        pytest.skip("in this world nobody is shown this page as such")
    response = ask(person, place.url(name))
    if not response.headers["Content-Type"].startswith("text/html"):
        pytest.skip("a file")
    *above, here = steps(response)
    assert [one.tag for one in above] == ["a"] * len(above) and above
    assert (here.attributes.get("aria-current"), here.text.strip() != "") == ("page", True)
    ways = [page for page in [TREE[name].parent] if page]
    while parent := TREE[ways[-1]].parent:
        ways.append(parent)
    assert len(above) == len(ways)
    assert {one.attributes["href"]: ask(person, one.attributes["href"]).status_code for one in above} == {
        one.attributes["href"]: 200 for one in above
    }


def said_twice(response: HttpResponse) -> list[str]:
    """The links of a page's title that lead where a step of its way up does."""
    above = {one.attributes["href"].partition("?")[0] for one in steps(response)[:-1]}
    page = elements(response.content.decode())
    titles = [
        one for one in page if one.tag == "a" and any(part.attributes.get("class") == "head" for part in one.parents)
    ]
    return [
        one.text for one in titles if one.attributes["href"].partition("?")[0] in above and "button" not in one.classes
    ]


@pytest.mark.parametrize("name", [name for name in PAGES if name not in TOPS | FULL_SCREEN])
def test_a_title_does_not_lead_where_the_way_up_leads(place, ask, name):
    if person := first_reader(name):
        response = ask(person, place.url(name))
        if response.headers["Content-Type"].startswith("text/html"):
            assert said_twice(response) == []


@pytest.mark.parametrize("name", sorted((TOPS | FULL_SCREEN) & set(PAGES)))
def test_a_page_at_the_top_shows_no_way_up(place, ask, name):
    if person := first_reader(name):
        assert steps(ask(person, place.url(name))) == []


def test_every_page_of_the_tree_is_one():
    assert set(TREE) <= set(ANSWERS)


def test_an_item_leads_back_to_the_filter_it_was_found_in(place, ask):
    response = ask("ada", place.url("training:item-detail") + "?kind=safe&outcome=unscored")
    links = [one.attributes["href"] for one in steps(response)[:-1]]
    runs, run, items = (place.url(f"training:{name}") for name in ("run-list", "run-detail", "item-list"))
    assert links == [runs, run, f"{items}?kind=safe&outcome=unscored"]


def test_the_way_to_a_refusal_is_not_shown(place, ask):
    refused = ask("bob", place.url("annotations:config-new"))
    assert (refused.status_code, steps(refused)) == (403, [])


def test_a_long_title_is_cut_and_keeps_its_direction(place, ask):
    place.run.benchmark.title = "\u0627\u0644\u0633\u0644\u0627\u0645\u0629 " * 30
    place.run.benchmark.save()
    title = steps(ask("ada", place.url("annotations:release-list")))[1]
    assert len(title.text) == 60 and title.text.endswith("…")
