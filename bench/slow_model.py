"""A model for measuring what stands before it: every answer is the same, and takes the same time.

    python -m bench.slow_model [--latency 0.05] [--pause 0.005]

Prints its port on loopback and ends with its parent. A whole answer comes after the latency; a stream begins after it
and has 20 pieces, 5 ms apart unless told. What it sends is made once, so that it costs the measured machine as little
as can be.
"""

import argparse
import asyncio
import json
import os
import sys

from aiohttp import web

PIECES, PAUSE = 20, 0.005
_USAGE = {"prompt_tokens": 10, "completion_tokens": 40, "total_tokens": 50}
_HEAD = {"id": "slow", "created": 1, "model": "slow"}


def _event(choices: list[object], **more: object) -> bytes:
    chunk = _HEAD | {"object": "chat.completion.chunk", "choices": choices} | more
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _choice(finish: str | None = None, **parts: object) -> dict[str, object]:
    return {"index": 0, "finish_reason": finish} | parts


_MESSAGE = {"role": "assistant", "content": "hello " * 40}
WHOLE = json.dumps(
    _HEAD | {"object": "chat.completion", "choices": [_choice("stop", message=_MESSAGE)], "usage": _USAGE}
).encode()
EVENTS = [_event([_choice(delta={"content": f"word{number} "})]) for number in range(PIECES)]
END, COUNTED, DONE = _event([_choice("stop", delta={})]), _event([], usage=_USAGE), b"data: [DONE]\n\n"


def application(latency: float, pause: float = PAUSE) -> web.Application:
    """The server; chat completions under /v1 and nothing else."""

    async def chat(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        await asyncio.sleep(latency)
        if not body.get("stream"):
            return web.Response(body=WHOLE, content_type="application/json")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event in EVENTS:
            await response.write(event)
            await asyncio.sleep(pause)
        counted = COUNTED if body.get("stream_options", {}).get("include_usage") else b""
        await response.write(END + counted + DONE)
        return response

    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    return app


async def _serve(latency: float, pause: float) -> None:
    parent = os.getppid()
    runner = web.AppRunner(application(latency, pause), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(runner.addresses[0][1], flush=True)
    while os.getppid() == parent:
        await asyncio.sleep(0.5)
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds before an answer or its first piece")
    parser.add_argument("--pause", type=float, default=PAUSE, help="seconds between two pieces")
    options = parser.parse_args()
    asyncio.run(_serve(options.latency, options.pause))


if __name__ == "__main__":
    sys.exit(main())
