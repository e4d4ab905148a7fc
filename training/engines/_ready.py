"""Whether a server that was just started really answers: one chat completion of one token, without any library."""

import http.client
import json
from urllib.parse import urlsplit

from training.engines._completions import error_in
from training.engines._failures import own_words, parsed, refusal

TRY_SECONDS = 60.0
_LIMIT = 1_000_000
_LOADING = 503
"""What servers say until their model is there."""


def first_answer(address: str, model: str, seconds: float) -> str | None:
    """ "" when the model answered, None while nobody does yet, else what the server says instead: its status at least.

    At most `seconds`, and never more than a minute, are waited for.
    """
    asked = {"model": model, "messages": [{"role": "user", "content": "Hello."}], "max_tokens": 1, "temperature": 0}
    try:
        status, raw = _posted(address, json.dumps(asked), max(0.1, min(seconds, TRY_SECONDS)))
    except (OSError, http.client.HTTPException):
        return None
    body = parsed(raw)
    if status == 200 and isinstance(body, dict) and body.get("choices") and not error_in(body):
        return ""
    if status == _LOADING:
        return None
    return f"{status}.{own_words(refusal(status, {}, raw).words, ())}"


def _posted(address: str, payload: str, seconds: float) -> tuple[int, bytes]:
    where = urlsplit(address)
    line = http.client.HTTPConnection(where.hostname or "127.0.0.1", where.port, timeout=seconds)
    try:
        line.request("POST", "/v1/chat/completions", payload, {"Content-Type": "application/json"})
        answer = line.getresponse()
        return answer.status, answer.read(_LIMIT)
    finally:
        line.close()
