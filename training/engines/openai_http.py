"""Any server that speaks OpenAI's chat completions over HTTP: vLLM, llama.cpp, a provider, another gateway.

Streaming goes through `openai.AsyncOpenAI` with its own retries off. Whole answers use the HTTP client it is given
(openai's client over aiohttp), without its request and response models, which cost most of a call. Calls/s and CPU of
a call on two cores, Python 3.11 (2,000 calls, 64 at a time, a server on loopback that answers after 50 ms):

    AsyncOpenAI.chat.completions.create      555   1.7 ms
    the same, with_raw_response              600   1.6 ms
    AsyncOpenAI.post                         855   1.1 ms
    this engine over httpx2                1,030   0.8 ms
    this engine                            1,150   0.4 ms
    bare aiohttp                           1,130   0.2 ms
"""

import asyncio
import json
from collections.abc import AsyncIterator
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from training.engines import Ending, Endpoint, EngineError, Messages, Reply, Sampling
from training.engines._completions import Body, model_names, note, piece, reply, request_body
from training.engines._failures import NOT_COMPATIBLE, Refusal, explained, parsed, refusal
from training.engines._gate import Gate
from training.engines._retries import Retries

if TYPE_CHECKING:
    import httpx2
    import openai

LABEL = "OpenAI-compatible server"
NOTE = "vLLM, llama.cpp, a provider or another gateway; its address usually ends in /v1."

BODY_LIMIT = 2 * 1024 * 1024
_CONNECT_SECONDS = 10.0
_KEEP_ALIVE_SECONDS = 4.0  # below the 5 s after which common servers close an idle connection
_OFFER_SECONDS, _OFFER_LIMIT = 5.0, 8
_BAD_ADDRESS = "The model's address is not usable. Enter one like http://host:8000/v1."
_BAD_KEY = "The model's key holds characters no key has. Enter it again."
_TOO_LARGE = "The answer is larger than 2 MB and was not kept. Lower max_tokens."
_NO_STREAM = "{where} does not answer in pieces. Ask for whole answers, or correct the address."


def engine(endpoint: Endpoint) -> "OpenAIEngine":
    """An engine for the server at `endpoint.base_url`. Raises EngineError for an address or key no call can use."""
    return OpenAIEngine(endpoint)


class OpenAIEngine:
    """Calls one model at one address; see Engine for what its methods give back."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._address, self._where = _address(endpoint.base_url)
        self._model, self._key = endpoint.model, endpoint.api_key.strip()
        self._timeout, self._patience = endpoint.timeout, endpoint.patience
        self._headers = _headers(self._key)
        self._gate = Gate(endpoint.max_concurrency)
        self._retries = Retries(self._where, endpoint.timeout, endpoint.patience)
        self._http = _http_client(self._address, endpoint.timeout)
        self._sdk: openai.AsyncOpenAI | None = None

    @property
    def limit(self) -> int:
        """Calls open at one time; a call that waits for its next try keeps its place, so that a tired server rests."""
        return self._gate.limit

    @limit.setter
    def limit(self, places: int) -> None:
        self._gate.limit = places

    @property
    def waiting(self) -> int:
        """Calls that now wait for their next try."""
        return self._retries.waiting

    @property
    def next_try(self) -> float:
        """Seconds until the nearest next try; 0 when no call waits."""
        return self._retries.next_try

    async def chat(self, messages: Messages, sampling: Sampling, schema: dict[str, Any] | None = None) -> Reply:
        """The whole answer; an answer without choices or content is an empty text. Raises EngineError."""
        payload = json.dumps(request_body(self._model, messages, sampling, schema)).encode()
        private = self._private(messages)
        async with self._gate:
            answer, attempts = await self._retries.call(lambda: self._attempt(payload, private))
        return answer if attempts == 1 else answer._replace(attempts=attempts)

    async def stream(self, messages: Messages, sampling: Sampling, ending: Ending | None = None) -> AsyncIterator[str]:
        """The answer in pieces; tried again only until it begins. Close it when you stop early. Raises EngineError."""
        body, private = request_body(self._model, messages, sampling), self._private(messages)
        if ending is not None:
            body["stream_options"] = {"include_usage": True}
        async with self._gate:
            source, _ = await self._retries.call(lambda: self._open(body, private))
            try:
                async for text in self._pieces(source, ending or Ending()):
                    yield text
            finally:
                await source.close()

    @property
    def trouble(self) -> str:
        """Why calls wait, in words; empty when none waits."""
        return self._retries.trouble

    def give_up(self) -> None:
        """End every call that waits for a place or for its next try, and every later one, with a passing error."""
        self._gate.shut()
        self._retries.give_up()

    async def close(self) -> None:
        """End the connections; a closed engine is not used again."""
        await self._http.aclose()

    def _private(self, messages: Messages) -> list[str]:
        return [self._key, *(message.get("content", "") for message in messages)]

    async def _attempt(self, payload: bytes, private: list[str]) -> Reply:
        import httpx2

        started = perf_counter()
        try:
            response, raw = await self._fetch("POST", "/chat/completions", payload)
        except httpx2.HTTPError as problem:
            raise self._unreachable(problem) from None
        if response.status_code != 200:
            raise await self._refused(refusal(response.status_code, response.headers, raw), private)
        return reply(self._completion(raw, private), (perf_counter() - started) * 1000)

    async def _fetch(self, method: str, path: str, payload: bytes | None = None) -> tuple["httpx2.Response", bytes]:
        url = self._address + path
        async with self._http.stream(method, url, content=payload, headers=self._headers) as response:
            return response, await _read(response)

    def _completion(self, raw: bytes, private: list[str]) -> Body:
        body = parsed(raw)
        if not isinstance(body, dict) or not ("choices" in body or body.get("error")):
            raise EngineError("permanent", NOT_COMPATIBLE.format(where=self._where))
        if body.get("error"):
            raise explained(refusal(_status_inside(body), {}, raw), self._where, private)
        return body

    def _unreachable(self, problem: BaseException | None) -> EngineError:
        import httpx2

        if isinstance(problem, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError | httpx2.DecodingError):
            return EngineError("permanent", NOT_COMPATIBLE.format(where=self._where))
        if isinstance(problem, httpx2.ConnectError | httpx2.ConnectTimeout):
            return EngineError("passing", f"Nobody answers at {self._where}. Start the server, or correct the address.")
        if isinstance(problem, httpx2.TimeoutException):
            return EngineError("passing", f"{self._where} did not answer in time ({self._timeout:g} s).")
        return EngineError("passing", f"The connection to {self._where} broke.")

    async def _refused(self, seen: Refusal, private: list[str]) -> EngineError:
        if seen.status != 404:
            return explained(seen, self._where, private)
        if offered := await self._offered():
            offer = f"{self._where} has no model {self._model!r}. It offers: {', '.join(offered)}."
            return EngineError("permanent", offer)
        unknown = f"{self._where} has no chat completions for the model {self._model!r} (404)."
        return EngineError("permanent", f"{unknown} Check the name, and the address, which usually ends in /v1.")

    async def _offered(self) -> list[str]:
        import httpx2

        try:
            async with asyncio.timeout(_OFFER_SECONDS):
                response, raw = await self._fetch("GET", "/models")
        except (httpx2.HTTPError, EngineError, TimeoutError):
            return []
        return model_names(parsed(raw), _OFFER_LIMIT) if response.status_code == 200 else []

    def _client(self) -> "openai.AsyncOpenAI":
        from openai import AsyncOpenAI

        if self._sdk is None:
            key = self._key or "none"
            self._sdk = AsyncOpenAI(api_key=key, base_url=self._address, max_retries=0, http_client=self._http)
        return self._sdk

    async def _open(self, body: Body, private: list[str]) -> "openai.AsyncStream[Any]":
        import openai

        try:
            asked = self._client().chat.completions.create(**body, stream=True, timeout=self._timeout)
            source: openai.AsyncStream[Any] = await asked
        except openai.APIStatusError as problem:
            answer = problem.response
            raise await self._refused(refusal(answer.status_code, answer.headers, answer.content), private) from None
        except openai.APIConnectionError as problem:
            raise self._unreachable(problem.__cause__) from None
        if "event-stream" not in source.response.headers.get("content-type", ""):
            await source.close()
            raise EngineError("permanent", _NO_STREAM.format(where=self._where))
        return source

    async def _pieces(self, source: "openai.AsyncStream[Any]", ending: Ending) -> AsyncIterator[str]:
        ends, size = monotonic() + self._patience, 0
        async for chunk in self._chunks(source, ends):
            text = piece(chunk)
            note(chunk, ending)
            size += len(text)
            if size > BODY_LIMIT:
                raise EngineError("permanent", _TOO_LARGE)
            if text:
                yield text

    async def _chunks(self, source: "openai.AsyncStream[Any]", ends: float) -> AsyncIterator[object]:
        import openai

        while True:
            seconds = max(0.0, min(self._timeout, ends - monotonic()))
            try:
                async with asyncio.timeout(seconds):
                    chunk = await anext(source)
            except StopAsyncIteration:
                return
            except (TimeoutError, openai.APITimeoutError):
                raise EngineError("passing", f"{self._where} stopped in the middle of the answer.") from None
            except (openai.APIError, ValueError):
                raise EngineError("passing", f"The connection to {self._where} broke in the answer.") from None
            yield chunk


def _address(base_url: str) -> tuple[str, str]:
    """The address without its last slash, and host:port for messages."""
    import httpx2

    try:
        url = httpx2.URL(base_url.strip().rstrip("/"))
        parts = urlsplit(str(url))
        odd = {"%", "@"} & set(parts.netloc) or parts.port == 0  # a password in an address would reach logs
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and not odd
    except (ValueError, httpx2.InvalidURL):
        raise EngineError("permanent", _BAD_ADDRESS) from None
    if not usable:
        raise EngineError("permanent", _BAD_ADDRESS)
    return str(url), f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def _headers(key: str) -> dict[str, str]:
    if not (key.isascii() and key.isprintable()):
        raise EngineError("permanent", _BAD_KEY)
    plain = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
    return plain | ({"Authorization": f"Bearer {key}"} if key else {})


def _on_this_machine(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _http_client(address: str, timeout: float) -> "httpx2.AsyncClient":
    import httpx2
    from openai import DefaultAioHttpClient

    # The gate bounds the connections: its limit can be raised while calls are open, a pool's cannot.
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=_KEEP_ALIVE_SECONDS)
    seconds = httpx2.Timeout(timeout, connect=min(_CONNECT_SECONDS, timeout), pool=None)
    proxies = not _on_this_machine(address)
    return DefaultAioHttpClient(limits=limits, timeout=seconds, trust_env=proxies, follow_redirects=False)


async def _read(response: "httpx2.Response") -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size > BODY_LIMIT:
            raise EngineError("permanent", _TOO_LARGE)
    return b"".join(parts)


def _status_inside(body: Body) -> int:
    """The status some servers put into the error of an answer that itself has status 200."""
    error = body["error"]
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and 400 <= code < 600 else 400
