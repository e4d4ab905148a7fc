from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from tests.machines import ROOT
from training.gateway import fields, messages, requests
from training.gateway.refused import Refused

SAID = [{"role": "user", "content": "Hi."}]


def read(**given: Any) -> requests.Request:
    return requests.read(orjson.dumps({"model": "helper", "messages": SAID, **given}))


def refusal(raw: bytes) -> tuple[int, str | None, str | None]:
    with pytest.raises(Refused) as caught:
        requests.read(raw)
    return caught.value.status, caught.value.code, caught.value.param


def test_a_call_without_choices_leaves_them_to_the_deployment() -> None:
    assert read() == requests.Request("helper", tuple(SAID))


def test_every_choice_is_read() -> None:
    found = read(
        stream=True,
        stream_options={"include_usage": True, "include_obfuscation": False},
        temperature=0,
        top_p=1,
        max_tokens=300,
        max_completion_tokens=200,
        seed=-3,
        stop="END",
        presence_penalty=-2,
        frequency_penalty=2.0,
        response_format={"type": "json_object"},
    )
    extra = {"presence_penalty": -2, "frequency_penalty": 2.0, "stop": ["END"]}
    extra["response_format"] = {"type": "json_object"}
    assert found == requests.Request("helper", tuple(SAID), True, True, 0, 1, 200, -3, extra)


def test_what_changes_nothing_is_taken_without_a_word() -> None:
    harmless = {"n": 1, "logprobs": False, "top_logprobs": 0, "store": False, "echo": False, "modalities": ["text"]}
    assert read(**harmless, logit_bias={}, response_format={"type": "text"}, stop=[]) == read()
    assert read(**dict.fromkeys(fields.IGNORED, "anything")) == read()


def test_null_means_not_given() -> None:
    assert read(**dict.fromkeys([*fields.READ - {"model", "messages"}, *fields.REASONS, "never_heard_of"])) == read()


OUT_OF_RANGE = [
    ("temperature", 2.1, "decimal_above_max_value"),
    ("temperature", -0.1, "decimal_below_min_value"),
    ("temperature", True, "invalid_type"),
    ("temperature", "1", "invalid_type"),
    ("top_p", 0, "decimal_below_min_value"),
    ("top_p", 1.01, "decimal_above_max_value"),
    ("max_tokens", 0, "integer_below_min_value"),
    ("max_tokens", 2.0, "invalid_type"),
    ("max_tokens", True, "invalid_type"),
    ("max_completion_tokens", 2**31, "integer_above_max_value"),
    ("seed", 2**63, "integer_above_max_value"),
    ("presence_penalty", 3, "decimal_above_max_value"),
    ("frequency_penalty", -2.5, "decimal_below_min_value"),
    ("stream", 1, "invalid_type"),
    ("stream_options", {"include_usage": True}, "invalid_value"),
    ("stop", ["a"] * 5, "array_above_max_length"),
    ("stop", [""], "invalid_value"),
    ("stop", ["a" * 257], "invalid_value"),
    ("stop", 3, "invalid_type"),
    ("response_format", "json", "unsupported_value"),
    ("model", "", "invalid_type"),
    ("model", "a" * 201, "string_above_max_length"),
    ("n", True, "unsupported_parameter"),
    ("store", True, "unsupported_parameter"),
    ("modalities", ["text", "audio"], "unsupported_parameter"),
    ("top_k", 5, "unknown_parameter"),
]


@pytest.mark.parametrize(("name", "value", "code"), OUT_OF_RANGE, ids=str)
def test_what_is_not_taken_is_refused_by_its_name(name: str, value: Any, code: str) -> None:
    assert refusal(orjson.dumps({"model": "helper", "messages": SAID, name: value})) == (400, code, name)


@pytest.mark.parametrize("name", sorted(fields.REASONS))
def test_a_field_that_is_refused_says_why(name: str) -> None:
    with pytest.raises(Refused) as caught:
        read(**{name: ["something"]})
    assert caught.value.code == "unsupported_parameter" and fields.REASONS[name] in caught.value.message


@pytest.mark.parametrize("name", ["model", "messages"])
def test_what_every_call_needs_is_asked_for(name: str) -> None:
    body = {"model": "helper", "messages": SAID, name: None}
    assert refusal(orjson.dumps(body)) == (400, "missing_required_parameter", name)


@pytest.mark.parametrize(
    ("options", "param"),
    [([], ""), ({"include_usage": 1}, ".include_usage"), ({"usage": True}, ".usage")],
)
def test_the_options_of_a_stream_are_read_strictly(options: Any, param: str) -> None:
    told = {"model": "helper", "messages": SAID, "stream": True, "stream_options": options}
    assert refusal(orjson.dumps(told))[2] == f"stream_options{param}"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf{}", "begins with a byte order mark"),
        (b"{\0}", "NUL"),
        (b"{,}", "at byte 1"),
        (b"7", "object"),
    ],
)
def test_a_body_that_is_no_call_says_what_is_wrong(raw: bytes, words: str) -> None:
    with pytest.raises(Refused, match=words) as caught:
        requests.read(raw)
    assert caught.value.status == 400 and caught.value.__cause__ is None  # the parser's error holds the whole body


def test_a_body_of_more_than_a_megabyte_is_refused_before_it_is_read() -> None:
    assert refusal(b"{" * (requests.MOST_BYTES + 1)) == (413, "request_too_large", None)


def test_a_long_name_of_a_field_is_cut_in_the_answer() -> None:
    with pytest.raises(Refused) as caught:
        read(**{"x" * 5000: 1})
    assert len(caught.value.message) < 200 and caught.value.param == "x" * 64


def test_an_answer_of_the_openai_client_comes_back_as_history() -> None:
    answer: Mapping[str, Any] = {
        **{"role": "assistant", "content": "Hello.", "refusal": None, "annotations": [], "audio": None},
        **{"function_call": None, "tool_calls": [], "reasoning_content": "Hm."},
    }
    found = requests.read(orjson.dumps({"model": "helper", "messages": [*SAID, answer, *SAID]}))
    assert found.messages[1] == {"role": "assistant", "content": "Hello."}


def test_a_refusal_in_its_own_field_is_what_the_assistant_said() -> None:
    for answer in ({"content": None, "refusal": "No."}, {"content": [{"type": "refusal", "refusal": "No."}]}):
        found = requests.read(orjson.dumps({"model": "helper", "messages": [{"role": "assistant", **answer}]}))
        assert found.messages == ({"role": "assistant", "content": "No."},)


def test_an_error_has_openais_shape() -> None:
    problem = Refused(400, "No.", code="c", param="p")
    error = {"message": "No.", "type": "invalid_request_error", "param": "p", "code": "c"}
    assert problem.to_body() == {"error": error}
    assert Refused(503, "Later.").type == "server_error"


def test_the_docs_name_every_field() -> None:
    told = (ROOT / "docs" / "gateway.md").read_text("utf-8")
    names = {*fields.READ, *fields.IGNORED, *fields.REASONS, *messages.DROPPED}
    assert [name for name in sorted(names) if f"`{name}`" not in told] == []
