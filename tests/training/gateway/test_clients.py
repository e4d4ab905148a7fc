"""The clients that people have, as they come: openai for Python, openai for JavaScript, curl.

They call a gateway that runs as a process, before the packaged model and before a server that behaves as it is told.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests import emptying
from tests.collecting import later
from tests.factories import make_key
from tests.gateway_place import counting, running, served
from tests.machines import ROOT
from tests.stage import until
from tests.stub_server import StubServer
from training.models import Deployment
from training.snippets import VARIABLE, snippets

pytestmark = pytest.mark.slow
openai = later("openai")
SCRIPT = ROOT / "tests" / "js" / "client.mjs"
SAID = [{"role": "user", "content": "Say hello."}]
HELLO = "hello " * 40
USAGE = {"prompt_tokens": 10, "completion_tokens": 40, "total_tokens": 50}
MODELS = {
    "game": "ok",
    "slow": "slow",
    "stalls": "stream-stalls",
    "busy": "e429",
    "busy-too": "e429#js",
    "broken": "e500",
}
LITTLE = {"model": "small", "messages": SAID, "max_tokens": 8}


class Place(NamedTuple):
    """A gateway: its address, keys by what they are for, and the server behind all models but `small`."""

    address: str
    keys: dict[str, str]
    stub: StubServer


def packaged(folder: Path) -> "subprocess.Popen[str]":
    """The packaged model as a process; its first line says where."""
    command = [sys.executable, "-m", "training.engines.embedded", "--port", "0"]
    with (folder / "model.log").open("w") as log:
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)


def rows(stub: StubServer, model: str) -> dict[str, str]:
    """The keys of a world with a deployment of each of MODELS, and of the packaged model at that address."""
    for slug, name in MODELS.items():
        served(stub.base_url, name, slug)
    served(model, "SmolLM2-135M-Instruct", "small", reached={"engine": "embedded", "timeout": 60})
    _, whole = make_key(name="all")
    once = {name: make_key(name=name, requests_per_minute=1)[1] for name in ("once", "once for js")}
    _, short = make_key(name="short", tokens_per_month=1_000)
    return {"all": whole, "short": short} | once


@pytest.fixture(scope="module")
def place(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One gateway for these tests, with the packaged model and the stub behind it."""
    model = packaged(tmp_path_factory.mktemp("model"))
    assert model.stdout
    try:
        with StubServer() as stub, counting() as redis, django_db_blocker.unblock():
            empty = emptying.fresh()
            keys = rows(stub, json.loads(model.stdout.readline())["address"] + "/v1")
            with running(redis) as address:
                yield Place(f"{address}/v1", keys, stub)
            assert emptying.empty(empty)
    finally:
        model.terminate()
        model.wait(20)


@pytest.fixture
def client(place: Place) -> Callable[..., Any]:
    """A client of the gateway with a key, that tries once unless told."""

    def make(key: str = "all", **options: Any) -> Any:
        secret = place.keys.get(key, key)
        return openai.OpenAI(base_url=place.address, api_key=secret, **{"max_retries": 0, "timeout": 30} | options)

    return make


class TestPython:
    def test_a_whole_answer_has_its_text_its_usage_and_the_slug_as_its_model(self, client: Any) -> None:
        answer = client().chat.completions.create(model="game", messages=SAID)
        assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == (HELLO, "stop")
        assert (answer.model, answer.usage.to_dict()) == ("game", USAGE)
        assert answer.id.startswith("chatcmpl-") and answer._request_id

    def test_a_stream_has_the_same_text_piece_by_piece_and_no_usage_unasked(self, client: Any) -> None:
        chunks = list(client().chat.completions.create(model="game", messages=SAID, stream=True))
        pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]
        assert ("".join(pieces), len(pieces)) == (HELLO, 40)
        assert chunks[-1].choices[0].finish_reason == "stop"
        assert {chunk.usage for chunk in chunks} == {None}

    def test_a_stream_ends_with_the_usage_when_it_was_asked_for(self, client: Any) -> None:
        told = {"stream": True, "stream_options": {"include_usage": True}}
        *pieces, last = client().chat.completions.create(model="game", messages=SAID, **told)
        assert (last.choices, last.usage.to_dict()) == ([], USAGE)
        assert {chunk.usage for chunk in pieces} == {None}

    def test_the_clients_own_stream_helper_puts_the_answer_together(self, client: Any) -> None:
        with client().chat.completions.stream(model="game", messages=SAID) as stream:
            assert stream.get_final_completion().choices[0].message.content == HELLO

    def test_many_at_once_on_one_asynchronous_client_are_all_answered(self, place: Place) -> None:
        async def asked() -> list[str | None]:
            async with openai.AsyncOpenAI(base_url=place.address, api_key=place.keys["all"], max_retries=0) as client:
                calls = [client.chat.completions.create(model="game", messages=SAID) for _ in range(20)]
                stream = await client.chat.completions.create(model="game", messages=SAID, stream=True)
                streamed = [chunk.choices[0].delta.content or "" async for chunk in stream]
                whole = [answer.choices[0].message.content for answer in await asyncio.gather(*calls)]
                return ["".join(streamed), *whole]

        assert asyncio.run(asked()) == [HELLO] * 21

    @pytest.mark.django_db
    def test_the_list_of_models_is_that_of_the_keys_deployments(self, client: Any) -> None:
        slugs = set(Deployment.objects.values_list("slug", flat=True))
        assert {model.id for model in client().models.list()} == slugs == {*MODELS, "small"}
        assert client().models.retrieve("game").id == "game"

    @pytest.mark.parametrize(
        ("key", "fields", "kind", "code"),
        [
            ("cosa-no-such-key", {}, "AuthenticationError", "invalid_api_key"),
            ("all", {"model": "nowhere"}, "NotFoundError", "model_not_found"),
            ("all", {"temperature": 9}, "BadRequestError", "decimal_above_max_value"),
            ("all", {"n": 2}, "BadRequestError", "unsupported_parameter"),
            ("all", {"model": "broken"}, "InternalServerError", "upstream_error"),
        ],
    )
    def test_an_error_is_the_clients_own_exception(
        self, client: Any, key: str, fields: Any, kind: str, code: str
    ) -> None:
        with pytest.raises(getattr(openai, kind)) as caught:
            client(key).chat.completions.create(**{"model": "game", "messages": SAID} | fields)
        assert caught.value.code == code
        assert caught.value.request_id

    def test_over_the_rate_the_client_waits_as_long_as_it_is_told(
        self, client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits: list[float] = []
        told = {"model": "game", "messages": SAID}
        client("once").chat.completions.create(**told)
        monkeypatch.setattr("openai._base_client.time.sleep", waits.append)
        with pytest.raises(openai.RateLimitError) as caught:
            client("once", max_retries=1).chat.completions.create(**told)
        assert caught.value.code == "rate_limit_exceeded"
        [waited] = waits
        last = float(caught.value.response.headers["retry-after"])
        assert 50 <= last <= waited <= 61  # the first call is in a second that counts whole; no time goes by backwards

    def test_a_quota_that_is_used_up_is_not_asked_again(self, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        waits: list[float] = []
        monkeypatch.setattr("openai._base_client.time.sleep", waits.append)
        short = client("short", max_retries=3)
        told = {"model": "game", "messages": SAID, "max_tokens": 10}
        with pytest.raises(openai.RateLimitError) as caught:
            for _ in range(20):  # 50 tokens each, of 1,000
                short.chat.completions.create(**told)
        assert (caught.value.code, waits) == ("insufficient_quota", [])

    def test_a_busy_model_is_asked_again_after_the_time_it_named(self, client: Any, place: Place) -> None:
        answer = client(max_retries=1).chat.completions.create(model="busy", messages=SAID)
        assert (answer.choices[0].message.content, place.stub.calls("e429")) == (HELLO, 2)

    def test_a_client_that_waits_no_longer_frees_the_model_at_once(self, client: Any, place: Place) -> None:
        with pytest.raises(openai.APITimeoutError):
            client(timeout=0.3).chat.completions.create(model="slow", messages=SAID)
        until(lambda: place.stub.in_flight() == 0, seconds=1)

    def test_a_stream_closed_half_way_frees_the_model_at_once(self, client: Any, place: Place) -> None:
        stream = client().chat.completions.create(model="stalls", messages=SAID, stream=True)
        assert next(chunk for chunk in stream if chunk.choices[0].delta.content)
        assert place.stub.in_flight() == 1  # it would stall for two seconds
        stream.close()
        until(lambda: place.stub.in_flight() == 0, seconds=1)

    def test_the_packaged_model_answers_whole_and_in_pieces(self, client: Any) -> None:
        whole = client().chat.completions.create(**LITTLE)
        streamed = list(client().chat.completions.create(**LITTLE, stream=True))
        assert whole.choices[0].message.content
        assert "".join(chunk.choices[0].delta.content or "" for chunk in streamed)
        assert whole.usage.prompt_tokens > 20 and 0 < whole.usage.completion_tokens <= 8


def step(do: str, key: str = "all", model: str = "game", **more: Any) -> dict[str, Any]:
    """One thing the JavaScript client is to do."""
    return {"do": do, "key": key, "model": model} | more


STEPS = {
    "whole": step("whole"),
    "stream": step("stream"),
    "models": step("models"),
    "model": step("model", model="small"),
    "small": step("stream", model="small"),
    "stranger": step("whole", key="cosa-no-such-key"),
    "nowhere": step("whole", model="nowhere"),
    "first": step("whole", key="once for js"),
    "over": step("whole", key="once for js"),
    "busy": step("whole", model="busy-too", retries=1),
    "impatient": step("whole", model="slow", seconds=0.3),
    "left": step("left", model="stalls"),
}


@pytest.fixture(scope="module")
def javascript(place: Place) -> dict[str, Any]:
    """What the JavaScript client said of each step, which one process took one after the other."""
    assert SCRIPT.with_name("node_modules").exists(), "Run `make tests/js/node_modules/.ready` first."
    told = [one | {"key": place.keys.get(one["key"], one["key"])} for one in STEPS.values()]
    given = json.dumps({"address": place.address, "steps": told})
    done = subprocess.run(["node", str(SCRIPT)], input=given, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return dict(zip(STEPS, map(json.loads, done.stdout.splitlines()), strict=True))


class TestJavaScript:
    def test_a_whole_answer_has_its_text_its_usage_and_the_slug_as_its_model(self, javascript: Any) -> None:
        told = {"text": HELLO, "finish": "stop", "usage": USAGE, "model": "game"}
        assert javascript["whole"] == {"did": "whole"} | told

    def test_a_stream_has_the_same_text_piece_by_piece_and_its_usage(self, javascript: Any) -> None:
        told = {"pieces": 40, "text": HELLO, "finish": "stop", "usage": USAGE, "model": "game"}
        assert javascript["stream"] == {"did": "stream"} | told

    def test_the_models_are_those_of_the_key(self, javascript: Any) -> None:
        assert set(javascript["models"]["models"]) == {*MODELS, "small"}
        assert javascript["model"]["model"] == "small"

    def test_the_packaged_model_streams(self, javascript: Any) -> None:
        assert javascript["small"]["text"] and javascript["small"]["usage"]["prompt_tokens"] > 20

    @pytest.mark.parametrize(
        ("done", "kind", "code"),
        [
            ("stranger", "AuthenticationError", "invalid_api_key"),
            ("nowhere", "NotFoundError", "model_not_found"),
            ("over", "RateLimitError", "rate_limit_exceeded"),
            ("impatient", "APIConnectionTimeoutError", None),
        ],
    )
    def test_an_error_is_the_clients_own_exception(self, javascript: Any, done: str, kind: str, code: Any) -> None:
        error = javascript[done]["error"]
        assert (error["class"], error["code"]) == (kind, code)
        assert error["request"] or code is None

    def test_a_busy_model_is_asked_again(self, javascript: Any) -> None:
        assert javascript["busy"]["text"] == HELLO

    def test_nothing_it_left_half_way_is_still_open(self, javascript: Any, place: Place) -> None:
        assert javascript["left"]["aborted"] is True
        until(lambda: place.stub.in_flight() == 0, seconds=1)


RUNS = {
    "curl": ["sh", "-c"],
    "python": [sys.executable, "-c"],
    "javascript": ["node", "--input-type=module", "-e"],
}


@pytest.mark.parametrize("language", RUNS)
def test_the_snippets_of_the_page_run_as_they_are(place: Place, language: str) -> None:
    told = next(one for one in snippets(place.address.removesuffix("/v1"), "game") if one.slug == language)
    key = {VARIABLE: place.keys["all"]}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # One after the other in one process where a language lets them: the client alone takes a second to load.
    programs = [told.whole + told.stream] if language == "python" else [told.whole, told.stream]
    begun = [
        subprocess.Popen([*RUNS[language], code], cwd=SCRIPT.parent, env=os.environ | key, **pipes) for code in programs
    ]
    said = [(one.communicate(timeout=30), one.returncode) for one in begun]
    assert (sum(text.count("hello ") for (text, _), _ in said), {code for _, code in said}) == (80, {0}), said


def curl(place: Place, *options: str, path: str = "/chat/completions", key: str = "all") -> tuple[str, int]:
    """What curl prints, and the status."""
    secret = place.keys.get(key, key)
    command = ["curl", "-sS", "--max-time", "30", "-w", "\n%{http_code}", "-H", "@-", place.address + path, *options]
    done = subprocess.run(
        command,
        input=f"Authorization: Bearer {secret}\nContent-Type: application/json\n",
        capture_output=True,
        text=True,
    )
    text, _, status = done.stdout.rpartition("\n")
    return text, int(status)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not there")
class TestCurl:
    def test_a_whole_answer_is_json(self, place: Place) -> None:
        text, status = curl(place, "-d", json.dumps({"model": "game", "messages": SAID}))
        assert (status, json.loads(text)["choices"][0]["message"]["content"]) == (200, HELLO)

    def test_a_stream_is_a_line_of_data_for_each_piece_and_the_mark_of_the_end(self, place: Place) -> None:
        text, status = curl(place, "-N", "-d", json.dumps(LITTLE | {"stream": True}))
        *chunks, last = [line.removeprefix("data: ") for line in text.split("\n") if line]
        assert (status, last) == (200, "[DONE]")
        assert "".join(json.loads(chunk)["choices"][0]["delta"].get("content") or "" for chunk in chunks)

    def test_an_error_has_the_shape_of_openai(self, place: Place) -> None:
        text, status = curl(place, path="/models", key="cosa-no-such-key")
        error = json.loads(text)["error"]
        assert (status, error["code"], set(error)) == (401, "invalid_api_key", {"message", "type", "param", "code"})
