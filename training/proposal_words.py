"""What a model is asked for the name and definition of a cluster, and how its reply is read."""

import json
import re
import tomllib
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from string import Template
from typing import Any, NamedTuple

from annotations.core import folder
from annotations.core.storable import storable
from annotations.core.taxonomy_rows import LONGEST
from annotations.core.token_count import estimate
from training.engines import Messages

_DATA, _FILE = "training.data", "cluster_proposal.toml"
LONGEST_PROMPT, REPEATED = 400, 4_000
_FENCED = re.compile(r"```(?:json)?\s*(\{.*\})\s*```", re.DOTALL)


class Named(NamedTuple):
    """What a model proposes."""

    name: str
    definition: str


def digest() -> str:
    """SHA-256 in hexadecimal of the file that says what is asked."""
    return sha256(_text().encode()).hexdigest()


def max_tokens() -> int:
    """How many tokens a reply may have."""
    return int(_data()["max_tokens"])


def schema() -> dict[str, Any]:
    """The JSON schema of a reply."""
    found: dict[str, Any] = _data()["schema"]
    return found


def fitting(prompts: Sequence[str], context_tokens: int) -> list[str]:
    """As many of the prompts, from the first on, as a model with that context can read, each as one short line."""
    room = context_tokens - max_tokens() - estimate(_data()["system"]) - estimate(_data()["user"])
    kept: list[str] = []
    for prompt in map(_line, prompts):
        room -= estimate(prompt) + 2
        if room < 0:
            break
        kept.append(prompt)
    return kept


def messages(prompts: Sequence[str], size: int) -> Messages:
    """What is asked about a sample of prompts, each one line, out of a cluster of that size.

    The fence is a digest of what it encloses: a prompt that wants to close it would have to hold its own SHA-256.
    """
    material = "\n".join(prompts)
    fence = sha256(f"{digest()}{material}".encode()).hexdigest()[:16]
    told = {"prompts": material, "fence": fence, "shown": str(len(prompts)), "size": str(size)}
    user = Template(_data()["user"]).substitute(told)
    return [{"role": "system", "content": _data()["system"]}, {"role": "user", "content": user}]


def again(asked: Messages, reply: str) -> Messages:
    """The same conversation with a reply that could not be read, and the request for another."""
    said = {"role": "assistant", "content": _shown(reply)[-REPEATED:].strip() or "(no answer)"}
    return [*asked, said, {"role": "user", "content": _data()["ask_again"]}]


def read(reply: str) -> Named | None:
    """The proposal of a reply that is one JSON object, bare or in a code block, with just these two texts; else None.

    Nothing is looked for inside other words: a reply that repeats a prompt must not take its words for a proposal.
    """
    fenced = _FENCED.fullmatch(reply.strip())
    try:
        said = json.loads(fenced[1] if fenced else reply)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or set(said) != {"name", "definition"}:
        return None
    if not all(isinstance(text, str) for text in said.values()):
        return None
    name, definition = (" ".join(storable(said[key]).split()) for key in ("name", "definition"))
    good = 0 < len(name) <= LONGEST["name"] and 0 < len(definition) <= LONGEST["definition"]
    return Named(name, definition) if good else None


def asked_digest(asked: Messages) -> str:
    """SHA-256 in hexadecimal of everything that was asked."""
    return sha256(json.dumps(asked, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def _line(prompt: str) -> str:
    text = " ".join(_shown(prompt[: 2 * LONGEST_PROMPT]).split())
    return text if len(text) <= LONGEST_PROMPT else f"{text[: LONGEST_PROMPT - 1]}…"


def _shown(text: str) -> str:
    # many servers read the marks of chat templates, wherever they stand, as the end of a turn
    return storable(text).replace("<|", "<\u200a|")


@cache
def _text() -> str:
    return folder.text(_DATA, _FILE)


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(_text())
