"""A deployment tried from its page: one prompt through the gateway, as a client would send it; nothing is stored."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

import aiohttp
from django.conf import settings

from annotations.core.storable import tidy
from annotations.models import User
from annotations.services.prompt_checks import LONGEST
from training.engines import Ending, EngineError
from training.models import Deployment
from training.services import playground
from training.services.deploy import tries
from training.services.playground import Asking, Cell, PlaygroundProblem
from training.snippets import base_url

CELL = "try"
CONNECT_SECONDS, LONGEST_LINE = 5.0, 2**20
NO_GATEWAY = (
    "No gateway answers at {url}. Start it with “python -m training.gateway”, or set COSA_GATEWAY_URL to where it is; "
    "docs/running.md says more."
)
BROKE = "The connection to the gateway broke before the answer was at its end. Try again."
ODD = "The gateway answered with an error ({status}) that this page cannot read. Its log says more."
EMPTY = "The prompt is empty. Write what a user would ask."
TOO_LONG = "A prompt has at most {most:,} characters; this one has {n:,}."


class Tried(NamedTuple):
    """What came of a try: the text, or an error in words; None is not known."""

    text: str = ""
    error: str = ""
    request: str = ""
    after_check: bool = False
    first_ms: int | None = None
    ms: int | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    finish: str = ""


def ask(*, deployment: Deployment, prompt: str, person: User) -> Asking:
    """The answer as lines of JSON while it is written; see playground.Asking. Its one cell is CELL.

    Besides, {"cell", "known": {"request", "after_check"}} comes with the gateway's first word, {"cell", "first"} (ms)
    with the first text, {"cell", "tokens_in"} at last. Raises PlaygroundProblem for a prompt that cannot be sent, and
    Busy for a person with too many asks in progress.
    """
    text = tidy(prompt)
    if not text:
        raise PlaygroundProblem(EMPTY)
    if len(text) > LONGEST:
        raise PlaygroundProblem(TOO_LONG.format(most=LONGEST, n=len(text)))
    cell = Cell(CELL, deployment.candidate.model, [{"role": "user", "content": text}])
    secret = tries.token(deployment.pk, person.pk)
    kind = partial(Trying, slug=deployment.slug, secret=secret)
    return playground.ask(person=person.pk, cells=[cell], kind=kind)


def whole(asking: Asking) -> Tried:
    """What a try came to once it is over; it is waited for."""
    tried = Tried()
    try:
        for lines in asking:
            for line in lines.splitlines():
                tried = _taken(tried, json.loads(line)) if line else tried
    finally:
        asking.close()
    return tried


def _taken(tried: Tried, line: dict[str, Any]) -> Tried:
    done = line.get("done", {})
    found: dict[str, Any] = dict(line.get("known", {}))
    found |= {"text": tried.text + line["delta"]} if "delta" in line else {}
    found |= {"error": line["error"]} if "error" in line else {}
    found |= {"first_ms": line["first"]} if "first" in line else {}
    found |= {"tokens_in": line["tokens_in"]} if "tokens_in" in line else {}
    found |= {"ms": done["ms"], "tokens_out": done["tokens"], "finish": done["finish"]} if done else {}
    return tried._replace(**found)


class Trying(Asking):
    """An ask that goes through the gateway, under a token for a try."""

    def __init__(self, cells: Sequence[Cell], ended: Callable[[str], None], *, slug: str, secret: str):
        super().__init__(cells, ended)
        self._slug, self._secret = slug, secret

    async def _stream(self, cell: Cell, ending: Ending) -> None:
        limits = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
        url = settings.GATEWAY_INSIDE or settings.GATEWAY_URL
        try:
            async with aiohttp.ClientSession(timeout=limits, read_bufsize=LONGEST_LINE) as session:
                await self._ask(session, url, cell, ending)
        except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError, aiohttp.InvalidURL) as nobody:
            raise EngineError("passing", NO_GATEWAY.format(url=url)) from nobody
        except (aiohttp.ClientError, ValueError) as broken:
            raise EngineError("passing", BROKE) from broken
        await self._put({"cell": cell.key, "tokens_in": ending.tokens_in})

    async def _ask(self, session: aiohttp.ClientSession, url: str, cell: Cell, ending: Ending) -> None:
        began = perf_counter()
        async with session.post(f"{base_url(url)}/chat/completions", **self._request(cell)) as answer:
            await self._known(cell, answer)
            async for chunk in _chunks(answer):
                await self._take(cell, chunk, ending, began)

    def _request(self, cell: Cell) -> dict[str, Any]:
        body = {"model": self._slug, "messages": cell.messages, "stream": True}
        headers = {"Authorization": f"Bearer {self._secret}"}
        return {"json": body | {"stream_options": {"include_usage": True}}, "headers": headers}

    async def _known(self, cell: Cell, answer: aiohttp.ClientResponse) -> None:
        """Say what the gateway's headers tell. Raises EngineError for its refusal, in its words."""
        checked = answer.headers.get("X-CoSA-Stream", "") == "after-check"
        known = {"request": answer.headers.get("x-request-id", "")[:100], "after_check": checked}
        await self._put({"cell": cell.key, "known": known})
        if answer.status != 200:
            raise EngineError("permanent", _error(await answer.content.read(LONGEST_LINE), answer.status))

    async def _take(self, cell: Cell, chunk: dict[str, Any], ending: Ending, began: float) -> None:
        if isinstance(chunk.get("error"), dict):
            raise EngineError("passing", str(chunk["error"].get("message") or BROKE))
        usage = chunk.get("usage") or {}
        ending.tokens_in = usage.get("prompt_tokens", ending.tokens_in)
        ending.tokens_out = usage.get("completion_tokens", ending.tokens_out)
        for choice in chunk.get("choices") or []:
            ending.finish = choice.get("finish_reason") or ending.finish
            delta = choice.get("delta") or {}
            if piece := delta.get("content") or delta.get("refusal") or "":
                await self._text(cell, str(piece), ending, began)

    async def _text(self, cell: Cell, piece: str, ending: Ending, began: float) -> None:
        if not ending.identity:
            ending.identity = self._slug
            await self._put({"cell": cell.key, "first": round((perf_counter() - began) * 1000)})
        await self._put({"cell": cell.key, "delta": piece})


async def _chunks(answer: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """The chunks of a stream of server-sent events, up to its end."""
    async for line in answer.content:
        data = line.removeprefix(b"data:").strip() if line.startswith(b"data:") else b""
        if data == b"[DONE]":
            return
        chunk = json.loads(data) if data else None
        if isinstance(chunk, dict):
            yield chunk
    raise EngineError("passing", BROKE)


def _error(body: bytes, status: int) -> str:
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return ODD.format(status=status)
