"""A call as the client sent it, read and checked: only what stands in Request goes any further."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from training.gateway import fields, messages
from training.gateway.messages import Message
from training.gateway.refused import Refused

__all__ = ["MOST_BYTES", "Refused", "Request", "read"]
MOST_BYTES = 1_048_576
_UTF_8 = "Send the body as JSON in UTF-8"


class Request(NamedTuple):
    """What a client asks for. Fields that are None leave it to the deployment.

    `messages` have `role` and `content` alone. `extra` are further fields that go to the model as they are: `stop`,
    `presence_penalty`, `frequency_penalty`, `response_format` where it is a JSON object.
    """

    model: str
    messages: tuple[Message, ...]
    stream: bool = False
    include_usage: bool = False
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    extra: Mapping[str, Any] = MappingProxyType({})


def read(raw: bytes) -> Request:
    """The call in a body. Of a key that stands twice the last value counts, here and for the model.

    Raises Refused, in OpenAI's words for what is wrong where.
    """
    body = _parsed(raw)
    fields.check_rest(body)
    for name in ("model", "messages"):
        if body.get(name) is None:
            told = f"“{name}” is missing from the body."
            raise Refused(400, told, param=name, code="missing_required_parameter")
    given = {name: body[name] for name in fields.READERS if body.get(name) is not None}
    known = {name: fields.READERS[name](value, name) for name, value in given.items()}
    return _request(known, messages.read(body["messages"]))


def _request(known: dict[str, Any], said: tuple[Message, ...]) -> Request:
    if "stream_options" in known and not known.get("stream"):
        told = "“stream_options” goes with “stream”: true alone."
        raise Refused(400, told, param="stream_options", code="invalid_value")
    asked = [known[name] for name in ("max_tokens", "max_completion_tokens") if name in known]
    return Request(
        model=known["model"],
        messages=said,
        stream=known.get("stream", False),
        include_usage=known.get("stream_options", False),
        temperature=known.get("temperature"),
        top_p=known.get("top_p"),
        max_tokens=min(asked, default=None),
        seed=known.get("seed"),
        extra=_extra(known),
    )


def _extra(known: dict[str, Any]) -> dict[str, Any]:
    extra: dict[str, Any] = {name: known[name] for name in ("presence_penalty", "frequency_penalty") if name in known}
    if known.get("stop"):
        extra["stop"] = known["stop"]
    if known.get("response_format") == "json_object":
        extra["response_format"] = {"type": "json_object"}
    return extra


def _parsed(raw: bytes) -> dict[str, Any]:
    if len(raw) > MOST_BYTES:
        told = f"The body has {len(raw):,} bytes; at most {MOST_BYTES:,} are taken. Send less of the history."
        raise Refused(413, told, code="request_too_large")
    if not raw:
        raise Refused(400, "The body is empty. It is a JSON object with “model” and “messages”.", code="invalid_json")
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise Refused(400, f"The body begins with a byte order mark. {_UTF_8}, without one.", code="invalid_json")
    if b"\0" in raw:
        raise Refused(400, f"The body holds NUL bytes. {_UTF_8}.", code="invalid_json")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as problem:
        told = f"The body is no JSON that can be read: {problem.msg}, at byte {problem.pos}. {_UTF_8}."
        raise Refused(400, told, code="invalid_json") from None
    if not isinstance(body, dict):
        raise Refused(400, "The body is a JSON object with “model” and “messages”.", code="invalid_json")
    return body
