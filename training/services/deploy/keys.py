"""Keys of client programs: made and shown once, kept as a digest, revoked at once."""

import hashlib
import secrets

PREFIX = "cosa-"
_VISIBLE = 6


def new_secret() -> tuple[str, str, str]:
    """A new secret, its visible beginning, and its digest; 256 bits of chance, so that a plain SHA-256 is enough."""
    secret = PREFIX + secrets.token_urlsafe(32)
    return secret, secret[: len(PREFIX) + _VISIBLE], digest(secret)


def digest(secret: str) -> str:
    """The SHA-256 of a secret in hexadecimal, as it is stored; keys are looked up by it, so no comparison takes time
    that tells anything about one."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
