"""What a call is counted with where its model's server tells no tokens: the most it can be, never above its reserve."""

from typing import Any

import pytest

from tests.training.gateway.test_answering import make_served
from training.gateway.calls import Call
from training.gateway.requests import Request


def made(stream: bool = False, most: int | None = None) -> tuple[Call, Any]:
    call: Any = Call(None, make_served(), Request("game", ()), None, 0.0)  # type: ignore[arg-type]
    call.reserved = most
    heard = call.hear({"messages": [{"role": "user", "content": "four"}], "max_tokens": 10, "stream": stream})
    heard.sent = True
    return call, heard


@pytest.mark.parametrize(
    ("stream", "read", "size", "counted"),
    [
        (True, False, 0, 0),
        (True, False, 7, 7),
        (True, False, 700, 10),  # ten tokens of seventy bytes
        (False, True, 7, 7),
        (False, True, 700, 10),
        (False, False, 0, 10),  # sent, and nobody knows what came of it
        (False, False, 7, 10),
    ],
)
def test_without_a_word_of_the_server_an_answer_is_its_bytes_and_at_most_what_was_asked_for(
    stream: bool, read: bool, size: int, counted: int
) -> None:
    call, heard = made(stream)
    heard.read, heard.size = read, size
    # 64 for the call, 16 for the message, 4 bytes
    assert call.usage == (84, counted, True)


def test_a_call_of_several_is_never_counted_above_what_it_reserved() -> None:
    call, heard = made(most=100)
    heard.tokens_in, heard.tokens_out = 20, 5
    second = call.hear({"messages": [{"role": "user", "content": "x" * 400}], "max_tokens": 10, "stream": False})
    second.sent = True
    # 25 are told; of the 480 and 10 that the second can be, 75 are left
    assert call.usage == (85, 15, True)


def test_what_the_server_tells_is_counted_as_it_is() -> None:
    call, heard = made(most=100)
    heard.tokens_in, heard.tokens_out = 90, 30
    assert call.usage == (90, 30, False)


def test_an_answer_that_was_read_is_known_to_be() -> None:
    _, heard = made()
    heard.whole(b'{"choices": [{"message": {"content": "Hi"}}]}')
    assert (heard.read, heard.size) == (True, 2)


def test_thoughts_beside_a_text_count_too() -> None:
    _, heard = made(stream=True)
    heard.chunk(b'{"choices": [{"delta": {"content": "Hi", "reasoning_content": "Hm..."}}]}')
    heard.chunk(b'{"choices": [{"delta": {"reasoning": "So."}}]}')
    assert (heard.size, heard.beginning) == (2 + 5 + 3, "Hi")
