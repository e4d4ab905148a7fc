"""The OpenAPI document itself, made once in each process; and every address that is none."""

import json
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple, cast

from django.http import HttpResponse
from django.urls import Resolver404, resolve
from django.utils.decorators import method_decorator
from django.views.decorators.gzip import gzip_page
from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request

from annotations.api import throttles
from annotations.api.endpoint import READ, Endpoint, Operation
from annotations.api.problems import NOT_FOUND, Problem
from annotations.services.tokens import RESOURCES

SLASH = "There is nothing here; the address with a slash at its end is meant."

UNSCOPED = {"me": "Who asks", "organisations": "Organisations, whose ids other operations take"}
"""The resources that every token opens, and what they are."""


class Written(NamedTuple):
    """The document as it is sent, and its ETag."""

    body: bytes
    etag: str


class Line(NamedTuple):
    """One operation of the document, in short."""

    method: str
    path: str
    summary: str
    scope: str


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document of all resources. The first call of a process makes it."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    every = UNSCOPED | {one.name: one.what[0].upper() + one.what[1:] for one in RESOURCES}
    told = [{"name": name, "description": what} for name, what in every.items()]
    return cast("dict[str, Any]", _plain(made)) | {"tags": told}


def _plain(part: Any) -> Any:
    """The same without the generator's own notes on choices, which mean nothing to a client."""
    if isinstance(part, dict):
        return {name: _plain(value) for name, value in part.items() if name != "x-spec-enum-id"}
    return [_plain(one) for one in part] if isinstance(part, list) else part


@lru_cache(maxsize=1)
def written() -> Written:
    """The document as it is sent."""
    body = json.dumps(document(), ensure_ascii=False, default=str, separators=(",", ":")).encode()
    return Written(body, f'"{sha256(body).hexdigest()[:32]}"')


@lru_cache(maxsize=1)
def operations() -> list[Line]:
    """Every operation, in the order of the document."""
    return [
        Line(method.upper(), path, one["summary"], "".join(one["security"][0].get("accessToken", [])))
        for path, methods in document()["paths"].items()
        for method, one in methods.items()
    ]


class Document(Endpoint):
    """The document for programs and for the page that shows it, open to everybody: nothing in it is secret."""

    @method_decorator(gzip_page)
    def get(self, request: Request) -> HttpResponse:
        """The document, compressed; 304 for who has it already."""
        body, etag = written()
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        if request.headers.get("If-None-Match", "").removeprefix("W/") == etag:
            return HttpResponse(status=304, headers=headers)
        return HttpResponse(body, content_type="application/json", headers=headers)

    get.operation = Operation(READ, None)  # type: ignore[attr-defined]


class Unknown(Endpoint):
    """Every address below /api/v1/ that is none: a problem in the shape of all others."""

    def operation(self, method: str) -> Operation:
        """Any method comes to the same end."""
        return Operation(READ, None)

    @property
    def allowed_methods(self) -> list[str]:
        """None: it is no part of the document."""
        return []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Nothing. Raises Problem (404) that names the address with a slash where that is one."""
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        try:
            self.perform_authentication(request)
        finally:
            throttles.count(request)
        raise Problem(404, SLASH if _is_one(f"{request.path}/") else NOT_FOUND)


def _is_one(address: str) -> bool:
    try:
        return resolve(address).url_name != "unknown"
    except Resolver404:
        return False
