"""The small model that ships in a package, served by llama.cpp in a process of its own over the OpenAI protocol.

Weights in a GGUF file are served the same way. By hand:
`python -m training.engines.embedded --port 8081` serves until SIGTERM; its address can be shared between processes.
"""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from training.engines import Endpoint, Engine, openai_http
from training.engines._child import model_file
from training.engines._served import ServedEngine
from training.engines._server import Launch

LABEL = "Built-in llama.cpp"
NOTE = (
    "The small model in its package, or a GGUF file, on the processor. The small model is plumbing: it proves the path "
    "from prompt to answer. It is no safe assistant and no judge."
)

STARTS = True
PROGRAM = "llama.cpp"

SLOTS, SLOT_CONTEXT, MOST_CONTEXT = 4, 2048, 8192
_CACHE_MIB = 64
_PARENT_SECONDS, _START_SECONDS = 0.5, 90.0
_ROOT = Path(__file__).resolve().parents[2]


def engine(endpoint: Endpoint) -> Engine:
    """An engine for the server at `endpoint.base_url`, or without one for a server this process starts when needed.

    Raises EngineError when the packaged model is wanted and not installed.
    """
    named = endpoint if endpoint.model else endpoint._replace(model="SmolLM2-135M-Instruct")
    return openai_http.engine(named) if endpoint.base_url else ServedEngine(named, launch(named))


def launch(endpoint: Endpoint) -> Launch:
    """How the server of the endpoint's GGUF file is started; without weights it is the packaged model's."""
    serving = endpoint.serving._replace(python=sys.executable, cards=None)
    command = ["training.engines.embedded", "--port", "0", "--model", endpoint.weights or str(model_file())]
    if endpoint.weights:
        context = min(int(serving.options.get("context") or SLOT_CONTEXT), MOST_CONTEXT)
        command += ["--name", endpoint.model, "--ctx", str(SLOTS * context)]
    # OpenMP reads how its threads wait when the library loads, and modules are found from the folder of the project.
    told = {"OMP_WAIT_POLICY": "passive", "PYTHONPATH": str(_ROOT)}
    model = endpoint.model if endpoint.weights else "packaged"  # which is the same by every name
    return Launch(PROGRAM, model, endpoint.model, lambda port: command, serving, _START_SECONDS, told, True)


def _server(path: Path, name: str, port: int, slots: int, context: int) -> Any:
    """A running llama.cpp server on loopback; it answers as long as the object lives."""
    # OpenMP's threads spin while they wait, which halves the speed when another program wants a core. Told to sleep,
    # two beat one on idle cores and equal it on busy ones (docs/performance.md). Read when the library loads.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from xllamacpp import CommonParams, Server

    settings = CommonParams()
    settings.model.path, settings.model_alias = str(path), {name or path.name.partition(".")[0]}
    settings.hostnames, settings.port = ["127.0.0.1"], port
    settings.n_parallel, settings.n_ctx = slots, context or slots * SLOT_CONTEXT
    threads = max(2, (os.cpu_count() or 2) - 1)
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = threads
    settings.ui = settings.endpoint_slots = False  # the slots' page would show prompts
    settings.cache_ram_mib = _CACHE_MIB  # 8 GiB by default
    return Server(settings)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.engines.embedded", description=NOTE)
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1; 0 lets the system choose")
    parser.add_argument("--model", type=Path, help="a GGUF file; without it the packaged model")
    parser.add_argument("--name", default="", help="what it calls itself; without it the file's name")
    parser.add_argument("--slots", type=int, default=SLOTS, help="answers written at one time")
    parser.add_argument(
        "--ctx", type=int, default=0, help=f"tokens of context for all slots together; 0: {SLOT_CONTEXT} for each"
    )
    parser.add_argument("--parent", type=int, default=os.getppid(), help="ends with this process")
    return parser.parse_args()


def main() -> None:
    """Serve until SIGTERM, SIGINT or the end of the parent; one line of JSON says the address once it answers."""
    options, ended = _options(), threading.Event()
    server = _server(options.model or model_file(), options.name, options.port, options.slots, options.ctx)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *unused: ended.set())
    sys.stdout.write(json.dumps({"address": server.listening_address}) + "\n")
    sys.stdout.flush()
    while os.getppid() == options.parent and not ended.wait(_PARENT_SECONDS):
        pass


if __name__ == "__main__":
    main()
