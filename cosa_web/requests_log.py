"""A number for each request, on all that is logged for it and on its answer, and a line about how it went."""

import logging
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import Any

from django.db import connection
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from annotations.core import log_context

log = logging.getLogger("cosa.requests")
HEADER = "X-Request-ID"
SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")
SLOW_SECONDS = 1.0


class BrokenOff(Exception):
    """An answer that had begun cannot go on; the log says why."""


class RequestsLog:
    """Takes the number that a proxy gave the request, or makes one, and gives it back in X-Request-ID.

    A request is logged at INFO, and at WARNING when it took more than a second until its answer began.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer of what is inside."""
        told = request.headers.get(HEADER, "")
        number = told if SANE.fullmatch(told) else secrets.token_hex(8)
        with log_context.bound(request_id=number):
            response = self._watched(request)
        response.headers[HEADER] = number
        if isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse):
            response.streaming_content = _careful(response.streaming_content, number)  # type: ignore[arg-type]
        return response

    def _watched(self, request: HttpRequest) -> HttpResponseBase:
        counted, began = _Queries(), perf_counter()
        with connection.execute_wrapper(counted):
            response = self.get_response(request)
        seconds = perf_counter() - began
        level = logging.WARNING if seconds > SLOW_SECONDS else logging.INFO
        if log.isEnabledFor(level):
            log.log(level, "%s", _words(request, response, seconds, counted.n), extra=_who(request))
        return response


def _careful(pieces: Iterable[bytes], number: str) -> Iterator[bytes]:
    """The pieces. What goes wrong with them is logged here: the server would write the words of the exception."""
    try:
        yield from pieces
    except Exception:
        log.exception("the answer to request %s broke off", number)
        raise BrokenOff from None


class _Queries:
    """How many statements went to the database."""

    n = 0

    def __call__(self, execute: Callable[..., Any], *what: Any) -> Any:
        self.n += 1
        return execute(*what)


def _words(request: HttpRequest, response: HttpResponseBase, seconds: float, queries: int) -> str:
    route = request.resolver_match.view_name if request.resolver_match else "no page"
    return f"{request.method} {route} {response.status_code} {seconds * 1000:.0f} ms, {queries} queries"


def _who(request: HttpRequest) -> dict[str, object]:
    """The id of the person, where the request asked who it is."""
    person = getattr(request, "_cached_user", None)
    return {"person": person.pk} if person is not None and person.pk else {}
