"""What goes out to a client: one JSON answer, or a stream of events; each with its request id, neither ever cached."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any

import orjson

from training.gateway import completions, metrics
from training.gateway.refused import Refused

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
Scope = MutableMapping[str, Any]

LAST_WORD_SECONDS = 5.0
"""How long a client may take to read why its stream ends."""
_ALWAYS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
_STREAM = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no"))
_JSON = (b"content-type", b"application/json")


class Reply:
    """The answer to one request. `headers` are added to it when it begins; `begun` is True from then on.

    `status` is 0 before that.
    """

    def __init__(self, send: Send, request_id: str) -> None:
        self._send, self.request_id = send, request_id
        self.headers: dict[str, str] = {}
        self.begun = self.over = self.streamed = False
        self.bodiless = False
        self.status = 0

    async def json(self, status: int, raw: bytes) -> None:
        """Nothing; the whole answer is sent."""
        body = b"" if self.bodiless else raw
        await self._begin(status, (_JSON, (b"content-length", str(len(raw)).encode())))
        await self._end(body)

    async def text(self, status: int, text: str, kind_of_text: str = "text/plain; charset=utf-8") -> None:
        """Nothing; lines for a probe are sent."""
        raw = text.encode()
        kind = (b"content-type", kind_of_text.encode())
        await self._begin(status, (kind, (b"content-length", str(len(raw)).encode())))
        await self._end(b"" if self.bodiless else raw)

    async def stream(self) -> None:
        """Nothing; the head of a stream is sent."""
        self.streamed = True
        metrics.stream_began()
        await self._begin(200, _STREAM)

    async def events(self, raw: bytes) -> None:
        """Nothing, as soon as the client can take more; these events are on their way."""
        await self._send({"type": "http.response.body", "body": raw, "more_body": True})

    async def end(self, raw: bytes) -> None:
        """Nothing; these are the last events of a stream."""
        await self._end(raw)

    async def refuse(self, refused: Refused) -> None:
        """Nothing; the client is told the error, by an event where its stream has begun."""
        if not self.begun:
            self.headers |= dict(refused.headers)
            await self.json(refused.status, orjson.dumps(refused.to_body()))
        elif not self.over:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORD_SECONDS):
                    await self._end(completions.error(refused.to_body()))

    async def _begin(self, status: int, kind: tuple[tuple[bytes, bytes], ...]) -> None:
        self.begun, self.status = True, status
        headers = [*kind, *_ALWAYS, (b"x-request-id", self.request_id.encode()), *_encoded(self.headers)]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def _end(self, raw: bytes) -> None:
        self.over = True
        await self._send({"type": "http.response.body", "body": raw, "more_body": False})


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
