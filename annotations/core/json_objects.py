"""The JSON objects that stand in a free text, found in time linear in its length however hostile the text is."""

import json
import re
from typing import Any, NamedTuple

_TOKEN = re.compile(r'\\["\\]|["{}]')
_OPENING = re.compile(r'\{[ \t\r\n]*+"(?:[^"\\]++|\\.)*+"[ \t\r\n]*+:', re.DOTALL)


class Place(NamedTuple):
    """A stretch text[start:end] that opens like a JSON object.

    `objects` holds the object and those nested in it in the order they close, so the whole one is last; it is empty
    when the stretch turned out not to be JSON.
    """

    start: int
    end: int
    objects: tuple[dict[str, Any], ...]


def places(text: str) -> list[Place]:
    """The outermost stretches of the text that open like a non-empty JSON object, in the order they end.

    A stretch that fails to parse hides what stands inside it: an object quoted within a broken one is a quotation.
    Work: one pass over the tokens, and each character is handed to the JSON parser at most twice.
    """
    found: list[Place] = []
    decoder, left = _Decoder(), len(text)
    for start, end in reversed(_brace_pairs(text)):
        if start < left and _OPENING.match(text, start, end):
            left = start
            found.append(Place(start, end, decoder.objects(text[start:end])))
    return found[::-1]


def _brace_pairs(text: str) -> list[tuple[int, int]]:
    """Start and end of each pair of braces that could be an object, in the order they end.

    Whether a brace lies inside a string depends only on the number of unescaped quotes before it, odd or even, as
    counted from the object's start. So there are two readings of a text, one stack serves each, and an object can
    end nowhere but at the brace its stack pairs it with.
    """
    stacks: tuple[list[int], list[int]] = ([], [])
    pairs: list[tuple[int, int]] = []
    odd = 0
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign == '"':
            odd ^= 1
        elif sign == "{":
            stacks[odd].append(token.start())
        elif sign == "}" and stacks[odd]:
            pairs.append((stacks[odd].pop(), token.end()))
    return pairs


class _Decoder:
    """Reads one source after another; made once for a text because making it costs more than a short object."""

    def __init__(self) -> None:
        self._seen: list[dict[str, Any]] = []
        self._json = json.JSONDecoder(object_pairs_hook=self._keep, strict=False)

    def objects(self, source: str) -> tuple[dict[str, Any], ...]:
        """All objects of the source in the order they close; none when it is not JSON, nests too deep or says two
        things of one key."""
        self._seen.clear()
        try:
            self._json.decode(source)
        except (ValueError, RecursionError):
            return ()
        return tuple(self._seen)

    def _keep(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs) and any(value[key] != said for key, said in pairs):
            raise ValueError("one key with two values")
        self._seen.append(value)
        return value
