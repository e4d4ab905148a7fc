"""The secret that a request shows."""

from collections.abc import Iterable

from annotations.core.bearer import shown
from training.gateway.refused import Refused

LONGEST_SECRET = 512
NO_KEY = "Give your key in the header Authorization, as Bearer and the key."
SEVERAL = "There are several Authorization headers; send one."
UNKNOWN = "This key opens nothing: it is mistyped, revoked or expired. Ask whoever gave it to you for another."


def secret_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The secret in the headers of a request, as ASGI has them. Raises Refused 401."""
    found = [value for name, value in headers if name.lower() == b"authorization"]
    if len(found) > 1:
        raise unauthorized(SEVERAL)
    secret = shown(found[0].decode("latin-1")) if found else None
    if not secret:
        raise unauthorized(NO_KEY)
    if len(secret) > LONGEST_SECRET or any(not "\x20" < letter < "\x7f" for letter in secret):
        raise unauthorized(UNKNOWN)
    return secret


def unauthorized(message: str = UNKNOWN) -> Refused:
    """The refusal of whoever shows no key, or none that opens anything."""
    return Refused(401, message, code="invalid_api_key", headers={"WWW-Authenticate": "Bearer"})
