"""An address of the API: a class with one short method for each HTTP method, and what surrounds all of them."""

from collections.abc import Callable, Mapping
from functools import cached_property, wraps
from typing import Any, ClassVar, NamedTuple, cast

from django.urls import URLPattern, path
from rest_framework import exceptions
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.api import auth, filters, paging, problems, reading, repeating, throttles
from annotations.api.filters import Filter
from annotations.api.schema import Described
from annotations.api.shapes import Said, Shown
from annotations.models import User

Method = Callable[..., Any]
LIST, READ, CREATE, CHANGE = "list", "read", "create", "change"


class Operation(NamedTuple):
    """What is declared about one method of an endpoint.

    `roles` None is the endpoint's own. `secret` names fields of the answer that are given once and never stored.
    """

    kind: str
    shown: type[Shown] | None
    said: type[Said] | None = None
    filters: tuple[Filter, ...] = ()
    order: tuple[str, ...] = ()
    roles: frozenset[str] | None = None
    status: int = 200
    secret: tuple[str, ...] = ()

    @property
    def verb(self) -> str:
        """What of its resource a token needs: to read or to write."""
        return "read" if self.kind in (LIST, READ) else "write"


class Endpoint(APIView):
    """One address. Its methods are decorated with `lists`, `reads`, `creates` or `changes` and take the address's
    arguments alone; in them `self.user` asks, `self.asked` holds the query parameters, `self.said` the checked body.

    `refusals` are exceptions of services that become a 422 problem, `conflicts` those that become 409 (looked for
    first). `words` say what the address's arguments are. `resource` "" is open to everybody, without `scoped` every
    token opens it, whatever its scopes.
    """

    resource: ClassVar[str] = ""
    scoped: ClassVar[bool] = True
    roles: ClassVar[frozenset[str] | None] = None
    refusals: ClassVar[tuple[type[Exception], ...]] = ()
    conflicts: ClassVar[tuple[type[Exception], ...]] = ()
    words: ClassVar[Mapping[str, str]] = {}
    url_name = ""
    format_kwarg = None

    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    authentication_classes = [auth.ByToken, auth.BySession]
    permission_classes = []
    throttle_classes = []
    renderer_classes = [JSONRenderer]
    parser_classes = [JSONParser]
    content_negotiation_class = reading.AlwaysJson
    schema = Described()

    asked: dict[str, Any]

    @property
    def user(self) -> User:
        """Who asks."""
        return cast(User, self.request.user)

    @cached_property
    def said(self) -> dict[str, Any]:
        """The checked body: looked at when a method first asks for it, after the access to what it is about.

        Raises Problem and ValidationError.
        """
        declared = self.operation(self.request.method or "")
        shape = declared.said if declared and declared.said else Said
        read = shape(data=reading.json_object(self.request._request), partial=self.request.method == "PATCH")
        read.is_valid(raise_exception=True)
        return dict(read.validated_data)

    def operation(self, method: str) -> Operation | None:
        """What is declared about the method, None where it is not offered."""
        name = "get" if method.lower() == "head" else method.lower()
        return getattr(getattr(self, name, None), "operation", None) if name in self.http_method_names else None

    def scope(self, operation: Operation) -> str:
        """The scope a token needs, "" where none is needed."""
        return f"{self.resource}:{operation.verb}" if self.resource and self.scoped else ""

    def roles_for(self, operation: Operation) -> frozenset[str] | None:
        """Whose roles open it; None is everybody's."""
        return self.roles if operation.roles is None else operation.roles

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Nothing; method, person, rate, scope and role are in order. Raises what is wrong, in this order."""
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        operation = self.operation(request.method or "")
        if operation is None:
            raise problems.method(request.method or "", self.allowed_methods)
        try:
            self.perform_authentication(request)
        finally:
            throttles.count(request)
        if self.resource:
            self._permit(request, operation)

    def _permit(self, request: Request, operation: Operation) -> None:
        if not request.user.is_authenticated:
            raise exceptions.NotAuthenticated
        if scope := self.scope(operation):
            auth.require_scope(request, scope)
        auth.require_role(request, self.roles_for(operation))

    def handle_exception(self, exc: Exception) -> Response:
        """The problem that tells of it."""
        if isinstance(exc, self.conflicts):
            exc = problems.conflict(str(exc))
        elif isinstance(exc, self.refusals):
            exc = problems.refused(str(exc), getattr(exc, "field", ""))
        if isinstance(exc, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
            exc.auth_header = self.get_authenticate_header(self.request)  # type: ignore[union-attr]
        told = problems.response(problems.of_exception(exc))
        told.exception = True
        return told

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """The answer; it is for one person, so no cache keeps it unless it says otherwise itself."""
        found = super().finalize_response(request, response, *args, **kwargs)
        found.headers.setdefault("Cache-Control", "no-store")
        return found

    @property
    def allowed_methods(self) -> list[str]:
        """The methods the address takes."""
        return [name.upper() for name in self.http_method_names if self.operation(name)]

    def answer(self, found: Any, operation: Operation) -> Any:
        """What was found, in its shape."""
        return None if operation.shown is None else operation.shown(found, context={"request": self.request}).data


def lists(
    shown: type[Shown], *filtered: Filter, order: tuple[str, ...] = ("-pk",), roles: frozenset[str] | None = None
) -> Callable[[Method], Method]:
    """A method that gives back a query; answered page by page, filtered by those filters that have a lookup.

    `order` ends with something unique; nothing in it is ever null.
    """
    declared = Operation(LIST, shown, filters=(*filtered, filters.CURSOR, filters.PAGE_SIZE), order=order, roles=roles)

    def run(self: Endpoint, request: Request, method: Method, **path: Any) -> Response:
        rows = method(self, **path).filter(**filters.lookups(declared.filters, self.asked))
        size = self.asked["page_size"] or paging.DEFAULT_SIZE
        found = paging.page(request._request, rows, order, cursor=self.asked["cursor"], size=size)
        told = shown(found.rows, many=True, context={"request": request}).data
        return Response({"next": found.next, "previous": found.previous, "results": told})

    return _declare(declared, run)


def reads(shown: type[Shown], *filtered: Filter, roles: frozenset[str] | None = None) -> Callable[[Method], Method]:
    """A method that gives back one thing."""
    declared = Operation(READ, shown, filters=filtered, roles=roles)

    def run(self: Endpoint, request: Request, method: Method, **path: Any) -> Response:
        return Response(self.answer(method(self, **path), declared))

    return _declare(declared, run)


def creates(
    said: type[Said] | None,
    shown: type[Shown],
    *,
    roles: frozenset[str] | None = None,
    secret: tuple[str, ...] = (),
) -> Callable[[Method], Method]:
    """A method that makes something and gives it back: 201; with an Idempotency-Key once, however often it is sent.

    Fields of `secret` are given once: a repeated request gets null in their place, and they are stored nowhere.
    """
    declared = Operation(CREATE, shown, said, roles=roles, status=201, secret=secret)

    def run(self: Endpoint, request: Request, method: Method, **path: Any) -> Response:
        if said is None:
            self.said  # noqa: B018  (a body that nobody asks for is to be none)
        return repeating.once(request, lambda: self.answer(method(self, **path), declared), secret)

    return _declare(declared, run)


def changes(
    said: type[Said] | None, shown: type[Shown] | None, *, roles: frozenset[str] | None = None
) -> Callable[[Method], Method]:
    """A method that changes something and gives back how it is now; without `shown` nothing: 204.

    A PATCH leaves what is not sent as it is: `self.said` then lacks it. An Idempotency-Key is refused: it would
    promise what is not kept.
    """
    declared = Operation(CHANGE, shown, said, roles=roles, status=200 if shown else 204)

    def run(self: Endpoint, request: Request, method: Method, **path: Any) -> Response:
        if repeating.HEADER in request.headers:
            raise problems.malformed(repeating.NOTHING_NEW, repeating.HEADER)
        if said is None:
            self.said  # noqa: B018  (a body that nobody asks for is to be none)
        return Response(self.answer(method(self, **path), declared), status=declared.status)

    return _declare(declared, run)


def _declare(declared: Operation, run: Callable[..., Response]) -> Callable[[Method], Method]:
    def decorate(method: Method) -> Method:
        @wraps(method)
        def handler(self: Endpoint, request: Request, **path: Any) -> Response:
            self.asked = filters.read(request._request.GET, declared.filters)
            return run(self, request, method, **path)

        handler.operation = declared  # type: ignore[attr-defined]
        return handler

    return decorate


def route(address: str, endpoint: type[Endpoint], name: str) -> URLPattern:
    """The address, below /api/v1/, with its name in the namespace `api`."""
    return path(address, endpoint.as_view(url_name=name), name=name)
