"""A chat completion from its key to the meter: what it reserves is settled and counted once, however it ends.

The order: key, body, request, deployment, turns, reservation, model. From the reservation on, the client's going away,
the end of its key or its deployment, and the model's patience end the call and give back at once what it holds.
"""

import asyncio
import logging
from contextlib import suppress
from time import perf_counter

from training.engines import Reply as Answer
from training.gateway import arrivals, completions, conversation, failures, metrics, requests
from training.gateway.answering import Answering, Body
from training.gateway.arrivals import ClientLeft, Waiting
from training.gateway.bearer import secret_of
from training.gateway.calls import Call
from training.gateway.completions import Chunks
from training.gateway.database import Database
from training.gateway.failures import TIMED_OUT, Asked, Broken
from training.gateway.limits import Limits
from training.gateway.meter import Meter
from training.gateway.readiness import Readiness
from training.gateway.reading import REFUSED, Heard, Piece
from training.gateway.refused import Refused
from training.gateway.replies import Receive, Reply, Scope
from training.gateway.ring import KeyRing, counted_as
from training.gateway.upstream import Upstream
from training.services.deploy.grants import Grant
from training.strategies import WITHHELD

log = logging.getLogger("training.gateway")

QUIET_SECONDS, CHECKING_SECONDS = 2.0, 5.0
"""How long a checked answer may keep its stream from beginning; how often the stream then says that it goes on."""
CHECKING, NOT_GIVEN = b": checking\n\n", b": withheld\n\n"


class Chat:
    """What chat completions are made with. `open` and `close` it round its use."""

    def __init__(self, redis: str = "") -> None:
        self.ring, self.limits, self.upstream = KeyRing(), Limits(redis), Upstream()
        self.meter = Meter(self.limits)
        self._probing = Database()
        self.readiness = Readiness(self._probing, self.limits.counts)

    async def open(self) -> None:
        """Nothing; calls can be answered from now on."""
        for part in (self.limits, self.meter, self.ring):
            await part.open()

    async def close(self) -> None:
        """Nothing; what was counted is written."""
        for part in (self.upstream, self.ring, self.meter, self.limits, self._probing):
            await part.close()

    async def grant(self, scope: Scope) -> Grant:
        """What the key of a request opens. Raises Refused."""
        return await self.ring.grant(secret_of(scope["headers"]))

    async def answer(self, scope: Scope, receive: Receive, reply: Reply) -> None:
        """Nothing; the call is answered. Raises Refused, for the caller to send, and ClientLeft."""
        began = perf_counter()
        grant = await self.grant(scope)
        request = requests.read(await arrivals.body(receive, scope["headers"]))
        served = grant.served.get(request.model)
        if served is None:
            raise unknown_model(request.model)
        call = Call(grant, served, request, reply, began)
        try:
            await self._told(call, receive)
        except Refused as refused:
            call.outcome = failures.outcome(refused)
            raise
        except ClientLeft:
            if not reply.over:  # with the last byte a client may hang up: it was answered
                call.outcome = "left"
            raise
        finally:
            self._note(call)

    def _note(self, call: Call) -> None:
        usage, milliseconds = call.usage, call.milliseconds
        metrics.ended(call, milliseconds)
        self.meter.note(
            call.grant,
            call.served,
            outcome=call.outcome,
            streamed=call.request.stream,
            began=call.at,
            milliseconds=milliseconds,
            first_milliseconds=call.first,
            tokens_in=usage.tokens_in,
            tokens_out=usage.tokens_out,
            estimated=usage.estimated,
        )
        if log.isEnabledFor(logging.INFO):
            told = (call.reply.request_id, call.grant.key_id, call.served.slug, call.outcome, milliseconds, *usage)
            log.info("call=%s key=%s deployment=%s outcome=%s ms=%.0f in=%s out=%s estimated=%s", *told)

    async def _told(self, call: Call, receive: Receive) -> None:
        """As `_answered`; what goes wrong with the model is told as a Refused."""
        try:
            await self._answered(call, receive)
        except Broken as problem:
            raise failures.told(problem, _asked(call)) from None
        except TimeoutError:
            raise failures.told(Broken(TIMED_OUT, "the model's patience is over"), _asked(call)) from None

    async def _answered(self, call: Call, receive: Receive) -> None:
        turns = conversation.turns(call.request, call.served.client_system)
        answering = Answering(call.served, call.request, turns)
        call.reserved = answering.bound
        reservation = await self.limits.reserve(counted_as(call.grant), call.grant.limits, call.reserved, call.at)
        call.reply.headers |= reservation.headers
        try:
            with Waiting(receive):
                async with self.ring.using(call.grant, call.served.slug), asyncio.timeout(_patience(call, answering)):
                    await self._by_kind(call, answering)
        finally:
            self.limits.settle(reservation, call.usage.total)

    async def _by_kind(self, call: Call, answering: Answering) -> None:
        if not answering.direct:
            await self._checked(call, answering)
        elif call.request.stream:
            await self._streamed(call, answering.bodies[0])
        else:
            await self._whole(call, answering.bodies[0])

    async def _whole(self, call: Call, body: Body) -> None:
        heard = call.hear(body)
        piece = await self.upstream.whole(call.served, body, heard)
        call.answered(heard.finish, heard.beginning, heard.refused)
        await _send_whole(call, piece.text, piece.refusal, heard.finish)

    async def _streamed(self, call: Call, body: Body) -> None:
        heard, chunks = call.hear(body), Chunks(call.served.slug, with_usage=call.request.include_usage)
        async with self.upstream.stream(call.served, body, heard) as stream:
            pieces = await stream.next()
            await call.reply.stream()
            raw = chunks.role()
            while pieces is not None:
                call.text_goes_out()
                await call.reply.events(raw + b"".join([_chunk(chunks, piece) for piece in pieces]))
                raw, pieces = b"", await stream.next()
            call.answered(heard.finish, heard.beginning, heard.refused)
            await call.reply.end(raw + chunks.end(heard.finish, call.usage))

    async def _checked(self, call: Call, answering: Answering) -> None:
        """The answer of a strategy that looks at what the model wrote: nothing of it goes out before its end."""
        said: list[tuple[str, Heard]] = []

        async def ask(body: Body) -> Answer:
            heard = call.hear(body)
            reply = _as_answer(await self.upstream.whole(call.served, body, heard), heard)
            said.append((reply.text, heard))
            return reply

        if not call.request.stream:
            answer = await answering.answer(ask)
        else:
            call.reply.headers["X-CoSA-Stream"] = "after-check"
            answer = await _meanwhile(asyncio.ensure_future(answering.answer(ask)), call.reply)
        refused = any(heard.refused for text, heard in said if text == answer.text)
        call.answered(answer.finish, answer.text, refused)
        await _send_checked(call, answer)


async def _meanwhile(answering: "asyncio.Future[Answer]", reply: Reply) -> Answer:
    """The answer; until then the client of a stream hears from time to time that it is being checked."""
    try:
        wait = QUIET_SECONDS
        while not (await asyncio.wait({answering}, timeout=wait))[0]:
            wait = CHECKING_SECONDS
            if not reply.begun:
                await reply.stream()
            await reply.events(CHECKING)
        return answering.result()
    finally:
        answering.cancel()
        with suppress(asyncio.CancelledError, Broken, Refused):
            await answering


async def _send_checked(call: Call, answer: Answer) -> None:
    withheld = answer.finish == WITHHELD
    if withheld:
        call.reply.headers["X-CoSA-Withheld"] = "1"
    if not call.request.stream:
        await _send_whole(call, answer.text, "", answer.finish)
        return
    chunks = Chunks(call.served.slug, with_usage=call.request.include_usage)
    if not call.reply.begun:
        await call.reply.stream()
    call.text_goes_out()
    note = NOT_GIVEN if withheld else b""
    await call.reply.end(note + chunks.role() + chunks.text(answer.text) + chunks.end(answer.finish, call.usage))


async def _send_whole(call: Call, text: str, refusal: str, finish: str) -> None:
    call.text_goes_out()
    raw = completions.whole(call.served.slug, text, refusal or None, finish, call.usage)
    await call.reply.json(200, raw)


def unknown_model(slug: str) -> Refused:
    """What a client is told of a model that its key does not open."""
    told = f"The model “{slug[:80]}” does not exist, or this key does not open it. GET /v1/models says what it opens."
    return Refused(404, told, param="model", code="model_not_found")


def _patience(call: Call, answering: Answering) -> float | None:
    return call.served.endpoint.patience * answering.calls if call.served.endpoint else None


def _asked(call: Call) -> Asked:
    request = call.request
    own = (request.temperature, request.top_p, request.max_tokens, request.seed)
    chose = bool(request.extra) or any(value is not None for value in own)
    return Asked(call.reply.request_id, chose, bool(call.served.demonstrations))


def _chunk(chunks: Chunks, piece: Piece) -> bytes:
    return (chunks.text(piece.text) if piece.text else b"") + (chunks.refusal(piece.refusal) if piece.refusal else b"")


def _as_answer(piece: Piece, heard: Heard) -> Answer:
    """What a strategy reads; a refusal in its own field is an answer that finishes so."""
    finish = heard.finish if piece.text or not piece.refusal else REFUSED
    return Answer(piece.text or piece.refusal, "", heard.tokens_in, heard.tokens_out, finish, 0.0, 1)
