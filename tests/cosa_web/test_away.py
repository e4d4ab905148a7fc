"""While the database is away pages and the API say so, and nothing else looks like it."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import Client
from psycopg.errors import AdminShutdown, LockNotAvailable

from annotations.services import outages
from tests.factories import make_person


@pytest.fixture
def browser(db: None) -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch, browser: Client) -> Iterator[None]:
    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("the connection is closed")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", refuse)
        patch.setattr(connection, "is_usable", lambda: False)
        yield


@pytest.mark.usefixtures("away")
def test_a_page_says_that_the_database_does_not_answer(browser):
    browser.cookies["sessionid"] = "somebody"
    answer = browser.get("/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "The database does not answer" in answer.text


@pytest.mark.usefixtures("away")
def test_the_api_says_that_the_database_does_not_answer(browser):
    answer = browser.get("/api/v1/runs/", headers={"Authorization": "Bearer pat-somebody"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "database does not answer" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("cause", "away"),
    [(psycopg.OperationalError(), True), (AdminShutdown(), True), (LockNotAvailable(), False), (None, False)],
)
def test_the_database_was_away_although_it_is_back(db, cause, away):
    problem = OperationalError("no")
    problem.__cause__ = cause
    connection.ensure_connection()
    assert outages.is_away(problem) is away


def test_a_statement_that_is_refused_is_an_error_of_ours(browser, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("no such column")

    with monkeypatch.context() as patch:
        patch.setattr("cosa_web.home.queries.unfinished", refuse)
        browser.force_login(make_person("grace"))
        assert browser.get("/").status_code == 500
