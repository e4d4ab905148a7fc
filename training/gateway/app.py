"""The gateway as an ASGI application: its life, its addresses, and an answer in OpenAI's shape to whatever comes.

POST /v1/chat/completions, GET /v1/models, GET /v1/models/SLUG, GET /healthz, /readyz and /metrics.
No request of a browser on another site is let through: there are no CORS headers, and OPTIONS is a method like any
other that is not taken.
"""

import asyncio
import logging
import secrets
import traceback
from collections.abc import Awaitable, Callable

import orjson
from django.conf import settings

from annotations.core import log_context
from training.gateway import metrics, signals
from training.gateway.arrivals import ClientLeft
from training.gateway.chat import Chat, unknown_model
from training.gateway.failures import crash
from training.gateway.places import end_servers
from training.gateway.refused import Refused
from training.gateway.replies import Receive, Reply, Scope, Send
from training.metric_files import CONTENT_TYPE
from training.services.deploy.grants import Served

log = logging.getLogger("training.gateway")

GRACE_SECONDS = 20.0
CHAT, MODELS = "/v1/chat/completions", "/v1/models"
HEALTH, READY, METRICS = "/healthz", "/readyz", "/metrics"
_NOWHERE = "There is nothing at this address. Chat completions are at POST /v1/chat/completions, models at /v1/models."
_RESTARTS = "The gateway is being restarted. Ask again after the time in Retry-After."

Handler = Callable[[Scope, Receive, Reply], Awaitable[None]]


class Gateway:
    """One process of the gateway. At its end open calls have `grace` seconds before they are broken off.

    With `hears` the end begins when the process is told to end, and not only when its server has no calls any more.
    """

    def __init__(self, redis: str = "", grace: float = GRACE_SECONDS, *, hears: bool = False) -> None:
        self._redis, self._grace, self._hears = redis, grace, hears
        self._chat: Chat | None = None
        self._open: set[asyncio.Task[object]] = set()
        self._quiet = asyncio.Event()
        self._ending = self._cut = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live from start to end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)

    def begin_ending(self) -> None:
        """Nothing; new calls are sent away, and those that are open are broken off when the grace is over."""
        if not self._ending:
            self._ending = True
            asyncio.get_running_loop().call_later(self._grace, self._break_off)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._chat = Chat(self._redis)
        await self._chat.open()
        if self._hears:
            signals.on_end(self.begin_ending)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.begin_ending()
        while self._open:
            self._quiet.clear()
            await self._quiet.wait()
        await self._chat.close()
        await end_servers()
        await send({"type": "lifespan.shutdown.complete"})

    def _break_off(self) -> None:
        self._cut = True
        for task in self._open:
            task.cancel()

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        reply, task = Reply(send, f"req_{secrets.token_hex(12)}"), asyncio.current_task()
        assert task is not None  # noqa: S101  a request is a task of the server
        self._open.add(task)
        try:
            with log_context.bound(request_id=reply.request_id), metrics.Measured(scope["path"], reply):
                await self._answered(scope, receive, reply)
        finally:
            self._open.discard(task)
            if not self._open:
                self._quiet.set()

    async def _answered(self, scope: Scope, receive: Receive, reply: Reply) -> None:
        try:
            await self._routed(scope, receive, reply)
        except ClientLeft:
            return
        except Refused as refused:
            log.info("call=%s status=%s code=%s", reply.request_id, refused.status, refused.code)
            metrics.refused(refused)
            await reply.refuse(refused)
        except asyncio.CancelledError:
            if not self._cut:
                raise
            await reply.refuse(_restarts())
        except Exception as bug:
            # Neither the error's words nor its context: they can hold what somebody wrote.
            where = "".join(traceback.format_tb(bug.__traceback__))
            log.error("call=%s %s\n%s", reply.request_id, type(bug).__name__, where)
            await reply.refuse(crash(reply.request_id))

    async def _routed(self, scope: Scope, receive: Receive, reply: Reply) -> None:
        path, method = scope["path"], scope["method"]
        _check_host(scope)
        wanted, handler = self._handler(path)
        reply.bodiless = method == "HEAD"
        if method != wanted and not (method == "HEAD" and wanted == "GET"):
            allowed = {"Allow": "GET, HEAD" if wanted == "GET" else wanted}
            raise Refused(405, f"{path[:80]} takes {wanted}.", code="method_not_allowed", headers=allowed)
        if self._ending:
            raise _restarts()
        await handler(scope, receive, reply)

    def _handler(self, path: str) -> tuple[str, Handler]:
        if self._chat is None:
            raise _restarts()
        if path == CHAT:
            return "POST", self._chat.answer
        if path == MODELS:
            return "GET", self._models
        if path.startswith(f"{MODELS}/"):
            return "GET", self._model
        if path == HEALTH:
            return "GET", _health
        if path == READY:
            return "GET", self._ready
        if path == METRICS and settings.METRICS_TOKEN:
            return "GET", _metrics
        raise Refused(404, _NOWHERE, code="unknown_url")

    async def _ready(self, scope: Scope, receive: Receive, reply: Reply) -> None:
        assert self._chat is not None  # noqa: S101  it has a handler
        await reply.json(*await self._chat.readiness.found())

    async def _models(self, scope: Scope, receive: Receive, reply: Reply) -> None:
        assert self._chat is not None  # noqa: S101  it has a handler
        grant = await self._chat.grant(scope)
        models = [_as_model(grant.served[slug]) for slug in sorted(grant.served)]
        await reply.json(200, orjson.dumps({"object": "list", "data": models}))

    async def _model(self, scope: Scope, receive: Receive, reply: Reply) -> None:
        assert self._chat is not None  # noqa: S101  it has a handler
        grant = await self._chat.grant(scope)
        slug = scope["path"].removeprefix(f"{MODELS}/")
        if slug not in grant.served:
            raise unknown_model(slug)
        await reply.json(200, orjson.dumps(_as_model(grant.served[slug])))


async def _metrics(scope: Scope, receive: Receive, reply: Reply) -> None:
    await reply.text(200, (await asyncio.to_thread(metrics.told, scope)).decode(), CONTENT_TYPE)


async def _health(scope: Scope, receive: Receive, reply: Reply) -> None:
    await reply.text(200, "ok")


def _as_model(served: Served) -> dict[str, object]:
    return {"id": served.slug, "object": "model", "created": served.created, "owned_by": "organisation"}


def _check_host(scope: Scope) -> None:
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) > 1:
        raise Refused(400, "The request names more than one host.", code="invalid_host")


def _restarts() -> Refused:
    return Refused(503, _RESTARTS, code="restarting", headers={"Retry-After": "5"})
