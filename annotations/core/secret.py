"""Secrets that programs show: made of 256 bits of chance, shown once, kept as a digest."""

import hashlib
import secrets
from typing import NamedTuple

_VISIBLE = 6


class Secret(NamedTuple):
    """A secret, its beginning that pages show, and its digest."""

    text: str
    prefix: str
    digest: str


def new_secret(prefix: str) -> Secret:
    """A new secret that begins with the prefix."""
    text = prefix + secrets.token_urlsafe(32)
    return Secret(text, text[: len(prefix) + _VISIBLE], digest(text))


def digest(text: str) -> str:
    """The SHA-256 of a secret in hexadecimal, as it is stored: 256 bits of chance need no slow hash.

    Secrets are looked up by it, so no comparison takes time that tells anything about one.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
