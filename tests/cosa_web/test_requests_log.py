"""A number for each request, and a line about how it went."""

import logging
import traceback
from collections.abc import Iterator

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from annotations.core import log_context
from cosa_web import celery, requests_log, views
from cosa_web.requests_log import BrokenOff, RequestsLog
from tests.factories import make_person

pytestmark = pytest.mark.django_db


def line(caplog: pytest.LogCaptureFixture) -> logging.LogRecord:
    (record,) = [one for one in caplog.records if one.name == "cosa.requests"]
    return record


@pytest.mark.parametrize("number", ["a1B2.c-d_e", "x" * 64])
def test_the_number_a_proxy_gave_is_kept(client, number):
    assert client.get("/healthz", headers={"X-Request-ID": number}).headers["X-Request-ID"] == number


@pytest.mark.parametrize("number", ["", "x" * 65, "a b", "a\r\nb", "<script>", "ä"])
def test_a_request_without_a_sane_number_gets_one(client, number):
    made = client.get("/healthz", headers={"X-Request-ID": number}).headers["X-Request-ID"]
    assert made != number and requests_log.SANE.fullmatch(made)


def test_two_requests_have_two_numbers(client):
    assert len({client.get("/nowhere/").headers["X-Request-ID"] for _ in range(2)}) == 2


def test_all_that_is_logged_for_a_request_carries_its_number(rf: RequestFactory):
    seen = []

    def page(request: object) -> HttpResponse:
        seen.append(log_context.fields()["request_id"])
        return HttpResponse()

    answer = RequestsLog(page)(rf.get("/"))
    assert seen == [answer.headers["X-Request-ID"]] and log_context.fields() == {}


def test_a_line_says_the_page_and_who_asked_but_not_the_address(caplog):
    client, person = Client(), make_person("ada")
    client.force_login(person)
    with caplog.at_level(logging.INFO, "cosa.requests"):
        client.get(reverse("annotations:config-list"), {"words": "a secret search"})
    record = line(caplog)
    assert record.getMessage().startswith("GET annotations:config-list 200 ")
    assert record.getMessage().endswith(" queries") and not record.getMessage().endswith(" 0 queries")
    assert (record.levelno, record.person) == (logging.INFO, person.pk)
    assert "secret" not in record.getMessage()


def test_a_slow_request_is_a_warning(caplog, client, monkeypatch):
    monkeypatch.setattr(requests_log, "SLOW_SECONDS", -1.0)
    with caplog.at_level(logging.WARNING, "cosa.requests"):
        client.get("/nowhere/")
    assert line(caplog).getMessage().startswith("GET no page 404 ")


def test_what_ends_a_stream_is_logged_here_and_not_by_the_server(caplog, rf: RequestFactory):
    closed = []

    def pieces() -> Iterator[bytes]:
        try:
            yield b"one"
            raise ValueError("a text")
        finally:
            closed.append(True)

    answer = RequestsLog(lambda _: StreamingHttpResponse(pieces()))(rf.get("/"))
    got = iter(answer)
    assert next(got) == b"one"
    with pytest.raises(BrokenOff) as told:
        next(got)
    assert "a text" not in "".join(traceback.format_exception(told.value))
    assert closed and caplog.records[-1].getMessage() == f"the answer to request {answer['X-Request-ID']} broke off"


def test_a_stream_that_nobody_reads_to_its_end_is_closed(rf: RequestFactory):
    closed = []

    def pieces() -> Iterator[bytes]:
        try:
            yield from [b"one", b"two"]
        finally:
            closed.append(True)

    answer = RequestsLog(lambda _: StreamingHttpResponse(pieces()))(rf.get("/"))
    assert next(iter(answer)) == b"one" and not closed
    answer.close()
    assert closed == [True]


def test_the_page_of_an_error_names_the_number(rf: RequestFactory):
    with log_context.bound(request_id="abc123"):
        assert "abc123" in views.broken(rf.get("/")).content.decode()
    assert "this number" not in views.broken(rf.get("/")).content.decode()


def test_a_hint_carries_the_number_of_the_request_that_made_it():
    headers: dict[str, object] = {}
    celery.send_request_along(headers)
    assert headers == {}
    with log_context.bound(request_id="abc"):
        celery.send_request_along(headers)
    assert headers == {celery.REQUEST: "abc"}


@pytest.mark.parametrize("number", ["abc", None])
def test_a_worker_binds_the_number_while_it_does_what_was_hinted(number):
    class Task:
        request = type("Request", (), {celery.REQUEST: number} if number else {})()

    celery.bind_request("1", Task())
    inside = dict(log_context.fields())
    celery.unbind_request("1")
    assert (inside, log_context.fields()) == ({"request_id": "abc"} if number else {}, {})
