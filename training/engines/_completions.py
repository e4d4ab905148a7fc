"""Chat completions as JSON: the body one sends, and what stands in the body one gets."""

from typing import Any

from annotations.core.storable import storable
from training.engines import Ending, EngineError, Messages, Reply, Sampling
from training.engines._failures import FILTERED

_COUNT_LIMIT = 10**9
_NAME_LIMIT = 200

Body = dict[str, Any]


def request_body(model: str, messages: Messages, sampling: Sampling, schema: Body | None = None) -> Body:
    """The body of a chat completion: every sampling field is sent, so that no server's own default counts."""
    body: Body = {"model": model, "messages": messages, "temperature": sampling.temperature}
    body |= {"max_tokens": sampling.max_tokens, "top_p": sampling.top_p}
    if sampling.seed is not None:
        body["seed"] = sampling.seed
    if schema is not None:
        named = {"name": "answer", "strict": True, "schema": schema}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    return body


def reply(body: Body, latency_ms: float) -> Reply:
    """The answer in a body; an empty text without choices or content. Raises EngineError when it was filtered."""
    choices = body.get("choices")
    choice = _mapping(choices[0]) if isinstance(choices, list) and choices else {}
    finish, usage = choice.get("finish_reason"), _mapping(body.get("usage"))
    if finish == "content_filter":
        raise EngineError("permanent", FILTERED)
    tokens = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    text = _text(_mapping(choice.get("message")))
    return Reply(text, _identity(body), *tokens, storable(finish) if isinstance(finish, str) else "", latency_ms, 1)


def piece(chunk: object) -> str:
    """The text in one chunk of a stream, mostly a word, "" when it brings none. Raises EngineError when filtered."""
    choice = _choice(chunk)
    if getattr(choice, "finish_reason", None) == "content_filter":
        raise EngineError("permanent", FILTERED)
    content = getattr(getattr(choice, "delta", None), "content", None)
    return storable(content) if isinstance(content, str) else ""


def note(chunk: object, ending: Ending) -> None:
    """Nothing; what one chunk of a stream tells besides its text stands in the ending."""
    finish, usage = getattr(_choice(chunk), "finish_reason", None), getattr(chunk, "usage", None)
    named = {name: getattr(chunk, name, None) for name in ("model", "system_fingerprint")}
    ending.identity = _identity(named) or ending.identity
    ending.finish = storable(finish) if isinstance(finish, str) else ending.finish
    if usage is not None:
        ending.tokens_in = _count(getattr(usage, "prompt_tokens", None))
        ending.tokens_out = _count(getattr(usage, "completion_tokens", None))


def model_names(body: object, limit: int) -> list[str]:
    """The first names in a server's list of models, none when the body is no such list."""
    listed = _mapping(body).get("data")
    models = [_mapping(model) for model in listed] if isinstance(listed, list) else []
    return [storable(model["id"])[:_NAME_LIMIT] for model in models if isinstance(model.get("id"), str)][:limit]


def _choice(chunk: object) -> object:
    choices = getattr(chunk, "choices", None)
    return choices[0] if isinstance(choices, list) and choices else None


def _mapping(value: object) -> Body:
    return value if isinstance(value, dict) else {}


def _text(message: Body) -> str:
    """The content; the reasoning only when there is no content at all; the parts of a list are joined."""
    content = message.get("content")
    if content is None:
        content = message.get("reasoning_content")
    if isinstance(content, list):
        content = "".join(str(_mapping(part).get("text", "")) for part in content)
    return storable(content) if isinstance(content, str) else ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and 0 <= value < _COUNT_LIMIT else None


def _identity(body: Body) -> str:
    names = (body.get("model"), body.get("system_fingerprint"))
    return storable(" ".join(name for name in names if isinstance(name, str)))[:_NAME_LIMIT]
