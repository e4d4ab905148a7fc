"""A model that calls a tool instead of answering: an error to the client, as it is to an evaluation."""

import pytest

from tests.gateway_place import CHAT, Answer, ask, hello, served, traffic
from tests.scripted_upstream import HEAD, WHOLE, Scripted, Step, chunk
from training.gateway import chat

pytestmark = pytest.mark.django_db(transaction=True)
DONE = b"data: [DONE]\n\n"


def answered(redis: str, steps: list[Step], *, stream: bool, **candidate: object) -> Answer:
    with Scripted(*steps) as upstream:
        _, secret = served(upstream.base_url, candidate=candidate)
        return ask(redis, lambda call: call.post(CHAT, hello(stream=stream), secret))


CALLING = b'"tool_calls": [{"index": 0, "id": "c", "function": {"name": "find", "arguments": "{}"}}]'
CALLED = b'data: {"choices": [{"index": 0, "delta": {"content": null, ' + CALLING + b"}}]}\n\n"
CALLS = {
    "tools": [HEAD, chunk(""), CALLED, chunk(finish="tool_calls"), DONE],
    "a function": [HEAD, b'data: {"choices": [{"delta": {"function_call": {"name": "find"}}}]}\n\n', DONE],
    "in whole JSON": [WHOLE + b'{"choices": [{"message": {"content": "", ' + CALLING + b"}}]}"],
}


@pytest.mark.parametrize("steps", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("stream", [True, False])
def test_a_tool_called_instead_of_an_answer_is_an_error(redis: str, steps: list[Step], stream: bool) -> None:
    answer = answered(redis, steps, stream=stream)
    assert (answer.status, answer.code) == (502, "upstream_error")
    assert traffic()[0][0] == "upstream"


def test_a_tool_called_after_a_text_leaves_the_text(redis: str) -> None:
    answer = answered(redis, [HEAD, chunk("Hi"), CALLED, chunk(finish="tool_calls"), DONE], stream=True)
    assert (answer.text, answer.events[-1]) == ("Hi", "[DONE]")


def test_a_tool_called_in_a_stream_that_was_checked_first_is_an_error_event(
    redis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "QUIET_SECONDS", 0.05)
    answer = answered(redis, [HEAD, 0.5, *CALLS["tools"][1:]], stream=True, strategy="self_revise")
    assert (answer.status, answer.headers["x-cosa-stream"]) == (200, "after-check")
    assert answer.events[-1]["error"]["code"] == "upstream_error"
