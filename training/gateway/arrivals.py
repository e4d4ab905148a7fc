"""What comes in from a client: the body, within limits of size and time, and the news that the client has left."""

import asyncio
from collections.abc import Iterable
from types import TracebackType

from training.gateway.refused import Refused
from training.gateway.replies import Receive
from training.gateway.requests import MOST_BYTES

BODY_SECONDS = 20.0
LEFT = "http.disconnect"
_TOO_LARGE = f"The body is larger than {MOST_BYTES:,} bytes, the most that is taken. Send less of the history."
_SLOW = f"The body did not arrive within {BODY_SECONDS:g} seconds. Send it again."
_PACKED = "The body is compressed. Send it as plain JSON, without Content-Encoding."


class ClientLeft(Exception):
    """Nobody waits for the answer any more."""


async def body(receive: Receive, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The whole body of a request. Raises Refused 413, 415 or 408, and ClientLeft."""
    _check_head(headers)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _pieces(receive)
    except TimeoutError:
        raise Refused(408, _SLOW, code="request_timeout", headers={"Connection": "close"}) from None


async def _pieces(receive: Receive) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == LEFT:
            raise ClientLeft
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_BYTES:
            raise _too_large()
        if not message.get("more_body", False):
            return b"".join(parts) if len(parts) > 1 else parts[0]


def _check_head(headers: Iterable[tuple[bytes, bytes]]) -> None:
    for name, value in headers:
        if name == b"content-length" and value.isdigit() and int(value[:20]) > MOST_BYTES:
            raise _too_large()
        if name == b"content-encoding" and value.strip().lower() not in {b"", b"identity"}:
            raise Refused(415, _PACKED, code="unsupported_content_encoding")


def _too_large() -> Refused:
    return Refused(413, _TOO_LARGE, code="request_too_large", headers={"Connection": "close"})


class Waiting:
    """A context in which the client waits: its going away cancels what happens inside. It then raises ClientLeft."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._gone = receive, False
        self._task: asyncio.Task[object] | None = None
        self._watch: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        self._watch = asyncio.create_task(self._until_gone())

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None and self._watch is not None  # noqa: S101  entered
        self._watch.cancel()
        if self._gone:
            self._task.uncancel()
            if kind is not None:
                raise ClientLeft from None

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != LEFT:
            pass
        self._gone = True
        if self._task is not None:
            self._task.cancel()
