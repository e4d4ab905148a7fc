"""From a row of the model registry to an engine one can call."""

import asyncio
import os
import time
from typing import NamedTuple

from annotations.models import LanguageModel
from training import engines
from training.engines import Endpoint, Engine, EngineError, Reply, Sampling
from training.services import fetching, model_keys, places, reaching, serving

EMBEDDED = "embedded"
"""The engine whose model, when no weights are named, is the packaged one."""


def endpoint(model: LanguageModel) -> Endpoint:
    """Where and how to reach the model, or how to start its server.

    The weights of a checkpoint that lie elsewhere are brought by its server's start. In an event loop, `fetching.known`
    comes before it. Raises EngineError when its key cannot be had in this process, or its weights lie on another node
    and are no checkpoint's.
    """
    key = model_keys.of(model)
    files = fetching.of(model) if places.started(model) and model.weights else None
    if files is None and (told := places.away(model)):
        raise EngineError("permanent", told)
    packaged = model.engine == EMBEDDED and not model.weights
    address = model.base_url or (os.environ.get("COSA_EMBEDDED_URL", "") if packaged else "")
    typed = model.base_url.startswith(("http://", "https://"))
    reached = Endpoint(address, model.model, key, model.timeout, model.patience, model.max_concurrency)
    if typed:
        return reached._replace(reach=reaching.rules())
    if address or not places.started(model):
        return reached
    own = serving.of(model)._replace(files=files)
    return reached._replace(weights=files.path if files else model.weights, serving=own)


def engine(model: LanguageModel, *, patience: float | None = None) -> Engine:
    """A new engine for the model, with its own patience in seconds or another; close it after use.

    Raises EngineError when it cannot be made.
    """
    reached = endpoint(model)
    try:
        return engines.load(model.engine)(reached if patience is None else reached._replace(patience=patience))
    except LookupError as missing:
        raise EngineError("permanent", str(missing)) from missing


class Trial(NamedTuple):
    """What one test call came to: a reply or an error in words, and the seconds it took."""

    reply: Reply | None
    error: str
    seconds: float


def try_model(model: LanguageModel, prompt: str, *, patience: float = 20) -> Trial:
    """One call to the model, waiting at most `patience` seconds in all, or the model's own patience when that is less.

    Never raises: the error is in the answer.
    """
    patience = min(patience, model.patience)
    fetching.known(model)
    start = time.perf_counter()
    reply, error = None, ""
    try:
        reply = asyncio.run(_one_call(model, prompt, patience))
    except EngineError as problem:
        error = problem.message
    except TimeoutError:
        error = f"No answer within {patience:g} seconds. Is the model's server running and not overloaded?"
    return Trial(reply, error, time.perf_counter() - start)


async def _one_call(model: LanguageModel, prompt: str, patience: float) -> Reply:
    reached = engine(model, patience=patience)
    sampling = Sampling(max_tokens=min(model.max_tokens, 128))
    call = asyncio.ensure_future(reached.chat([{"role": "user", "content": prompt}], sampling))
    try:
        await asyncio.wait({call}, timeout=patience + 1)
        if call.done():
            return call.result()
        if trouble := reached.trouble:
            raise EngineError("passing", f"{trouble} Test it again in a while.")
        raise TimeoutError
    finally:
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await reached.close()
