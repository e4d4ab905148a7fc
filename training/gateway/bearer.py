"""The secret that a request shows."""

from collections.abc import Iterable

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
    scheme, _, secret = (found[0] if found else b"").strip().partition(b" ")
    secret = secret.strip()
    if scheme.lower() != b"bearer" or not secret:
        raise unauthorized(NO_KEY)
    if len(secret) > LONGEST_SECRET or any(not 0x20 < byte < 0x7F for byte in secret):
        raise unauthorized(UNKNOWN)
    return secret.decode("ascii")


def unauthorized(message: str = UNKNOWN) -> Refused:
    """The refusal of whoever shows no key, or none that opens anything."""
    return Refused(401, message, code="invalid_api_key", headers={"WWW-Authenticate": "Bearer"})
