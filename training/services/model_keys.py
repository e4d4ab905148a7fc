"""Keys of models that the database keeps: encrypted, each bound to its row and to the server it was given for.

What is encrypted names the row's id and the server's address besides the key. A ciphertext that is copied to another
row opens nothing there, and a row that is made to point elsewhere sends its key nowhere.
"""

import json
import os
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from annotations.models import LanguageModel
from training.engines import EngineError

NO_KEYS = "This server keeps no keys yet: set COSA_FERNET_KEYS for it and the workers, or name a variable."
NOT_SET = "{name} is not set. Set it for the web server and the workers, then try again."
NOT_OPENED = (
    "The key that is kept for {model} cannot be opened. Put the key it was encrypted with back into COSA_FERNET_KEYS, "
    "or enter the model's key again."
)
ELSEWHERE = "The key that is kept for {model} was given for another server. Enter the key of this one."
_PORTS = {"http": 80, "https": 443}


class NoKeys(ValueError):
    """There is no Fernet key to encrypt with."""


class Rotated(NamedTuple):
    """How many keys are encrypted with the first Fernet key now, and the short names of the models left as they are."""

    done: int
    left: list[str]


def of(model: LanguageModel) -> str:
    """The key that the model's calls carry; "" when they need none. Raises EngineError when it cannot be had."""
    if model.sealed_key:
        return _opened(model)
    key = os.environ.get(model.key_variable, "") if model.key_variable else ""
    if model.key_variable and not key:
        raise EngineError("permanent", NOT_SET.format(name=model.key_variable))
    return key


def server(address: str) -> str:
    """Scheme, host and port of an address in one spelling: where a key may be sent to; "" for none."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return ""
    return f"{parts.scheme}://{(parts.hostname or '').rstrip('.')}:{port}" if parts.hostname else ""


def may_keep() -> bool:
    """True when there is a Fernet key to encrypt with."""
    return bool(settings.FERNET_KEYS)


def seal(model: LanguageModel, key: str) -> str:
    """The key, encrypted for this saved row and the server it points to now. Raises NoKeys."""
    if not may_keep():
        raise NoKeys(NO_KEYS)
    told = json.dumps([model.pk, server(model.base_url), key])
    return _fernet().encrypt(told.encode()).decode("ascii")


def rotate() -> Rotated:
    """What it came to; every kept key is encrypted with the first Fernet key, save those that none opens.

    Row by row, each by one update on what was read, so others may work meanwhile: a key that changes is read again.
    Raises NoKeys.
    """
    if not may_keep():
        raise NoKeys(NO_KEYS)
    done, left = 0, []
    for pk in list(LanguageModel.objects.exclude(sealed_key="").values_list("pk", flat=True)):
        try:
            done += _rotated(pk)
        except InvalidToken:
            left.append(LanguageModel.objects.values_list("slug", flat=True).get(pk=pk))
    return Rotated(done, left)


def _rotated(pk: int) -> bool:
    while old := LanguageModel.objects.filter(pk=pk).values_list("sealed_key", flat=True).first():
        fresh = _fernet().rotate(old.encode()).decode("ascii")
        if LanguageModel.objects.filter(pk=pk, sealed_key=old).update(sealed_key=fresh):
            return True
    return False


def _opened(model: LanguageModel) -> str:
    try:
        pk, where, key = json.loads(_fernet().decrypt(model.sealed_key.encode()))
    except (InvalidToken, ValueError):
        raise EngineError("permanent", NOT_OPENED.format(model=model)) from None
    if pk != model.pk:
        raise EngineError("permanent", NOT_OPENED.format(model=model))
    if where != server(model.base_url):
        raise EngineError("permanent", ELSEWHERE.format(model=model))
    return str(key)


def _fernet() -> MultiFernet:
    if not settings.FERNET_KEYS:
        raise InvalidToken
    return MultiFernet([Fernet(key) for key in settings.FERNET_KEYS])
