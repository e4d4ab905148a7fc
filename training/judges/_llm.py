"""A judge that is a prompt for a language model: one TOML file, read, checked and rendered."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from string import Template
from typing import Any

from annotations.core.storable import storable
from annotations.core.taxonomy import OTHER, SLUGS
from annotations.core.verdicts import Verdict
from training.judges._case import PROMPT, READS, RESPONSE, Case
from training.judges._replies import FIELDS, READERS

Message = dict[str, str]

PLACEHOLDERS = {"config", "prompt", "response", "fence", "config_fence"}
PROMPT_PLACEHOLDERS = {"prompt", "fence"}
KEYS = {"label": str, "about": str, "verdict": str, "max_tokens": int}
PROMPT_KEYS = {"system": str, "user": str, "ask_again": str, "schema": dict}
KEYS_OF: dict[str, dict[str, type]] = {
    "verdict": KEYS | PROMPT_KEYS,
    "violation": KEYS | PROMPT_KEYS,
    "codes": KEYS | {"codes": dict},
}
"""The keys of a file by its `reply`, which is "verdict" where the file does not say; all of them are needed."""
OPTIONAL = {"reply", "reads", "taxonomy", "made_from"}
SCHEMA_KEYS = {"violation": ("violation", "rationale")}
_CODE = re.compile(r"S[1-9][0-9]*")
EMPTY = "(no answer)"
REPEATED = 8_000
"""Characters of a reply without a verdict that are shown to the judge again, counted from its end."""


@dataclass(frozen=True)
class LlmJudge:
    """A prompt for a language model, the schema of its reply, and the one kind of verdict that is read from it.

    A guard (`reply` is "codes") has neither prompt nor schema: the conversation itself is sent, and `codes` says which
    of our slugs each of its codes stands for. What `reads` a prompt is shown no response and no config. A judge of the
    risks of another taxonomy than the built-in one names it, and the digest of the wording it was `made_from`.
    """

    name: str
    label: str
    about: str
    verdict: str
    max_tokens: int
    source: str
    system: str = ""
    user: str = ""
    schema: dict[str, Any] | None = field(default=None, hash=False)
    ask_again: str = ""
    reply: str = "verdict"
    codes: dict[str, list[str]] = field(default_factory=dict, hash=False)
    heuristic: bool = False
    reads: str = RESPONSE
    taxonomy: str = ""
    made_from: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the whole file in hexadecimal, 64 characters: what a run stores beside the judge's name."""
        return _sha256(self.source)

    @property
    def gives(self) -> tuple[str, ...]:
        """The fields of Verdict that this judge fills, its own first; risks are held against the config besides."""
        own = FIELDS[self.verdict]
        return (own, "follows_config") if own == "risks" and self.reads == RESPONSE else (own,)

    @property
    def slugs(self) -> tuple[str, ...]:
        """The categories this judge sorts by, those its schema asks for."""
        told = (self.schema or {}).get("properties", {}).get("risk_categories", {})
        return tuple(told.get("required", SLUGS))

    @property
    def keys(self) -> tuple[str, str]:
        """What the schema calls the verdict and its reasons."""
        return SCHEMA_KEYS.get(self.reply, (self.verdict, "reasons"))

    def messages(self, case: Case) -> list[Message]:
        """System and user message for a case, every placeholder filled in one pass: no text is substituted twice.

        The fences are digests of what they enclose, so a text that wants to close its own fence would have to
        contain its own SHA-256. Equal cases give equal messages; the config changes a judge's messages only if the
        judge asks for it. A guard gets the conversation as it was, and nothing else. `_shown` says what is changed.
        """
        config, prompt, response = _shown(case.config), _shown(case.prompt), _shown(case.response)
        if self.reply == "codes":
            return _conversation(prompt, response)
        values = {
            "config": config,
            "prompt": prompt,
            "response": response,
            "fence": _fence(self.digest, prompt, response),
            "config_fence": _fence(self.digest, config),
        }
        return [
            {"role": "system", "content": Template(self.system).substitute(values)},
            {"role": "user", "content": Template(self.user).substitute(values)},
        ]

    def repair(self, messages: list[Message], bad_text: str) -> list[Message]:
        """The same conversation, longer by the reply that held no verdict and the request for one; for one more try.

        Of a long reply only the end is repeated; an empty one is named, as many models refuse an empty turn. A guard is
        sent the same once more: it would take our question for a part of what it judges.
        """
        if not self.ask_again:
            return messages
        reply = _shown(bad_text)[-REPEATED:].strip() or EMPTY
        return [*messages, {"role": "assistant", "content": reply}, {"role": "user", "content": self.ask_again}]

    def read(self, text: str, allowed: frozenset[str] | None = None) -> Verdict | None:
        """The verdict in a judge's reply; None when there is none or when it contradicts itself.

        A judge of risks holds them against `allowed`, the slugs the config opens: that is its `follows_config`, None
        where `allowed` is not given. A prompt is held against none.
        """
        return READERS[self.reply](self, text, allowed if self.reads == RESPONSE else None)


def parse_llm(name: str, source: str) -> LlmJudge:
    """The judge a TOML text describes, from the folder or as stored with a run.

    Raises ValueError, in a sentence that names the judge, when the text is no TOML, a key is missing, unknown or of
    the wrong type, the verdict or a placeholder is unknown, or the schema does not ask for the verdict.
    """
    data = _toml(name, source)
    _check_keys(name, data)
    if data.get("reply") == "codes":
        _check_codes(name, data)
    else:
        _check_templates(name, data)
    judge = LlmJudge(name=name, source=source, **data)
    _check_schema(judge)
    return judge


def _toml(name: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError as problem:
        raise ValueError(f"The judge {name!r} is not valid TOML: {problem}.") from problem


def _check_keys(name: str, data: dict[str, Any]) -> None:
    reply = data.get("reply", "verdict")
    if not isinstance(reply, str) or reply not in KEYS_OF:
        raise ValueError(f"The judge {name!r} has the unknown reply {reply!r}; choose one of {_list(KEYS_OF)}.")
    needed = KEYS_OF[reply]
    missing, unknown = sorted(needed.keys() - data.keys()), sorted(data.keys() - needed.keys() - OPTIONAL)
    if missing or unknown:
        wrong = f"lacks {_list(missing)}" if missing else f"has the unknown {_list(unknown)}"
        raise ValueError(f"The judge {name!r} {wrong}; its keys are {_list(needed)}.")
    for key, kind in needed.items():
        if type(data[key]) is not kind or not data[key]:
            raise ValueError(f"The judge {name!r} needs a filled {key!r} of the kind {kind.__name__}.")
    if data["max_tokens"] < 1:
        raise ValueError(f"The judge {name!r} needs a 'max_tokens' of at least 1.")
    _check_reads(name, data, reply)
    _check_verdict(name, data["verdict"], PROMPT if data.get("reads") == PROMPT else reply)


def _check_reads(name: str, data: dict[str, Any], reply: str) -> None:
    reads = data.get("reads", RESPONSE)
    if reads not in READS or (reads == PROMPT and reply != "verdict"):
        raise ValueError(f"The judge {name!r} reads {reads!r}; choose one of {_list(READS)}, a guard a response.")


def _check_verdict(name: str, verdict: str, by: str) -> None:
    risks = ["risk_categories"]
    known = {"verdict": list(FIELDS), "violation": ["follows_config"], "codes": risks, PROMPT: risks}[by]
    if verdict not in known:
        raise ValueError(f"The judge {name!r} gives the unknown verdict {verdict!r}; choose one of {_list(known)}.")


def _check_codes(name: str, data: dict[str, Any]) -> None:
    for code, slugs in data["codes"].items():
        if not _CODE.fullmatch(code) or not _are_slugs(slugs):
            raise ValueError(
                f"The judge {name!r} needs codes such as S1, each with a list of slugs out of {_list(SLUGS)}; "
                f"{code!r} is not so."
            )


def _are_slugs(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(slug in SLUGS for slug in value)


def _check_templates(name: str, data: dict[str, Any]) -> None:
    used: set[str] = set()
    for key in ("system", "user"):
        template = Template(data[key])
        if not template.is_valid():
            raise ValueError(f"The judge {name!r} has a lone $ in {key!r}; write $$ for a dollar sign.")
        used.update(template.get_identifiers())
    offered = PROMPT_PLACEHOLDERS if data.get("reads") == PROMPT else PLACEHOLDERS
    if unknown := sorted(used - offered):
        known = _list(sorted(offered))
        raise ValueError(f"The judge {name!r} uses the unknown placeholder {_list(unknown)}; choose from {known}.")
    needed = {data.get("reads", RESPONSE)} | ({"config"} if data["verdict"] == "follows_config" else set())
    if absent := sorted(needed - used):
        raise ValueError(f"The judge {name!r} never shows $" + " and $".join(absent) + ", which its verdict is about.")


def _check_schema(judge: LlmJudge) -> None:
    if judge.schema is None:
        return
    name, properties, required = judge.name, judge.schema.get("properties"), judge.schema.get("required", [])
    if not isinstance(properties, dict) or judge.keys[0] not in properties or judge.keys[0] not in required:
        raise ValueError(f"The schema of the judge {name!r} must hold and require the property {judge.keys[0]!r}.")
    if judge.schema.get("type") != "object" or judge.schema.get("additionalProperties") is not False:
        raise ValueError(f"The schema of the judge {name!r} must be an object with additionalProperties = false.")
    if len(set(judge.slugs)) < len(judge.slugs) or OTHER not in judge.slugs:
        raise ValueError(f"The schema of the judge {name!r} must require each category once, and {OTHER!r}.")


def _conversation(prompt: str, response: str) -> list[Message]:
    turns = {"user": prompt, "assistant": response}
    # many servers refuse an empty turn
    return [{"role": role, "content": text if text.strip() else EMPTY} for role, text in turns.items()]


def _shown(text: str) -> str:
    """The text as judges are sent it. NUL and unpaired surrogates, which servers cut off or refuse, become U+FFFD.

    The marks of chat templates, `<|…|>`, are set apart by a hair space: many servers read them in a text as the end of
    a turn, so that a response could speak as somebody else.
    """
    return storable(text).replace("<|", "<\u200a|")


def _list(words: Iterable[str]) -> str:
    return ", ".join(repr(word) for word in words)


def _fence(*parts: str) -> str:
    # the lengths keep two different lists of parts from being the same text
    return _sha256("".join(f"{len(part)}:{part}" for part in parts))[:16]


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()
