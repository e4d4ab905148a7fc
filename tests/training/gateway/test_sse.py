"""Events of a stream, however their bytes are cut."""

import pytest

from training.gateway.sse import LIMIT, Events, TooLong

RAW = (
    b"\xef\xbb\xbf: a comment\r\n\r\n"
    b'data: {"a": "\xc3\xa9"}\r\n\r\n'
    b"id: 7\nevent: error\ndata: x\ndata:y\n\n"
    b"retry: 10\r\rdata\r\r"
    b"event: message\rdata: z\r\r"
    b"data: [DONE]\n\n"
)
EVENTS = [(False, b'{"a": "\xc3\xa9"}'), (True, b"x\ny"), (False, b"z"), (False, b"[DONE]")]


def read(*pieces: bytes) -> list[tuple[bool, bytes]]:
    events, found = Events(), []
    for piece in pieces:
        found += events.feed(piece)
    return found + events.end()


def test_events_are_told_apart_whatever_ends_their_lines() -> None:
    assert read(RAW) == EVENTS


def test_a_cut_anywhere_changes_nothing() -> None:
    cuts = range(len(RAW) + 1)
    assert [cut for cut in cuts if read(RAW[:cut], RAW[cut:]) != EVENTS] == []
    assert read(*(RAW[at : at + 1] for at in cuts)) == EVENTS


def test_an_event_comes_as_soon_as_its_empty_line_is_there() -> None:
    events = Events()
    assert events.feed(b"data: a\n") == []
    assert events.feed(b"\n") == [(False, b"a")]
    assert events.feed(b"data: b\r\n\r") == [(False, b"b")]  # not only with the line feed behind it
    assert events.feed(b"\ndata: c\n\n") == [(False, b"c")]


def test_the_last_event_counts_without_its_empty_line() -> None:
    assert read(b"data: a\n\ndata: b") == [(False, b"a"), (False, b"b")]


@pytest.mark.parametrize(
    "pieces", [[b"data: " + b"x" * LIMIT + b"y"], [b"x" * 600_000] * 2, [b"data: " + b"x" * 1000 + b"\n"] * 1001]
)
def test_an_endless_line_or_event_is_not_held(pieces: list[bytes]) -> None:
    with pytest.raises(TooLong):
        read(*pieces)
