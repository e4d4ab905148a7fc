"""The fields of a call beside its messages: which are read, which change nothing, and why others are refused."""

from collections.abc import Callable
from typing import Any

from training.gateway.refused import Refused

MOST_STOPS, LONGEST_STOP = 4, 256
SEEDS = 2**63
IGNORED = frozenset(
    {"user", "metadata", "service_tier", "parallel_tool_calls"}
    | {"safety_identifier", "prompt_cache_key", "prompt_cache_retention"}
)
"""Fields that change nothing of what the model is told, and are taken without a word."""

_TOOLS = "Tools stand beside the system prompt in a model's template, where only the safety config may stand."
_GRAMMAR = "A grammar can put words into the model's mouth. Take {“type”: “json_object”} and say the form in a message."
_TEMPLATE = "How the conversation is put before the model belongs to the deployment."
_ANSWER = "The model begins its answers itself."
_ODDS = "An answer may be checked and replaced after it was written; its odds and alternatives are not given away."
_ONE = "One answer is given for each call; ask again for another."
_TEXT = "This gateway takes and gives text alone."
_THOUGHT = "How much a model thinks belongs to the deployment."
REASONS = {
    **dict.fromkeys(("tools", "tool_choice", "functions", "function_call"), _TOOLS),
    **dict.fromkeys(("grammar", "structured_outputs", "guided_json", "guided_regex", "guided_choice"), _GRAMMAR),
    **dict.fromkeys(("guided_grammar", "guided_decoding_backend", "json_schema", "regex"), _GRAMMAR),
    "logit_bias": "It can ban the very words of a refusal.",
    **dict.fromkeys(("logprobs", "top_logprobs", "prompt_logprobs"), _ODDS),
    **dict.fromkeys(("chat_template", "chat_template_kwargs", "add_generation_prompt", "documents"), _TEMPLATE),
    **dict.fromkeys(("continue_final_message", "prefix", "prefill", "echo", "prediction"), _ANSWER),
    **dict.fromkeys(("n", "best_of", "use_beam_search"), _ONE),
    **dict.fromkeys(("prompt", "input", "system", "instructions"), "What is said to the model goes into “messages”."),
    **dict.fromkeys(("modalities", "audio"), _TEXT),
    **dict.fromkeys(("reasoning_effort", "reasoning", "thinking", "verbosity"), _THOUGHT),
    "web_search_options": "This gateway serves no tools.",
    "store": "Nothing is stored here.",
}
"""Why a field is refused, by its name. Where a value of it means nothing at all, HARMLESS has that."""
HARMLESS: dict[str, tuple[Any, ...]] = {
    "n": (1,),
    "best_of": (1,),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "logit_bias": ({},),
    "store": (False,),
    "echo": (False,),
    "modalities": (["text"],),
}


def check_rest(body: dict[str, Any]) -> None:
    """Nothing; none of the fields is one that this gateway refuses or does not know. Raises Refused."""
    for name, value in body.items():
        if name in READ or name in IGNORED or value is None:
            continue
        shown = name[:64]
        if name not in REASONS:
            told = f"“{shown}” is not known to this gateway; leave it out."
            raise Refused(400, told, param=shown, code="unknown_parameter")
        if not any(type(value) is type(one) and value == one for one in HARMLESS.get(name, ())):
            raise Refused(400, f"“{name}” is not taken. {REASONS[name]}", param=name, code="unsupported_parameter")


def number(least: float, most: float, *, open_below: bool = False) -> Callable[[Any, str], float]:
    """A reader of numbers in a range, its lower end left out where it is open."""

    def read(value: Any, name: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refused(400, f"“{name}” is a number.", param=name, code="invalid_type")
        if value < least or (open_below and value == least):
            above = f"above {least:g}" if open_below else f"at least {least:g}"
            raise Refused(400, f"“{name}” is {above}.", param=name, code="decimal_below_min_value")
        if value > most:
            raise Refused(400, f"“{name}” is at most {most:g}.", param=name, code="decimal_above_max_value")
        return value

    return read


def whole(least: int, most: int) -> Callable[[Any, str], int]:
    """A reader of whole numbers in a range."""

    def read(value: Any, name: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Refused(400, f"“{name}” is a whole number.", param=name, code="invalid_type")
        if not least <= value <= most:
            below = value < least
            told = f"“{name}” is {'at least' if below else 'at most'} {least if below else most}."
            code = "integer_below_min_value" if below else "integer_above_max_value"
            raise Refused(400, told, param=name, code=code)
        return value

    return read


def flag(value: Any, name: str) -> bool:
    """A reader of true and false."""
    if not isinstance(value, bool):
        raise Refused(400, f"“{name}” is true or false.", param=name, code="invalid_type")
    return value


def model(value: Any, name: str) -> str:
    """A reader of a deployment's name."""
    if not isinstance(value, str) or not value:
        told = f"“{name}” is the name of a deployment, as GET /v1/models lists them."
        raise Refused(400, told, param=name, code="invalid_type")
    if len(value) > 200:
        raise Refused(400, f"“{name}” is longer than any name.", param=name, code="string_above_max_length")
    return value


def stops(value: Any, name: str) -> list[str]:
    """A reader of the texts at which an answer ends."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise Refused(400, f"“{name}” is a text or a list of texts.", param=name, code="invalid_type")
    if len(found) > MOST_STOPS:
        told = f"“{name}” holds at most {MOST_STOPS} texts."
        raise Refused(400, told, param=name, code="array_above_max_length")
    if any(not one or len(one) > LONGEST_STOP or "\0" in one for one in found):
        told = f"Each text of “{name}” has 1 to {LONGEST_STOP} characters, none of them NUL."
        raise Refused(400, told, param=name, code="invalid_value")
    return found


def answer_form(value: Any, name: str) -> str:
    """A reader of the form an answer should have: text or json_object."""
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in ("text", "json_object"):
        raise Refused(400, f"“{name}” is text or json_object. {_GRAMMAR}", param=name, code="unsupported_value")
    if unknown := sorted(value.keys() - {"type"}):
        param = f"{name}.{unknown[0][:64]}"
        raise Refused(400, f"“{param}” is not taken. {_GRAMMAR}", param=param, code="unsupported_parameter")
    return str(kind)


def usage_wanted(value: Any, name: str) -> bool:
    """A reader of `stream_options`: True when the tokens should be told at the end of a stream."""
    if not isinstance(value, dict):
        raise Refused(400, f"“{name}” is an object.", param=name, code="invalid_type")
    if unknown := sorted(value.keys() - {"include_usage", "include_obfuscation"}):
        param = f"{name}.{unknown[0][:64]}"
        raise Refused(400, f"“{param}” is not known; leave it out.", param=param, code="unknown_parameter")
    wanted = value.get("include_usage")
    return flag(wanted, f"{name}.include_usage") if wanted is not None else False


READERS: dict[str, Callable[[Any, str], Any]] = {
    "model": model,
    "stream": flag,
    "stream_options": usage_wanted,
    "temperature": number(0, 2),
    "top_p": number(0, 1, open_below=True),
    "max_tokens": whole(1, 2**31 - 1),
    "max_completion_tokens": whole(1, 2**31 - 1),
    "seed": whole(-SEEDS, SEEDS - 1),
    "stop": stops,
    "presence_penalty": number(-2, 2),
    "frequency_penalty": number(-2, 2),
    "response_format": answer_form,
}
"""How each field is read that goes on to the model or the answer."""
READ = frozenset({"messages", *READERS})
