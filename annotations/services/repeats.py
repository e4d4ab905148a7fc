"""Creations that are asked for twice under one key: made once, answered alike both times."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from annotations.models import RepeatedRequest, User

KEPT = timedelta(hours=24)
TIDIED_EVERY = timedelta(hours=1)
OTHER_REQUEST = "This Idempotency-Key was used for another request. Use a new key for a new request."
STILL_RUNNING = "The first request with this Idempotency-Key has not ended yet. Ask again in a moment."
_last_tidied: list[datetime] = []


class OtherRequest(ValueError):
    """The key was used for something else."""


class StillRunning(ValueError):
    """The first request with the key has not ended."""


class Answer(NamedTuple):
    """What a creation is answered with; `again` when it was made by an earlier request."""

    status: int
    body: Any
    again: bool = False


def fingerprint(*parts: bytes) -> str:
    """The SHA-256 in hexadecimal of a request's parts, each with its length, so that no two requests run together."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()


def once(*, user: User, key: str, fingerprint: str, make: Callable[[], Answer], kept: Callable[[Any], Any]) -> Answer:
    """The answer of `make`, or the one it gave before under this key: then nothing is made.

    The answer is stored in one transaction with what is made, so that a crash leaves neither; what `make` raises is
    not stored. `kept` is the body as it may be stored: without secrets. Keys are forgotten after 24 hours.
    Raises OtherRequest and StillRunning.
    """
    try:
        with transaction.atomic():
            _hold(user, key)
            if before := _before(user, key, fingerprint):
                return before
            made = make()
            RepeatedRequest.objects.create(
                user=user, key=key, fingerprint=fingerprint, status=made.status, body=kept(made.body)
            )
    except IntegrityError:
        if before := _before(user, key, fingerprint):
            return before
        raise
    _now_and_then()
    return made


def _hold(user: User, key: str) -> None:
    """Until the transaction ends nobody else makes something under this key.

    SQLite has one writer at a time: a second one has waited before it comes here, and finds the answer.
    """
    if connection.vendor != "postgresql":
        return
    number = int.from_bytes(hashlib.sha256(f"{user.pk}:{key}".encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise StillRunning(STILL_RUNNING)


def _before(user: User, key: str, fingerprint: str) -> Answer | None:
    row = RepeatedRequest.objects.filter(user=user, key=key).first()
    if row is None:
        return None
    if row.created_at < timezone.now() - KEPT:
        row.delete()
        return None
    if row.fingerprint != fingerprint:
        raise OtherRequest(OTHER_REQUEST)
    if row.status is None:
        raise StillRunning(STILL_RUNNING)
    return Answer(row.status, row.body, again=True)


def _now_and_then() -> None:
    now = timezone.now()
    if not _last_tidied or _last_tidied[0] < now - TIDIED_EVERY:
        _last_tidied[:] = [now]
        forget()


def forget() -> int:
    """How many keys older than 24 hours were deleted."""
    return RepeatedRequest.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]
