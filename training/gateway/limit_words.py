"""What clients read about their limits: the headers of an answer, and the sentences of a refusal."""

from collections.abc import Sequence
from math import ceil
from typing import Any

from training.gateway.refused import Refused
from training.services.deploy.grants import Limits

NO_RETRY = {"x-should-retry": "false"}
AWAY = "The limits of this key cannot be counted at the moment, so that no call is let through. Try again in a moment."


def headers(limits: Limits, requests: int, tokens: int, reset: int) -> dict[str, str]:
    """The x-ratelimit-* headers for what the last minute holds, all of it gone after `reset` milliseconds."""
    found: dict[str, str] = {}
    for kind, limit, held in (
        ("requests", limits.requests_per_minute, requests),
        ("tokens", limits.tokens_per_minute, tokens),
    ):
        if limit is not None:
            found[f"x-ratelimit-limit-{kind}"] = str(limit)
            found[f"x-ratelimit-remaining-{kind}"] = str(max(0, limit - held))
            found[f"x-ratelimit-reset-{kind}"] = duration(reset)
    return found


def duration(milliseconds: int) -> str:
    """A time as these headers have it: 850ms, 12.5s, 1m0.2s."""
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    return (f"{minutes}m" if minutes else "") + f"{rest / 1000:g}s"


def refuse_what_never_fits(limits: Limits, tokens: int) -> None:
    """Nothing. Raises Refused 400: to wait and try again, as a 429 asks for, would never help such a call."""
    for limit, span in ((limits.tokens_per_minute, "minute"), (limits.tokens_per_month, "month")):
        if limit is not None and tokens > limit:
            raise Refused(
                400,
                f"This call can take up to {tokens} tokens, and its key has {limit} in a {span}. Ask for fewer with "
                "max_tokens, send a shorter conversation, or have the limit of the key raised.",
                code="request_too_large",
                param="max_tokens",
            )


def away(seconds: int = 1) -> Refused:
    """The refusal while nobody can count."""
    return Refused(503, AWAY, code="limits_unavailable", headers={"Retry-After": str(seconds)})


def refused(answer: Sequence[Any], limits: Limits, tokens: int, month_left: float) -> Refused:
    """The refusal for an answer of `limits.lua`; `month_left` are the seconds until the month is over."""
    kind = answer[0]
    if kind == "minute":
        return _minute(answer, limits, tokens)
    if kind == "month":
        return _month(answer[1], limits, tokens, month_left)
    if kind == "held":
        return _held(limits, tokens)
    return away()


def _minute(answer: Sequence[Any], limits: Limits, tokens: int) -> Refused:
    _, which, wait, requests, held, reset = answer
    seconds = max(1, ceil(wait / 1000))
    if which == "requests":
        told = f"This key may begin {limits.requests_per_minute} calls in a minute, and it has."
    else:
        told = (
            f"This key may take {limits.tokens_per_minute} tokens in a minute, of which {held} are taken or held, and "
            f"this call can take up to {tokens}."
        )
    again = {"Retry-After": str(seconds)} | headers(limits, requests, held, reset)
    return Refused(429, f"{told} Try again in {seconds} s.", code="rate_limit_exceeded", type=which, headers=again)


def _month(used: int, limits: Limits, tokens: int, month_left: float) -> Refused:
    return Refused(
        429,
        f"{used} of the {limits.tokens_per_month} tokens of this month are used, and this call can take up to "
        f"{tokens}. Ask for fewer with max_tokens, wait for the next month (UTC), or have the limit of the key raised.",
        code="insufficient_quota",
        type="insufficient_quota",
        headers={"Retry-After": str(max(1, ceil(month_left)))} | NO_RETRY,
    )


def _held(limits: Limits, tokens: int) -> Refused:
    return Refused(
        429,
        f"Calls that run hold the rest of the {limits.tokens_per_month} tokens of this month, and this one can take up "
        f"to {tokens}. Try again when they have ended.",
        code="rate_limit_exceeded",
        type="tokens",
        headers={"Retry-After": "1"},
    )
