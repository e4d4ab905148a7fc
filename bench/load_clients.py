"""The clients of the load: people who rate as the rating page does, and programs that read streams of the gateway."""

import asyncio
import json
import re
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple
from uuid import uuid4

import aiohttp
from yarl import URL

from bench.load_world import PASSWORD, World

SECONDS = 60.0
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
ANSWER: dict[str, Any] = {"points": 4, "follows_config": "yes", "broken_rules": [], "risks": []}
SAY = {"messages": [{"role": "user", "content": "Say hello."}], "stream": True, "max_tokens": 60}


class Seen(NamedTuple):
    """One request: of what kind, how long it took, and what was wrong with it, "" for nothing."""

    kind: str
    seconds: float
    wrong: str = ""


class Clients:
    """All of them, in one event loop; use it as an async context manager."""

    def __init__(self, port: int, world: World, think: float, apart: float) -> None:
        self.base, self.world, self.think, self.apart = f"http://127.0.0.1:{port}", world, think, apart
        self.seen: list[Seen] = []
        self._timeout = aiohttp.ClientTimeout(total=SECONDS)

    async def __aenter__(self) -> "Clients":
        self._streams = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=self._timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._streams.close()

    async def person(self, number: int, ends: float) -> None:
        """Log in, take two items, and answer one after the other until then; the next one comes with each answer."""
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar, timeout=self._timeout) as session:
            await asyncio.sleep(number * self.apart)
            if not await self._log_in(session, number):
                return
            keys = [await self._next(session, ahead) for ahead in (False, True)]
            while time.monotonic() < ends and keys[0]:
                await asyncio.sleep(self.think)
                keys = [keys[1], await self._answer(session, keys[0])]

    async def _log_in(self, session: aiohttp.ClientSession, number: int) -> bool:
        _, page = await self._ask(session, "log-in page", "GET", "/login/")
        token = TOKEN.search(page)
        said = {"username": f"rater-{number}", "password": PASSWORD, "csrfmiddlewaretoken": token[1] if token else ""}
        status, _ = await self._ask(session, "log in", "POST", "/login/", data=said, allow_redirects=False, good=302)
        return status == 302

    async def _next(self, session: aiohttp.ClientSession, ahead: bool) -> str:
        path, asked = f"/rate/{self.world.campaign}/next/", {"ahead": ahead}
        status, said = await self._ask(session, "next item", "POST", path, json=asked)
        return _key(json.loads(said)) if status == 200 else ""

    async def _answer(self, session: aiohttp.ClientSession, key: str) -> str:
        path = f"/rate/{self.world.campaign}/items/{key}/submit/"
        body = ANSWER | {"token": str(uuid4()), "comment": "", "next": True}
        status, said = await self._ask(session, "answer", "POST", path, json=body)
        return _key(json.loads(said).get("next") or {}) if status == 200 else ""

    async def _ask(
        self, session: aiohttp.ClientSession, kind: str, method: str, path: str, good: int = 200, **more: Any
    ) -> tuple[int, str]:
        cookie = session.cookie_jar.filter_cookies(URL(self.base)).get("csrftoken")
        headers = {"X-CSRFToken": cookie.value if cookie else "", "Referer": self.base}
        began, status, text = time.perf_counter(), 0, ""
        try:
            async with session.request(method, self.base + path, headers=headers, **more) as answer:
                status, text = answer.status, await answer.text()
            wrong = "" if status == good else f"{status} {_why(text)}"
        except (aiohttp.ClientError, TimeoutError) as problem:
            wrong = type(problem).__name__
        self.seen.append(Seen(kind, time.perf_counter() - began, wrong))
        return status, text

    async def stream(self, ends: float) -> None:
        """One stream of the gateway after the other, until then."""
        url = f"http://127.0.0.1:{self.world.gateway_port}/v1/chat/completions"
        headers = {"Authorization": f"Bearer {self.world.key}"}
        while time.monotonic() < ends:
            began, first, wrong = time.perf_counter(), 0.0, ""
            try:
                async with self._streams.post(url, json=SAY | {"model": self.world.slug}, headers=headers) as reply:
                    said = await reply.content.readany()
                    first = time.perf_counter() - began
                    said += await reply.content.read()
                    whole = reply.status == 200 and b"data: [DONE]" in said and b"word19" in said
                    wrong = "" if whole else f"{reply.status} not whole"
            except (aiohttp.ClientError, TimeoutError) as problem:
                wrong = type(problem).__name__
            self.seen.append(Seen("stream", time.perf_counter() - began, wrong))
            self.seen.append(Seen("stream's first", first or time.perf_counter() - began, wrong))
            await asyncio.sleep(1 if wrong else 0)


def _key(said: Mapping[str, Any]) -> str:
    return str((said.get("item") or {}).get("key", ""))


def _why(text: str) -> str:
    try:
        return str(json.loads(text).get("error", ""))[:80]
    except (ValueError, AttributeError):
        return ""
