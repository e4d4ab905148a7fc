"""Files that the API hands over: a page's own download, called for whoever asks, its refusals told as problems."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ClassVar, cast
from urllib.parse import urlencode

from django.forms import Form
from django.http import HttpResponseBase, QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request

from annotations import exports
from annotations.api import filters
from annotations.api.endpoint import READ, Endpoint, Method, Operation
from annotations.api.filters import Filter
from annotations.api.problems import MEDIA_TYPE, Problem
from annotations.api.schema import WHAT, Described
from annotations.api.shapes import ProblemDetails

Page = Callable[..., HttpResponseBase]
DATASET = tuple(name for name, _ in exports.choices(dataset=True))
PLAIN = tuple(name for name, _ in exports.choices(dataset=False))
"""The formats that suit a data set, and those that suit any list."""


def types_of(names: tuple[str, ...], *more: str) -> tuple[str, ...]:
    """The media types of these formats, and others."""
    found = (exports.load(name).CONTENT_TYPE.partition(";")[0] for name in names)
    return tuple(dict.fromkeys([*found, *more]))


class Handed(Described):
    """The operation of a file: its media types, and that there may be nothing to hand over."""

    def get_response_serializers(self) -> Any:
        """The file, and every problem there can be."""
        told = super().get_response_serializers()
        told.pop(200)
        file = OpenApiResponse(OpenApiTypes.BINARY, description="The file.")
        told |= {(422, MEDIA_TYPE): OpenApiResponse(ProblemDetails, description=WHAT[422])}
        return {(200, one): file for one in cast(Handing, self.view).media_types} | told


class Handing(Endpoint):
    """An address of a file."""

    resource = "exports"
    media_types: ClassVar[tuple[str, ...]] = types_of(DATASET)
    schema = Handed()

    def page(
        self, view: Page, *, form: Callable[[QueryDict], Form] | None = None, nothing: str = "", **path: Any
    ) -> HttpResponseBase:
        """What the page's download answers to the same question. Raises Problem (422) where it refuses.

        `form` reads the question as the page does, to tell what is wrong with it; else there is `nothing` to hand over.
        """
        request = self.request._request
        query = QueryDict(urlencode(_written(self.asked), doseq=True))
        request.GET = query
        answer = view(request, **path)
        if answer.status_code != 422:
            return answer
        wrong = {} if form is None else form(query).errors
        errors = {name: [str(sentence) for sentence in said] for name, said in wrong.items()}
        raise Problem(422, "It cannot be taken away so." if errors else nothing, errors=errors)


def _written(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The question as a form writes it: lists by repeating a name, yes as true, no by leaving it out."""
    said = {name: value for name, value in asked.items() if value not in (None, False)}
    return {name: "true" if value is True else value for name, value in said.items()}


def hands_over(*filtered: Filter) -> Callable[[Method], Method]:
    """A method that gives back the answer that carries a file."""
    declared = Operation(READ, None, filters=filtered)

    def decorate(method: Method) -> Method:
        @wraps(method)
        def handler(self: Handing, request: Request, **path: Any) -> HttpResponseBase:
            self.asked = filters.read(request._request.GET, filtered)
            found: HttpResponseBase = method(self, **path)
            return found

        handler.operation = declared  # type: ignore[attr-defined]
        return handler

    return decorate
