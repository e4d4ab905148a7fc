"""A conversation as token ids, as its chat template has it; what a person or model wrote never becomes a mark of it."""

import re
from collections.abc import Iterable
from typing import Any, Protocol

Messages = list[dict[str, str]]
# the private use area: characters without a meaning, of which one is surely in none of the texts
_FREE = [chr(point) for point in range(0xE000, 0xF8FF)]


class Tokenizer(Protocol):
    """What is asked of a tokenizer; those of transformers have it."""

    added_tokens_decoder: Any

    def encode(self, text: str, **how: Any) -> list[int]:
        """The ids of a text."""

    def apply_chat_template(self, conversation: Messages, **how: Any) -> Any:
        """The conversation as one text, where `tokenize` is False."""


def ids(tokenizer: Tokenizer, messages: Messages, *, answer_next: bool = False) -> list[int]:
    """The ids of the conversation; with `answer_next` up to where the model's own words begin.

    Where a text holds a special token such as `<|im_end|>` as plain characters, it is read as these characters; every
    other conversation has the very ids that TRL and a server would give it.
    """
    found = _special(tokenizer)
    if not (found and any(found.search(one["content"]) for one in messages)):
        return _encoded(tokenizer, _rendered(tokenizer, messages, answer_next))
    mark = _unused(one["content"] for one in messages)
    texts = [{**one, "content": found.sub(lambda hit: f"{mark}{hit[0]}{mark}", one["content"])} for one in messages]
    pieces = _rendered(tokenizer, texts, answer_next).split(mark)
    return [
        one
        for number, piece in enumerate(pieces)
        for one in _encoded(tokenizer, piece, **({"split_special_tokens": True} if number % 2 else {}))
    ]


def _special(tokenizer: Tokenizer) -> re.Pattern[str] | None:
    tokens = {str(one) for one in tokenizer.added_tokens_decoder.values() if one.special}
    return re.compile("|".join(sorted(map(re.escape, tokens), key=len, reverse=True))) if tokens else None


def _unused(texts: Iterable[str]) -> str:
    used = set("".join(texts))
    return next(one for one in _FREE if one not in used)


def _rendered(tokenizer: Tokenizer, messages: Messages, answer_next: bool) -> str:
    return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=answer_next))


def _encoded(tokenizer: Tokenizer, text: str, **how: Any) -> list[int]:
    return list(tokenizer.encode(text, add_special_tokens=False, **how)) if text else []
