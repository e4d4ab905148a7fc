"""Chat completions as JSON: the body one sends, and what stands in the body one gets."""

from typing import Any

from annotations.core.storable import storable
from training.engines import Ending, EngineError, Messages, Reply, Sampling
from training.engines._failures import FILTERED, NO_CHOICE, ONLY_THOUGHT, TOOL_CALLED, Spoiled

_COUNT_LIMIT = 10**9
_NAME_LIMIT = 200
REFUSED = "refusal"

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


def error_in(body: object) -> object:
    """The error that stands in an answer of status 200, in the body itself or in its first choice; None without one."""
    whole = _mapping(body)
    return whole.get("error") or _first_choice(whole).get("error") or None


def reply(body: Body, latency_ms: float, where: str) -> Reply:
    """The answer in a body of the server `where`. Raises EngineError when it holds none or it was filtered.

    A refusal in its own field is an answer, which finishes as "refusal". A content of None is an empty text.
    """
    choice = _first_choice(body)
    if not choice:
        raise Spoiled("passing", NO_CHOICE.format(where=where))
    text, finish = _text_and_finish(choice)
    usage = _mapping(body.get("usage"))
    tokens = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    return Reply(text, _identity(body), *tokens, finish, latency_ms, 1)


def _text_and_finish(choice: Body) -> tuple[str, str]:
    message, finish = _mapping(choice.get("message")), choice.get("finish_reason")
    if finish == "content_filter":
        raise EngineError("permanent", FILTERED)
    finish = storable(finish) if isinstance(finish, str) else ""
    text, refusal = _joined(message.get("content")), message.get("refusal")
    if text:
        return text, finish
    if isinstance(refusal, str) and refusal:
        return storable(refusal), REFUSED
    return _instead_of_content(message, finish), finish


def _instead_of_content(message: Body, finish: str) -> str:
    """The reasoning when there is no content at all, else an empty text. Raises EngineError for what is no answer."""
    if message.get("tool_calls") or message.get("function_call"):
        raise EngineError("permanent", TOOL_CALLED)
    thought = _joined(message.get("reasoning_content") or message.get("reasoning"))
    if thought and finish == "length":
        raise EngineError("permanent", ONLY_THOUGHT)
    return thought if message.get("content") is None else ""


def piece(chunk: object) -> str:
    """The text in one chunk of a stream, mostly a word, "" when it brings none. Raises EngineError when filtered."""
    choice = _choice(chunk)
    if getattr(choice, "finish_reason", None) == "content_filter":
        raise EngineError("permanent", FILTERED)
    delta = getattr(choice, "delta", None)
    content = getattr(delta, "content", None) or getattr(delta, "refusal", None)
    return storable(content) if isinstance(content, str) else ""


def note(chunk: object, ending: Ending) -> None:
    """Nothing; what one chunk of a stream tells besides its text stands in the ending."""
    finish, usage = getattr(_choice(chunk), "finish_reason", None), getattr(chunk, "usage", None)
    named = {name: getattr(chunk, name, None) for name in ("model", "system_fingerprint")}
    ending.identity = _identity(named) or ending.identity
    if getattr(getattr(_choice(chunk), "delta", None), "refusal", None):
        ending.finish = REFUSED
    elif isinstance(finish, str) and ending.finish != REFUSED:
        ending.finish = storable(finish)
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


def _first_choice(body: Body) -> Body:
    choices = body.get("choices")
    return _mapping(choices[0]) if isinstance(choices, list) and choices else {}


def _mapping(value: object) -> Body:
    return value if isinstance(value, dict) else {}


def _joined(content: object) -> str:
    """A text as it is, the texts of a list of parts joined, "" for anything else."""
    if isinstance(content, list):
        content = "".join(str(_mapping(part).get("text", "")) for part in content)
    return storable(content) if isinstance(content, str) else ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and 0 <= value < _COUNT_LIMIT else None


def _identity(body: Body) -> str:
    names = (body.get("model"), body.get("system_fingerprint"))
    return storable(" ".join(name for name in names if isinstance(name, str)))[:_NAME_LIMIT]
