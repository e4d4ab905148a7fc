"""Calls to the servers of models: one connection for each call, given back or broken off when the call ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from training.engines import EngineError, _http
from training.engines._reach import Reach, refused_in, resolver
from training.gateway.failures import TIMED_OUT, UNREACHABLE, UPSTREAM, Broken, of_error, of_status
from training.gateway.places import Address, Places
from training.gateway.reading import Heard, Piece
from training.gateway.sse import Events, TooLong
from training.services.deploy.grants import Served

CONNECT_SECONDS = 10.0
BODY_LIMIT, ERROR_LIMIT = 4 * 1024 * 1024, 64 * 1024
_KEEP_ALIVE_SECONDS = 4.0  # below the 5 s after which common servers close an idle connection
_LAST_WORD_SECONDS = 0.2
_DONE = b"[DONE]"


class Upstream:
    """The connections of this process to the servers of models, made when first asked for; `close` it after use."""

    def __init__(self) -> None:
        self.places = Places()
        self._sessions: dict[tuple[bool, Reach | None], aiohttp.ClientSession] = {}

    async def close(self) -> None:
        """Nothing; every connection is gone."""
        while self._sessions:
            await self._sessions.popitem()[1].close()

    async def whole(self, served: Served, body: dict[str, Any], heard: Heard) -> Piece:
        """The whole answer. Raises Broken."""
        async with self.places.place(served) as address, self._asked(served, address, body, heard) as response:
            if _streams(response):
                piece = await _joined(Stream(response, heard))
                heard.read = True
                return piece
            return heard.whole(await _body(response, BODY_LIMIT))

    @asynccontextmanager
    async def stream(self, served: Served, body: dict[str, Any], heard: Heard) -> "AsyncIterator[Stream]":
        """An answer on its way. Raises Broken."""
        async with self.places.place(served) as address, self._asked(served, address, body, heard) as response:
            stream = Stream(response, heard)
            yield stream
            await stream.last_word()

    @asynccontextmanager
    async def _asked(
        self, served: Served, address: Address, body: dict[str, Any], heard: Heard
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        response = await self._posted(served, address, body, heard)
        try:
            if response.status != 200:
                heard.sent = False
                raise of_status(response.status, response.headers, await _body(response, ERROR_LIMIT))
            yield response
        except aiohttp.ClientError as problem:
            raise _broken(problem) from None
        finally:
            if response.content.at_eof():
                response.release()
            else:
                response.close()

    async def _posted(
        self, served: Served, address: Address, body: dict[str, Any], heard: Heard
    ) -> aiohttp.ClientResponse:
        assert served.endpoint is not None  # noqa: S101  it has a place
        timeout = served.endpoint.timeout
        waits = aiohttp.ClientTimeout(None, sock_connect=min(CONNECT_SECONDS, timeout), sock_read=timeout)
        raw = orjson.dumps(body | {"model": address.model})
        try:
            session, headers = self._session(address), _headers(served.endpoint.api_key)
            heard.sent, url = True, f"{address.base_url}/chat/completions"
            return await session.post(url, data=raw, headers=headers, timeout=waits, allow_redirects=False)
        except aiohttp.ClientError as problem:
            broken = _broken(problem)
            heard.sent = broken.kind == TIMED_OUT
            raise broken from None
        except (EngineError, ValueError) as problem:
            heard.sent = False
            raise Broken(UNREACHABLE, type(problem).__name__) from None

    def _session(self, address: Address) -> aiohttp.ClientSession:
        """The connections to addresses of its sort. Raises EngineError for one that may not be reached."""
        sort = _sort(address)
        if sort not in self._sessions:
            near, reach = sort
            self._sessions[sort] = _session(reach, proxies=not near)
        return self._sessions[sort]


class Stream:
    """The pieces of an answer as they come: all that arrived together at once, never held back."""

    def __init__(self, response: aiohttp.ClientResponse, heard: Heard) -> None:
        self._response, self._heard = response, heard
        self._events = Events() if _streams(response) else None
        self._done = self._over = False
        self._problem: Broken | None = None

    async def next(self) -> list[Piece] | None:
        """The next pieces, None after the last. Raises Broken."""
        if self._done:
            return None
        if self._events is None:
            self._done = True
            return [self._heard.whole(await _body(self._response, BODY_LIMIT))]
        while not self._done:
            if self._problem:
                raise self._problem
            try:
                pieces = self._read_on(await self._raw(), self._events)
            except TooLong:
                raise Broken(UPSTREAM, "an event that is too long") from None
            if pieces:
                return pieces
        return None

    async def last_word(self) -> None:
        """Nothing; what still comes behind the end of the answer is passed over, so that the connection can be kept."""
        if not self._over and self._done and not self._response.content.at_eof():
            try:
                async with asyncio.timeout(_LAST_WORD_SECONDS):
                    await self._response.content.readany()
            except (TimeoutError, aiohttp.ClientError):
                return

    async def _raw(self) -> bytes:
        """What has arrived, b"" at the end; a server that has said why its answer ends may hang up as it likes."""
        try:
            return await self._response.content.readany()
        except aiohttp.ClientPayloadError:
            if self._heard.finish:
                return b""
            raise

    def _read_on(self, raw: bytes, events: Events) -> list[Piece]:
        if raw:
            return self._read(events.feed(raw))
        pieces = self._read(events.end())
        self._over = True
        if not self._done and not self._heard.finish:
            self._problem = self._problem or Broken(UPSTREAM, "its answer broke off")
        self._done = not self._problem
        return pieces

    def _read(self, events: list[tuple[bool, bytes]]) -> list[Piece]:
        """The pieces in events; what went wrong behind one is raised when the next are asked for."""
        pieces: list[Piece] = []
        for failed, data in events:
            if data[:6].strip() == _DONE:
                self._done = True
                break
            try:
                piece = self._piece(failed, data)
            except Broken as problem:
                self._problem = problem
                break
            if piece:
                pieces.append(piece)
        return pieces

    def _piece(self, failed: bool, data: bytes) -> Piece | None:
        if failed:
            raise of_error(_named(data))
        return self._heard.chunk(data) if data.strip() else None


def _named(data: bytes) -> object:
    """The error in the data of an event that is named so."""
    try:
        said = orjson.loads(data)
    except orjson.JSONDecodeError:
        return data[:1000].decode("utf-8", "replace")
    return said.get("error", said) if isinstance(said, dict) else said


def _streams(response: aiohttp.ClientResponse) -> bool:
    return response.content_type == "text/event-stream"


async def _joined(stream: Stream) -> Piece:
    """The pieces of a server that answers in pieces although it was asked for the whole."""
    text, refusal, size = [], [], 0
    while (pieces := await stream.next()) is not None:
        text += [piece.text for piece in pieces]
        refusal += [piece.refusal for piece in pieces]
        size += sum(len(piece.text) for piece in pieces)
        if size > BODY_LIMIT:
            raise Broken(UPSTREAM, "an answer that is too large")
    return Piece("".join(text), "".join(refusal))


async def _body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body; of an error no more than its beginning. Raises Broken for an answer that is larger."""
    raw = await response.content.readany()
    while not response.content.at_eof() and len(raw) <= limit:
        raw += await response.content.readany()
    if len(raw) > limit and response.status == 200:
        raise Broken(UPSTREAM, "an answer that is too large")
    return raw


def _broken(problem: aiohttp.ClientError) -> Broken:
    if told := refused_in(problem):
        return Broken(UNREACHABLE, told)
    if isinstance(problem, aiohttp.ConnectionTimeoutError | aiohttp.ClientConnectorError):
        return Broken(UNREACHABLE, type(problem).__name__)
    if isinstance(problem, aiohttp.ServerTimeoutError):
        return Broken(TIMED_OUT, "nothing came in time")
    return Broken(UPSTREAM, type(problem).__name__)


@lru_cache(maxsize=1000)
def _sort(address: Address) -> tuple[bool, Reach | None]:
    """Whether no proxy stands before the address, and the rules for what its name means, unless a proxy looks it up."""
    near, reach = _near(address.base_url), address.reach
    if reach and (wrong := reach.wrong(address.base_url)):
        raise EngineError("permanent", wrong)
    return near, None if not near and _http.proxied(address.base_url) else reach


def _near(base_url: str) -> bool:
    """True for this machine, which no proxy stands before."""
    host = urlsplit(base_url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


@lru_cache(maxsize=1000)
def _headers(key: str) -> dict[str, str]:
    return _http.headers(key.strip()) | {"Accept": "application/json, text/event-stream"}


def _session(reach: Reach | None, *, proxies: bool) -> aiohttp.ClientSession:
    names = resolver(reach) if reach else None
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS, resolver=names),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "cosa-gateway"},
        trust_env=proxies,
    )
