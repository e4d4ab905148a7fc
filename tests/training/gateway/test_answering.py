"""Strategies behind an endpoint: the conversation in the prompt's place, checks before a stream, and their price."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.gateway_place import CHAT, Answer, Caller, ask, counting, hello, served, traffic
from tests.stage import Stage, completion
from training import strategies
from training.engines import Endpoint, Reply, Sampling
from training.gateway import chat
from training.gateway.answering import Answering
from training.gateway.conversation import bound, turns
from training.gateway.failures import Broken
from training.gateway.requests import Request
from training.services.deploy.grants import Served
from training.strategies import REFUSAL, Demonstration

FOLLOWS, BREAKS = (json.dumps({"reasons": "So.", "broken_rules": [], "follows_config": said}) for said in (True, False))
SAID = [
    {"role": "user", "content": "How high is a wall?"},
    {"role": "assistant", "content": "High."},
    {"role": "user", "content": "How high exactly?"},
]
PLACE = Endpoint("http://127.0.0.1:1/v1", "m")
SHOWN = (Demonstration("safe", "What is a gate?", "A door in a wall."),)


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    with counting() as address:
        yield address


@pytest.fixture
def stub() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


def make_served(strategy: str = "plain", **fields: Any) -> Served:
    values = {"deployment_id": 1, "version_id": 1, "candidate_id": 1, "organisation_id": 1, "slug": "game"}
    values |= {"created": 1, "client_system": "append", "system": "Be careful.", "config": "careful", "settings": {}}
    values |= {"demonstrations": SHOWN, "sampling": Sampling(0.5, 64, 0.9, 3), "engine": "openai_http"}
    return Served(strategy=strategy, endpoint=PLACE, **(values | fields))


def answering(strategy: str, said: list[dict[str, str]] = SAID, **asked: Any) -> Answering:
    request = Request("game", tuple(said), **asked)
    return Answering(make_served(strategy), request, turns(request, "append"))


def test_a_plain_call_is_the_config_and_then_the_conversation() -> None:
    asked = answering("plain", stream=True)
    assert asked.direct
    (body,) = asked.bodies
    assert body["messages"] == [{"role": "system", "content": "Be careful."}, *SAID]
    assert body["stream"] is True


def test_demonstrations_stand_between_the_config_and_the_conversation() -> None:
    (body,) = answering("few_shot").bodies
    assert [message["content"] for message in body["messages"]] == [
        *("Be careful.", "What is a gate?", "A door in a wall."),
        *(one["content"] for one in SAID),
    ]


def test_a_strategy_that_makes_several_calls_is_never_streamed_through() -> None:
    for name in ("cascade", "self_revise"):
        asked = answering(name, stream=True)
        assert not asked.direct
        assert {body["stream"] for body in asked.bodies} == {False}


@pytest.mark.parametrize("name", strategies.controls())
def test_nobody_is_served_with_a_control(name: str) -> None:
    with pytest.raises(Broken):
        answering(name)


def test_what_a_client_chooses_holds_for_its_answer_and_never_for_the_verdict_on_it() -> None:
    answer, verdict, again = answering("cascade", temperature=2.0, max_tokens=1, extra={"stop": ["no"]}).bodies
    assert (answer["temperature"], answer["max_tokens"], answer["stop"]) == (2.0, 1, ["no"])
    for body in (verdict, again):
        assert (body["temperature"], body["max_tokens"], body["seed"], "stop" in body) == (0.5, 64, 3, False)


def test_the_judge_reads_the_whole_conversation_as_the_prompt() -> None:
    _, verdict, _ = answering("cascade").bodies
    told = verdict["messages"][-1]["content"]
    assert all(one["content"] in told for one in SAID)


def test_the_bound_holds_for_every_call_with_all_that_the_ones_before_it_wrote() -> None:
    asked, sizes, written = answering("self_revise"), [], 0

    async def call(body: dict[str, Any]) -> Reply:
        text = "x" * body["max_tokens"]  # a token of one byte each, the longest a model may write
        sizes.append(bound(body["messages"], len(text)))
        return Reply(text, "", None, None, "length", 0.0, 1)

    asyncio.run(asked.answer(call))
    assert len(sizes) == 3
    # the first of three calls costs as much as a plain one
    assert sizes[0] == answering("plain").bound
    written = sum(sizes)
    assert written <= asked.bound <= written + 200


def cascade(redis: str, stub: Stage, *says: Any, stream: bool = False, **reached: float) -> Answer:
    """What comes of a cascade, the model saying these texts call by call."""
    stub.says("ok", *says)
    _, secret = served(stub.base_url, candidate={"strategy": "cascade"}, reached=reached)
    asked = hello(stream=stream) | ({"stream_options": {"include_usage": True}} if stream else {})
    return ask(redis, lambda call: call.post(CHAT, asked, secret))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("stream", [False, True])
def test_a_checked_answer_is_given_when_it_follows_the_config(redis: str, stub: Stage, stream: bool) -> None:
    answer = cascade(redis, stub, "A wall is high.", FOLLOWS, stream=stream)
    assert answer.text == "A wall is high."
    assert answer.headers.get("x-cosa-stream") == ("after-check" if stream else None)
    assert "x-cosa-withheld" not in answer.headers
    # two calls of 10 and 40 tokens
    assert traffic() == [("answered", 1, 20, 80, 0)]
    usage = answer.events[-2]["usage"] if stream else answer.json["usage"]
    assert usage["total_tokens"] == 100


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("stream", [False, True])
def test_a_withheld_answer_is_a_refusal_that_says_so(redis: str, stub: Stage, stream: bool) -> None:
    answer = cascade(redis, stub, "What nobody may read.", BREAKS, stream=stream)
    assert (answer.status, answer.text, answer.headers["x-cosa-withheld"]) == (200, REFUSAL, "1")
    assert b"nobody may read" not in answer.body
    assert b'"finish_reason":"stop"' in answer.body
    assert traffic() == [("withheld", 1, 20, 80, 0)]


@pytest.mark.django_db(transaction=True)
def test_an_answer_whose_check_fails_is_never_given(redis: str, stub: Stage) -> None:
    answer = cascade(redis, stub, "What nobody may read.", 500, stream=True)
    assert (answer.status, answer.code) == (502, "upstream_error")
    assert b"nobody may read" not in answer.body
    assert traffic() == [("upstream", 1, 10, 40, 0)]


DECLINES = "I'm sorry, but I can't help with that."
WALL = "A wall is two metres high."


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("draft", "sent", "outcome"),
    [
        (DECLINES, WALL, "answered"),
        (WALL, DECLINES, "refused"),
        ({"content": None, "refusal": "No."}, WALL, "answered"),
        (DECLINES, "", "refused"),  # an empty second answer leaves the draft
    ],
)
def test_whether_a_revised_answer_refuses_is_read_in_what_was_sent(
    redis: str, stub: Stage, draft: Any, sent: str, outcome: str
) -> None:
    stub.says(
        "ok", *(completion("", message=said) if isinstance(said, dict) else said for said in (draft, "So.", sent))
    )
    _, secret = served(stub.base_url, candidate={"strategy": "self_revise"})
    answer = ask(redis, lambda call: call.post(CHAT, hello(), secret))
    assert answer.text == (sent or draft)
    assert [row[:2] for row in traffic()] == [(outcome, 1)]


@pytest.mark.django_db(transaction=True)
def test_a_stream_that_waits_for_its_check_says_so_from_time_to_time(
    redis: str, stub: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "QUIET_SECONDS", 0.02)
    monkeypatch.setattr(chat, "CHECKING_SECONDS", 0.02)
    stub.says("ok", "What nobody may read.", BREAKS)
    stub.hold("ok")
    _, secret = served(stub.base_url, candidate={"strategy": "cascade"})

    async def scenario(call: Caller) -> Answer:
        exchange = call.open("POST", CHAT, hello(stream=True), secret)
        await exchange.until(lambda seen: seen.body.count(b": checking\n\n") >= 2)
        stub.release()
        return await exchange.end()

    answer = ask(redis, scenario)
    assert answer.headers["x-cosa-stream"] == "after-check"
    assert b": withheld\n\n" in answer.body and answer.text == REFUSAL
    assert answer.events[-1] == "[DONE]"


@pytest.mark.django_db(transaction=True)
def test_a_client_that_leaves_ends_the_check_too(redis: str, stub: Stage) -> None:
    stub.hold("ok")
    _, secret = served(stub.base_url, candidate={"strategy": "cascade"}, reached={"max_concurrency": 1})

    async def scenario(call: Caller) -> None:
        for _ in range(2):  # the second one would have no place
            exchange = call.open("POST", CHAT, hello(stream=True), secret)
            seen = len(stub.seen)
            async with asyncio.timeout(3):
                while len(stub.seen) == seen:
                    await asyncio.sleep(0.005)
            exchange.leave()
            await exchange.end(1)

    ask(redis, scenario)
    stub.release()
    assert [row[:2] for row in traffic()] == [("left", 2)]
