from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from training.engines import _retries
from training.engines._failures import explained, own_words, refusal, retry_after, status_inside


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "tomorrow"}, None),
        ({}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ],
)
def test_the_wait_a_server_asks_for_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_a_date_to_come_is_the_seconds_until_then() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert retry_after({"retry-after": date}) == pytest.approx(30, abs=1.5)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"error": {"message": "no", "code": "X"}}',
        b'{"error": {"message": "no", "type": "x", "code": 400}}',
        b'{"object": "error", "message": "no", "type": "x", "code": 400}',
    ],
)
def test_errors_of_several_shapes_say_the_same(raw: bytes) -> None:
    assert refusal(400, {}, raw)[:3] == (400, "x", "no")


@pytest.mark.parametrize("raw", [b'{"error": "no"}', b'{"detail": "no"}'])
def test_an_error_that_is_only_a_sentence_is_read(raw: bytes) -> None:
    assert refusal(400, {}, raw).words == "no"


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b"7", b'{"detail": [{"msg": "x"}]}', b"[" * 100_000])
def test_an_error_without_words_has_none(raw: bytes) -> None:
    assert refusal(500, {}, raw).words == ""


@pytest.mark.parametrize(
    ("status", "raw", "kind"),
    [
        (500, b"", "passing"),
        (409, b"", "passing"),
        (429, b"", "rate_limited"),
        (429, b'{"error": {"code": "insufficient_quota"}}', "budget"),
        (402, b"", "budget"),
        (413, b"", "permanent"),
        (400, b'{"error": {"message": "maximum context length is 8"}}', "permanent"),
    ],
)
def test_each_status_has_its_kind(status: int, raw: bytes, kind: str) -> None:
    assert explained(refusal(status, {}, raw), "here", []).kind == kind


def test_words_that_repeat_a_private_text_are_left_out() -> None:
    private = ["the secret question of a person"]
    assert own_words("input was: 'The secret quest...'", private) == ""
    assert own_words("input was wrong", private) == " It says: input was wrong"


def test_a_short_private_text_is_not_repeated_either() -> None:
    assert own_words("bad key k7!", ["k7!"]) == ""


def test_waits_double_up_to_a_bound_and_start_anywhere_below(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_retries, "_between", lambda low, high: high)
    # 0.5, 1, 2, 4, 8, then 8 for ever; an asked wait of 3 s is stretched by a tenth at most
    assert [_retries.delay(attempt, None) for attempt in (1, 2, 3, 4, 5, 6, 5000)] == [0.5, 1, 2, 4, 8, 8, 8]
    assert _retries.delay(1, 3.0) == pytest.approx(3.3)
    assert _retries.delay(1, 60.0) == 60.5  # half a second at most


def test_a_server_that_always_asks_for_no_wait_is_given_one_from_the_third_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_retries, "_between", lambda low, high: high)
    assert [_retries.delay(attempt, 0.0) for attempt in (1, 2, 3, 4, 5)] == [0, 0, 0.5, 1, 2]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"code": 429}, 429),
        ({"code": "503", "message": "x"}, 503),
        ({"code": "rate_limit_exceeded"}, 429),
        ({"type": "overloaded_error", "message": "x"}, 500),
        ("Too many requests", 429),
        ({"code": 7, "message": "no such thing"}, 400),
        ("temperature must be at most 2", 400),
    ],
)
def test_an_error_inside_an_answer_has_the_status_it_tells(error: object, status: int) -> None:
    assert status_inside(error) == status


@pytest.mark.parametrize(
    ("status", "raw", "schema"),
    [
        (400, b'{"error": "response_format is not supported"}', True),
        (422, b'{"detail": [{"loc": ["body", "response_format"]}]}', True),
        (400, b'{"error": "failed to parse grammar"}', True),
        (400, b"", None),
        (400, b'{"error": "temperature must be at most 2"}', False),
        (400, b'{"error": {"code": "content_filter", "message": "json_schema"}}', False),
        (400, b'{"error": "maximum context length is 8, json_schema included"}', False),
        (500, b'{"error": "json_schema"}', False),
    ],
)
def test_a_refusal_tells_whether_it_may_be_about_the_schema(status: int, raw: bytes, schema: bool | None) -> None:
    assert refusal(status, {}, raw).schema is schema
