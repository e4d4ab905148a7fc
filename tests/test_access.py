"""The table of docs/access.md is true: every address, opened as every person, answers what stands there."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import settings, urls
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import reverse

from annotations.models import User
from tests.addresses import Place, make_place, names
from tests.databases import kept_for_a_file
from tests.factories import ROLES, make_person
from tests.security.disarm import harm

DOC = Path(__file__).parents[1] / "docs" / "access.md"
METHODS = ("GET", "POST")


class Row(NamedTuple):
    """One line of the table: what each person is answered."""

    name: str
    method: str
    answers: dict[str, str]


def table() -> list[Row]:
    """The lines of the table whose first column is `address`."""
    lines = [[part.strip() for part in line.strip("| ").split("|")] for line in DOC.read_text("utf-8").splitlines()]
    start = next(number for number, line in enumerate(lines) if line[0] == "address")
    end = next(number for number in range(start, len(lines)) if len(lines[number]) == 1)
    people = lines[start][2:]
    return [
        Row(name, method, dict(zip(people, answers, strict=True))) for name, method, *answers in lines[start + 2 : end]
    ]


ROWS = table()
LISTED = [(row.name, row.method) for row in ROWS]
UNLISTED = {name: [method for method in METHODS if (name, method) not in LISTED] for name in names()}


cookies: dict[str, str] = {}
"""The sessions of those who are logged in."""
shown: dict[tuple[int, str, str], bytes] = {}
"""The pages of refusals: status, method, and who saw it first."""


def log_in(person: str) -> str:
    client = Client()
    client.force_login(make_person(person))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@cache
def client_of(person: str, **options: bool) -> Client:
    """One for all that a person asks, which has the layers round the pages built once."""
    return Client(**options)


def browser(person: str, **options: bool) -> Client:
    client = client_of(person, **options)
    client.cookies.clear()
    if person != "anonymous":
        client.cookies[settings.SESSION_COOKIE_NAME] = cookies[person]
    return client


def drawn_once(status: int, refuse: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The refusal, whose page is drawn when somebody sees it first; tests/cosa_web/test_error_pages.py reads it."""

    def answer(request: HttpRequest, exception: Exception) -> HttpResponse:
        seen = status, request.method, request.user.get_username()
        shown[seen] = shown.get(seen) or refuse(request, exception).content
        return HttpResponse(shown[seen], status=status)

    return answer


def word(response: HttpResponse) -> str:
    """The answer in the words of the table; whoever gets it, no browser can be made to run what stands in it."""
    assert harm(response, response.wsgi_request.path) == ""
    to_log_in = response.status_code == 302 and response.url.startswith(reverse("login"))
    return "login" if to_log_in else str(response.status_code)


@pytest.fixture(scope="module")
def place(django_db_setup: None, django_db_blocker: object) -> Iterator[Place]:
    """Every address, in one world for all of these tests, in which everybody is logged in."""
    with kept_for_a_file(django_db_blocker), pytest.MonkeyPatch.context() as patch:
        for status in (403, 404):
            name = f"handler{status}"
            patch.setattr(urls, name, drawn_once(status, getattr(urls, name)))
        made = make_place().with_campaign().with_recipe().with_api()
        for person in ROLES:
            cookies[person] = log_in(person)
        yield made
        cookies.clear()
        shown.clear()
        client_of.cache_clear()


def test_every_address_has_a_row_and_every_row_an_address():
    assert {row.name for row in ROWS} == set(names())


def test_every_person_has_a_column():
    assert {person for row in ROWS for person in row.answers} == {"anonymous", *ROLES}


def test_every_answer_is_one_the_text_explains():
    told = re.findall(r"^- `(\w+)`", DOC.read_text("utf-8"), re.MULTILINE)
    assert {answer for row in ROWS for answer in row.answers.values()} == set(told)


def test_no_address_stands_there_twice_with_one_method():
    assert len(LISTED) == len(set(LISTED))


@pytest.mark.django_db
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name}-{row.method}")
def test_everybody_gets_the_answer_of_the_table(place, row):
    url = place.url(row.name)
    assert {person: word(browser(person).generic(row.method, url)) for person in row.answers} == row.answers


@pytest.mark.django_db
@pytest.mark.parametrize("name", UNLISTED)
def test_a_method_that_is_not_listed_is_405(place, name):
    url = place.url(name)
    asked = [(person, method) for person in ("anonymous", "grace") for method in UNLISTED[name]]
    told = {(person, method): browser(person).generic(method, url).status_code for person, method in asked}
    assert told == dict.fromkeys(asked, 405)


@pytest.mark.django_db
@pytest.mark.parametrize("name", [name for name, method in LISTED if method == "POST"])
def test_a_form_sent_from_another_site_is_refused(place, name):
    url = place.url(name)
    assert browser("grace", enforce_csrf_checks=True).post(url).status_code == 403


@pytest.mark.django_db
def test_a_page_asked_for_before_the_log_in_is_opened_after_it(place):
    url = place.url("training:run-detail")
    assert Client().get(url).url == f"{reverse('login')}?next={url}"


@pytest.mark.django_db
def test_a_person_without_any_membership_gets_no_list():
    client = Client()
    client.force_login(User.objects.create(username="nobody"))
    assert client.get(reverse("annotations:config-list")).status_code == 403
