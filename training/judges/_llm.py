"""A judge that is a prompt for a language model: one TOML file, read, checked and rendered."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from string import Template
from typing import Any

from annotations.core import verdicts
from annotations.core.storable import storable
from annotations.core.verdicts import Verdict
from training.judges._case import Case

Message = dict[str, str]

FIELDS = {
    "helpfulness": "helpfulness",
    "follows_config": "follows_config",
    "addressed": "addressed",
    "risk_categories": "risks",
    "refusal": "refusal",
}
PLACEHOLDERS = {"config", "prompt", "response", "fence", "config_fence"}
KEYS = {
    "label": str,
    "about": str,
    "verdict": str,
    "max_tokens": int,
    "system": str,
    "user": str,
    "ask_again": str,
    "schema": dict,
}
REPEATED = 8_000
"""Characters of a reply without a verdict that are shown to the judge again, counted from its end."""


@dataclass(frozen=True)
class LlmJudge:
    """A prompt for a language model, the schema of its reply, and the one kind of verdict that is read from it."""

    name: str
    label: str
    about: str
    verdict: str
    system: str
    user: str
    schema: dict[str, Any] = field(hash=False)
    max_tokens: int
    ask_again: str
    source: str
    heuristic: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 of the whole file in hexadecimal, 64 characters: what a run stores beside the judge's name."""
        return _sha256(self.source)

    @property
    def gives(self) -> tuple[str, ...]:
        """The fields of Verdict that this judge fills, always exactly one."""
        return (FIELDS[self.verdict],)

    def messages(self, case: Case) -> list[Message]:
        """System and user message for a case, every placeholder filled in one pass: no text is substituted twice.

        The fences are digests of what they enclose, so a text that wants to close its own fence would have to
        contain its own SHA-256. Equal cases give equal messages; the config changes a judge's messages only if the
        judge asks for it. NUL and unpaired surrogates, which servers cut off or refuse, become U+FFFD.
        """
        config, prompt, response = storable(case.config), storable(case.prompt), storable(case.response)
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

        Of a long reply only the end is repeated; an empty one is named, as many models refuse an empty turn.
        """
        reply = storable(bad_text)[-REPEATED:].strip() or "(no answer)"
        return [*messages, {"role": "assistant", "content": reply}, {"role": "user", "content": self.ask_again}]

    def read(self, text: str) -> Verdict | None:
        """The verdict in a judge's reply, JSON or prose; None when there is none or when it contradicts itself.

        A reply that says the config is followed and names broken rules all the same is a contradiction.
        """
        value = verdicts.parse(self.verdict, text)
        if value is None:
            return None
        broken = tuple(map(storable, verdicts.broken_rules(text))) if self.verdict == "follows_config" else ()
        if value is True and broken:
            return None
        reasons = storable(verdicts.reasons(text))  # JSON can spell out what no database takes
        known: dict[str, object] = {self.gives[0]: value, "broken_rules": broken, "reasons": reasons}
        return Verdict()._replace(**known)  # type: ignore[arg-type]


def parse_llm(name: str, source: str) -> LlmJudge:
    """The judge a TOML text describes, from the folder or as stored with a run.

    Raises ValueError, in a sentence that names the judge, when the text is no TOML, a key is missing, unknown or of
    the wrong type, the verdict or a placeholder is unknown, or the schema does not ask for the verdict.
    """
    data = _toml(name, source)
    _check_keys(name, data)
    _check_templates(name, data)
    _check_schema(name, data["verdict"], data["schema"])
    return LlmJudge(name=name, source=source, **data)


def _toml(name: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError as problem:
        raise ValueError(f"The judge {name!r} is not valid TOML: {problem}.") from problem


def _check_keys(name: str, data: dict[str, Any]) -> None:
    missing, unknown = sorted(KEYS.keys() - data.keys()), sorted(data.keys() - KEYS.keys())
    if missing or unknown:
        wrong = f"lacks {_list(missing)}" if missing else f"has the unknown {_list(unknown)}"
        raise ValueError(f"The judge {name!r} {wrong}; its keys are {_list(KEYS)}.")
    for key, kind in KEYS.items():
        if type(data[key]) is not kind or not data[key]:
            raise ValueError(f"The judge {name!r} needs a filled {key!r} of the kind {kind.__name__}.")
    if data["max_tokens"] < 1:
        raise ValueError(f"The judge {name!r} needs a 'max_tokens' of at least 1.")
    if data["verdict"] not in FIELDS:
        raise ValueError(
            f"The judge {name!r} gives the unknown verdict {data['verdict']!r}; choose one of {_list(FIELDS)}."
        )


def _check_templates(name: str, data: dict[str, Any]) -> None:
    used: set[str] = set()
    for key in ("system", "user"):
        template = Template(data[key])
        if not template.is_valid():
            raise ValueError(f"The judge {name!r} has a lone $ in {key!r}; write $$ for a dollar sign.")
        used.update(template.get_identifiers())
    if unknown := sorted(used - PLACEHOLDERS):
        known = _list(sorted(PLACEHOLDERS))
        raise ValueError(f"The judge {name!r} uses the unknown placeholder {_list(unknown)}; choose from {known}.")
    needed = {"response", "config"} if data["verdict"] == "follows_config" else {"response"}
    if absent := sorted(needed - used):
        raise ValueError(f"The judge {name!r} never shows $" + " and $".join(absent) + ", which its verdict is about.")


def _check_schema(name: str, verdict: str, schema: dict[str, Any]) -> None:
    properties = schema.get("properties")
    if not isinstance(properties, dict) or verdict not in properties or verdict not in schema.get("required", []):
        raise ValueError(f"The schema of the judge {name!r} must hold and require the property {verdict!r}.")
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        raise ValueError(f"The schema of the judge {name!r} must be an object with additionalProperties = false.")


def _list(words: Iterable[str]) -> str:
    return ", ".join(repr(word) for word in words)


def _fence(*parts: str) -> str:
    # the lengths keep two different lists of parts from being the same text
    return _sha256("".join(f"{len(part)}:{part}" for part in parts))[:16]


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()
