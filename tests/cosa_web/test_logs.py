"""What a log line looks like, and that an exception's message is written only where it cannot be a text."""

import asyncio
import gc
import io
import json
import logging
import logging.config
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery.app.trace import build_tracer
from django.conf import settings as site
from django.db import DataError, IntegrityError
from django.dispatch import Signal

from annotations.core.log_context import bound
from cosa_web import celery_app, logs

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


async def _failed(text: str) -> None:
    raise ValueError(text)


def a_task_of_celery_fails(text: str) -> None:
    task = celery_app.task(fails_with, name="cosa.test.fails")
    build_tracer(task.name, task, app=celery_app)("id", (text,), {}, {"id": "id", "hostname": "here"})
    celery_app.tasks.unregister(task.name)


def fails_with(text: str) -> None:
    raise ValueError(text)


def a_task_of_a_loop_is_forgotten(text: str) -> None:
    async def forget() -> None:
        await asyncio.wait([asyncio.ensure_future(_failed(text))])
        gc.collect()

    asyncio.run(forget())


def a_callback_of_a_loop_fails(text: str) -> None:
    async def call() -> None:
        asyncio.get_running_loop().call_soon(lambda _: 1 // 0, text)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(call())


def a_receiver_of_a_signal_fails(text: str) -> None:
    signal, receiver = Signal(), lambda **_: fails_with(text)
    signal.connect(receiver)
    signal.send_robust(None)


@pytest.mark.parametrize("said", ["line", "json"], indirect=True)
@pytest.mark.parametrize(
    "goes_wrong",
    [
        a_task_of_celery_fails,
        a_task_of_a_loop_is_forgotten,
        a_callback_of_a_loop_fails,
        a_receiver_of_a_signal_fails,
    ],
)
def test_what_a_library_says_of_a_failure_repeats_no_value(said, goes_wrong: Callable[[str], None]):
    goes_wrong("a prompt" * 100)
    assert "Error" in said.getvalue() and "a prompt" not in said.getvalue()


def test_the_names_of_what_failed_are_still_said(said):
    a_task_of_celery_fails("a prompt")
    a_callback_of_a_loop_fails("a prompt")
    assert "Task cosa.test.fails[id] raised unexpected: ValueError" in said.getvalue()
    assert "ERROR asyncio: Exception in callback a_callback_of_a_loop_fails" in said.getvalue()


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


def test_a_wrong_host_fills_no_log(said, client):
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 400
    assert "Traceback" not in said.getvalue() and "evil" not in said.getvalue()
