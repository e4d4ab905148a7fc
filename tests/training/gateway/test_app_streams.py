"""Streams through the gateway: what comes in odd pieces goes out in order, and whoever leaves, nothing is held."""

import asyncio
from threading import Event
from time import monotonic

import pytest
from django.utils import timezone

from tests.databases import aside
from tests.gateway_place import CHAT, Answer, Caller, Exchange, ask, hello, served, traffic
from tests.scripted_upstream import HEAD, WHOLE, Scripted, Step, chunk
from training.gateway.conversation import bound
from training.models import ApiKey

pytestmark = pytest.mark.django_db(transaction=True)

USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}}\n\n'
DONE = b"data: [DONE]\n\n"
STREAM = hello(stream=True, stream_options={"include_usage": True})
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def streamed(redis: str, *steps: Step, body: dict[str, object] = STREAM, **reached: float) -> Answer:
    with Scripted(*steps) as upstream:
        _, secret = served(upstream.base_url, reached=reached)
        return ask(redis, lambda call: call.post(CHAT, body, secret))


def test_a_stream_begins_with_a_role_and_ends_with_its_reason_usage_and_mark(redis: str) -> None:
    answer = streamed(redis, HEAD, chunk("Hel"), chunk("lo"), chunk(finish="length"), USAGE, DONE)
    head, *texts, last, usage, done = answer.events
    assert head["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert [text["choices"][0]["delta"] for text in texts] == [{"content": "Hel"}, {"content": "lo"}]
    assert last["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "length"}
    assert (usage["choices"], usage["usage"]["total_tokens"], done) == ([], 10, "[DONE]")
    assert {event["id"] for event in answer.events[:-1]} == {head["id"]}
    assert {event["model"] for event in answer.events[:-1]} == {"game"}
    assert b"secret-model" not in answer.body
    assert traffic() == [("answered", 1, 7, 3, 0)]


def test_usage_is_told_only_to_those_who_ask_and_counted_for_all(redis: str) -> None:
    answer = streamed(redis, HEAD, chunk("Hi"), chunk(finish="stop"), USAGE, DONE, body=hello(stream=True))
    assert b"usage" not in answer.body and answer.events[-1] == "[DONE]"
    assert traffic() == [("answered", 1, 7, 3, 0)]


ODD = {
    "cut in a letter": [HEAD, chunk("gr"), *[bytes([one]) for one in chunk("üß").replace(b"\\u00fc", "ü".encode())]],
    "carriage returns": [HEAD, (chunk("gr") + b": ping\n\n" + chunk("üß")).replace(b"\n", b"\r\n")],
    "data of several lines": [HEAD, chunk("gr"), chunk("üß").replace(b', "model"', b',\ndata: "model"')],
    "several at once": [HEAD + chunk("gr") + chunk("üß")],
    "whole JSON": [WHOLE + b'{"choices": [{"message": {"content": "gr\xc3\xbc\xc3\x9f"}, "finish_reason": "stop"}]}'],
}


@pytest.mark.parametrize("steps", ODD.values(), ids=ODD)
def test_a_text_arrives_however_its_bytes_came(redis: str, steps: list[Step]) -> None:
    answer = streamed(redis, *steps, *([] if WHOLE in steps[0][:90] else [chunk(finish="stop"), DONE]))
    assert (answer.text, answer.events[-1]) == ("grüß", "[DONE]")


ENDS = {
    "no mark": [chunk("Hi"), chunk(finish="stop")],
    "no reason": [chunk("Hi"), DONE],
    "no empty line": [chunk("Hi"), chunk(finish="stop"), b"data: [DONE]"],
}


@pytest.mark.parametrize("steps", ENDS.values(), ids=ENDS)
def test_a_server_may_forget_how_a_stream_ends_and_how_much_it_was(redis: str, steps: list[bytes]) -> None:
    answer = streamed(redis, HEAD, *steps)
    assert (answer.text, answer.events[-1]) == ("Hi", "[DONE]")
    assert answer.events[-3]["choices"][0]["finish_reason"] == "stop"
    ((outcome, _, tokens_in, tokens_out, estimated),) = traffic()
    # 2 bytes came: no more than 2 tokens
    assert (outcome, tokens_out, estimated) == ("answered", 2, 1)
    assert answer.events[-2]["usage"]["prompt_tokens"] == tokens_in > 100


BROKEN = {
    "ends": [HEAD, chunk("Hi")],
    "breaks": [CHUNKED, b"3f0\r\n" + chunk("Hi"), 0.02, "abort"],
    "no JSON": [HEAD, chunk("Hi"), b"data: {no json\n\n"],
    "an error": [HEAD, chunk("Hi"), b'data: {"error": {"message": "secret-model died", "code": 500}}\n\n'],
    "an error by its name": [HEAD, chunk("Hi"), b'event: error\ndata: {"message": "secret-model died"}\n\n'],
    "an endless line": [HEAD, chunk("Hi"), b"data: " + b"x" * 1_100_000],
}


@pytest.mark.parametrize("steps", BROKEN.values(), ids=BROKEN)
def test_a_stream_that_breaks_ends_with_an_error_and_no_mark(redis: str, steps: list[Step]) -> None:
    answer = streamed(redis, *steps)
    assert (answer.status, answer.ended) == (200, True)
    *_, text, error = answer.events
    assert text["choices"][0]["delta"] == {"content": "Hi"}
    assert error["error"]["code"].startswith("upstream_")
    assert b"secret-model" not in answer.body
    ((outcome, requests, _, tokens_out, estimated),) = traffic()
    assert (outcome, requests, tokens_out, estimated) == ("upstream", 1, 2, 1)


def test_an_error_before_the_first_text_is_still_a_status(redis: str) -> None:
    error = b'data: {"error": {"message": "maximum context length is 10 tokens", "code": 400}}\n\n'
    answer = streamed(redis, HEAD, error)
    assert (answer.status, answer.code) == (400, "context_length_exceeded")


def test_a_server_that_hangs_up_after_its_last_reason_has_answered(redis: str) -> None:
    whole = chunk("Hi") + chunk(finish="stop")
    answer = streamed(redis, CHUNKED, b"%x\r\n" % len(whole) + whole + b"\r\n", 0.05, "abort")
    assert answer.events[-1] == "[DONE]" and traffic()[0][0] == "answered"


@pytest.mark.parametrize("before", [[], [HEAD, chunk("Hi")]], ids=["silent", "in the middle"])
@pytest.mark.parametrize("stream", [True, False])
def test_a_server_that_falls_silent_is_left(redis: str, before: list[bytes], stream: bool) -> None:
    never = Event()
    with Scripted(*before, never) as upstream:
        _, secret = served(upstream.base_url, reached={"timeout": 0.1})
        answer = ask(redis, lambda call: call.post(CHAT, hello(stream=stream, max_tokens=50), secret))
        assert upstream.left.wait(2)
    code = answer.events[-1]["error"]["code"] if before and stream else answer.code
    assert code == "upstream_timeout"
    ((outcome, _, tokens_in, tokens_out, estimated),) = traffic()
    # of an answer that was to come whole nobody knows how much was written: all that was asked for counts
    written = (len("Hi") if before else 0) if stream else 50
    assert (outcome, tokens_out, estimated) == ("timed_out", written, 1)
    assert tokens_in > 100  # the config alone is longer


def test_a_server_that_never_ends_is_left_when_the_patience_is_over(redis: str) -> None:
    drops = [step for _ in range(200) for step in (chunk("drip "), 0.01)]
    began = monotonic()
    answer = streamed(redis, HEAD, *drops, patience=0.2)
    assert monotonic() - began < 1.5
    assert answer.events[-1]["error"]["code"] == "upstream_timeout"
    assert traffic()[0][0] == "timed_out"


def test_each_piece_goes_out_before_the_next_one_comes(redis: str) -> None:
    go = [Event(), Event()]

    async def scenario(call: Caller) -> None:
        exchange = call.open("POST", CHAT, STREAM, secret)
        for word in ("one", "two"):
            await exchange.until(lambda seen, word=word: seen.text.endswith(word), 3)
            go.pop(0).set()
        await exchange.end()

    with Scripted(HEAD, chunk("one"), go[0], chunk("two"), go[1], chunk(finish="stop"), DONE) as upstream:
        _, secret = served(upstream.base_url)
        ask(redis, scenario)


async def _left(exchange: Exchange, upstream: Scripted, began: bool) -> float:
    """The client leaves; back comes after how many seconds the gateway was done with the call."""
    if began:
        await exchange.until(lambda seen: seen.text == "Hi")
    async with asyncio.timeout(3):
        while not upstream.asked:
            await asyncio.sleep(0.005)
    upstream.asked.clear()
    at = monotonic()
    exchange.leave()
    await exchange.end()
    assert await asyncio.to_thread(upstream.left.wait, 2)
    upstream.left.clear()
    return monotonic() - at


@pytest.mark.parametrize(
    ("steps", "stream"), [((), True), ((), False), ((HEAD, chunk("Hi")), True)], ids=["first", "whole", "middle"]
)
def test_a_client_that_leaves_lets_go_of_everything_at_once(redis: str, steps: tuple[Step, ...], stream: bool) -> None:
    with Scripted(*steps, Event()) as upstream:
        # a call reserves 20,000 tokens and more: two do not fit, unless what the first one held is free again; of an
        # answer that was to come whole nobody knows how much was written, and all of it counts
        limited = {"tokens_per_minute": 25_000 if stream else 65_000}
        _, secret = served(
            upstream.base_url, key=limited, reached={"max_concurrency": 1}, candidate={"max_tokens": 20_000}
        )

        async def scenario(call: Caller) -> list[float]:
            body = hello(stream=stream)
            return [await _left(call.open("POST", CHAT, body, secret), upstream, bool(steps)) for _ in range(3)]

        seconds = ask(redis, scenario)
    assert max(seconds) < 0.5
    written = (len("Hi") if steps else 0) if stream else 20_000
    ((outcome, requests, _, tokens_out, estimated),) = traffic()
    assert (outcome, requests, tokens_out, estimated) == ("left", 3, 3 * written, 3)


def test_what_a_call_did_not_use_is_free_again(redis: str) -> None:
    with Scripted(
        WHOLE,
        b'{"choices": [{"message": {"content": "Hi"}}], "usage": ',
        b'{"prompt_tokens": 30,',
        b'"completion_tokens": 2}}',
    ) as upstream:
        _, secret = served(upstream.base_url, key={"tokens_per_minute": 1000})

        async def scenario(call: Caller) -> list[int]:
            return [(await call.post(CHAT, hello(), secret)).status for _ in range(10)]

        assert ask(redis, scenario) == [200] * 10
    assert traffic() == [("answered", 10, 300, 20, 0)]


def test_a_client_that_reads_slowly_slows_the_model_down(redis: str) -> None:
    piece = chunk("x" * 10_000)
    with Scripted(HEAD, *[piece] * 2000, chunk(finish="stop"), DONE) as upstream:
        _, secret = served(upstream.base_url)

        async def scenario(call: Caller) -> int:
            exchange = call.open("POST", CHAT, STREAM, secret)
            await exchange.until(lambda seen: bool(seen.pieces))
            exchange.reading.clear()
            await asyncio.sleep(0.3)
            taken = sum(map(len, exchange.answer().pieces))
            exchange.leave()
            await exchange.end()
            return taken

        # 20 MB stand ready; what is on its way fits into the buffers
        assert ask(redis, scenario) < 5_000_000


@pytest.mark.parametrize("what", ["key", "deployment"])
def test_a_key_or_deployment_that_ends_takes_its_calls_with_it(redis: str, what: str) -> None:
    with Scripted(HEAD, chunk("Hi"), Event()) as upstream:
        deployment, secret = served(upstream.base_url)

        def end() -> None:
            if what == "key":
                ApiKey.objects.update(revoked_at=timezone.now())
            else:
                type(deployment).objects.filter(pk=deployment.pk).update(retired_at=timezone.now())

        async def scenario(call: Caller) -> tuple[Answer, Answer]:
            exchange = call.open("POST", CHAT, STREAM, secret)
            await exchange.until(lambda seen: seen.text == "Hi")
            await aside(end)
            ended = await exchange.end(1.5)
            return ended, await call.post(CHAT, STREAM, secret)

        ended, later = ask(redis, scenario)
        assert upstream.left.wait(1)
    expected = {"key": ("invalid_api_key", 401), "deployment": ("model_not_found", 404)}[what]
    assert (ended.events[-1]["error"]["code"], later.status) == expected
    assert [row[:2] for row in traffic()] == [("invalid", 1)]


def test_open_streams_are_broken_off_when_the_grace_at_the_end_is_over(redis: str) -> None:
    with Scripted(HEAD, chunk("Hi"), Event()) as upstream:
        _, secret = served(upstream.base_url)

        async def scenario(call: Caller) -> tuple[Answer, Answer]:
            call.app._grace = 0.1
            exchange = call.open("POST", CHAT, STREAM, secret)
            await exchange.until(lambda seen: seen.text == "Hi")
            call.app.begin_ending()
            return await call.post(CHAT, STREAM, secret), await exchange.end()

        later, ended = ask(redis, scenario)
    assert (later.status, later.code) == (503, "restarting")
    assert ended.events[-1]["error"]["code"] == "restarting"
    assert [row[:2] for row in traffic()] == [("broken", 1)]


def test_calls_for_which_no_place_comes_free_are_sent_away(redis: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.gateway.places.WAIT_SECONDS", 0.05)
    with Scripted(HEAD, chunk("Hi"), Event()) as upstream:
        _, secret = served(upstream.base_url, reached={"max_concurrency": 1})

        async def scenario(call: Caller) -> Answer:
            first = call.open("POST", CHAT, STREAM, secret)
            await first.until(lambda seen: seen.text == "Hi")
            second = await call.post(CHAT, STREAM, secret)
            first.leave()
            await first.end()
            return second

        second = ask(redis, scenario)
    assert (second.status, second.code, second.headers["retry-after"]) == (503, "upstream_busy", "5")


def test_the_bound_of_a_prompt_is_what_is_counted_when_nobody_tells(redis: str) -> None:
    with Scripted(HEAD, chunk("Hi"), chunk(finish="stop"), DONE) as upstream:
        _, secret = served(upstream.base_url)
        ask(redis, lambda call: call.post(CHAT, STREAM, secret))
        sent = upstream.asked[0]["messages"]
    assert traffic()[0][2] == bound(sent, 0)
