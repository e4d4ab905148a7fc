"""transformers: its own small server, on the processor or on a card, where there is neither vLLM nor a GGUF file.

It runs in the environment that trains (COSA_TRAINING_PYTHON), writes one answer after another, and takes no schema.
"""

import os
from pathlib import Path

from training.engines import Endpoint, Engine, EngineError, openai_http
from training.engines._served import ServedEngine
from training.engines._server import Launch

LABEL = "transformers"
NOTE = "The fallback for weights without vLLM: slow, one answer at a time, on the processor or on a card."
STARTS = True
ENVIRONMENT = "TRAINING_PYTHON"

_START_SECONDS = 600.0
_MISSING = "The training environment is not installed on this machine. Run: make training"
_NO_WEIGHTS = "The model has neither an address nor weights. Enter one of them on its page."


def engine(endpoint: Endpoint) -> Engine:
    """An engine for the server at `endpoint.base_url`, or without one for a server this process starts when needed.

    Raises EngineError where transformers is not installed.
    """
    if endpoint.base_url:
        return openai_http.engine(endpoint)
    return ServedEngine(endpoint, launch(endpoint), schemas=False)


def launch(endpoint: Endpoint) -> Launch:
    """How the server of the endpoint's weights is started. Raises EngineError.

    It answers by the name of the weights alone, and it says what it offers only where the hub's cache is a folder.
    """
    if not endpoint.weights:
        raise EngineError("permanent", _NO_WEIGHTS)
    if not endpoint.serving.python:
        raise EngineError("permanent", _MISSING)
    options = endpoint.serving.options
    on_cards = bool(options.get("gpus"))
    device = ["--device", "cuda" if on_cards else "cpu"]
    dtype = ["--dtype", str(options.get("dtype") or ("auto" if on_cards else "float32"))]

    def module(port: int) -> list[str]:
        where = ["--host", "127.0.0.1", "--port", str(port)]
        return ["transformers.cli.transformers", "serve", endpoint.weights, *device, *dtype, *where]

    told = {} if _cache().is_dir() else {"HF_HUB_CACHE": endpoint.serving.logs or str(Path.home())}
    return Launch(LABEL, endpoint.model, endpoint.weights, module, endpoint.serving, _START_SECONDS, told)


def _cache() -> Path:
    """The folder of the hub's cache, which need not be there."""
    home = os.environ.get("HF_HOME") or str(Path.home() / ".cache" / "huggingface")
    return Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub")
