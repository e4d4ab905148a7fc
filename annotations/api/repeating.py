"""The Idempotency-Key of a creation: what is asked for twice is made once."""

from collections.abc import Callable
from typing import Any, cast

from rest_framework.request import Request
from rest_framework.response import Response

from annotations.api.problems import Problem, malformed
from annotations.models import User
from annotations.services import repeats

HEADER, REPLAYED = "Idempotency-Key", "Idempotent-Replayed"
LONGEST = 255
NOTHING_NEW = f"This address makes nothing new; leave the {HEADER} out."


def once(request: Request, make: Callable[[], Any], secret: tuple[str, ...]) -> Response:
    """201 with what `make` gives back, or with what it gave the first time. Raises Problem: 422 for another request
    under the key, 409 while the first one runs."""
    key = request.headers.get(HEADER)
    if key is None:
        return Response(make(), status=201)
    if not 0 < len(key) <= LONGEST or not (key.isascii() and key.isprintable()):
        raise malformed(f"An {HEADER} has 1 to {LONGEST} printable characters of ASCII.", HEADER)
    try:
        told = repeats.once(
            user=cast(User, request.user),
            key=key,
            fingerprint=_fingerprint(request),
            make=lambda: repeats.Answer(201, make()),
            kept=lambda body: body | dict.fromkeys(secret),
        )
    except repeats.OtherRequest as other:
        raise Problem(422, str(other), kind="idempotency-key-reused") from other
    except repeats.StillRunning as first:
        raise Problem(409, str(first), kind="still-running", headers={"Retry-After": "1"}) from first
    return Response(told.body, status=told.status, headers={REPLAYED: "true"} if told.again else None)


def _fingerprint(request: Request) -> str:
    asked = request._request
    return repeats.fingerprint((asked.method or "").encode(), asked.get_full_path().encode(), asked.body)
