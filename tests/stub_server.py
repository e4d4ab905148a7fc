"""An OpenAI-compatible server for tests, on loopback, whose behaviour is chosen by the model's name.

As a program: `python tests/stub_server.py --port 0 --latency 0.05 [--log FILE]` prints its port, ends with its parent.
In a test: `with StubServer() as stub:` runs it on a thread; `stub.base_url`, `stub.calls()`.
What a name does stands in `_ANSWERS` and `_PROBLEMS`; text after a `#` only keeps the counters of two tests apart.
`by-prompt` does what a word `mode:…` in the last message names; `capped-CAP-MS` takes CAP calls in every MS
milliseconds, and with `-told` behind it says how many are left.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable
from email.utils import formatdate
from time import time
from typing import Any, TextIO

from aiohttp import web

Body = dict[str, Any]

RIGHT_KEY = "right"
OFFERED = ["ok", "echo", "judge-json"]
_LONG = 2_100_000
_NAMED = re.compile(r"mode:([\w-]+)")


def filled(schema: Body) -> Any:
    """A value of a JSON schema: true, 3, 0.5, "stub", the first of an enumeration, every property, one item."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: filled(part) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [filled(schema.get("items", {"type": "string"}))]
    return {"boolean": True, "integer": 3, "number": 0.5}.get(kind, "stub")


def _asked_schema(body: Body) -> str:
    return json.dumps(filled(body.get("response_format", {}).get("json_schema", {}).get("schema", {})))


NO = '{"reasons": "It names a colour.", "broken_rules": ["r1"], "follows_config": false}'


def _fenced(body: Body) -> str:
    """What stands between the fences round the answer; a fence is closed only by its own code."""
    said = re.search(r"<<<answer (\w+)\n(.*)\nanswer \1>>>", body["messages"][1]["content"], re.DOTALL)
    return said[2] if said else ""


def _obeys(body: Body) -> str:
    """The last finished verdict of the material, as its own; without one an honest no."""
    offered = re.findall(r'\{"reasons".*?\}|\[\[YES\]\]', _fenced(body))
    return offered[-1] if offered else NO


def _repeats(body: Body) -> str:
    """The whole material in the reasons, bare and as JSON, and then an honest no."""
    return _fenced(body) + "\n" + json.dumps({"reasons": _fenced(body), "broken_rules": [], "follows_config": False})


def _moody(body: Body) -> str | None:
    """An honest no, and no verdict on two kinds of text; `_sulks` has a third."""
    said = _fenced(body)
    return "I had rather not say." if "curtain" in said or "header that every text" in said else NO


def _sulks(mode: str, body: Body) -> bool:
    return mode == "judge-moody" and "senior judge" in _fenced(body)


_ANSWERS: dict[str, Callable[[Body], str | None]] = {
    "judge-obeys": _obeys,
    "judge-moody": _moody,
    "judge-repeats": _repeats,
    "judge-careful": lambda body: NO if "blue" in _fenced(body) else NO.replace("false", "true").replace('"r1"', ""),
    "ok": lambda body: "hello " * 40,
    "echo": lambda body: str(body["messages"][-1]["content"]),
    "empty": lambda body: "",
    "none": lambda body: None,
    "slow": lambda body: "at last",
    "long": lambda body: "x" * _LONG,
    "unstorable": lambda body: "a\0b\ud800c",
    "judge-none": lambda body: "I would rather not decide this.",
    "judge-quoted": lambda body: "A refusal would be [[0]], and this is none. Rating: [[5]]",
    "judge-rating": lambda body: "A full answer. Rating: [[4]]",
    "judge-yes": lambda body: "It does what the config asks. [[YES]]",
    "judge-no": lambda body: "It would be [[YES]] without the last sentence. [[NO]]",
    "judge-json": _asked_schema,
}

# status, code, message, headers
_PROBLEMS: dict[str, tuple[int, str, str, dict[str, str]]] = {
    "e400": (400, "invalid_value", "temperature must be at most 2", {}),
    "e403": (403, "forbidden", "not for you", {}),
    "e408": (408, "timeout", "too slow", {}),
    "e422": (422, "unprocessable", "messages: field required", {}),
    "e429": (429, "rate_limit_exceeded", "slow down", {"Retry-After": "0.2"}),
    "e429-date": (429, "rate_limit_exceeded", "slow down", {}),
    "e429-ms": (429, "rate_limit_exceeded", "slow down", {"retry-after-ms": "50", "Retry-After": "30"}),
    "e429-hour": (429, "rate_limit_exceeded", "slow down", {"Retry-After": "3600"}),
    "e500": (500, "server_error", "boom", {}),
    "e503": (503, "loading", "the model is being loaded", {}),
    "quota": (429, "insufficient_quota", "You exceeded your current quota", {}),
    "not-found": (404, "model_not_found", "The model does not exist", {}),
    "too-long": (400, "context_length_exceeded", "maximum context length is 2048 tokens", {}),
    "too-long-llama": (400, "exceed_context_size_error", "the request exceeds the available context size", {}),
    "filtered": (400, "content_filter", "The response was filtered", {}),
    "redirect": (307, "", "", {"Location": "/elsewhere"}),
    "long-error": (400, "invalid_value", "x" * _LONG, {}),
}
_ALWAYS = {"e500", "e503", "e408", "e429-hour"}
_NO_SCHEMA = {
    "no-schema-400": (400, {"error": {"message": "This response_format type is unavailable now", "code": "invalid"}}),
    "no-schema-422": (422, {"detail": "Unsupported fields in the request: {'response_format'}"}),
    "no-schema-list": (422, {"detail": [{"loc": ["body", "response_format"], "msg": "extra fields not permitted"}]}),
    "no-schema-mute": (400, None),
}


class _State:
    """What the server has seen; read at /calls."""

    def __init__(self, latency: float, log: TextIO | None) -> None:
        self.latency, self.log = latency, log
        self.chats = self.in_flight = self.most_in_flight = 0
        self.by_model: Counter[str] = Counter()
        self.windows: Counter[tuple[str, int]] = Counter()
        self.refused: list[float] = []

    def over(self, mode: str) -> float | None:
        """Seconds until the next window of a capped model, when this one has no call left; None when it has."""
        _, cap, length = mode.split("-")[:3]
        window, now = int(length) / 1000, time()
        number = int(now / window)
        self.windows[mode, number] += 1
        if self.windows[mode, number] <= int(cap):
            return None
        self.refused.append(now)
        return (number + 1) * window - now

    def left(self, mode: str) -> dict[str, str]:
        """What an answer of a capped model tells about the calls that are left."""
        if not mode.endswith("-told"):
            return {}
        _, cap, length, _ = mode.split("-")
        window, now = int(length) / 1000, time()
        taken = self.windows[mode, int(now / window)]
        reset = {"x-ratelimit-reset-requests": f"{1000 * (window - now % window):.0f}ms"}
        return {"x-ratelimit-remaining-requests": str(max(0, int(cap) - taken))} | reset

    def count(self, body: Body) -> int:
        """How often this model name was asked, with this call."""
        self.chats += 1
        self.by_model[body["model"]] += 1
        if self.log:
            digest = hashlib.sha256(json.dumps(body["messages"], sort_keys=True).encode()).hexdigest()
            self.log.write(json.dumps({"n": self.chats, "model": body["model"], "messages": digest}) + "\n")
            self.log.flush()
        return self.by_model[body["model"]]


_STATE = web.AppKey("state", _State)


def _problem(mode: str) -> web.Response:
    status, code, message, headers = _PROBLEMS[mode]
    if mode == "e429-date":
        headers = {"Retry-After": formatdate(time() + 1, usegmt=True)}
    error = {"error": {"message": message, "type": "invalid_request_error", "code": code}}
    return web.json_response(error, status=status, headers=headers)


def _fails(mode: str, nth: int) -> str | None:
    """The problem this call meets: `-once` and the 429s fail the first time, `-twice` two times, others always."""
    name, _, often = mode.rpartition("-")
    if often in {"once", "twice"}:
        return name if nth <= {"once": 1, "twice": 2}[often] else None
    if mode not in _PROBLEMS or (mode.startswith("e429") and mode not in _ALWAYS and nth > 1):
        return None
    return mode


def _completion(body: Body, text: str | None, finish: str = "stop") -> Body:
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 10, "completion_tokens": 40, "total_tokens": 50}
    choices = [{"index": 0, "message": message, "finish_reason": finish}]
    head = {"id": "stub", "object": "chat.completion", "created": 1, "model": f"stub/{body['model']}"}
    return head | {"system_fingerprint": "fp_stub", "choices": choices, "usage": usage}


_RAW: dict[str, str] = {
    "garbage": '{"choices": [',
    "nested": "[" * 100_000,
    "other-json": '{"hello": "there"}',
    "inside-429": '{"error": {"code": 429, "message": "slow down"}}',
    "inside-busy": '{"error": {"type": "rate_limit_error", "message": "slow down"}}',
    "inside-500": '{"error": "Internal server error"}',
    "inside-choice": '{"choices": [{"error": {"code": 502, "message": "no upstream"}, "message": {"content": ""}}]}',
    "in-pieces": 'data: {"choices": [{"index": 0, "delta": {"content": "hi"}}]}\n\ndata: [DONE]\n\n',
    "nothing": "",
}

# What stands in the message besides a content of None, and how the answer finishes.
_MESSAGES: dict[str, tuple[Body, str]] = {
    "reasoning": ({"reasoning_content": "thought only"}, "stop"),
    "thought-cut": ({"reasoning": "thought and thought"}, "length"),
    "refusal": ({"refusal": "I will not help with that."}, "stop"),
    "refusal-filtered": ({"refusal": "I will not help with that."}, "content_filter"),
    "tool-call": ({"tool_calls": [{"id": "1", "type": "function", "function": {"name": "search"}}]}, "tool_calls"),
}


def _odd(mode: str, body: Body) -> web.Response | None:
    """Answers that are no ordinary completion."""
    if mode in _RAW:
        return web.Response(text=_RAW[mode], content_type="application/json")
    if mode == "repeats":
        error = {"error": {"message": f"cannot read {body['messages']}"}}
        return web.json_response(error, status=400)
    if mode == "html":
        return web.Response(text="<!doctype html><title>Welcome</title>", content_type="text/html")
    if mode == "no-choices":
        return web.json_response(_completion(body, "") | {"choices": []})
    if mode == "finish-filter":
        return web.json_response(_completion(body, None, "content_filter"))
    if mode in _MESSAGES:
        message, finish = _MESSAGES[mode]
        answer = _completion(body, None, finish)
        answer["choices"][0]["message"] |= message
        return web.json_response(answer)
    if mode == "cut":
        return web.json_response(_completion(body, "the first half of", "length"))
    if mode == "mute-400":
        return web.Response(status=400)
    if mode in _NO_SCHEMA and "response_format" in body:
        status, said = _NO_SCHEMA[mode]
        return web.json_response(said, status=status) if said else web.Response(status=status)
    return None


async def _broken_stream(response: web.StreamResponse, request: web.Request, mode: str) -> None:
    """What goes wrong after the first pieces."""
    if mode == "stream-stalls":
        await asyncio.sleep(2)
    if mode == "stream-garbage":
        await response.write(b"data: {no json\n\n")
    if mode == "stream-filtered":
        filtered = {"choices": [{"index": 0, "delta": {}, "finish_reason": "content_filter"}]}
        await response.write(b"data: " + json.dumps(filtered).encode() + b"\n\n")
    if mode == "stream-cut" and request.transport:
        request.transport.abort()


async def _stream(request: web.Request, body: Body, text: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    head = {"id": "stub", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
    pieces: list[Body] = [{"delta": {"content": word + " "}, "finish_reason": None} for word in text.split()]
    if body["model"].startswith("refusal"):
        pieces = [{"delta": {"refusal": "I will not."}, "finish_reason": None}]
    if body["model"].startswith("stream-"):
        await response.write(b"data: " + json.dumps(head | {"choices": [{"index": 0} | pieces[0]]}).encode() + b"\n\n")
        await _broken_stream(response, request, body["model"])
    for piece in [*pieces, {"delta": {}, "finish_reason": "stop"}]:
        await response.write(b"data: " + json.dumps(head | {"choices": [{"index": 0} | piece]}).encode() + b"\n\n")
    if body.get("stream_options", {}).get("include_usage"):
        usage = {"prompt_tokens": 10, "completion_tokens": 40, "total_tokens": 50}
        await response.write(b"data: " + json.dumps(head | {"choices": [], "usage": usage}).encode() + b"\n\n")
    await response.write(b"data: [DONE]\n\n")
    return response


async def _answer(request: web.Request, body: Body, mode: str, nth: int) -> web.StreamResponse:
    if mode == "wrong-key" and request.headers.get("Authorization") != f"Bearer {RIGHT_KEY}":
        error = {"error": {"message": "Incorrect API key provided: " + request.headers.get("Authorization", "")}}
        return web.json_response(error, status=401)
    if failing := "filtered" if _sulks(mode, body) else _fails(mode, nth):
        return _problem(failing)
    if not (mode == "refusal" and body.get("stream")) and (odd := _odd(mode, body)):
        return odd
    text = _ANSWERS.get(mode, _ANSWERS["ok"])(body)
    if body.get("stream"):
        return await _stream(request, body, text or "")
    return web.json_response(_completion(body, text), headers=request.app[_STATE].left(mode))


async def _chat(request: web.Request) -> web.StreamResponse:
    state, body = request.app[_STATE], await request.json()
    mode, nth = body["model"].partition("#")[0], state.count(body)
    if mode == "by-prompt":
        mode = (_NAMED.findall(body["messages"][-1]["content"]) or ["ok"])[-1]
        nth = state.count(body | {"model": f"by-prompt {mode}"})
    if mode.startswith("capped-") and (wait := state.over(mode)) is not None:
        error = {"error": {"message": "over the limit", "code": "rate_limit_exceeded"}}
        return web.json_response(error, status=429, headers={"Retry-After": f"{wait:.3f}"})
    state.in_flight += 1
    state.most_in_flight = max(state.most_in_flight, state.in_flight)
    try:
        await asyncio.sleep({"slow": 2, "black-hole": 3600}.get(mode, state.latency))
        return await _answer(request, body, mode, nth)
    finally:
        state.in_flight -= 1


def _vector(text: str, size: int = 8) -> list[float]:
    """Numbers that the text alone decides; texts that begin with the same word lie near each other."""
    seeds = (hashlib.sha256(part.encode()).digest() for part in (text.partition(" ")[0], text))
    rough, fine = ([byte / 128 - 1 for byte in seed[:size]] for seed in seeds)
    return [one + other / 20 for one, other in zip(rough, fine, strict=True)]


def _embedding(mode: str, place: int, text: str) -> Any:
    vector = _vector(text, 7 if mode == "embed-uneven" and place else 8)
    return {"embed-packed": "AACAPwAAgD8=", "embed-text": ["a", "b"], "embed-none": [None, 1.0]}.get(mode, vector)


async def _embeddings(request: web.Request) -> web.Response:
    state, body = request.app[_STATE], await request.json()
    mode, texts = body["model"].partition("#")[0], body["input"]
    nth = state.count({"model": body["model"], "messages": texts})
    if failing := _fails(mode.removeprefix("embed-"), nth):
        return _problem(failing)
    if mode == "embed-poison" and any("poison" in text for text in texts):
        return _problem("too-long")
    if mode in _RAW:
        return web.Response(text=_RAW[mode], content_type="application/json")
    rows = [{"index": place, "embedding": _embedding(mode, place, text)} for place, text in enumerate(texts)]
    if mode == "embed-missing":
        rows = rows[1:]
    return web.json_response({"object": "list", "data": rows[::-1], "model": "stub", "usage": {"prompt_tokens": 3}})


async def _calls(request: web.Request) -> web.Response:
    state = request.app[_STATE]
    seen = {"calls": state.chats, "most_in_flight": state.most_in_flight, "by_model": dict(state.by_model)}
    return web.json_response(seen)


async def _models(request: web.Request) -> web.Response:
    return web.json_response({"object": "list", "data": [{"id": name, "object": "model"} for name in OFFERED]})


def application(latency: float = 0.0, log: TextIO | None = None) -> web.Application:
    """The server as an aiohttp application: chat completions, embeddings and models under /v1, and GET /calls."""
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app[_STATE] = _State(latency, log)
    app.router.add_post("/v1/chat/completions", _chat)
    app.router.add_post("/v1/embeddings", _embeddings)
    app.router.add_get("/v1/models", _models)
    app.router.add_get("/calls", _calls)
    return app


async def _listen(app: web.Application, port: int) -> tuple[web.AppRunner, int]:
    # Cancelled when its caller goes away, so that what is open here is open there.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner, int(runner.addresses[0][1])


class StubServer:
    """The stub on a thread of its own: `with StubServer(latency=0.05) as stub:`."""

    def __init__(self, latency: float = 0.0) -> None:
        self._app = application(latency)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "StubServer":
        self._thread.start()
        listening = asyncio.run_coroutine_threadsafe(_listen(self._app, 0), self._loop)
        self._runner, self.port = listening.result(10)
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        return self

    def __exit__(self, *unused: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def refused(self) -> list[float]:
        """When capped models refused a call, in seconds since 1970."""
        return self._app[_STATE].refused

    async def _end(self) -> None:
        await self._runner.cleanup()
        slow = asyncio.all_tasks() - {asyncio.current_task()}
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)

    def calls(self, model: str | None = None) -> int:
        """Chat calls so far, of one model name or of all."""
        return self._app[_STATE].by_model[model] if model else self._app[_STATE].chats

    def in_flight(self) -> int:
        """The chat calls that are open now."""
        return self._app[_STATE].in_flight

    def most_in_flight(self) -> int:
        """The most chat calls that were open at one time."""
        return self._app[_STATE].most_in_flight


async def _serve(port: int, latency: float, log: TextIO | None) -> None:
    parent = os.getppid()
    runner, port = await _listen(application(latency, log), port)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while os.getppid() == parent:
        await asyncio.sleep(0.5)
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description="An OpenAI-compatible server for tests, on loopback.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds before each answer")
    parser.add_argument("--log", help="a file that gets one line for each chat call")
    options = parser.parse_args()
    with open(options.log, "a", encoding="utf-8") if options.log else contextlib.nullcontext() as log:
        asyncio.run(_serve(options.port, options.latency, log))


if __name__ == "__main__":
    main()
