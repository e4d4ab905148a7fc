"""So many chat completions from so many clients at once, on loopback, and what they waited for.

    python -m bench.chat_load ADDRESS MODEL --clients 32 --calls 1600 [--stream]

The key is read from COSA_BENCH_KEY. Prints one line of JSON: answers a second, the median and the 95th percentile in
ms of a whole answer and of a stream's first piece, and how many went wrong. It ends by itself: every call has a limit.
"""

import argparse
import asyncio
import json
import os
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import aiohttp

SECONDS = 120.0


class Timing(NamedTuple):
    """Seconds of one call: until its first bytes, and of all of it; and what went wrong."""

    first: float
    whole: float
    wrong: str


class Load:
    """Calls of one kind to one address."""

    def __init__(self, address: str, model: str, *, stream: bool, calls: int) -> None:
        assert address.startswith("http://127.0.0.1:"), "loopback only"
        self.url, self.stream = f"{address}/chat/completions", stream
        self.left: Iterator[int] = iter(range(calls))
        self.body = json.dumps(
            {
                "model": model,
                "messages": [{"role": "user", "content": "What is a lantern for? Answer in one sentence."}],
                "max_tokens": 40,
                **({"stream": True, "stream_options": {"include_usage": True}} if stream else {}),
            }
        ).encode()
        self.headers = {"Authorization": f"Bearer {os.environ['COSA_BENCH_KEY']}", "Content-Type": "application/json"}

    async def run(self, clients: int) -> tuple[float, list[Timing]]:
        """Seconds of all of it, and its calls; one call goes before and is not in it."""
        limits = aiohttp.ClientTimeout(total=SECONDS)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=limits) as session:
            await self._call(session)
            began = time.perf_counter()
            done = await asyncio.gather(*(self._client(session) for _ in range(clients)))
            return time.perf_counter() - began, [timing for part in done for timing in part]

    async def _client(self, session: aiohttp.ClientSession) -> list[Timing]:
        return [await self._call(session) for _ in self.left]

    async def _call(self, session: aiohttp.ClientSession) -> Timing:
        began, first, wrong = time.perf_counter(), 0.0, ""
        try:
            async with session.post(self.url, data=self.body, headers=self.headers) as reply:
                said = await reply.content.readany()
                first = time.perf_counter() - began
                said += await reply.content.read()
                wrong = self._wrong(reply.status, said)
        except (aiohttp.ClientError, TimeoutError) as problem:
            wrong = type(problem).__name__
        return Timing(first, time.perf_counter() - began, wrong)

    def _wrong(self, status: int, said: bytes) -> str:
        if status != 200:
            return str(status)
        whole = b"data: [DONE]" in said and b"word19" in said if self.stream else b'"usage"' in said
        return "" if whole else "not whole"


def _percentile(values: list[float], share: float) -> float:
    return 1000 * sorted(values)[min(len(values) - 1, int(len(values) * share))]


def figures(seconds: float, done: list[Timing]) -> dict[str, object]:
    """The figures of a load that took so many seconds."""
    good = [one for one in done if not one.wrong]
    whole, first = [one.whole for one in good] or [0.0], [one.first for one in good] or [0.0]
    return {
        "rate": len(good) / seconds,
        "p50": 1000 * statistics.median(whole),
        "p95": _percentile(whole, 0.95),
        "first_p50": 1000 * statistics.median(first),
        "first_p95": _percentile(first, 0.95),
        "errors": len(done) - len(good),
        "wrong": dict(Counter(one.wrong for one in done if one.wrong)),
    }


def main() -> None:
    """Run the load and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", help="up to and with /v1")
    parser.add_argument("model")
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--stream", action="store_true")
    options = parser.parse_args()
    load = Load(options.address, options.model, stream=options.stream, calls=options.calls)
    print(json.dumps(figures(*asyncio.run(load.run(options.clients)))))


if __name__ == "__main__":
    main()
