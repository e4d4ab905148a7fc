"""What a server's refusal means, in words for a person and without the key or the prompt."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any, NamedTuple

from annotations.core.storable import storable
from training.engines import EngineError
from training.engines._limits import reset

_PASSING = {408, 409, 425}
_BUDGET_CODES = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
_FILTER_CODES = {"content_filter", "content_policy_violation"}
_CONTEXT_CODES = {"context_length_exceeded", "exceed_context_size_error"}
_CONTEXT_WORDS = re.compile(r"context (length|size|window)|maximum context|prompt is too long|max_model_len", re.I)
_FILTER_WORDS = re.compile(r"content management policy|content[ _]filter", re.I)
_SCHEMA_WORDS = re.compile(
    r"response[_ ]format|json[_ ]?schema|structured[_ ]output|guided[_ ](json|decod)|grammar", re.I
)
_SCHEMA_STATUSES = {400, 422}
_STATUS_WORDS = (
    (429, re.compile(r"rate.?limit|too many|throttl", re.I)),
    (500, re.compile(r"server.?error|internal|overload|unavailable|time.?out|upstream|bad gateway", re.I)),
)
_WORDS_LIMIT, _WINDOW, _LOOKED_AT = 300, 12, 20_000

NOT_COMPATIBLE = "{where} answers, but not as an OpenAI-compatible server. Check the address; it usually ends in /v1."
FILTERED = "The provider's content filter withheld the answer. This is no refusal of the model."
NOTHING = "{where} sent nothing at all as its answer."
BROKEN_OFF = "The answer of {where} broke off: it is no whole JSON."
IN_PIECES = "{where} answers in pieces although a whole answer was asked for. Turn streaming off there."
NO_CHOICE = "{where} sent an answer without any choice in it."
TOOL_CALLED = "The model called a tool instead of answering. Turn the server's own tools off for this model."
ONLY_THOUGHT = "The model used up its tokens with thinking and did not answer. Raise max tokens."
TOO_LONG = "The prompt is longer than the model's context{where}. Shorten it, or use a model with a longer context."


class Spoiled(EngineError):
    """An answer came, but none that one can use. Another may be whole; as each costs, few are asked for."""


class Refusal(NamedTuple):
    """A server's error: HTTP status, its code in lower case, its own words, the seconds it asks to wait.

    `schema`: True when it is about the form that was asked for, False when it is not, None when it does not say.
    """

    status: int
    code: str
    words: str
    retry_after: float | None
    schema: bool | None = False


def parsed(raw: bytes) -> Any:
    """The JSON value of a body, None when it is no JSON."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds ≥ 0 a server asks to wait, from `retry-after-ms` or `Retry-After` (seconds or a date), or None."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if isfinite(seconds):
            return max(0.0, seconds)
    return _until(headers.get("retry-after", ""))


def _until(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())


def refusal(status: int, headers: Mapping[str, str], raw: bytes) -> Refusal:
    """The error in a response, in whichever of the usual shapes the server wrote it."""
    body = parsed(raw)
    body = body if isinstance(body, dict) else {}
    error = body.get("error", body)
    error = error if isinstance(error, dict) else {"message": error}
    words = next((error[key] for key in ("message", "detail") if isinstance(error.get(key), str)), "")
    code = error.get("code") if isinstance(error.get("code"), str) else error.get("type")
    wait = retry_after(headers)
    wait = reset(headers) if wait is None and status == 429 else wait
    seen = Refusal(status, str(code or "").lower(), words, wait)
    return seen._replace(schema=_about_the_schema(seen, raw))


def _about_the_schema(seen: Refusal, raw: bytes) -> bool | None:
    if seen.status not in _SCHEMA_STATUSES or filtered(seen) or too_long(seen):
        return False
    return bool(_SCHEMA_WORDS.search(raw[:_LOOKED_AT].decode("utf-8", "replace"))) if raw.strip() else None


def filtered(seen: Refusal) -> bool:
    """True when a content filter of the server withheld the answer."""
    return seen.code in _FILTER_CODES or bool(_FILTER_WORDS.search(seen.words))


def too_long(seen: Refusal) -> bool:
    """True when the prompt is longer than the model's context."""
    return seen.status == 413 or seen.code in _CONTEXT_CODES or bool(_CONTEXT_WORDS.search(seen.words))


def out_of_money(seen: Refusal) -> bool:
    """True when the account at the server is empty."""
    return seen.status == 402 or seen.code in _BUDGET_CODES


def unreadable(raw: bytes, where: str) -> EngineError:
    """Why a body of status 200 is no completion; what broke off may be whole the next time, the rest would not."""
    begin = raw.lstrip()[:8]
    if not begin:
        return Spoiled("passing", NOTHING.format(where=where))
    if begin.startswith(b"{") and parsed(raw) is None:
        return Spoiled("passing", BROKEN_OFF.format(where=where))
    in_pieces = begin.startswith((b"data:", b"event:", b": "))
    return EngineError("permanent", (IN_PIECES if in_pieces else NOT_COMPATIBLE).format(where=where))


def status_inside(error: object) -> int:
    """The HTTP status that an error inside an answer of status 200 stands for; 400 when it does not tell."""
    named = error if isinstance(error, dict) else {"message": error}
    for said in (named.get("code"), named.get("status"), named.get("type"), named.get("message")):
        if str(said).isdecimal() and 400 <= int(str(said)) < 600:
            return int(str(said))
        if isinstance(said, str) and (status := next((at for at, words in _STATUS_WORDS if words.search(said)), 0)):
            return status
    return 400


def _quotes(words: str, private: str) -> bool:
    """True when twelve characters of a private text in a row (or all of a shorter one) stand in the words."""
    private, words = private.strip().lower(), words.lower()
    size = min(_WINDOW, len(private))
    return size > 0 and any(words[at : at + size] in private for at in range(len(words) - size + 1))


def own_words(words: str, private: Iterable[str]) -> str:
    """The server's words ready to follow a sentence, "" when there are none or they repeat a private text."""
    short = " ".join(storable(words).split())[:_WORDS_LIMIT]
    if not short or any(_quotes(short, text) for text in private):
        return ""
    return f" It says: {short}"


def explained(seen: Refusal, where: str, private: Iterable[str]) -> EngineError:
    """The refusal as an error of its kind. `where` names the server; `private` are texts it must not repeat."""
    kind, message = _kind_and_message(seen, where, private)
    return EngineError(kind, message, seen.retry_after if kind in {"passing", "rate_limited"} else None)


def _kind_and_message(seen: Refusal, where: str, private: Iterable[str]) -> tuple[str, str]:
    if out_of_money(seen):
        return "budget", f"The account at {where} has no money left. Top it up, then resume."
    if seen.status == 429:
        return "rate_limited", f"{where} takes no more calls just now (429). Wait, or have its limit raised."
    if seen.status in _PASSING or seen.status >= 500:
        return "passing", f"{where} failed with status {seen.status}.{own_words(seen.words, private)}"
    return "permanent", _permanent(seen, where, private)


def _permanent(seen: Refusal, where: str, private: Iterable[str]) -> str:
    if seen.status == 401:
        return f"{where} did not accept the key (401). Enter the right key for this model."
    if seen.status == 403:
        return f"The key has no right to this model at {where} (403). Ask its provider, or use another key."
    if filtered(seen):
        return FILTERED
    if too_long(seen):
        return TOO_LONG.format(where=f" at {where}")
    if 300 <= seen.status < 400:
        return f"{where} sends callers elsewhere (status {seen.status}). Enter the address it sends them to."
    return f"{where} refused the call with status {seen.status}.{own_words(seen.words, private)}"
