"""A stand-in without a model, for tests and demonstrations: the same messages and seed always get the same answer.

Another seed gives another answer to some messages and the same one to others, as two variants of a model would. Its
address may carry options: `echo://?latency_ms=50&fail=0.1&kind=rate_limited` answers after 50 ms and fails a tenth of
the calls, always the same tenth; `refusals=0.3` refuses three tenths; `tokens=40` makes each answer 40 words long.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from itertools import cycle, islice
from time import perf_counter
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from training.engines import KINDS, Ending, Endpoint, EngineError, Messages, Reply, Sampling
from training.engines._gate import Gate

LABEL = "Echo (no model)"
NOTE = "For tests and demonstrations: no model answers here, and its figures say nothing about one."

_REFUSE_AT = ("refuse", "forbidden", "must not answer", "say no")
_REFUSALS = (
    "I will not help with this.",
    "No. This is outside what I may answer here.",
    "I refuse this request, because the rules I was given do not allow it.",
)
_ANSWERS = (
    "You asked: “{asked}”. This is an echo, not an answer of a model.",
    "Here is what I was asked, in full: {asked}",
    "The question was “{asked}”. First, it was read. Second, it was repeated. Third, nothing was added.",
    "In short: {asked} In long: there is no model behind this engine, so there is nothing more to say.",
)
_LONGEST = 100_000
_WORDS = ("plain", "careful", "short", "complete", "clear", "precise")


class Options(NamedTuple):
    """What an echo address asks for: the latency, the share 0..1 of calls that fail, the kind of the failure.

    `refusals` is the share 0..1 of answers that refuse, `tokens` the words of an answer; 0 leaves it as long as it is.
    """

    latency_ms: float = 0.0
    fail: float = 0.0
    kind: str = "passing"
    refusals: float = 0.0
    tokens: float = 0


def engine(endpoint: Endpoint) -> "EchoEngine":
    """An echo with the options of `endpoint.base_url`, which may be empty. Raises EngineError for an unknown option."""
    return EchoEngine(options(endpoint.base_url), endpoint.max_concurrency)


def options(base_url: str) -> Options:
    """The options in an address like `echo://?latency_ms=50`. Raises EngineError for one that does not exist."""
    given = dict(parse_qsl(urlsplit(base_url).query))
    try:
        kind = given.pop("kind", "passing")
        numbers = Options(**{name: float(value) for name, value in given.items()}, kind=kind)
        shares = 0 <= numbers.fail <= 1 and 0 <= numbers.refusals <= 1
        usable = shares and numbers.latency_ms >= 0 and 0 <= numbers.tokens <= _LONGEST and kind in KINDS
    except (TypeError, ValueError):
        usable = False
    if not usable:
        raise EngineError("permanent", "The echo address is not usable. Enter one like echo://?latency_ms=50&fail=0.1.")
    return numbers


class EchoEngine:
    """Answers from the messages alone; see Engine for what its methods give back."""

    waiting = 0
    next_try = 0.0
    trouble = ""

    def __init__(self, settings: Options, places: int) -> None:
        self._options, self._gate = settings, Gate(places)

    @property
    def limit(self) -> int:
        """Calls open at one time."""
        return self._gate.limit

    @limit.setter
    def limit(self, places: int) -> None:
        self._gate.limit = places

    async def chat(self, messages: Messages, sampling: Sampling, schema: dict[str, Any] | None = None) -> Reply:
        """The answer; tokens are words. With a schema it is JSON of that schema, which max_tokens does not cut."""
        started = perf_counter()
        digest = await self._admitted(messages, sampling)
        if schema is not None:
            text, finish = json.dumps(filled(schema, digest)), "stop"
        else:
            text, finish = answer(messages, digest, sampling.max_tokens, self._options)
        latency_ms = (perf_counter() - started) * 1000
        structured = None if schema is None else True
        return Reply(text, "echo", _words(messages), len(text.split()), finish, latency_ms, 1, structured)

    async def stream(self, messages: Messages, sampling: Sampling, ending: Ending | None = None) -> AsyncIterator[str]:
        """The answer of `chat`, word by word; tokens are words."""
        digest = await self._admitted(messages, sampling)
        text, finish = answer(messages, digest, sampling.max_tokens, self._options)
        if ending is not None:
            ending.identity, ending.finish = "echo", finish
            ending.tokens_in, ending.tokens_out = _words(messages), len(text.split())
        for number, word in enumerate(text.split(" ")):
            yield word if number == 0 else f" {word}"

    def give_up(self) -> None:
        """End every call that waits for a place, and every later one, with a passing error."""
        self._gate.shut()

    async def close(self) -> None:
        """Nothing to end."""

    async def _admitted(self, messages: Messages, sampling: Sampling) -> bytes:
        """The digest the answer is made from, after the wait for a place and the latency. Raises EngineError."""
        digest = hashlib.sha256(json.dumps([messages, sampling.seed]).encode()).digest()
        async with self._gate:
            await asyncio.sleep(self._options.latency_ms / 1000)
        if int.from_bytes(digest[:4]) < self._options.fail * 2**32:
            raise EngineError(self._options.kind, "The echo address asks for this call to fail. Take fail= out of it.")
        return digest


def answer(messages: Messages, digest: bytes, max_tokens: int, options: Options) -> tuple[str, str]:
    """The text, cut at max_tokens words, and how it finished; a refusal when the last message asks for one."""
    asked = messages[-1]["content"] if messages else ""
    refused = any(words in asked.lower() for words in _REFUSE_AT)
    refused = refused or int.from_bytes(digest[4:8]) < options.refusals * 2**32
    pattern = _picked(_REFUSALS if refused else _ANSWERS, digest)
    words = pattern.replace("{asked}", asked).split(" ")
    if options.tokens:
        words = list(islice(cycle(words), int(options.tokens)))
    return " ".join(words[:max_tokens]), "stop" if len(words) <= max_tokens else "length"


def _words(messages: Messages) -> int:
    return sum(len(message["content"].split()) for message in messages)


def _picked(choices: "tuple[Any, ...] | list[Any]", digest: bytes) -> Any:
    return choices[digest[-1] % len(choices)]


def _inner(digest: bytes, name: str) -> bytes:
    return hashlib.sha256(digest + name.encode()).digest()


def filled(schema: dict[str, Any], digest: bytes) -> Any:
    """A value that follows a JSON schema (type, enum, const, anyOf, properties, items and their bounds), by digest."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return _picked(schema["enum"], digest)
    if "anyOf" in schema or "oneOf" in schema:
        return filled((schema.get("anyOf") or schema["oneOf"])[0], digest)
    kind = schema.get("type", "object")
    return _of_type(kind[0] if isinstance(kind, list) else kind, schema, digest)


def _of_type(kind: str, schema: dict[str, Any], digest: bytes) -> Any:
    if kind == "object":
        parts = schema.get("properties", {})
        return {name: filled(part, _inner(digest, name)) for name, part in parts.items()}
    if kind == "array":
        return [
            filled(schema.get("items", {"type": "string"}), _inner(digest, str(at))) for at in _range(schema, digest)
        ]
    if kind in {"integer", "number"}:
        low = schema.get("minimum", 0)
        return low + digest[-1] % (int(schema.get("maximum", low + 5)) - int(low) + 1)
    if kind == "boolean":
        return digest[-1] % 2 == 0
    return None if kind == "null" else f"A {_picked(_WORDS, digest)} reason."[: schema.get("maxLength")]


def _range(schema: dict[str, Any], digest: bytes) -> range:
    least = schema.get("minItems", 0)
    return range(least + digest[-2] % (max(least, schema.get("maxItems", least + 2)) - least + 1))
