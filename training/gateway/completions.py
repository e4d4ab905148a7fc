"""Answers as OpenAI's clients read them: whole, and in chunks. Nothing of the server behind stands in them."""

import secrets
import time
from typing import Any, NamedTuple

import orjson

DONE = b"data: [DONE]\n\n"
_FINISHES = {"length": "length", "max_tokens": "length", "content_filter": "content_filter"}


class Usage(NamedTuple):
    """Tokens of a call; `estimated` where no server told them, and they are an upper bound."""

    tokens_in: int
    tokens_out: int
    estimated: bool = False

    @property
    def total(self) -> int:
        """All of them."""
        return self.tokens_in + self.tokens_out

    def to_body(self) -> dict[str, int]:
        """As OpenAI tells it."""
        told = {"prompt_tokens": self.tokens_in, "completion_tokens": self.tokens_out}
        return told | {"total_tokens": self.total}


def finish(said: str) -> str:
    """One of OpenAI's words for the end of a text; `stop` for every end that is none of them."""
    return _FINISHES.get(said, "stop")


def whole(slug: str, text: str, refusal: str | None, said: str, usage: Usage) -> bytes:
    """A chat completion. A refusal in its own field leaves the content null, as OpenAI does."""
    message = {"role": "assistant", "content": None if refusal and not text else text, "refusal": refusal}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish(said)}
    head = {"id": new_id(), "object": "chat.completion", "created": int(time.time()), "model": slug}
    return orjson.dumps(head | {"choices": [choice], "usage": usage.to_body()})


def new_id() -> str:
    """The id of an answer."""
    return f"chatcmpl-{secrets.token_hex(12)}"


class Chunks:
    """The chunks of one streamed answer, each as the bytes of an event."""

    def __init__(self, slug: str, *, with_usage: bool) -> None:
        head = {"id": new_id(), "object": "chat.completion.chunk", "created": int(time.time()), "model": slug}
        self._with_usage = with_usage
        self._head = orjson.dumps(head)[:-1]
        usage = b',"usage":null' if with_usage else b""
        self._open = b"data: " + self._head + b',"choices":[{"index":0,"delta":'
        self._going_on = b',"logprobs":null,"finish_reason":null}]' + usage + b"}\n\n"
        self._ending = b',"logprobs":null,"finish_reason":%s}]' + usage + b"}\n\n"

    def role(self) -> bytes:
        """The first chunk."""
        return self._open + b'{"role":"assistant","content":"","refusal":null}' + self._going_on

    def text(self, text: str) -> bytes:
        """A piece of the answer."""
        return self._open + b'{"content":' + orjson.dumps(text) + b"}" + self._going_on

    def refusal(self, text: str) -> bytes:
        """A piece of a refusal in the field meant for it."""
        return self._open + b'{"refusal":' + orjson.dumps(text) + b"}" + self._going_on

    def end(self, said: str, usage: Usage) -> bytes:
        """What ends the answer: why it ends, the usage when it was asked for, and the mark of the end."""
        told = self._open + b"{}" + self._ending % orjson.dumps(finish(said))
        if self._with_usage:
            told += b"data: " + self._head + b',"choices":[],"usage":' + orjson.dumps(usage.to_body()) + b"}\n\n"
        return told + DONE


def error(body: dict[str, Any]) -> bytes:
    """The event that ends a stream which cannot go on; no mark of the end follows, for it is none."""
    return b"data: " + orjson.dumps(body) + b"\n\n"
