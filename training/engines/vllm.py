"""vLLM: one that runs already at an address, or one that this process starts for a folder of weights or a hub id.

It runs in an environment of its own (COSA_VLLM_PYTHON). A LoRA adapter is loaded as the server starts, under the
model's own name and never another one: what stands in a cache of prefixes was made by this adapter.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.engines import Endpoint, Engine, EngineError, Serving, openai_http
from training.engines._served import ServedEngine
from training.engines._server import Launch

LABEL = "vLLM"
NOTE = "For graphics cards: a server that runs already, or one that is started here when a run needs it."
STARTS = True
ENVIRONMENT, CARDS = "VLLM_PYTHON", 1

RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks of adapters that vLLM makes room for."""
FLAGS = {
    "context": "--max-model-len",
    "memory": "--gpu-memory-utilization",
    "dtype": "--dtype",
    "at_once": "--max-num-seqs",
}
"""What a model's options are called on the command line."""
_START_SECONDS = 1200.0
_MISSING = (
    "vLLM is not installed for this worker. Make an environment that has it and set COSA_VLLM_PYTHON to its Python."
)
_NO_WEIGHTS = "The model has neither an address nor weights. Enter one of them on its page."


def engine(endpoint: Endpoint) -> Engine:
    """An engine for the server at `endpoint.base_url`, or without one for a server this process starts when needed.

    Raises EngineError where vLLM is not installed or an option cannot be used.
    """
    return openai_http.engine(endpoint) if endpoint.base_url else ServedEngine(endpoint, launch(endpoint))


def launch(endpoint: Endpoint) -> Launch:
    """How the server of the endpoint's weights is started. Raises EngineError."""
    if not endpoint.weights:
        raise EngineError("permanent", _NO_WEIGHTS)
    if not endpoint.serving.python:
        raise EngineError("permanent", _MISSING)
    common = [*_weights(endpoint), *_options(endpoint.serving)]

    def module(port: int) -> list[str]:
        where = ["--host", "127.0.0.1", "--port", str(port)]
        return ["vllm.entrypoints.cli.main", "serve", *common, *where]

    return Launch(LABEL, endpoint.model, endpoint.model, module, endpoint.serving, _START_SECONDS)


def _weights(endpoint: Endpoint) -> list[str]:
    """The weights under the model's name; those of an adapter's base under another, for nobody is to ask it by ours."""
    base = str(endpoint.serving.options.get("base") or "")
    if not base:
        return [endpoint.weights, "--served-model-name", endpoint.model]
    named = [base, "--served-model-name", f"{endpoint.model}-base", "--enable-lora", "--max-loras", "1"]
    return [*named, "--lora-modules", f"{endpoint.model}={endpoint.weights}", "--max-lora-rank", str(_rank(endpoint))]


def _options(serving: Serving) -> list[str]:
    options = serving.options
    told = ["--generation-config", "vllm", "--tensor-parallel-size", str(max(1, int(options.get("gpus") or 0)))]
    for name, flag in FLAGS.items():
        if options.get(name):
            told += [flag, str(options[name])]
    eager = ["--enforce-eager"] if options.get("eager") else []
    return [*told, *eager, "--uvicorn-log-level", "warning"]


def _rank(endpoint: Endpoint) -> int:
    """The least rank vLLM makes room for that holds the adapter's. Raises EngineError when its folder does not say."""
    try:
        said: Mapping[str, Any] = json.loads((Path(endpoint.weights) / "adapter_config.json").read_text("utf-8"))
        return next(rank for rank in RANKS if rank >= int(said["r"]))
    except (OSError, ValueError, KeyError, TypeError) as problem:
        told = f"{endpoint.weights} is no folder of an adapter: its adapter_config.json does not say its rank."
        raise EngineError("permanent", told) from problem
    except StopIteration as problem:
        raise EngineError("permanent", f"The adapter's rank is above {RANKS[-1]}, the most vLLM takes.") from problem
