import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from time import monotonic
from typing import Any

import pytest

from tests.stub_server import StubServer
from training.engines import Ending, Endpoint, EngineError, Reply, Sampling, _retries, load, openai_http
from training.engines.openai_http import OpenAIEngine

PROMPT = "a prompt that must stay between the two of us"
MESSAGES = [{"role": "system", "content": "be brief"}, {"role": "user", "content": PROMPT}]


@pytest.fixture(scope="module")
def stub() -> Iterator[StubServer]:
    with StubServer() as server:
        yield server


def used(endpoint: Endpoint, work: Callable[[OpenAIEngine], Awaitable[Any]]) -> Any:
    async def with_engine() -> Any:
        engine = openai_http.engine(endpoint)
        try:
            return await work(engine)
        finally:
            await engine.close()

    return asyncio.run(with_engine())


def chat(stub: StubServer, model: str, schema: dict[str, Any] | None = None, **changes: Any) -> Reply:
    settings = {"timeout": 2.0, "patience": 5.0} | changes
    endpoint = Endpoint(settings.pop("base_url", stub.base_url), model, **settings)
    return used(endpoint, lambda engine: engine.chat(MESSAGES, Sampling(), schema))


def problem(stub: StubServer, model: str, **changes: Any) -> EngineError:
    with pytest.raises(EngineError) as caught:
        chat(stub, model, **changes)
    return caught.value


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_an_answer_carries_text_identity_tokens_and_latency(stub: StubServer) -> None:
    reply = chat(stub, "echo")
    assert reply[:6] == (PROMPT, "stub/echo fp_stub", 10, 40, "stop", reply.latency_ms)
    assert reply.attempts == 1
    assert 0 < reply.latency_ms < 2000


def test_a_schema_is_asked_for_and_followed(stub: StubServer) -> None:
    reply = chat(stub, "judge-json", {"type": "object", "properties": {"sure": {"type": "boolean"}}})
    assert reply.text == '{"sure": true}'


@pytest.mark.parametrize("model", ["empty", "none"])
def test_an_answer_without_content_is_an_empty_text(stub: StubServer, model: str) -> None:
    assert chat(stub, model).text == ""


def test_reasoning_stands_in_when_there_is_no_content(stub: StubServer) -> None:
    assert chat(stub, "reasoning").text == "thought only"


def test_text_a_database_cannot_hold_is_mended(stub: StubServer) -> None:
    assert chat(stub, "unstorable").text == "a\ufffdb\ufffdc"


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("wrong-key", "did not accept the key"),
        ("e403", "no right to this model"),
        ("not-found", "It offers: ok, echo, judge-json"),
        ("too-long", "longer than the model's context"),
        ("too-long-llama", "longer than the model's context"),
        ("filtered", "content filter"),
        ("finish-filter", "content filter"),
        ("e400", "It says: temperature must be at most 2"),
        ("e422", "refused the call with status 422"),
        ("html", "not as an OpenAI-compatible server"),
        ("in-pieces", "answers in pieces although a whole answer was asked for"),
        ("tool-call", "called a tool instead of answering"),
        ("thought-cut", "used up its tokens with thinking"),
        ("refusal-filtered", "This is no refusal of the model"),
        ("nested", "not as an OpenAI-compatible server"),
        ("other-json", "not as an OpenAI-compatible server"),
        ("redirect", "sends callers elsewhere"),
        ("long", "larger than 2 MB"),
        ("long-error", "larger than 2 MB"),
    ],
)
def test_a_permanent_failure_is_said_in_words_and_not_repeated(stub: StubServer, model: str, words: str) -> None:
    before = stub.calls(model)
    error = problem(stub, model, api_key="wrong")
    assert (error.kind, error.permanent) == ("permanent", True)
    assert words in error.message
    assert stub.calls(model) == before + 1


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("garbage", "broke off: it is no whole JSON"),
        ("nothing", "sent nothing at all"),
        ("no-choices", "without any choice in it"),
    ],
)
def test_an_answer_of_no_use_is_asked_for_three_times_at_most(
    stub: StubServer, model: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_retries, "_between", lambda low, high: 0.0)
    error = problem(stub, f"{model}#thrice", patience=30.0)
    assert (error.kind, words in error.message) == ("passing", True)
    assert stub.calls(f"{model}#thrice") == 3


def test_a_refusal_in_its_own_field_is_the_answer(stub: StubServer) -> None:
    assert chat(stub, "refusal")[0::4] == ("I will not help with that.", "refusal")


def test_an_answer_cut_at_the_bound_is_an_answer(stub: StubServer) -> None:
    assert chat(stub, "cut")[0::4] == ("the first half of", "length")


def test_a_refusal_in_its_own_field_is_streamed(stub: StubServer) -> None:
    async def read(engine: OpenAIEngine) -> tuple[str, str]:
        ending = Ending()
        text = "".join([piece async for piece in engine.stream(MESSAGES, Sampling(), ending)])
        return text, ending.finish

    assert used(Endpoint(stub.base_url, "refusal"), read) == ("I will not.", "refusal")


def test_the_right_key_is_accepted(stub: StubServer) -> None:
    assert chat(stub, "wrong-key", api_key="right").finish == "stop"


def test_an_empty_account_is_a_budget_failure_and_not_repeated(stub: StubServer) -> None:
    assert problem(stub, "quota").kind == "budget"
    assert stub.calls("quota") == 1


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("inside-429", "rate_limited"),
        ("inside-busy", "rate_limited"),
        ("inside-500", "passing"),
        ("inside-choice", "passing"),
    ],
)
def test_an_error_inside_an_answer_of_status_200_keeps_its_class(stub: StubServer, model: str, kind: str) -> None:
    assert problem(stub, model, patience=0.3).kind == kind


@pytest.mark.parametrize("model", ["e500-once", "e503-once", "e408-once"])
def test_a_passing_failure_is_tried_again(stub: StubServer, model: str) -> None:
    assert chat(stub, model).attempts == 2
    assert stub.calls(model) == 2


def test_a_failure_that_stays_is_given_up_within_the_patience(stub: StubServer) -> None:
    began = monotonic()
    error = problem(stub, "e500", patience=1.0)
    assert error.kind == "passing"
    assert "Tried" in error.message
    assert monotonic() - began < 1.5
    assert stub.calls("e500") >= 2


def test_the_wait_the_server_asks_for_is_kept(stub: StubServer) -> None:
    began = monotonic()
    assert chat(stub, "e429-twice").attempts == 3
    assert monotonic() - began >= 0.4  # twice Retry-After: 0.2


def test_milliseconds_go_before_seconds(stub: StubServer) -> None:
    began = monotonic()
    assert chat(stub, "e429-ms").attempts == 2
    assert 0.05 <= monotonic() - began < 2


def test_a_wait_until_a_date_is_kept(stub: StubServer) -> None:
    assert chat(stub, "e429-date").attempts == 2


def test_a_wait_longer_than_the_patience_is_not_begun(stub: StubServer) -> None:
    began = monotonic()
    error = problem(stub, "e429-hour")
    assert (error.kind, error.retry_after) == ("rate_limited", 3600.0)
    assert monotonic() - began < 1
    assert stub.calls("e429-hour") == 1


def test_a_silent_server_is_a_passing_failure_within_the_patience(stub: StubServer) -> None:
    began = monotonic()
    error = problem(stub, "slow", timeout=0.1, patience=0.3)
    assert error.kind == "passing"
    assert "did not answer in time (0.1 s)" in error.message
    assert monotonic() - began < 1


def test_nobody_listening_is_a_passing_failure(stub: StubServer) -> None:
    error = problem(stub, "ok", base_url=f"http://127.0.0.1:{free_port()}/v1", patience=1.0)
    assert error.kind == "passing"
    assert "Nobody answers at 127.0.0.1" in error.message


@pytest.mark.parametrize(
    "address", ["", "localhost:8000", "ftp://x/v1", "http://", "http://x:99999", "http://a b/", "http://me:pw@x/v1"]
)
def test_an_unusable_address_is_refused_at_once(address: str) -> None:
    with pytest.raises(EngineError, match="Enter one like"):
        openai_http.engine(Endpoint(address, "ok"))


def test_an_unusable_key_is_refused_without_showing_it() -> None:
    with pytest.raises(EngineError) as caught:
        openai_http.engine(Endpoint("http://x/v1", "ok", "sécret"))
    assert "cret" not in caught.value.message


def test_neither_key_nor_prompt_is_in_messages_or_logs(stub: StubServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    key = "sk-0123456789abcdef"
    models = ("wrong-key", "repeats", "not-found", "html")
    said = [str(problem(stub, model, api_key=key)) + repr(Endpoint("http://x", "m", key)) for model in models]
    shown = " ".join(said) + caplog.text
    assert key not in shown
    assert PROMPT[:20] not in shown


def test_no_more_calls_are_open_than_the_limit_and_it_can_be_raised() -> None:
    async def raised(engine: OpenAIEngine) -> tuple[int, int]:
        calls = [asyncio.create_task(engine.chat(MESSAGES, Sampling())) for _ in range(12)]
        await calls[0]
        before = server.most_in_flight()
        engine.limit = 6
        await asyncio.gather(*calls)
        return before, server.most_in_flight()

    with StubServer(latency=0.05) as server:
        assert used(Endpoint(server.base_url, "ok", max_concurrency=2), raised) == (2, 6)


def test_a_call_that_waits_for_its_next_try_is_seen(stub: StubServer) -> None:
    async def seen(engine: OpenAIEngine) -> tuple[int, float]:
        call = asyncio.create_task(engine.chat(MESSAGES, Sampling()))
        while not engine.waiting:
            await asyncio.sleep(0.005)
        now = engine.waiting, engine.next_try
        await call
        assert (engine.waiting, engine.next_try) == (0, 0.0)
        return now

    waiting, next_try = used(Endpoint(stub.base_url, "e429#seen"), seen)
    assert waiting == 1
    assert 0 < next_try <= 0.22  # Retry-After 0.2 and up to a tenth more


def test_a_cancelled_call_gives_its_place_back(stub: StubServer) -> None:
    async def cancelled(engine: OpenAIEngine) -> Reply:
        calls = [asyncio.create_task(engine.chat(MESSAGES, Sampling())) for _ in range(2)]
        await asyncio.sleep(0.05)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        engine._model = "ok"
        return await asyncio.wait_for(engine.chat(MESSAGES, Sampling()), 2)

    assert used(Endpoint(stub.base_url, "slow", max_concurrency=1), cancelled).finish == "stop"


async def streamed(engine: OpenAIEngine) -> list[str]:
    return [piece async for piece in engine.stream(MESSAGES, Sampling())]


def test_a_stream_yields_the_answer_in_pieces(stub: StubServer) -> None:
    pieces = used(Endpoint(stub.base_url, "echo"), streamed)
    assert len(pieces) > 3
    assert "".join(pieces).strip() == PROMPT


def test_a_stream_tells_identity_tokens_and_finish_when_asked(stub: StubServer) -> None:
    async def ended(engine: OpenAIEngine) -> Ending:
        ending = Ending()
        assert [piece async for piece in engine.stream(MESSAGES, Sampling(), ending)]
        return ending

    assert used(Endpoint(stub.base_url, "echo"), ended) == Ending("echo", 10, 40, "stop")


def test_a_stream_is_tried_again_until_it_begins(stub: StubServer) -> None:
    assert used(Endpoint(stub.base_url, "e500-once#stream"), streamed)
    assert stub.calls("e500-once#stream") == 2


def test_a_stream_is_not_repeated_behind_our_back(stub: StubServer) -> None:
    with pytest.raises(EngineError):
        used(Endpoint(stub.base_url, "quota#stream"), streamed)
    assert stub.calls("quota#stream") == 1


@pytest.mark.parametrize(
    ("model", "kind", "words"),
    [
        ("wrong-key", "permanent", "did not accept the key"),
        ("not-found", "permanent", "It offers: ok"),
        ("html", "permanent", "does not answer in pieces"),
        ("finish-filter", "permanent", "does not answer in pieces"),
        ("e500", "passing", "failed with status 500"),
        ("stream-cut", "passing", "in the answer"),
        ("stream-garbage", "passing", "in the answer"),
        ("stream-stalls", "passing", "stopped in the middle"),
        ("stream-filtered", "permanent", "content filter"),
    ],
)
def test_a_stream_fails_in_the_same_words(stub: StubServer, model: str, kind: str, words: str) -> None:
    with pytest.raises(EngineError, match=words) as caught:
        used(Endpoint(stub.base_url, model, timeout=1.0, patience=1.2), streamed)
    assert caught.value.kind == kind


def test_a_stream_left_early_gives_its_place_back(stub: StubServer) -> None:
    async def left(engine: OpenAIEngine) -> Reply:
        stream = engine.stream(MESSAGES, Sampling())
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
        return await asyncio.wait_for(engine.chat(MESSAGES, Sampling()), 2)

    assert used(Endpoint(stub.base_url, "echo", max_concurrency=1), left).text == PROMPT


def test_the_entry_is_found_by_its_name() -> None:
    assert load("openai_http") is openai_http.engine


def test_giving_up_ends_a_waiting_call_at_once_and_calls_no_more(stub: StubServer) -> None:
    async def scene(engine: OpenAIEngine) -> str:
        call = asyncio.create_task(engine.chat(MESSAGES, Sampling()))
        while not engine.waiting:
            await asyncio.sleep(0.005)
        trouble = engine.trouble
        engine.give_up()
        with pytest.raises(EngineError):
            await asyncio.wait_for(call, 0.5)
        return trouble

    trouble = used(Endpoint(stub.base_url, "e429-hour#given-up", timeout=5, patience=9999), scene)
    assert trouble and stub.calls("e429-hour#given-up") == 1


def test_a_capped_server_answers_all_and_is_overrun_by_its_first_calls_alone(stub: StubServer) -> None:
    # 25 calls in each half second, 16 callers: with each refused on its own, 100 calls would meet hundreds of 429s.
    # How much of a cap is used is held in test_pace, on a clock that no busy machine holds up.
    async def asked(engine: OpenAIEngine) -> list[Reply]:
        return await asyncio.gather(*(engine.chat(MESSAGES, Sampling()) for _ in range(100)))

    before, began = len(stub.refused()), monotonic()
    replies = used(Endpoint(stub.base_url, "capped-25-500", max_concurrency=16), asked)
    assert len(replies) == 100
    assert len(stub.refused()) - before <= 48  # two or three waves of 16, until it is known what the server takes
    assert monotonic() - began >= 1.0  # four windows, the first of which may be nearly over


def test_a_server_that_tells_how_many_calls_are_left_is_never_overrun(stub: StubServer) -> None:
    async def asked(engine: OpenAIEngine) -> list[Reply]:
        return await asyncio.gather(*(engine.chat(MESSAGES, Sampling()) for _ in range(60)))

    before = len(stub.refused())
    began = monotonic()
    replies = used(Endpoint(stub.base_url, "capped-25-400-told", max_concurrency=16), asked)
    assert {reply.attempts for reply in replies} == {1}
    assert len(stub.refused()) == before
    assert monotonic() - began >= 0.4  # 60 calls are more than two windows hold
