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
from collections.abc import AsyncIterator, Sequence
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

from training.engines import Ending, Endpoint, EngineError, Messages, Reply, Sampling, _embeddings, _http
from training.engines._completions import Body, error_in, model_names, note, piece, reply, request_body
from training.engines._failures import (
    NOT_COMPATIBLE,
    Refusal,
    explained,
    parsed,
    refusal,
    status_inside,
    unreadable,
)
from training.engines._gate import Gate
from training.engines._limits import allowance
from training.engines._reach import refused_in
from training.engines._retries import Retries
from training.engines._schemas import SchemaRefused, Schemas

if TYPE_CHECKING:
    import httpx2
    import openai

LABEL = "OpenAI-compatible server"
NOTE = "vLLM, llama.cpp, a provider or another gateway; its address usually ends in /v1."
EMBEDS = True

_OFFER_SECONDS, _OFFER_LIMIT = 5.0, 8
_NO_STREAM = "{where} does not answer in pieces. Ask for whole answers, or correct the address."


def engine(endpoint: Endpoint) -> "OpenAIEngine":
    """An engine for the server at `endpoint.base_url`. Raises EngineError for an address or key no call can use."""
    return OpenAIEngine(endpoint)


class OpenAIEngine:
    """Calls one model at one address; see Engine for what its methods give back."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._address, self._where = _http.address(endpoint.base_url)
        self._model, self._key = endpoint.model, endpoint.api_key.strip()
        self._timeout, self._patience = endpoint.timeout, endpoint.patience
        self._headers = _http.headers(self._key)
        self._gate = Gate(endpoint.max_concurrency)
        self._retries = Retries(self._where, endpoint.timeout, endpoint.patience, endpoint.max_concurrency)
        self._schemas = Schemas()
        self._client = _http.client(self._address, endpoint.timeout, endpoint.reach)
        self._sdk: openai.AsyncOpenAI | None = None

    @property
    def limit(self) -> int:
        """Calls open at one time at most; a call that waits for its next try keeps its place: a tired server rests.

        How many of them are really at the server is found out by what it takes; see `_pace`.
        """
        return self._gate.limit

    @limit.setter
    def limit(self, places: int) -> None:
        self._gate.limit = places
        self._retries.turns.limit_to(places)

    @property
    def waiting(self) -> int:
        """Calls that now wait for their next try, or for the server to take calls again."""
        return self._retries.waiting

    @property
    def next_try(self) -> float:
        """Seconds until the nearest next try; 0 when no call waits."""
        return self._retries.next_try

    async def chat(self, messages: Messages, sampling: Sampling, schema: dict[str, Any] | None = None) -> Reply:
        """The whole answer; one without content is an empty text. Raises EngineError.

        A schema that the server refuses is left out, then and from then on; `structured` tells.
        """
        async with self._gate:
            if schema is None or not self._schemas.taken(schema):
                return await self._whole(messages, sampling, None, None if schema is None else False)
            try:
                return await self._whole(messages, sampling, schema, True)
            except SchemaRefused as problem:
                if not self._schemas.may_be_the_reason:
                    raise
                return await self._without(messages, sampling, schema, problem)

    async def _whole(
        self, messages: Messages, sampling: Sampling, schema: dict[str, Any] | None, structured: bool | None
    ) -> Reply:
        payload = json.dumps(request_body(self._model, messages, sampling, schema)).encode()
        private = self._private(messages)
        answer, attempts = await self._retries.call(lambda: self._attempt(payload, private, schema is not None))
        return answer._replace(attempts=attempts, structured=structured)

    async def _without(
        self, messages: Messages, sampling: Sampling, schema: dict[str, Any], problem: SchemaRefused
    ) -> Reply:
        """The answer to the same call without its schema. Raises EngineError: the first one when it is refused too."""
        try:
            answer = await self._whole(messages, sampling, None, False)
        except EngineError as other:
            if not other.permanent:
                raise
            self._schemas.in_vain()
            raise problem from None
        self._schemas.leave_out(schema)
        return answer._replace(attempts=answer.attempts + 1)

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
        await self._client.aclose()

    def _private(self, messages: Messages) -> list[str]:
        return [self._key, *(message.get("content", "") for message in messages)]

    async def embed(self, texts: Sequence[str]) -> "_embeddings.Vectors":
        """A vector for each text, shape (texts, numbers), float32, in calls of BATCH texts. Raises EngineError."""
        at_once = _embeddings.BATCH
        made = [await self._embedded(texts[at : at + at_once]) for at in range(0, len(texts), at_once)]
        return _embeddings.joined(made, self._where)

    async def _embedded(self, texts: Sequence[str]) -> "_embeddings.Vectors":
        payload = json.dumps(_embeddings.request_body(self._model, texts)).encode()
        async with self._gate:
            return (await self._retries.call(lambda: self._vectors(payload, [self._key, *texts])))[0]

    async def _vectors(self, payload: bytes, private: list[str]) -> "_embeddings.Vectors":
        import httpx2

        try:
            response, raw = await self._fetch("POST", "/embeddings", payload, _embeddings.LIMIT, _embeddings.TOO_LARGE)
        except httpx2.HTTPError as problem:
            raise self._unreachable(problem) from None
        if response.status_code != 200:
            raise await self._refused(refusal(response.status_code, response.headers, raw), private, "embeddings")
        return _embeddings.vectors(self._body(raw, private, "data"), len(private) - 1, self._where)

    async def _attempt(self, payload: bytes, private: list[str], with_schema: bool) -> Reply:
        import httpx2

        started = perf_counter()
        try:
            response, raw = await self._fetch("POST", "/chat/completions", payload)
        except httpx2.HTTPError as problem:
            raise self._unreachable(problem) from None
        if response.status_code != 200:
            seen = refusal(response.status_code, response.headers, raw)
            said = await self._refused(seen, private)
            doubtful = with_schema and said.permanent and seen.schema is not False
            raise SchemaRefused(said.kind, said.message) if doubtful else said
        if told := allowance(response.headers):
            self._retries.turns.allow(told.calls, told.seconds)
        return reply(self._body(raw, private, "choices"), (perf_counter() - started) * 1000, self._where)

    async def _fetch(
        self, method: str, path: str, payload: bytes | None = None, *limits: Any
    ) -> tuple["httpx2.Response", bytes]:
        url = self._address + path
        async with self._client.stream(method, url, content=payload, headers=self._headers) as response:
            return response, await _http.body(response, *limits)

    def _body(self, raw: bytes, private: list[str], part: str) -> Body:
        body = parsed(raw)
        error = error_in(body)
        if error:
            seen = refusal(status_inside(error), {}, json.dumps({"error": error}).encode())
            raise explained(seen, self._where, private)
        if not isinstance(body, dict) or part not in body:
            raise unreadable(raw, self._where)
        return body

    def _unreachable(self, problem: BaseException | None) -> EngineError:
        import httpx2

        if told := refused_in(problem):
            return EngineError("permanent", told)
        if isinstance(problem, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError | httpx2.DecodingError):
            return EngineError("permanent", NOT_COMPATIBLE.format(where=self._where))
        if isinstance(problem, httpx2.ConnectError | httpx2.ConnectTimeout):
            return EngineError("passing", f"Nobody answers at {self._where}. Start the server, or correct the address.")
        if isinstance(problem, httpx2.TimeoutException):
            return EngineError("passing", f"{self._where} did not answer in time ({self._timeout:g} s).")
        return EngineError("passing", f"The connection to {self._where} broke.")

    async def _refused(self, seen: Refusal, private: list[str], what: str = "chat completions") -> EngineError:
        if seen.status != 404:
            return explained(seen, self._where, private)
        offered = await self._offered()
        if offered and self._model not in offered:
            offer = f"{self._where} has no model {self._model!r}. It offers: {', '.join(offered)}."
            return EngineError("permanent", offer)
        unknown = f"{self._where} has no {what} for the model {self._model!r} (404)."
        return EngineError("permanent", f"{unknown} Check the name, and the address, which usually ends in /v1.")

    async def _offered(self) -> list[str]:
        import httpx2

        try:
            async with asyncio.timeout(_OFFER_SECONDS):
                response, raw = await self._fetch("GET", "/models")
        except (httpx2.HTTPError, EngineError, TimeoutError):
            return []
        return model_names(parsed(raw), _OFFER_LIMIT) if response.status_code == 200 else []

    def _streams(self) -> "openai.AsyncOpenAI":
        from openai import AsyncOpenAI

        if self._sdk is None:
            key = self._key or "none"
            self._sdk = AsyncOpenAI(api_key=key, base_url=self._address, max_retries=0, http_client=self._client)
        return self._sdk

    async def _open(self, body: Body, private: list[str]) -> "openai.AsyncStream[Any]":
        import openai

        try:
            asked = self._streams().chat.completions.create(**body, stream=True, timeout=self._timeout)
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
            if size > _http.BODY_LIMIT:
                raise EngineError("permanent", _http.TOO_LARGE)
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
