"""Problem details (RFC 9457): the one shape in which the API says what went wrong."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from django.http.request import RawPostDataException, UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response

from annotations.services import outages

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
KIND = "urn:cosa-web:problem:"
KINDS = {
    400: ("malformed", "The request cannot be read"),
    401: ("not-authenticated", "Say who you are"),
    403: ("forbidden", "You have no right to this"),
    404: ("not-found", "There is no such thing"),
    405: ("method-not-allowed", "This address does not take this method"),
    409: ("conflict", "Somebody was faster, or it is not the time for it"),
    413: ("too-large", "The request is too large"),
    415: ("unsupported-media-type", "Send JSON"),
    422: ("refused", "What was sent was refused"),
    429: ("too-many-requests", "Too many requests"),
    500: ("our-error", "An error of this application"),
    503: ("not-now", "This cannot be answered now"),
}
NOT_FOUND = "There is nothing here, or nothing that you may see."
FORBIDDEN = "Your roles give you no right to do this."
WHO = "Send an access token: Authorization: Bearer pat-…; you make one on the page of your tokens."
AWAY = "The database does not answer just now. What was saved is still there; ask again in a few seconds."
OUR_ERROR = "An error of this application; its log says more. Nothing was changed."


class Problem(Exception):
    """An answer other than the one that was asked for; `errors` are sentences by field, dotted for nested ones."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Mapping[str, list[str]] | None = None,
        kind: str = "",
        headers: Mapping[str, str] | None = None,
    ):
        super().__init__(detail)
        self.status, self.detail, self.kind = status, detail, kind
        self.errors, self.headers = dict(errors or {}), dict(headers or {})


def refused(sentence: str, field: str = "") -> Problem:
    """422: what was sent cannot be done, with the field it is about where there is one."""
    return Problem(422, sentence, errors={field: [sentence]} if field else None)


def conflict(sentence: str) -> Problem:
    """409: something else happened meanwhile."""
    return Problem(409, sentence)


def malformed(sentence: str, field: str = "") -> Problem:
    """400: the request itself is wrong, its query parameters for example."""
    return Problem(400, sentence, errors={field: [sentence]} if field else None)


def method(asked: str, takes: Sequence[str]) -> Problem:
    """405: the address takes other methods, at least one of which there is; `Allow` lists them too."""
    listed = " and ".join(part for part in (", ".join(takes[:-1]), takes[-1]) if part)
    return Problem(405, f"This address takes {listed}, not {asked[:20]}.", headers={"Allow": ", ".join(takes)})


def body(problem: Problem) -> dict[str, Any]:
    """The problem as it is sent: type, title, status, detail, and errors by field where there are some."""
    slug, title = KINDS.get(problem.status, ("error", HTTPStatus(problem.status).phrase))
    told: dict[str, Any] = {"type": KIND + (problem.kind or slug), "title": title, "status": problem.status}
    return told | {"detail": problem.detail} | ({"errors": problem.errors} if problem.errors else {})


def response(problem: Problem) -> Response:
    """The answer that tells the problem."""
    return Response(body(problem), status=problem.status, headers=problem.headers, content_type=MEDIA_TYPE)


def of_exception(exc: Exception) -> Problem:
    """The problem that an exception of a view is; an unexpected one is logged and told without detail."""
    if isinstance(exc, Problem):
        return exc
    if isinstance(exc, Http404):
        return Problem(404, NOT_FOUND)
    if isinstance(exc, PermissionDenied):
        return Problem(403, str(exc) or FORBIDDEN)
    if isinstance(exc, exceptions.APIException):
        return _of_framework(exc)
    if isinstance(exc, RequestDataTooBig):
        return Problem(413, "The body is larger than this address takes.")
    if isinstance(exc, RawPostDataException):
        return Problem(415, "Send the body as application/json.")
    if isinstance(exc, SuspiciousOperation | BadRequest | MultiPartParserError | UnreadablePostError):
        return Problem(400, "The request cannot be read.")
    if outages.is_away(exc):
        log.warning("The database is away", exc_info=exc)
        return Problem(503, AWAY, headers={"Retry-After": "5"})
    log.error("An error of the API", exc_info=exc)
    return Problem(500, OUR_ERROR)


def _of_framework(exc: exceptions.APIException) -> Problem:
    if isinstance(exc, exceptions.ValidationError):
        found = by_field(exc.detail)
        return Problem(422, "Some fields have to be changed." if found else "This was refused.", errors=found)
    if isinstance(exc, exceptions.Throttled):
        seconds = max(1, int(getattr(exc, "wait", None) or 1))
        wait = f"You sent too many requests. Go on in {seconds} s."
        return Problem(429, wait, headers={"Retry-After": str(seconds)})
    if isinstance(exc, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        said = WHO if isinstance(exc, exceptions.NotAuthenticated) else str(exc.detail)
        return Problem(401, said, headers={"WWW-Authenticate": getattr(exc, "auth_header", "Bearer")})
    return Problem(exc.status_code, str(exc.detail))


def by_field(detail: Any) -> dict[str, list[str]]:
    """Sentences by field, out of what a serializer found; what is about no field stands under ""."""
    found: dict[str, list[str]] = {}
    for place, sentence in _flat(detail, ()):
        found.setdefault(place, []).append(sentence)
    return found


def _flat(detail: Any, place: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(detail, Mapping):
        for name, inside in detail.items():
            yield from _flat(inside, place if name == "non_field_errors" else (*place, str(name)))
    elif isinstance(detail, list):
        yield from _of_list(detail, place)
    else:
        yield ".".join(place), str(detail)


def _of_list(detail: Iterable[Any], place: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """A list of sentences is about one place; a list of mappings is about the entries of a list."""
    for number, inside in enumerate(detail):
        nested = isinstance(inside, Mapping | list)
        yield from _flat(inside, (*place, str(number)) if nested else place)
