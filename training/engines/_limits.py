"""What a server says in its headers about how many calls it still takes, and when it takes more."""

import re
import time
from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple

_PAIRS = (
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
)
_TOKENS = "tokens"
_PARTS = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_WHOLE = re.compile(rf"(?:{_PARTS.pattern})+")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_MOMENT, _MOMENT_MS = 10**9, 10**11  # larger numbers are no duration but a time since 1970


class Allowance(NamedTuple):
    """How many calls a server takes in the next `seconds`."""

    calls: int
    seconds: float


def allowance(headers: Mapping[str, str]) -> Allowance | None:
    """The narrowest allowance in the headers of an answer, None when they name none.

    Tokens left are no number of calls, so they count only when there are none.
    """
    found = [told for names in _PAIRS if (told := _told(headers, *names)) is not None]
    return min(found, default=None)


def reset(headers: Mapping[str, str]) -> float | None:
    """Seconds until a server that takes no call now takes one again, None when its headers do not say."""
    spent = [seconds for left, at in _PAIRS if _number(headers.get(left)) == 0 and (seconds := _seconds(headers, at))]
    known = [seconds for _, at in _PAIRS if (seconds := _seconds(headers, at)) is not None]
    return max(spent) if spent else min(known, default=None)


def _told(headers: Mapping[str, str], left: str, at: str) -> Allowance | None:
    calls = _number(headers.get(left))
    if calls is None or (calls > 0 and left.endswith(_TOKENS)):
        return None
    seconds = _seconds(headers, at)
    return None if seconds is None else Allowance(int(calls), seconds)


def _seconds(headers: Mapping[str, str], name: str) -> float | None:
    """The seconds in a header like `12`, `1.5s`, `6m0s`, `120ms` or a time since 1970."""
    said = headers.get(name, "").strip().lower()
    number = _number(said)
    if number is None:
        return (
            sum(float(size) * _UNITS[unit] for size, unit in _PARTS.findall(said)) if _WHOLE.fullmatch(said) else None
        )
    if number >= _MOMENT:
        return max(0.0, number / (1000 if number >= _MOMENT_MS else 1) - time.time())
    return number


def _number(said: str | None) -> float | None:
    try:
        number = float(said or "")
    except ValueError:
        return None
    return max(0.0, number) if isfinite(number) else None
