import asyncio
import json
from typing import Any

import pytest

from training.engines import Ending, Endpoint, EngineError, Reply, Sampling, echo

JUDGE = {
    "type": "object",
    "properties": {
        "reason": {"type": "string", "maxLength": 8},
        "helpfulness": {"type": "integer", "minimum": 0, "maximum": 5},
        "follows_config": {"type": "boolean"},
        "risks": {"type": "array", "items": {"enum": ["drugs", "privacy"]}},
        "refusal": {"enum": ["full_compliance", "partial_refusal", "full_refusal"]},
    },
}


def asked(text: str, address: str = "", schema: dict[str, Any] | None = None, **sampling: Any) -> Reply:
    engine = echo.engine(Endpoint(address, "echo"))
    return asyncio.run(engine.chat([{"role": "user", "content": text}], Sampling(**sampling), schema))


def test_the_same_messages_get_the_same_answer() -> None:
    assert asked("how are you")[:5] == asked("how are you")[:5]


def test_two_seeds_are_two_variants_that_differ_for_some_prompts() -> None:
    # each seed picks one of four patterns: 40 prompts differ 30 times on average, 2.7 the standard deviation
    differing = sum(asked(f"ask {n}", seed=1).text != asked(f"ask {n}", seed=2).text for n in range(40))
    assert 20 <= differing <= 39


def test_the_answer_repeats_the_question_and_counts_words() -> None:
    reply = asked("tell me a tale")
    assert "tell me a tale" in reply.text
    assert (reply.identity, reply.tokens_in, reply.tokens_out) == ("echo", 4, len(reply.text.split()))


def test_a_prompt_that_asks_for_a_refusal_gets_one() -> None:
    assert asked("please refuse this").text in echo._REFUSALS


def test_a_share_of_answers_refuses_and_which_depends_on_the_seed() -> None:
    def refusing(seed: int) -> list[bool]:
        return [asked(f"ask {n}", "echo://?refusals=0.3", seed=seed).text in echo._REFUSALS for n in range(100)]

    first = refusing(1)
    assert first == refusing(1) != refusing(2)
    assert 15 <= sum(first) <= 45  # 30 expected, 4.6 the standard deviation


def test_the_length_of_an_answer_can_be_chosen() -> None:
    short, long = (asked("hi there", f"echo://?tokens={tokens}", max_tokens=99) for tokens in (3, 70))
    assert (short.tokens_out, short.finish, long.tokens_out, long.finish) == (3, "stop", 70, "stop")


def test_a_schema_is_said_to_have_been_kept() -> None:
    assert (asked("x").structured, asked("x", schema=JUDGE).structured) == (None, True)


def test_an_answer_is_cut_at_the_bound() -> None:
    reply = asked("one two three four five six", max_tokens=3)
    assert (len(reply.text.split()), reply.finish) == (3, "length")


@pytest.mark.parametrize("number", range(20))
def test_a_schema_is_followed(number: int) -> None:
    verdict = json.loads(asked(f"prompt {number}", schema=JUDGE).text)
    assert verdict.keys() == JUDGE["properties"].keys()
    assert 0 <= verdict["helpfulness"] <= 5
    assert type(verdict["helpfulness"]) is int
    assert type(verdict["follows_config"]) is bool
    assert set(verdict["risks"]) <= {"drugs", "privacy"}
    assert len(verdict["reason"]) <= 8


def test_a_share_of_calls_fails_always_the_same() -> None:
    def fails(number: int) -> bool:
        try:
            asked(f"prompt {number}", "echo://?fail=0.3")
        except EngineError as error:
            assert error.kind == "passing"
            return True
        return False

    first = [fails(number) for number in range(100)]
    assert first == [fails(number) for number in range(100)]
    assert 15 <= sum(first) <= 45  # 30 expected, 4.6 the standard deviation


def test_the_kind_of_the_failure_can_be_chosen() -> None:
    with pytest.raises(EngineError) as caught:
        asked("x", "echo://?fail=1&kind=budget")
    assert caught.value.kind == "budget"


def test_the_latency_can_be_chosen() -> None:
    assert asked("x", "echo://?latency_ms=30").latency_ms >= 30


@pytest.mark.parametrize(
    "address",
    [
        "echo://?fail=2",
        "echo://?colour=1",
        "echo://?fail=x",
        "echo://?kind=odd",
        "echo://?refusals=2",
        "echo://?tokens=-1",
    ],
)
def test_an_unknown_option_is_refused(address: str) -> None:
    with pytest.raises(EngineError, match="Enter one like"):
        echo.engine(Endpoint(address, "echo"))


def test_a_stream_gives_the_same_words() -> None:
    messages = [{"role": "user", "content": "one  two"}]

    async def pieces() -> str:
        return "".join([piece async for piece in echo.engine(Endpoint("", "echo")).stream(messages, Sampling())])

    assert asyncio.run(pieces()) == asked("one  two").text


def test_a_stream_tells_the_same_ending() -> None:
    ending, messages = Ending(), [{"role": "user", "content": "one two"}]

    async def read() -> None:
        async for _ in echo.engine(Endpoint("", "echo")).stream(messages, Sampling(), ending):
            pass

    asyncio.run(read())
    whole = asked("one two")
    assert ending == Ending(whole.identity, whole.tokens_in, whole.tokens_out, whole.finish)
