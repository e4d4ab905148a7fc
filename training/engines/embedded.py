"""The small model that ships in a package, served by llama.cpp in a process of its own over the OpenAI protocol.

The server is started on the first call, shared by all engines of this process and ended with it. By hand:
`python -m training.engines.embedded --port 8081` serves until SIGTERM; its address can be shared between processes.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from training.engines import Ending, Endpoint, Engine, Messages, Reply, Sampling, openai_http
from training.engines._child import Child, model_file

LABEL = "Small built-in model"
NOTE = "A plumbing model: it proves the path from prompt to answer. It is no safe assistant and no judge."

SLOTS, SLOT_CONTEXT = 4, 2048
_CACHE_MIB = 64
_PARENT_SECONDS = 0.5

_child = Child()


def engine(endpoint: Endpoint) -> Engine:
    """An engine for the server at `endpoint.base_url`, or without one for a server this process starts when needed."""
    named = endpoint if endpoint.model else endpoint._replace(model="SmolLM2-135M-Instruct")
    return openai_http.engine(named) if endpoint.base_url else EmbeddedEngine(named)


class EmbeddedEngine:
    """Starts the server when it does not run, then speaks to it; see Engine for what its methods give back."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint, self._limit = endpoint, endpoint.max_concurrency
        self._engines: dict[str, openai_http.OpenAIEngine] = {}

    @property
    def limit(self) -> int:
        """Calls open at one time; the server answers SLOTS of them together."""
        return self._limit

    @limit.setter
    def limit(self, places: int) -> None:
        self._limit = places
        for reached in self._engines.values():
            reached.limit = places

    @property
    def trouble(self) -> str:
        """Why calls wait, in words; empty when none waits."""
        return next((reached.trouble for reached in self._engines.values() if reached.trouble), "")

    def give_up(self) -> None:
        """End every call that waits for a place or for its next try, and every later one, with a passing error."""
        for reached in self._engines.values():
            reached.give_up()

    @property
    def waiting(self) -> int:
        """Calls that now wait for their next try."""
        return sum(reached.waiting for reached in self._engines.values())

    @property
    def next_try(self) -> float:
        """Seconds until the nearest next try; 0 when no call waits."""
        return min((reached.next_try for reached in self._engines.values() if reached.waiting), default=0.0)

    async def chat(self, messages: Messages, sampling: Sampling, schema: dict[str, Any] | None = None) -> Reply:
        """The whole answer. Raises EngineError, permanent when the model's packages are not installed."""
        return await (await self._reached()).chat(messages, sampling, schema)

    async def stream(self, messages: Messages, sampling: Sampling, ending: Ending | None = None) -> AsyncIterator[str]:
        """The answer in pieces. Raises EngineError."""
        async for piece in (await self._reached()).stream(messages, sampling, ending):
            yield piece

    async def close(self) -> None:
        """End the connections; the server stays for other engines of this process."""
        for reached in self._engines.values():
            await reached.close()

    async def _reached(self) -> openai_http.OpenAIEngine:
        """The engine for the server's address, a new one when the server had to be started again elsewhere."""
        address = await asyncio.to_thread(_child.address)
        if address not in self._engines:
            here = self._endpoint._replace(base_url=address, max_concurrency=self._limit)
            self._engines[address] = openai_http.engine(here)
        return self._engines[address]


def _server(path: Path, port: int, slots: int, context: int) -> Any:
    """A running llama.cpp server on loopback; it answers as long as the object lives."""
    # OpenMP's threads spin while they wait, which halves the speed when another program wants a core. Told to sleep,
    # two beat one on idle cores and equal it on busy ones (docs/performance.md). Read when the library loads.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from xllamacpp import CommonParams, Server

    settings = CommonParams()
    settings.model.path, settings.model_alias = str(path), {path.name.partition(".")[0]}
    settings.hostnames, settings.port = ["127.0.0.1"], port
    settings.n_parallel, settings.n_ctx = slots, max(context, slots * SLOT_CONTEXT)
    threads = max(2, (os.cpu_count() or 2) - 1)
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = threads
    settings.ui = settings.endpoint_slots = False  # the slots' page would show prompts
    settings.cache_ram_mib = _CACHE_MIB  # 8 GiB by default
    return Server(settings)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.engines.embedded", description=NOTE)
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1; 0 lets the system choose")
    parser.add_argument("--model", type=Path, help="a GGUF file; without it the packaged model")
    parser.add_argument("--slots", type=int, default=SLOTS, help="answers written at one time")
    parser.add_argument(
        "--ctx", type=int, default=SLOTS * SLOT_CONTEXT, help="tokens of context for all slots together"
    )
    parser.add_argument("--parent", type=int, default=os.getppid(), help="ends with this process")
    return parser.parse_args()


def main() -> None:
    """Serve until SIGTERM, SIGINT or the end of the parent; one line of JSON says the address once it answers."""
    options, ended = _options(), threading.Event()
    server = _server(options.model or model_file(), options.port, options.slots, options.ctx)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *unused: ended.set())
    sys.stdout.write(json.dumps({"address": server.listening_address}) + "\n")
    sys.stdout.flush()
    while os.getppid() == options.parent and not ended.wait(_PARENT_SECONDS):
        pass


if __name__ == "__main__":
    main()
