"""What a log line looks like, and that an exception's message is written only where it cannot be a text."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as site
from django.db import DataError, IntegrityError

from annotations.core.log_context import bound
from cosa_web import logs

log = logging.getLogger("cosa.test")


@pytest.fixture
def said(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What is logged at INFO and above, in the form that the test is given."""
    stream = io.StringIO()
    made = logs.settings("INFO", getattr(request, "param", "line"))
    made["handlers"]["console"]["stream"] = stream
    logging.config.dictConfig(made)
    yield stream
    logging.config.dictConfig(site.LOGGING)


def fails(problem: BaseException, cause: BaseException | None = None) -> None:
    try:
        raise problem from cause
    except BaseException:
        log.exception("it failed")


def test_a_line_is_for_people(said):
    with bound(request_id="abc", run=7):
        log.info("a shift begins")
    assert said.getvalue().endswith(" INFO cosa.test: a shift begins [request_id=abc run=7]\n")


@pytest.mark.parametrize("said", ["json"], indirect=True)
def test_an_object_says_the_same_to_programs(said):
    with bound(request_id="abc", run=7):
        log.warning("%s items", 3, extra={"person": 5})
    told: dict[str, Any] = json.loads(said.getvalue())
    assert told.pop("time").endswith("+00:00")
    assert told == {
        **{"level": "WARNING", "logger": "cosa.test", "message": "3 items"},
        **{"request_id": "abc", "run": 7, "person": 5},
    }


@pytest.mark.parametrize("said", ["line", "json"], indirect=True)
@pytest.mark.parametrize(
    "problem", [ValueError("a prompt"), KeyError("a prompt"), DataError("a prompt"), Exception("a prompt")]
)
def test_a_message_that_may_be_a_text_is_withheld(said, problem):
    fails(problem)
    assert "a prompt" not in said.getvalue()
    assert type(problem).__qualname__ in said.getvalue() and "test_logs.py" in said.getvalue()


@pytest.mark.parametrize("said", ["line", "json"], indirect=True)
def test_what_failed_outside_is_said_without_the_row_a_database_shows(said):
    fails(IntegrityError("null value in column\nDETAIL:  Failing row contains (a prompt)."))
    assert "IntegrityError: null value in column" in said.getvalue()
    assert "a prompt" not in said.getvalue()


def test_an_exception_stands_below_those_it_came_from(said):
    fails(RuntimeError(), ConnectionRefusedError(111, "Connection refused"))
    told = said.getvalue()
    assert told.index("ConnectionRefusedError: [Errno 111] Connection refused") < told.index("RuntimeError")


def test_libraries_that_write_bodies_stay_quiet_when_everything_is_asked_for():
    loggers = logs.settings("DEBUG", "line")["loggers"]
    assert {"openai", "django.db.backends", "botocore"} <= loggers.keys()
    assert {loggers[name]["level"] for name in logs.QUIET} == {"INFO"}


def test_they_are_never_louder_than_all_others():
    assert logs.settings("ERROR", "line")["loggers"]["openai"]["level"] == "ERROR"
