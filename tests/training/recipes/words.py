"""A tokenizer whose tokens are words and marks, so that lengths can be counted by hand."""

import re
from typing import Any, NamedTuple

END, START = "<|end|>", "<|start|>"


class Mark(NamedTuple):
    """A special token."""

    name: str
    special: bool = True

    def __str__(self) -> str:
        return self.name


class Words:
    """A turn is `<|start|>role text<|end|>`: its words and three more; the answer's turn opens with two tokens."""

    def __init__(self) -> None:
        self.added_tokens_decoder = {0: Mark(END), 1: Mark(START)}
        self.known: dict[str, int] = {END: 0, START: 1}
        self.calls = 0

    def encode(self, text: str, *, add_special_tokens: bool = True, split_special_tokens: bool = False) -> list[int]:
        self.calls += 1
        words = re.findall(r"\w+|\S" if split_special_tokens else r"<\|end\|>|<\|start\|>|\w+|\S", text)
        return [self.known.setdefault(word, len(self.known)) for word in words]

    def apply_chat_template(self, conversation: list[dict[str, str]], **how: Any) -> str:
        turns = "".join(f"{START}{one['role']} {one['content']}{END}" for one in conversation)
        return turns + (f"{START}assistant " if how["add_generation_prompt"] else "")
