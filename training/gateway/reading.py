"""What a model's server says, read from its JSON: texts, why they end, tokens. All else of it is left behind."""

import json
from typing import Any, NamedTuple

import orjson

from annotations.core.storable import storable
from training.gateway.failures import UPSTREAM, Broken, of_error

REFUSED = "refusal"
_MOST_TOKENS, _BEGINNING = 10**9, 400
Body = dict[str, Any]


class Piece(NamedTuple):
    """A piece of an answer: text, or a refusal in the field meant for it."""

    text: str
    refusal: str = ""


class Heard:
    """What one call to a model has brought so far.

    `sent` is True from when the call may have cost tokens, `read` once an answer that comes whole is here. `size`
    are the bytes of all text, thoughts included, `beginning` is that of the answer. `finish` is the server's word for
    the end, "" before it; tokens are None until it tells them.
    """

    __slots__ = ("beginning", "finish", "read", "refused", "sent", "size", "tokens_in", "tokens_out")

    def __init__(self) -> None:
        self.sent, self.read, self.refused = False, False, False
        self.size, self.beginning, self.finish = 0, "", ""
        self.tokens_in: int | None = None
        self.tokens_out: int | None = None

    def whole(self, raw: bytes) -> Piece:
        """The answer in a whole body. Raises Broken."""
        body = _value(raw)
        self.read = True
        choice = self._choice(body)
        if choice is None:
            raise Broken(UPSTREAM, "an answer without a choice")
        self._note_end(body, choice)
        return self._piece(choice.get("message"))

    def chunk(self, raw: bytes) -> Piece | None:
        """The piece in one chunk of a stream, None when it brings no text. Raises Broken."""
        body = _value(raw)
        choice = self._choice(body)
        if choice is None:
            self._note_usage(body)
            return None
        self._note_end(body, choice)
        piece = self._piece(choice.get("delta"))
        return piece if piece.text or piece.refusal else None

    def _choice(self, body: Body) -> Body | None:
        choices = body.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        choice = choice if isinstance(choice, dict) else None
        if error := body.get("error") or (choice and choice.get("error")):
            raise of_error(error)
        return choice

    def _note_end(self, body: Body, choice: Body) -> None:
        said = choice.get("finish_reason")
        if isinstance(said, str) and said:
            self.finish = said
        self._note_usage(body)

    def _note_usage(self, body: Body) -> None:
        usage = body.get("usage")
        if isinstance(usage, dict):
            told = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
            if None not in told:
                self.tokens_in, self.tokens_out = told

    def _piece(self, said: Any) -> Piece:
        if not isinstance(said, dict):
            return Piece("")
        text, refusal = _text(said.get("content")), _text(said.get("refusal"))
        self.size += _size(_text(said.get("reasoning_content") or said.get("reasoning")))
        if text:
            self.size += _size(text)
            if len(self.beginning) < _BEGINNING:
                self.beginning += text[:_BEGINNING]
        else:
            if (said.get("tool_calls") or said.get("function_call")) and not (
                refusal or self.refused or self.beginning
            ):
                raise Broken(UPSTREAM, "a tool it called instead of answering: turn the server's own tools off")
        if refusal:
            self.refused = True
            self.size += _size(refusal)
        return Piece(text, refusal)


def _value(raw: bytes) -> Body:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = _leniently(raw)
    if not isinstance(body, dict):
        raise Broken(UPSTREAM, "an answer that is no JSON object")
    return body


def _leniently(raw: bytes) -> Any:
    """As `json` reads it: halves of surrogate pairs and all, which `_text` mends."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise Broken(UPSTREAM, "an answer that is no JSON") from None


def _text(content: Any) -> str:
    """A text as it is, the texts of a list of parts joined, "" for anything else; no halves of surrogate pairs."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(part for part in parts if isinstance(part, str))
    if not isinstance(content, str):
        return ""
    return content if content.isascii() else storable(content)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and 0 <= value < _MOST_TOKENS else None
