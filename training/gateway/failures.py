"""What a model's server could not do, as the client is told it: never its address, its key, its name or its words."""

import logging
from collections.abc import Mapping
from math import ceil
from typing import Any, NamedTuple

import orjson

from training.engines import _failures
from training.gateway.refused import Refused

log = logging.getLogger(__name__)

LEAST_WAIT, USUAL_WAIT, MOST_WAIT = 1, 5, 60
UPSTREAM, TIMED_OUT, TOO_LONG, FILTERED = (
    "upstream_error",
    "upstream_timeout",
    "context_length_exceeded",
    "content_filter",
)
UNREACHABLE, BUSY, STARTING, NO_WEIGHTS, REJECTED = (
    "upstream_unreachable",
    "upstream_busy",
    "upstream_starting",
    "upstream_weights",
    "upstream_rejected",
)
_OUTCOMES = {
    TIMED_OUT: "timed_out",
    TOO_LONG: "too_long",
    FILTERED: "upstream",
    "rate_limit_exceeded": "rate_limited",
    "insufficient_quota": "over_quota",
}
_SENTENCES = {
    UPSTREAM: "The model behind this endpoint failed. Ask again; if it goes on, tell its provider the request id.",
    UNREACHABLE: "The model behind this endpoint cannot be reached just now. Ask again in a while.",
    TIMED_OUT: "The model behind this endpoint did not answer in time. Ask again, or ask for a shorter answer.",
    BUSY: "The model behind this endpoint takes no more calls just now. Ask again after the time in Retry-After.",
    STARTING: "The model behind this endpoint is being started. Ask again after the time in Retry-After.",
    NO_WEIGHTS: "The weights of the model behind this endpoint cannot be fetched just now. Ask again after the time in "
    "Retry-After; if it goes on, tell its provider the request id.",
    TOO_LONG: "The conversation and the config before it are longer than the model's context. Shorten it, or ask for "
    "fewer tokens.",
    FILTERED: "A content filter of the model's provider withheld the answer.",
    REJECTED: "The model behind this endpoint does not take a field of this call. Leave out what you do not need.",
}
_TOO_LONG_SHOWN = (
    "The conversation, and the config and demonstrations before it, are longer than the model's context. Shorten it, "
    "or ask for fewer tokens; if it is short already, its provider can show fewer demonstrations."
)
_STATUSES = {UPSTREAM: 502, UNREACHABLE: 502, TIMED_OUT: 504, BUSY: 503, STARTING: 503, NO_WEIGHTS: 503}


class Broken(Exception):
    """The upstream's part of a call went wrong in a way that has no status: `kind` is a code of this file."""

    def __init__(self, kind: str, what: str, wait: float | None = None) -> None:
        super().__init__(kind, what)
        self.kind, self.what, self.wait = kind, what, wait


class Asked(NamedTuple):
    """What matters of a call when its refusal is put in words: its request id, whether it chose fields itself, and
    whether its deployment shows demonstrations."""

    request_id: str
    chose: bool
    shows: bool = False


def told(problem: Broken, asked: Asked) -> Refused:
    """What the client reads for it; the provider's log gets kind and cause."""
    log.warning("%s: the model's server: %s: %s", asked.request_id, problem.kind, problem.what)
    kind = UPSTREAM if problem.kind == REJECTED and not asked.chose else problem.kind
    status, headers = _STATUSES.get(kind, 400), {}
    if status == 503:
        seconds = USUAL_WAIT if problem.wait is None else problem.wait
        headers["Retry-After"] = str(ceil(min(max(seconds, LEAST_WAIT), MOST_WAIT)))
    sentence = _TOO_LONG_SHOWN if kind == TOO_LONG and asked.shows else _SENTENCES[kind]
    return Refused(status, sentence, code=kind, headers=headers)


def of_status(status: int, headers: Mapping[str, str], raw: bytes) -> Broken:
    """What a status other than 200 means."""
    seen = _failures.refusal(status, headers, raw)
    return Broken(_kind(seen), f"status {status} {seen.code[:40]!r}", seen.retry_after)


def of_error(error: object) -> Broken:
    """What an error inside an answer of status 200 means."""
    status = _failures.status_inside(error)
    seen = _failures.refusal(status, {}, _dumped({"error": error}))
    return Broken(_kind(seen), f"an error inside its answer, like status {status}", seen.retry_after)


def _dumped(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # half a surrogate pair in its words
        return b"{}"


def _kind(seen: _failures.Refusal) -> str:
    if _failures.too_long(seen):
        return TOO_LONG
    if _failures.filtered(seen):
        return FILTERED
    if _failures.out_of_money(seen):
        return UPSTREAM
    if seen.status in {429, 503}:
        return BUSY
    if seen.status in {408, 504}:
        return TIMED_OUT
    return REJECTED if seen.status in {400, 422} else UPSTREAM


def outcome(refused: Refused) -> str:
    """The outcome, one of OUTCOMES, that a refused call is counted as."""
    code = refused.code or ""
    if code in _OUTCOMES:
        return _OUTCOMES[code]
    if code.startswith("upstream_"):
        return "invalid" if code == REJECTED else "upstream"
    return "broken" if refused.status >= 500 else "invalid"


def crash(request_id: str) -> Refused:
    """What a client reads of an error of our own."""
    return Refused(
        500, f"An error of the gateway. Tell its provider the request id {request_id}.", code="internal_error"
    )


def body(refused: Refused) -> dict[str, Any]:
    """The error as it is sent."""
    return refused.to_body()
