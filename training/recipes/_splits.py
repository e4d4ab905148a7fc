"""How tokenizers of byte pairs split a text before they merge: the name llama.cpp has for it, and what HF writes.

A GGUF file carries the name alone and tokenizer.json the rules alone, so whoever goes from one to the other needs both.
"""

from typing import Any, NamedTuple

_SMALL = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


class Split(NamedTuple):
    """The parts of tokenizer.json that say how a text is split: `pre_tokenizer` and `normalizer`."""

    pre_tokenizer: dict[str, Any]
    normalizer: dict[str, Any] | None = None


def _bytes(*, by_rule: bool) -> dict[str, Any]:
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": by_rule}


def _after(first: dict[str, Any], *, by_rule: bool) -> dict[str, Any]:
    return {"type": "Sequence", "pretokenizers": [first, _bytes(by_rule=by_rule)]}


def _pattern(rule: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": rule}, "behavior": "Isolated", "invert": False}


SPLITS = {
    "gpt-2": Split(_bytes(by_rule=True)),
    "smollm": Split(_after({"type": "Digits", "individual_digits": True}, by_rule=True)),
    "llama-bpe": Split(_after(_pattern(_SMALL + "{1,3}" + _REST), by_rule=False)),
    "qwen2": Split(_after(_pattern(_SMALL + _REST), by_rule=False), {"type": "NFC"}),
}


def name_of(tokenizer: dict[str, Any]) -> str | None:
    """llama.cpp's name for how a tokenizer.json splits; None where we know none."""
    said = _plain(tokenizer.get("pre_tokenizer")), _plain(tokenizer.get("normalizer"))
    return next((name for name, one in SPLITS.items() if said == (_plain(one[0]), _plain(one[1]))), None)


def _plain(rules: Any) -> Any:
    """The rules without offsets, which change no token."""
    if isinstance(rules, dict):
        return {key: _plain(value) for key, value in rules.items() if key != "trim_offsets"}
    return [_plain(one) for one in rules] if isinstance(rules, list) else rules
