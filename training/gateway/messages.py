"""The messages of a call as they are checked one by one: who speaks, and the text; nothing else of them goes on."""

from typing import Any

from annotations.core.accents import unpiled
from training.gateway.refused import Refused

Message = dict[str, str]
USER, ASSISTANT = ROLES = ("user", "assistant")
CALLERS = ("system", "developer")
"""The roles in which the calling application speaks."""
MOST_MESSAGES, MOST_PARTS = 1000, 1000
DROPPED = frozenset({"name", "annotations", "reasoning", "reasoning_content"})
"""Fields of a message that no model is told; an answer sent back as history may hold them."""

_TOOLS = "This gateway serves no tools: their texts would stand beside the safety config."
_REASONS = {
    "tool_calls": _TOOLS,
    "function_call": _TOOLS,
    "tool_call_id": _TOOLS,
    "audio": "This gateway takes text alone.",
    "prefix": "The model begins its answers itself.",
    "prefill": "The model begins its answers itself.",
}


def read(value: Any) -> tuple[Message, ...]:
    """The messages, each with `role` and `content` alone, text parts joined by a line end.

    Raises Refused, with OpenAI's name of the place in `param`.
    """
    if not isinstance(value, list):
        raise Refused(400, "“messages” is a list of messages.", param="messages", code="invalid_type")
    if not value:
        raise Refused(400, "“messages” is empty; it needs a user's message.", param="messages", code="empty_array")
    if len(value) > MOST_MESSAGES:
        told = f"“messages” holds {len(value)} messages; at most {MOST_MESSAGES} are taken."
        raise Refused(400, told, param="messages", code="array_above_max_length")
    return tuple([_message(one, f"messages[{number}]") for number, one in enumerate(value)])


def _message(one: Any, place: str) -> Message:
    if not isinstance(one, dict):
        raise Refused(400, f"“{place}” is not an object with a role and a content.", param=place, code="invalid_type")
    role, content = _role(one.get("role"), place), one.get("content")
    for field, value in one.items():
        if field not in ("role", "content") and value is not None:
            _check_field(field, value, role, place)
    if content is None and role == ASSISTANT:
        content = one.get("refusal")
    return {"role": role, "content": _text(content, role, f"{place}.content")}


def _role(role: Any, place: str) -> str:
    if role in ROLES or role in CALLERS:
        return str(role)
    param = f"{place}.role"
    if role in ("tool", "function"):
        raise Refused(400, f"“{param}” is {role}. {_TOOLS}", param=param, code="unsupported_value")
    told = f"“{param}” is one of user, assistant, system and developer, in exactly these letters."
    raise Refused(400, told, param=param, code="invalid_type" if not isinstance(role, str) else "invalid_value")


def _check_field(field: str, value: Any, role: str, place: str) -> None:
    param = f"{place}.{field[:64]}"
    if field == "refusal" and role == ASSISTANT:
        _check_text(value, param)
    elif field in _REASONS and value != []:
        raise Refused(400, f"“{param}” is not taken. {_REASONS[field]}", param=param, code="unsupported_parameter")
    elif field not in DROPPED and field not in _REASONS:
        raise Refused(400, f"“{param}” is not known; leave it out.", param=param, code="unknown_parameter")


def _text(content: Any, role: str, place: str) -> str:
    if isinstance(content, list):
        text = "\n".join(_parts(content, role, place))
    elif isinstance(content, str):
        text = content
    else:
        told = f"“{place}” is a text or a list of text parts."
        raise Refused(400, told, param=place, code="invalid_type")
    return _check_text(text, place)


def _check_text(text: Any, place: str) -> str:
    if not isinstance(text, str):
        raise Refused(400, f"“{place}” is a text.", param=place, code="invalid_type")
    if not text.strip():
        told = f"“{place}” is empty; leave the message out, or write something in it."
        raise Refused(400, told, param=place, code="invalid_value")
    if "\0" in text:
        told = f"“{place}” holds a NUL character, at which some servers cut a text; leave it out."
        raise Refused(400, told, param=place, code="invalid_value")
    if unpiled(text) != text:
        told = f"“{place}” holds more than 30 accents on one letter, which no language writes; leave some of them out."
        raise Refused(400, told, param=place, code="invalid_value")
    return text


def _parts(parts: list[Any], role: str, place: str) -> list[str]:
    if len(parts) > MOST_PARTS:
        told = f"“{place}” holds {len(parts)} parts; at most {MOST_PARTS} are taken."
        raise Refused(400, told, param=place, code="array_above_max_length")
    return [_part(part, role, f"{place}[{number}]") for number, part in enumerate(parts)]


def _part(part: Any, role: str, place: str) -> str:
    if not isinstance(part, dict):
        raise Refused(400, f"“{place}” is not an object with a type and a text.", param=place, code="invalid_type")
    kind = part.get("type")
    if kind != "text" and not (kind == "refusal" and role == ASSISTANT):
        told = f"“{place}.type” is text: pictures, sound and files are not taken."
        raise Refused(400, told, param=f"{place}.type", code="unsupported_value")
    if unknown := sorted(part.keys() - {"type", kind}):
        param = f"{place}.{unknown[0][:64]}"
        raise Refused(400, f"“{param}” is not known; leave it out.", param=param, code="unknown_parameter")
    if not isinstance(part.get(kind), str):
        raise Refused(400, f"“{place}.{kind}” is a text.", param=f"{place}.{kind}", code="invalid_type")
    return str(part[kind])
