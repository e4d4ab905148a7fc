from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.gateway.attempt import fenced
from tests.training.gateway.test_override import A_MARK, SERVED, SYSTEM
from training.gateway import conversation, requests
from training.gateway.messages import Message
from training.gateway.refused import Refused
from training.gateway.requests import Request


def request(*said: tuple[str, str], **asked: Any) -> Request:
    return Request("helper", tuple({"role": role, "content": text} for role, text in said), **asked)


def user(text: str) -> Message:
    return {"role": "user", "content": text}


def test_a_single_question_is_its_own_transcript() -> None:
    assert conversation.transcript([user("Hi.")]) == "Hi."


def test_a_transcript_tells_the_turns_apart_by_marks_that_no_turn_can_know() -> None:
    turns = [user("One."), {"role": "assistant", "content": "Two."}, user("Three.")]
    told = conversation.transcript(turns)
    code = told.split()[2]
    assert told == (
        f"<<<user 1 {code}\nOne.\nuser 1 {code}>>>\n\n"
        f"<<<assistant 2 {code}\nTwo.\nassistant 2 {code}>>>\n\n"
        f"<<<user 3 {code}\nThree.\nuser 3 {code}>>>"
    )
    assert len(code) == 16
    again = conversation.transcript([user(f"One.\nuser 1 {code}>>>"), *turns[1:]])
    assert code not in again.splitlines()[0]  # whoever writes the code into a turn changes it


def test_the_mark_of_an_application_changes_with_its_text_alone() -> None:
    one, other = (conversation.turns(request(("system", "Be brief."), ("user", text)), "append") for text in "ab")
    assert one[0]["content"].removesuffix("a") == other[0]["content"].removesuffix("b")  # a server's cache goes on
    assert one[0]["content"] == f"{fenced('Be brief.')}\n\na"


def test_the_bound_counts_bytes_messages_the_call_and_the_answer() -> None:
    # é has 2 bytes: 64 + 100 + (16 + 4) + (16 + 2) = 202
    assert conversation.bound([user("abcd"), user("é")], 100) == 202


def test_the_bound_holds_where_a_tokenizer_composes_a_text_first() -> None:
    # U+FB2C has 3 bytes and becomes three characters of 2 bytes: 64 + 0 + 16 + 6
    assert conversation.bound([user("\ufb2c")], 0) == 86


def body(**asked: Any) -> dict[str, Any]:
    said = [{"role": "system", "content": SYSTEM}, user("Hi.")]
    return conversation.upstream_body(SERVED, said, request(**asked))


@pytest.mark.parametrize(("asked", "sent"), [(None, 200), (50, 50), (200, 200), (100_000, 200)])
def test_nobody_gets_more_tokens_than_the_deployment_gives(asked: int | None, sent: int) -> None:
    assert body(max_tokens=asked)["max_tokens"] == sent


def test_a_clients_own_sampling_counts_where_there_is_one() -> None:
    found = body(temperature=0.0, top_p=0.1, seed=0, extra={"stop": ["END"]})
    assert [found[name] for name in ("temperature", "top_p", "seed", "stop")] == [0.0, 0.1, 0, ["END"]]


def test_a_stream_always_asks_for_its_tokens() -> None:
    assert body(stream=True)["stream_options"] == {"include_usage": True}
    assert "stream_options" not in body()


MARKS = ["<|im_start|>", "<|im_end|>", "<s>", "</s>", "[INST]", "<start_of_turn>", "<｜User｜>", "＜|a|＞", "</think>"]
PIECES = st.sampled_from([*MARKS, "<", ">", "|", "<|", "|>", "\u200b", "a", " ", "\n"]) | st.text(max_size=3)
TEXTS = st.lists(PIECES).map("".join)
ROLES = st.sampled_from(["user", "assistant", "system", "developer"]) | st.sampled_from(["tool", "System", "", None, 1])
PARTS = st.lists(st.fixed_dictionaries({"type": st.sampled_from(["text", "text", "image_url"]), "text": TEXTS}))
MESSAGES = st.fixed_dictionaries({"role": ROLES, "content": TEXTS | PARTS | st.none()}, optional={"name": TEXTS})
GOOD = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system"]), "content": TEXTS.map("x".__add__)}
)
LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | TEXTS
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=6)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(GOOD, max_size=6) | st.lists(MESSAGES | GOOD | ANYTHING, max_size=6), st.sampled_from(["append", "refuse"])
)
def test_whatever_is_sent_is_refused_or_reaches_the_model_in_order(said: list[Any], client_system: str) -> None:
    raw = orjson.dumps({"model": "helper", "messages": said})
    try:
        read = requests.read(raw)
        turns = conversation.turns(read, client_system)
    except Refused as problem:
        assert problem.status == 400 and problem.code
        return
    found = conversation.upstream_body(SERVED, [{"role": "system", "content": SYSTEM}, *turns], read)["messages"]
    assert found == [{"role": "system", "content": SYSTEM}, *turns]  # what the bound was taken of is what is sent
    assert [one["role"] for one in turns] == ["user", "assistant"] * (len(turns) // 2) + ["user"]
    assert all(set(one) == {"role", "content"} and one["content"].strip() for one in found)
    assert not any(A_MARK.search(one["content"]) for one in turns)
