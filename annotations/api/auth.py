"""Who asks: a program with a token, or a person whose browser is logged in."""

from typing import Any, cast

from django.middleware.csrf import CsrfViewMiddleware
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from annotations import access
from annotations.api.problems import FORBIDDEN, Problem
from annotations.core import bearer
from annotations.models import AccessToken, User
from annotations.services import tokens

BEARER = 'Bearer realm="CoSA Web"'
DEAD = "This token opens nothing: it is mistyped, expired or revoked, or its person has left. Make a new one."
NO_CSRF = "A browser that is logged in has to send its CSRF token in X-CSRFToken. Programs send an access token."


class ByToken(BaseAuthentication):
    """`Authorization: Bearer pat-…`: the token's person, and the token."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        """Person and token; None when nothing of the kind was sent. Raises AuthenticationFailed."""
        secret = bearer.shown(request.META.get("HTTP_AUTHORIZATION", ""))
        if secret is None:
            return None
        token = tokens.find(secret)
        if token is None:
            raise exceptions.AuthenticationFailed(DEAD)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """How to say who one is."""
        return BEARER


class BySession(SessionAuthentication):
    """The session of the pages, with their protection against forged requests."""

    def enforce_csrf(self, request: Request) -> None:
        """Nothing. Raises Problem (403) without the session's CSRF token."""
        check = _Check(lambda _: None)  # type: ignore[arg-type]
        check.process_request(request._request)
        if check.process_view(request._request, None, (), {}):  # type: ignore[arg-type]
            raise Problem(403, NO_CSRF, kind="csrf")


class _Check(CsrfViewMiddleware):
    def _reject(self, request: Any, reason: str) -> Any:
        return reason


def require_scope(request: Request, scope: str) -> None:
    """Nothing for a person, and for a token with the scope. Raises Problem (403) that names the missing scope."""
    token = request.auth
    if isinstance(token, AccessToken) and scope not in token.scopes:
        raise Problem(403, f"This token lacks the scope {scope}.", kind="scope-missing")


def require_role(request: Request, roles: frozenset[str] | None) -> None:
    """Nothing for a person with one of the roles, or where everybody may. Raises Problem (403) otherwise."""
    if roles is not None and not access.roles(cast(User, request.user)) & roles:
        raise Problem(403, FORBIDDEN)
