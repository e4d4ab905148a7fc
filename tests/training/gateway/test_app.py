"""The gateway from a client's side: addresses, answers and errors in OpenAI's shapes, and what it never tells."""

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.factories import make_deployment, make_key, make_organisation
from tests.gateway_place import CHAT, Answer, Caller, ask, hello, key_of, served, traffic
from tests.stage import Stage
from training.gateway import arrivals, chat
from training.gateway.app import MODELS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def stub() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


def post(redis: str, body: Any, secret: str = "", **headers: str) -> Answer:
    return ask(redis, lambda call: call.post(CHAT, body, secret, headers))


def test_a_whole_answer_is_ours_in_everything_but_the_text(redis: str, stub: Stage) -> None:
    _, secret = served(stub.base_url, "echo")
    answer = post(redis, hello(text="How high is a wall?"), secret)
    assert answer.status == 200
    body = answer.json
    assert body.pop("id").startswith("chatcmpl-")
    assert body.pop("created") > 1_700_000_000
    assert body == {
        "object": "chat.completion",
        "model": "game",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "How high is a wall?", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 40, "total_tokens": 50},
    }
    assert traffic() == [("answered", 1, 10, 40, 0)]


def test_every_answer_has_a_request_id_of_ours_and_is_kept_by_no_cache(redis: str, stub: Stage) -> None:
    _, secret = served(stub.base_url)

    async def scenario(call: Caller) -> list[Answer]:
        own = {"x-request-id": "mine"}
        posted = [await call.post(CHAT, hello(stream=stream), secret, own) for stream in (False, True)]
        return [*posted, await call.get(MODELS, secret), await call.get("/nowhere"), await call.get("/healthz")]

    answers = ask(redis, scenario)
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 5 and all(one.startswith("req_") for one in ids)
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
    assert all("access-control-allow-origin" not in answer.headers for answer in answers)


def test_the_models_are_the_deployments_that_the_key_opens(redis: str, stub: Stage) -> None:
    first, secret = served(stub.base_url)
    make_deployment("news")
    wide = make_key(None, organisation=make_organisation())[1]

    async def scenario(call: Caller) -> list[Answer]:
        paths = [(MODELS, secret), (MODELS, wide), (f"{MODELS}/game", secret), (f"{MODELS}/news", secret)]
        return [await call.get(*one) for one in paths]

    one, two, named, foreign = ask(redis, scenario)
    game = {"id": "game", "object": "model", "created": int(first.created_at.timestamp()), "owned_by": "organisation"}
    assert one.json == {"object": "list", "data": [game]}
    assert [model["id"] for model in two.json["data"]] == ["game", "news"]
    assert named.json == game
    assert (foreign.status, foreign.code) == (404, "model_not_found")


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "allow"),
    [
        ("GET", "/", 404, "unknown_url", None),
        ("POST", "/v1/completions", 404, "unknown_url", None),
        ("POST", "/v1/chat/completions/", 404, "unknown_url", None),
        ("GET", CHAT, 405, "method_not_allowed", "POST"),
        ("OPTIONS", CHAT, 405, "method_not_allowed", "POST"),
        ("DELETE", MODELS, 405, "method_not_allowed", "GET, HEAD"),
        ("POST", CHAT, 401, "invalid_api_key", None),
    ],
)
def test_a_wrong_address_method_or_key_is_an_error_as_openai_shapes_it(
    redis: str, method: str, path: str, status: int, code: str, allow: str | None
) -> None:
    answer = ask(redis, lambda call: call.open(method, path, hello()).end())
    assert (answer.status, answer.code, answer.headers.get("allow")) == (status, code, allow)
    assert set(answer.json["error"]) == {"message", "type", "param", "code"}


def test_a_head_request_gets_the_head_alone(redis: str) -> None:
    answer = ask(redis, lambda call: call.open("HEAD", "/healthz").end())
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "2")


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", {}, 400, "invalid_json"),
        (b"", {}, 400, "invalid_json"),
        (b"[1]", {}, 400, "invalid_json"),
        (hello() | {"temperature": 9}, {}, 400, None),
        (hello("other"), {}, 404, "model_not_found"),
        (b" " * 1_048_577, {}, 413, "request_too_large"),
        (b"{}", {"content-length": "9" * 30}, 413, "request_too_large"),
        (b"{}", {"content-encoding": "gzip"}, 415, "unsupported_content_encoding"),
    ],
)
def test_a_body_nobody_can_take_is_refused(
    redis: str, stub: Stage, body: Any, headers: dict[str, str], status: int, code: str | None
) -> None:
    _, secret = served(stub.base_url)
    before = stub.calls()
    answer = post(redis, body, secret, **headers)
    assert answer.status == status, answer.body
    assert code in {None, answer.code}
    assert stub.calls() == before


def test_a_body_that_comes_too_slowly_or_in_too_many_pieces_is_cut(
    redis: str, stub: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "BODY_SECONDS", 0.05)
    _, secret = served(stub.base_url)

    async def scenario(call: Caller) -> tuple[Answer, Answer]:
        large = call.open("POST", CHAT, None, secret, pieces=[b" " * 300_000] * 10)
        slow = call.open("POST", CHAT, None, secret, pieces=[b"{", b""])
        slow.stall()
        return await large.end(), await slow.end()

    large, slow = ask(redis, scenario)
    assert (large.status, slow.status, slow.code) == (413, 408, "request_timeout")


def test_an_error_of_our_own_tells_the_request_id_and_nothing_else(
    redis: str, stub: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(request: Any, _: str) -> None:
        raise KeyError(request.messages[0]["content"])

    monkeypatch.setattr(chat.conversation, "turns", broken)
    _, secret = served(stub.base_url)
    answer = post(redis, hello(text="About a castle"), secret)
    assert (answer.status, answer.code) == (500, "internal_error")
    assert answer.headers["x-request-id"] in answer.json["error"]["message"]
    assert "KeyError" in caplog.text and "castle" not in caplog.text + answer.body.decode()
    assert traffic() == [("broken", 1, 0, 0, 0)]


def test_two_hosts_in_one_request_are_not_taken(redis: str) -> None:
    async def scenario(call: Caller) -> Answer:
        exchange = call.open("GET", "/healthz")
        exchange.scope["headers"].append((b"host", b"elsewhere"))
        return await exchange.end()

    assert ask(redis, scenario).status == 400


@pytest.mark.parametrize(
    ("model", "status", "code", "outcome"),
    [
        ("e500", 502, "upstream_error", "upstream"),
        ("e503", 503, "upstream_busy", "upstream"),
        ("e429-hour", 503, "upstream_busy", "upstream"),
        ("e408", 504, "upstream_timeout", "timed_out"),
        ("quota", 502, "upstream_error", "upstream"),
        ("e403", 502, "upstream_error", "upstream"),
        ("not-found", 502, "upstream_error", "upstream"),
        ("wrong-key", 502, "upstream_error", "upstream"),
        ("redirect", 502, "upstream_error", "upstream"),
        ("too-long", 400, "context_length_exceeded", "too_long"),
        ("too-long-llama", 400, "context_length_exceeded", "too_long"),
        ("filtered", 400, "content_filter", "upstream"),
        ("repeats", 502, "upstream_error", "upstream"),
        ("garbage", 502, "upstream_error", "upstream"),
        ("nested", 502, "upstream_error", "upstream"),
        ("other-json", 502, "upstream_error", "upstream"),
        ("nothing", 502, "upstream_error", "upstream"),
        ("html", 502, "upstream_error", "upstream"),
        ("inside-429", 503, "upstream_busy", "upstream"),
        ("inside-choice", 502, "upstream_error", "upstream"),
        ("long-error", 502, "upstream_error", "upstream"),
        ("tool-call", 502, "upstream_error", "upstream"),
    ],
)
def test_what_a_models_server_says_of_itself_stays_here(
    redis: str, stub: Stage, model: str, status: int, code: str, outcome: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"{model}#app"
    _, secret = served(stub.base_url, name)
    answers = ask(redis, lambda call: both(call, secret))
    for answer in answers:
        assert (answer.status, answer.code) == (status, code), answer.body
        assert ("retry-after" in answer.headers) == (status == 503)
        told = answer.body.decode() + str(answer.headers)
        assert not any(word in told for word in (model, "127.0.0.1", "slow down", "boom", "castle", "Incorrect"))
    assert [row[:2] for row in traffic()] == [(outcome, 2)]
    assert "castle" not in caplog.text


async def both(call: Caller, secret: str) -> list[Answer]:
    return [
        await call.post(CHAT, hello(text="Tell me of a castle.", stream=stream), secret) for stream in (False, True)
    ]


def test_a_field_the_model_does_not_take_is_the_clients_error(redis: str, stub: Stage) -> None:
    _, secret = served(stub.base_url, "e400")
    answer = post(redis, hello(temperature=1.5), secret)
    assert (answer.status, answer.code) == (400, "upstream_rejected")
    assert traffic()[0][0] == "invalid"


def test_a_server_nobody_listens_at_is_a_502(redis: str, caplog: pytest.LogCaptureFixture) -> None:
    _, secret = served("http://127.0.0.1:9/v1")
    answer = post(redis, hello(), secret)
    assert (answer.status, answer.code) == (502, "upstream_unreachable")
    assert answer.headers["x-request-id"] in caplog.text
    assert traffic() == [("upstream", 1, 0, 0, 0)]


@pytest.mark.parametrize(
    ("model", "finish", "outcome", "content", "refusal"),
    [
        ("refusal", "stop", "refused", None, "I will not help with that."),
        ("finish-filter", "content_filter", "upstream", "", None),
        ("cut", "length", "answered", "the first half of", None),
        ("none", "stop", "answered", "", None),
        ("reasoning", "stop", "answered", "", None),
        ("unstorable", "stop", "answered", "a\ufffdb\ufffdc", None),
    ],
)
def test_odd_answers_are_told_in_openais_words(
    redis: str, stub: Stage, model: str, finish: str, outcome: str, content: str | None, refusal: str | None
) -> None:
    _, secret = served(stub.base_url, model)
    choice = post(redis, hello(), secret).json["choices"][0]
    assert choice["message"] == {"role": "assistant", "content": content, "refusal": refusal}
    assert choice["finish_reason"] == finish
    assert traffic()[0][:2] == (outcome, 1)


def test_an_answer_that_begins_with_a_refusal_is_counted_as_one(redis: str, stub: Stage) -> None:
    _, secret = served(stub.base_url, "echo")
    post(redis, hello(text="I cannot help with that. Ask me something else."), secret)
    assert traffic()[0][0] == "refused"


def test_the_limits_of_the_key_stand_in_the_answer_and_what_is_over_them_is_counted(redis: str, stub: Stage) -> None:
    _, secret = served(stub.base_url, key={"requests_per_minute": 1})

    async def scenario(call: Caller) -> list[Answer]:
        return [await call.post(CHAT, hello(), secret) for _ in range(2)]

    first, second = ask(redis, scenario)
    assert first.headers["x-ratelimit-limit-requests"] == "1"
    assert (second.status, second.code) == (429, "rate_limit_exceeded")
    assert int(second.headers["retry-after"]) > 0
    assert [row[:2] for row in traffic()] == [("answered", 1), ("rate_limited", 1)]


def test_at_most_as_many_calls_as_the_model_takes_are_with_it(redis: str) -> None:
    with Stage(latency=0.02) as stage:
        _, secret = served(stage.base_url, reached={"max_concurrency": 3})

        async def scenario(call: Caller) -> list[Answer]:
            return list(await asyncio.gather(*(call.post(CHAT, hello(), secret) for _ in range(12))))

        assert {answer.status for answer in ask(redis, scenario)} == {200}
        assert stage.most_in_flight() == 3
    assert key_of(secret).last_used_at is not None


def test_nothing_of_a_call_but_ids_and_counts_is_logged(
    redis: str, stub: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    _, secret = served(stub.base_url, "echo")
    answer = post(redis, hello(text="About a castle"), secret)
    line = next(one.getMessage() for one in caplog.records if one.name == "training.gateway")
    assert f"call={answer.headers['x-request-id']} key={key_of(secret).pk} deployment=game outcome=answered" in line
    assert "castle" not in caplog.text and secret not in caplog.text


def test_the_model_is_asked_by_its_own_name_with_every_sampling_field(redis: str, stub: Stage) -> None:
    deployment, secret = served(stub.base_url, "ok#sent", candidate={"temperature": 0.3, "max_tokens": 50, "seed": 7})
    post(redis, hello(max_tokens=999), secret)
    sent = next(call.body for call in stub.seen if call.model == "ok#sent")
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    assert deployment.version.policy in sent["messages"][0]["content"]
    del sent["messages"]
    asked = {"temperature": 0.3, "top_p": 1.0, "max_tokens": 50, "seed": 7, "stream": False}
    assert orjson.loads(orjson.dumps(sent)) == asked | {"model": "ok#sent"}
